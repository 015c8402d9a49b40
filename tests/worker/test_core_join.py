"""Joining and previews by stream copy."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from aurad.model.assembly import JoinRequest, PreviewRequest, SceneSound, Sound
from aurad.model.errors import AuradError
from aurad.model.video import Canvas, Segment
from aurad.testing import put, run_stage, write_tone
from aurad.worker.core import Core
from aurad.worker.joining import join_segments
from aurad.worker.probe import probe_file

pytestmark = pytest.mark.slow
CANVAS = Canvas(width=64, height=64, fps=30)


class Segments:
    """Segments as a render stage makes them, tiny."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, dict[str, Path]()

    def make(self, frames: int, *, size: int = 64, preset: str = "superfast", claim: int | None = None) -> Segment:
        path = self.folder / f"{len(self.files)}.mp4"
        rng = np.random.default_rng(len(self.files))
        with av.open(str(path), "w", options={"video_track_timescale": "15360"}) as container:
            stream = container.add_stream("libx264", rate=30, options={"preset": preset, "threads": "1"})
            stream.width = stream.height = size
            stream.pix_fmt = "yuv420p"
            for _ in range(frames):
                data = rng.integers(0, 255, (size * 3 // 2, size), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(data, format="yuv420p")))
            container.mux(stream.encode(None))
        artifact = put(path, "video/mp4")
        self.files[artifact.sha256] = path
        return Segment(video=artifact, frames=claim or frames)

    async def join(self, *segments: Segment) -> Path:
        asked = JoinRequest(segments=segments, canvas=CANVAS)
        ran = await run_stage(Core, "join", asked, workspace=self.folder, files=self.files)
        assert ran.output.frames == sum(segment.frames for segment in segments)
        return ran.path(ran.output.video)


@pytest.fixture
def segments(tmp_path: Path) -> Segments:
    return Segments(tmp_path)


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray().tobytes() for frame in container.decode(video=0)]


async def test_joined_pictures_are_those_of_the_segments_at_even_times(segments: Segments) -> None:
    parts = [segments.make(frames) for frames in (7, 1, 2, 40, 13)]
    joined = await segments.join(*parts)
    assert pictures(joined) == [picture for part in parts for picture in pictures(segments.files[part.video.sha256])]
    with av.open(str(joined)) as container:
        times = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    assert times == [512 * number for number in range(63)]


def test_looking_at_the_segments_is_progress_too(segments: Segments) -> None:
    parts, told = [segments.make(5) for _ in range(4)], list[float]()
    asked = JoinRequest(segments=tuple(parts), canvas=CANVAS)
    join_segments(asked, lambda file: segments.files[file.sha256], segments.folder / "joined.mp4", told.append)
    assert told == sorted(told)
    assert (len(told), told[-1]) == (8, 1.0)


async def test_joining_twice_gives_the_same_bytes(segments: Segments) -> None:
    parts = [segments.make(frames) for frames in (5, 9)]
    assert (await segments.join(*parts)).read_bytes() == (await segments.join(*parts)).read_bytes()


async def test_segments_that_do_not_fit_are_refused_by_number(segments: Segments) -> None:
    good = segments.make(5)
    for bad, cause in (
        (segments.make(5, size=96), "96"),
        (segments.make(5, preset="medium"), "another encoder"),
        (segments.make(5, claim=6), "it has 5 frames, not 6"),
    ):
        with pytest.raises(AuradError, match=f"cannot join segment 2: .*{cause}") as error:
            await segments.join(good, bad)
        assert error.value.code == "E308-RESULT"


async def test_a_preview_plays_with_its_sound(segments: Segments, tmp_path: Path) -> None:
    segment = segments.make(45)
    voice = tmp_path / "voice.wav"
    write_tone(voice, seconds=1.0)
    audio = put(voice, "audio/wav")
    segments.files[audio.sha256] = voice
    sound = SceneSound(frames=45, sounds=(Sound(audio=audio, start=0.2),))
    asked = PreviewRequest(segment=segment, sound=sound, fps=30)
    ran = await run_stage(Core, "preview", asked, workspace=tmp_path, files=segments.files)
    facts = probe_file(ran.path(ran.output.video))
    assert (facts.video_codec, facts.frames, facts.audio_codec, facts.sample_rate) == ("h264", 45, "aac", 48_000)
    assert facts.duration == pytest.approx(1.5, abs=0.06)

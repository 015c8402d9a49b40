"""The last check: every fault of a finished file is found and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from aurad.model.assembly import Heard, ListenRequest, VerifyRequest
from aurad.model.cues import Cue
from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.model.video import Canvas, Seen
from aurad.testing import find_ffmpeg, put, run_stage
from aurad.worker.core import Core
from aurad.worker.tool import run_tool
from aurad.worker.verify import Facts, check_cues, check_facts, check_loudness, check_seen, check_words, top_boxes

CANVAS = Canvas(width=128, height=96, fps=10)
GOOD = Facts(
    video_codec="h264",
    pixel_format="yuv420p",
    width=128,
    height=96,
    frames=50,
    even=True,
    video_seconds=5.0,
    audio_codec="aac",
    audio_seconds=5.02,
    offset=0.0,
    seconds=5.02,
    subtitles=("mov_text",),
    boxes=("ftyp", "moov", "mdat"),
)
CUES = (Cue(start=0.2, end=1.5, lines=("one",)), Cue(start=1.5, end=5.0, lines=("two",)))


def request(**changes: object) -> VerifyRequest:
    video = put(Path(__file__), "video/mp4")
    return VerifyRequest(**{"video": video, "canvas": CANVAS, "frames": 50, "captions": "none", **changes})


def test_a_good_file_has_no_faults() -> None:
    assert list(check_facts(GOOD, request(captions="soft", cues=CUES))) == []
    assert list(check_cues(CUES, 5.0)) == []
    assert list(check_loudness(-14.6, -1.0, -14)) == []
    assert list(check_loudness(-30, 0, None)) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"video_codec": ""}, "the video codec"),
        ({"audio_codec": ""}, "the audio codec"),
        ({"pixel_format": "yuv444p"}, "the pixel format"),
        ({"width": 126}, "the size"),
        ({"frames": 49}, "the number of frames"),
        ({"even": False}, "the time between frames"),
        ({"seconds": 5.21}, "the duration in seconds"),
        ({"audio_seconds": 4.89}, "the sound's end in seconds"),
        ({"offset": 0.11, "audio_seconds": 4.9}, "the sound's start after the picture's in seconds"),
        ({"boxes": ("ftyp", "mdat", "moov")}, "the order of MP4 boxes"),
        ({"subtitles": ()}, "the caption track"),
    ],
)
def test_each_fault_is_named_alone(changes: dict[str, object], what: str) -> None:
    faults = list(check_facts(GOOD._replace(**changes), request(captions="soft", cues=CUES)))
    assert [fault.what for fault in faults] == [what]


def test_burned_in_captions_are_not_shown_twice() -> None:
    (fault,) = check_facts(GOOD, request(captions="burn", cues=CUES))
    assert fault == ("the caption track", "mov_text", "none beside those burned in")
    assert list(check_facts(GOOD._replace(subtitles=()), request(captions="burn", cues=CUES))) == []


def test_captions_out_of_order_or_outside_are_faults() -> None:
    backwards = [fault.what for fault in check_cues(CUES[::-1], 5.0)]
    late = [fault.what for fault in check_cues(CUES, 4.9)]
    assert backwards == ["the start of caption 2"]
    assert late == ["caption 2"]


def test_captions_say_what_is_said() -> None:
    asked = request(captions="soft", cues=CUES, spoken=("one", "two"))
    assert list(check_words(asked, "one\ntwo")) == []
    assert list(check_words(request(captions="soft", cues=CUES), "one\ntwo")) == []
    (lost,) = check_words(request(captions="burn", cues=CUES, spoken=("one", "or two")), "")
    assert lost == ("the captions' text", "'onetwo'", "'oneortwo'")
    (changed,) = check_words(asked, "one\nto")
    assert changed == ("the caption track's text", "'oneto'", "'onetwo'")


def test_planned_motion_that_was_not_seen_is_a_fault() -> None:
    fine = (None, Seen(), Seen(black=10, frozen=10))
    assert list(check_seen(fine, 10)) == []
    stuck = [(fault.what, fault.measured) for fault in check_seen((*fine, Seen(black=11), Seen(frozen=25)), 10)]
    assert stuck == [("the picture of scene 4", "black for 1.1 s"), ("the picture of scene 5", "frozen for 2.5 s")]


@pytest.mark.parametrize(("loudness", "peak", "faults"), [(-15.1, -2, 1), (-12.9, -0.5, 2), (-14, -0.95, 0)])
def test_loudness_and_peak_have_limits(loudness: float, peak: float, faults: int) -> None:
    assert len(list(check_loudness(loudness, peak, -14.0))) == faults


def test_boxes_are_read_in_order_whatever_their_sizes(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    large = b"\0\0\0\1mdat" + (16 + 5).to_bytes(8, "big") + b"12345"
    path.write_bytes(b"\0\0\0\x0cftypisom" + large + b"\0\0\0\0moov...")
    assert top_boxes(path) == ("ftyp", "mdat", "moov")
    path.write_bytes(b"\0\0\0\3bad")
    assert top_boxes(path) == ()


# ---------------------------------------------------------------- with a real file


class Quiet:
    """Keeps no log."""

    def started(self, argv: object) -> None: ...

    def line(self, stream: object, line: object) -> None: ...

    def ended(self, exit_code: object) -> None: ...


async def make_video(path: Path, *more: str, frames: int = 30) -> Path:
    """A small film with a tone of about -20 LUFS."""
    seconds = frames / CANVAS.fps
    sources = ("-f", "lavfi", "-i", f"testsrc2=s=128x96:r=10:d={seconds}")
    sound = ("-f", "lavfi", "-i", f"sine=997:r=48000:d={seconds},volume=0.8,pan=stereo|c0=c0|c1=c0")
    codecs = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart")
    argv = (find_ffmpeg(), "-v", "error", "-y", *sources, *sound, *codecs, *more, str(path))
    result = await run_tool(argv, stdin=b"", log=Quiet())
    assert result.status == 0, result.stderr
    return path


async def verify(path: Path, *, sound: Path | None = None, **changes: object) -> Value:
    """Check a film; one `sound` was heard before, and found to be of -30 LUFS."""
    artifact = put(path, "video/mp4")
    files, asked = {artifact.sha256: path}, request(**{"video": artifact, "frames": 30, **changes})
    if sound:
        heard = Heard(audio=put(sound, "audio/mp4"), loudness=-30, true_peak=-20)
        asked, files = replace(asked, heard=(heard,)), {**files, heard.audio.sha256: sound}
    ran = await run_stage(Core, "verify", asked, workspace=path.parent, files=files)
    return ran.output  # type: ignore[no-any-return]


@pytest.mark.slow
async def test_a_real_film_is_measured(tmp_path: Path) -> None:
    path = await make_video(tmp_path / "good.mp4")
    verified = await verify(path, loudness=-20.0)
    assert verified.frames == 30
    assert verified.duration == pytest.approx(3.0, abs=0.05)
    assert verified.loudness == pytest.approx(-20, abs=0.7)
    assert verified.true_peak == pytest.approx(20 * np.log10(0.1), abs=0.5)


@pytest.mark.slow
async def test_a_sound_is_measured_before_the_film_is_there(tmp_path: Path) -> None:
    film = await make_video(tmp_path / "film.mp4", "-vn")
    audio = put(film, "audio/mp4")
    ran = await run_stage(Core, "listen", ListenRequest(audio=audio), workspace=tmp_path, files={audio.sha256: film})
    assert ran.output.audio == audio
    assert ran.output.loudness == pytest.approx(-20, abs=0.7)


@pytest.mark.slow
@pytest.mark.parametrize(("more", "loudness"), [((), -30), (("-af", "volume=0.9"), -20), (("-an",), -20)])
async def test_what_was_heard_counts_if_it_is_the_films_own_sound(
    more: tuple[str, ...], loudness: float, tmp_path: Path
) -> None:
    film, other = await make_video(tmp_path / "film.mp4"), await make_video(tmp_path / "other.mp4", *more)
    assert (await verify(film, sound=other)).loudness == pytest.approx(loudness, abs=0.7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "asked", "story"),
    [
        (("-an",), {}, "the audio codec is missing, not aac"),
        (("-vn",), {}, "the video codec is missing, not h264"),
        ((), {"frames": 31}, "the number of frames is 30, not 31"),
        (("-movflags", "-faststart"), {}, "the order of MP4 boxes"),
        (("-pix_fmt", "yuv444p"), {}, "the pixel format is yuv444p, not yuv420p"),
        ((), {"loudness": -14.0}, "the loudness in LUFS is -2"),
        (("-af", "apad=whole_dur=4"), {}, "the sound's end in seconds is 4"),
        ((), {"captions": "soft", "cues": CUES[:1]}, "the caption track is missing, not mov_text"),
    ],
)
async def test_a_real_fault_is_found(
    more: tuple[str, ...], asked: dict[str, object], story: str, tmp_path: Path
) -> None:
    path = await make_video(tmp_path / "bad.mp4", *more)
    with pytest.raises(AuradError, match=story) as error:
        await verify(path, **asked)
    assert error.value.code == "E309-VERIFY"
    assert error.value.details["faults"]


async def test_what_is_no_film_at_all_is_an_error_of_the_check(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.write_bytes(b"\0" * 100)
    with pytest.raises(AuradError, match="cannot be read") as error:
        await verify(path)
    assert error.value.code == "E309-VERIFY"


@pytest.mark.slow
async def test_sound_that_is_damaged_everywhere_is_one_error(tmp_path: Path) -> None:
    """Both parts are measured at once, and both fail."""
    path = await make_video(tmp_path / "damaged.mp4", frames=60)
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = np.random.default_rng(1).bytes(len(data) - begin)
    path.write_bytes(data)
    with pytest.raises(AuradError, match="cannot be read") as error:
        await verify(path, frames=60)
    assert error.value.code == "E309-VERIFY"

"""Media files are looked into; playlists and lists of other files are not followed."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from aurad.model.errors import AuradError
from aurad.testing import find_ffmpeg, write_tone
from aurad.worker.ffmpeg import open_ffmpeg
from aurad.worker.probe import probe_file
from tests.worker.fakes import Log


def test_sound_is_measured(tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", seconds=0.5)
    probe = probe_file(tmp_path / "a.wav")
    assert (probe.format, probe.audio_codec, probe.sample_rate, probe.channels) == ("wav", "pcm_s16le", 24_000, 1)
    assert (probe.duration, probe.video_codec, probe.frames) == (0.5, "", 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])  # Matroska does not say how many frames it holds
async def test_pictures_are_measured(tmp_path: Path, name: str) -> None:
    source = ["-f", "lavfi", "-i", "testsrc=s=128x72:r=25:d=1", "-pix_fmt", "yuv420p", "-metadata", "title=T"]
    async with open_ffmpeg(find_ffmpeg(), [*source, "-c:v", "libx264", str(tmp_path / name)], log=Log(), frames=25):
        pass
    probe = await trio.to_thread.run_sync(probe_file, tmp_path / name)
    assert (probe.video_codec, probe.pixel_format, probe.width, probe.height) == ("h264", "yuv420p", 128, 72)
    assert (probe.fps, probe.frames, round(probe.duration, 2)) == (25, 25, 1)
    assert {key.lower(): value for key, value in probe.tags.items()}["title"] == "T"


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.wav\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize("text", ["no media at all", PLAYLIST, "ffconcat version 1.0\nfile a.wav\n", ""])
@pytest.mark.parametrize("name", ["x.mp4", "x.m3u8", "concat:x|y"])
def test_what_is_no_media_file_is_refused(tmp_path: Path, text: str, name: str) -> None:
    write_tone(tmp_path / "a.wav", seconds=0.1)
    (tmp_path / name).write_text(text)
    with pytest.raises(AuradError) as caught:
        probe_file(tmp_path / name)
    assert caught.value.code == "E308-RESULT"
    assert name in caught.value.detail


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuradError, match=r"gone\.mp4"):
        probe_file(tmp_path / "gone.mp4")

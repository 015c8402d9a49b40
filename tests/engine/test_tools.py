"""Which FFmpeg is used: the configured one or none, else a complete one on PATH, else the one we carry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from aurad.engine import tools
from aurad.engine.tools import ENCODERS, FILTERS, find_ffmpeg, identity, missing_parts
from aurad.model.errors import AuradError

ALL = (*ENCODERS, *FILTERS)


def fake(path: Path, parts: Sequence[str] = ALL, *, status: int = 0) -> Path:
    """A program that lists `parts` whatever it is asked."""
    lines = "\n".join(f"echo ' V..... {part}  words about it'" for part in parts)
    path.write_text(f"#!/bin/sh\n{lines}\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "carried"
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", lambda: str(path))
    return path


def test_the_configured_one_is_used(tmp_path: Path) -> None:
    path = fake(tmp_path / "mine")
    assert find_ffmpeg(str(path)) == path


@pytest.mark.parametrize("lacks", ["libx264", "ebur128"])
def test_the_configured_one_is_never_replaced_silently(tmp_path: Path, carried: Path, lacks: str) -> None:
    path = fake(tmp_path / "mine", [part for part in ALL if part != lacks])
    with pytest.raises(AuradError, match=f"lacks {lacks}$") as caught:
        find_ffmpeg(str(path))
    assert caught.value.code == "E306-FFMPEG_LACKS"
    with pytest.raises(AuradError, match="nothing-there") as caught:
        find_ffmpeg(str(tmp_path / "nothing-there"))
    assert caught.value.code == "E305-FFMPEG_MISSING"


@pytest.mark.parametrize(("parts", "used"), [(ALL, "ffmpeg"), (ALL[1:], "carried"), (None, "carried")])
def test_the_one_on_path_is_used_if_it_is_complete(
    tmp_path: Path, carried: Path, monkeypatch: pytest.MonkeyPatch, parts: Sequence[str] | None, used: str
) -> None:
    (tmp_path / "bin").mkdir()
    if parts is not None:
        fake(tmp_path / "bin/ffmpeg", parts)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin" if parts is not None else str(tmp_path / "bin"))
    assert find_ffmpeg("").name == used


def test_without_any_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", none)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AuradError, match="No ffmpeg exe") as caught:
        find_ffmpeg("")
    assert caught.value.code == "E305-FFMPEG_MISSING"


def test_a_broken_binary_says_how_it_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no-program").write_bytes(b"\x00\x01")
    with pytest.raises(AuradError, match="no-program as FFmpeg: it cannot be run: Permission denied"):
        missing_parts(tmp_path / "no-program")
    with pytest.raises(AuradError, match="ended with status 3"):
        missing_parts(fake(tmp_path / "crashes", status=3))
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nsleep 60\necho late\n")  # its child holds the pipe
    slow.chmod(0o755)
    monkeypatch.setattr(tools, "LISTING_TIMEOUT", 0.05)
    with pytest.raises(AuradError, match="did not answer -encoders within") as caught:
        find_ffmpeg(str(slow))
    assert caught.value.code == "E305-FFMPEG_MISSING"


@pytest.mark.slow
def test_the_one_we_carry_is_complete() -> None:
    assert missing_parts(tools._carried()) == []


def test_another_binary_has_another_identity(tmp_path: Path) -> None:
    path, link = fake(tmp_path / "one"), tmp_path / "link"
    link.symlink_to(path)
    before = identity(path)
    assert identity(link) == before
    os.utime(path, (1, 1))
    assert identity(path) != before
    assert identity(fake(tmp_path / "two")) != identity(path)

"""Which FFmpeg is used, and what it is known by.

The configured path; else `ffmpeg` on PATH if it has what we need; else the binary that imageio-ffmpeg
carries. A configured one is never replaced silently: what it lacks is an error that names it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from aurad.model.errors import AuradError
from aurad.model.value import digest

ENCODERS = ("libx264", "aac", "mov_text", "pcm_s16le")
FILTERS = ("ebur128", "alimiter", "volume", "aresample", "amix", "sidechaincompress", "scale", "concat")
LISTING_TIMEOUT = 10  # seconds; listing filters takes 0.1 s, a binary that needs more is broken
TOLD = 200  # letters of what a broken one said


def find_ffmpeg(configured: str) -> Path:
    """A usable FFmpeg; raises E305 if there is none or the configured one does not run, E306 if that lacks a part."""
    if configured:
        path = Path(configured)
        if not path.is_file():
            raise AuradError("E305-FFMPEG_MISSING", f"cannot use tools.ffmpeg = {configured!r}: there is no such file")
        if lacks := missing_parts(path):
            raise AuradError("E306-FFMPEG_LACKS", f"cannot use {configured}: it lacks {', '.join(lacks)}")
        return path
    on_path = shutil.which("ffmpeg")
    with suppress(AuradError):
        if on_path and not missing_parts(Path(on_path)):
            return Path(on_path)
    return _carried()


def _carried() -> Path:
    try:
        import imageio_ffmpeg

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise AuradError("E305-FFMPEG_MISSING", f"cannot find FFmpeg: {error}") from error


def missing_parts(ffmpeg: Path) -> list[str]:
    """The encoders and filters that this binary does not have, by name; raises E305 if it does not tell."""
    have = _listed(ffmpeg, "-encoders") | _listed(ffmpeg, "-filters")
    return [name for name in (*ENCODERS, *FILTERS) if name not in have]


def _listed(ffmpeg: Path, what: str) -> set[str]:
    said = _asked(ffmpeg, what)
    return {fields[1] for line in said.splitlines() if len(fields := line.split()) > 1}


def _asked(ffmpeg: Path, what: str) -> str:
    try:
        process = subprocess.Popen(
            [ffmpeg, "-hide_banner", what], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise _unusable(ffmpeg, f"it cannot be run: {error.strerror}") from error
    with process:
        try:
            said, complaint = process.communicate(timeout=LISTING_TIMEOUT)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)  # what it started as well
            raise _unusable(ffmpeg, f"it did not answer {what} within {LISTING_TIMEOUT} s") from error
    if process.returncode:
        end = complaint.strip()[-TOLD:]
        raise _unusable(ffmpeg, f"{what} ended with status {process.returncode}" + (f": {end}" if end else ""))
    return said


def _unusable(ffmpeg: Path, why: str) -> AuradError:
    return AuradError("E305-FFMPEG_MISSING", f"cannot use {ffmpeg} as FFmpeg: {why}")


def identity(tool: Path) -> str:
    """Changes whenever another binary stands at this path, or another path is used."""
    real = tool.resolve()
    info = real.stat()
    return digest(str(real).encode(), f"{info.st_size} {info.st_mtime_ns}".encode())


def hardware() -> str:
    """Changes with the graphics devices and drivers that an encoder may use; "" where there are none."""
    devices, version = list[str](), ""
    with suppress(OSError):
        devices = sorted(name for name in os.listdir("/dev/dri") if name.startswith("render"))
    with suppress(OSError):
        version = Path("/proc/driver/nvidia/version").read_text()
    return digest(*(name.encode() for name in devices), version.encode()) if devices or version else ""

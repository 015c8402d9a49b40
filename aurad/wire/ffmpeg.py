"""What FFmpeg says, understood: progress blocks as they come, and causes out of its last lines."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

from aurad.wire.lines import LineDecoder


class Progress(Struct, frozen=True, kw_only=True):
    """One block of `-progress`. `out_time` is None where FFmpeg does not know yet; `ended` only in the last."""

    frame: int = 0
    out_time: float | None = None
    ended: bool = False


class ProgressDecoder:
    """Bytes of the progress pipe into blocks."""

    def __init__(self) -> None:
        self._lines, self._block = LineDecoder(cut=True), dict[str, str]()

    def feed(self, data: bytes | bytearray) -> list[Progress]:
        """The blocks that `data` completes. Lines that are none of FFmpeg's are skipped."""
        blocks = []
        for line in self._lines.feed(data):
            name, _, value = line.decode("utf-8", "replace").partition("=")
            self._block[name.strip()] = value.strip()
            if name.strip() == "progress":
                blocks.append(_block_to_progress(self._block))
                self._block = {}
        return blocks


def _block_to_progress(block: dict[str, str]) -> Progress:
    # `out_time_us` is N/A in the first block of FFmpeg 9; `frame` is missing where there is no video.
    micros = _integer(block.get("out_time_us", ""))
    return Progress(
        frame=_integer(block.get("frame", "")) or 0,
        out_time=None if micros is None else micros / 1e6,
        ended=block["progress"] == "end",
    )


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


class Cause(NamedTuple):
    """Why FFmpeg failed: a code of the error table and one sentence, FFmpeg's own where possible."""

    code: str
    sentence: str


# Exit codes differ between versions (5.1: nearly always 1; 9.0: 256 - errno), so the text decides.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("E501-DISK", re.compile(r"No space left on device|Disk quota exceeded")),
    (
        "E306-FFMPEG_LACKS",
        re.compile(
            r"Unknown (?:encoder|decoder) '[^']*'|No such filter: '[^']*'|Unrecognized option '[^']*'"
            r"|Requested output format '[^']*' is not\b.*|Unknown input format: '[^']*'|Filter not found"
            r"|Automatic encoder selection failed.*"
        ),
    ),
)
# Lines that only say that something went wrong, never what.
_EMPTY = re.compile(
    r"Conversion failed!|.*Error (?:while|opening|initializing|submitting|muxing|sending|parsing) .*"
    r"|.*Terminating thread.*|frame= *\d+ fps=.*|Nothing was written.*|\[.*\] Task finished.*"
    r"|.*Qavg:.*|Exiting normally.*",
)


def stderr_to_cause(stderr: bytes) -> Cause:
    """The cause in the last of FFmpeg's stderr: a known one anywhere, else its last telling line."""
    text = stderr.decode("utf-8", "replace")
    for code, pattern in _PATTERNS:
        if found := pattern.search(text):
            return Cause(code, found.group())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not _EMPTY.fullmatch(line)]
    return Cause("E304-FFMPEG_RUNTIME", (telling or lines or ["it said nothing"])[-1])

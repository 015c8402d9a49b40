"""FFmpegs that are ten lines long, and a log that remembers."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

HEAD = f"""#!{sys.executable} -IS
import os, signal, sys, time
pipe = int(sys.argv[sys.argv.index("-progress") + 1].removeprefix("pipe:")) if "-progress" in sys.argv else 1
def say(text): os.write(2, text.encode() + b"\\n")
def block(frame, state="continue"):
    counted = "" if frame is None else f"frame={{frame}}\\n"
    os.write(pipe, f"{{counted}}out_time_us=N/A\\nprogress={{state}}\\n".encode())
"""


def fake(folder: Path, body: str) -> str:
    """An executable that does `body`, with `say` for stderr and `block` for progress at hand."""
    path = folder / "ffmpeg"
    path.write_text(HEAD + body)
    path.chmod(0o755)
    return str(path)


class Log:
    """A `ToolLog` for tests."""

    def __init__(self) -> None:
        self.argv: tuple[str, ...] = ()
        self.lines: list[tuple[str, str]] = []
        self.exit_codes: list[int] = []

    def started(self, argv: Sequence[str]) -> None:
        self.argv = tuple(argv)

    def line(self, stream: Literal["stdout", "stderr"], line: str) -> None:
        self.lines.append((stream, line))

    def ended(self, exit_code: int) -> None:
        self.exit_codes.append(exit_code)

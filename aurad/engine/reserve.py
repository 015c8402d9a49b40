"""Space on a disk that nobody else can take: on a full disk it lets the journal tell jobs so, and end them.

Blocks; for the journal's writer thread only.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 4 << 20  # the ends of hundreds of jobs
PAUSE = 10.0  # seconds between two tries to set it aside


class Reserve:
    """A file that only takes up space. `set_aside` is cheap to call often."""

    def __init__(self, path: Path) -> None:
        self._path, self._next_try = path, 0.0

    def set_aside(self) -> None:
        """Take the space if it is not ours yet; a disk that is full has none."""
        if time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + PAUSE
        with suppress(OSError), self._path.open("ab") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
            except OSError:
                file.truncate(0)  # what was had of it

    def release(self) -> bool:
        """Give it up; whether there was any."""
        self._next_try = time.monotonic() + PAUSE
        with suppress(OSError):
            size = self._path.stat().st_size
            self._path.unlink()
            return size > 0
        return False

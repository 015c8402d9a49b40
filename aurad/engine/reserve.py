"""Space on a disk that nobody else can take: on a full disk it lets the journal tell jobs so, and end them.

It lies behind the end of the log of commits, in the file itself: a file of its own, given up when space is short,
would be anybody's until the next commit comes, and those who filled the disk are quicker. Blocks; for the journal's
writer thread only.
"""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 4 << 20  # the ends of hundreds of jobs
PAUSE = 1.0  # seconds after which a disk that had no room is asked again
KEEP_SIZE = 1  # fallocate(2): blocks of the file without a change of its length, where SQLite looks for commits

_fallocate = ctypes.CDLL(None, use_errno=True).fallocate
_fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


class Reserve:
    """Room for what is appended to `log`. `set_aside` is cheap: to be called after every commit."""

    def __init__(self, log: Path) -> None:
        self._log, self._end, self._next_try = log, 0, 0.0

    def set_aside(self) -> None:
        """Have at least half of it. A disk that is full has none to give, and some file systems cannot."""
        with suppress(OSError):
            size = self._log.stat().st_size
            if size + RESERVE_BYTES // 2 > self._end and time.monotonic() >= self._next_try:
                self._take(size)

    def _take(self, size: int) -> None:
        file = os.open(self._log, os.O_WRONLY)  # SQLite locks nothing in it: to close it again harms no lock
        try:
            if _fallocate(file, KEEP_SIZE, size, RESERVE_BYTES):
                self._next_try = time.monotonic() + PAUSE
            else:
                self._end = size + RESERVE_BYTES
        finally:
            os.close(file)

"""The clock by which what is kept grows old. It never jumps, whatever is done to the machine's.

While a daemon runs it goes with CLOCK_BOOTTIME, which counts a machine's sleep too. How long no daemon ran only the
wall clock tells, and of that a day counts at most: a machine that starts with a clock that is wrong by a year forgets
nothing for it. The price is that what lies about on a machine that is seldom used is kept for longer.
"""

from __future__ import annotations

import sqlite3
import time

OFF = 86400.0  # seconds between two daemons that count at most
KEY = "age"  # of the journal's table `meta`: this clock and the wall clock as they were when last seen


class Ages:
    """Seconds, which are those since the epoch where all clocks were always right."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        wall = time.time()
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
        age, seen = map(float, row[0].split()) if row else (wall, wall)
        self._ahead = age + min(max(wall - seen, 0.0), OFF) - running()

    def now(self) -> float:
        """From any thread."""
        return self._ahead + running()

    def keep(self, connection: sqlite3.Connection) -> None:
        """For the next daemon."""
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (KEY, f"{self.now()} {time.time()}"))


def running() -> float:
    """Seconds of a clock that nobody sets, and that counts a machine's sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)

"""How often a task is tried: which failures pass, how long to wait, and a count that outlives the daemon.

Without the count on disk, an input that fails slowly would be tried without end on a machine that is
restarted often. An attempt that the daemon's own end interrupted is not counted: it did not fail.
"""

from __future__ import annotations

import random
from typing import Any

from aurad.engine.journal import Journal
from aurad.engine.process import CRASH, GARBAGE, HUNG
from aurad.engine.stall import STALLED
from aurad.model.errors import AuradError
from aurad.model.stage_errors import Transient
from aurad.model.value import Value

ATTEMPTS = 3  # of one provider at one task; what fails three times in a row is not a passing trouble
PAUSE, PAUSE_CAP = 0.5, 30.0  # seconds before the second attempt, times 4 for each further one
PASSING = frozenset({CRASH, HUNG, GARBAGE, STALLED, "E304-FFMPEG_RUNTIME", "E307-FFMPEG_HUNG"})
STALE = 86400.0  # seconds after which a task that nobody asked for again starts anew


class Started(Value, frozen=True, kw_only=True):
    """News of a task: an attempt begins."""

    attempt: int


class Attempted(Value, frozen=True, kw_only=True):
    """News of a task: an attempt failed."""

    code: str
    detail: str
    remedy: str
    attempt: int
    will_retry: bool
    details: dict[str, Any] = {}


class Attempts:
    """Failed attempts of tasks whose last word is not spoken."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._failed = journal, dict[str, int]()

    async def load(self) -> None:
        """What the last daemon had counted."""
        stale = self._journal.ages.now() - STALE
        rows = await self._journal.read("SELECT digest, failed FROM attempts WHERE failed_at > ?", stale)
        self._failed = {str(digest): int(failed) for digest, failed in rows}

    def next(self, digest: str) -> int:
        """The number of the attempt that comes, 1 for the first."""
        return self._failed.get(digest, 0) + 1

    def failed(self, digest: str, attempt: int) -> None:
        """Another one will follow."""
        self._failed[digest] = attempt
        row = (digest, attempt, self._journal.ages.now())
        self._journal.commit_soon(
            lambda connection: connection.execute("INSERT OR REPLACE INTO attempts VALUES (?, ?, ?)", row)
        )

    def decided(self, digest: str) -> None:
        """It succeeded, or failed for good: whoever asks again starts anew."""
        if self._failed.pop(digest, None):
            self._journal.commit_soon(
                lambda connection: connection.execute("DELETE FROM attempts WHERE digest = ?", (digest,))
            )


def is_passing(error: AuradError) -> bool:
    """Worth another attempt: a lost worker or tool, but not an exception that the stage's code raised."""
    return isinstance(error, Transient) or (error.code in PASSING and "traceback" not in error.details)


def pause_after(attempt: int) -> float:
    """Seconds, somewhere between half and all of the back-off: what failed together does not come back together."""
    return min(PAUSE * 4.0 ** (attempt - 1), PAUSE_CAP) * random.uniform(0.5, 1.0)


def told(error: AuradError, attempt: int, *, will_retry: bool) -> Attempted:
    """What is said of a failed attempt."""
    return Attempted(
        code=error.code, detail=error.detail, remedy=error.remedy, attempt=attempt, will_retry=will_retry,
        details=dict(error.details),
    )  # fmt: skip

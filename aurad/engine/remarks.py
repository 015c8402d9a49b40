"""What stages warned of while they made a result: told again to every job that is given the result later.

A scene that stays silent, or a slide that was shortened, is no less so for having been made before.
"""

from __future__ import annotations

import trio

from aurad.engine.journal import Journal
from aurad.engine.task import Task
from aurad.wire.worker import WarningNews

OLD = "DELETE FROM remarks WHERE digest NOT IN (SELECT digest FROM results)"


class Remarks:
    """Warnings by the digest of their task, all in memory: few results have any."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._said = journal, dict[str, dict[tuple[str, str], None]]()
        self._loading, self._loaded = trio.Lock(), False

    async def load(self) -> None:
        """What earlier daemons heard of results that are still there."""
        async with self._loading:
            if self._loaded:
                return
            await self._journal.commit(lambda connection: connection.execute(OLD))
            for digest, code, detail in await self._journal.read("SELECT digest, code, detail FROM remarks"):
                self._said.setdefault(str(digest), {})[code, detail] = None
            self._loaded = True

    def keep(self, task: Task, news: WarningNews) -> None:
        """On disk with the next commit, which the result's own follows."""
        said = self._said.setdefault(task.digest, {})
        if (news.code, news.detail) not in said:
            said[news.code, news.detail] = None
            row = (task.digest, news.code, news.detail)
            self._journal.commit_soon(
                lambda connection: connection.execute("INSERT OR IGNORE INTO remarks VALUES (?, ?, ?)", row)
            )

    def forget(self, digest: str) -> None:
        """Its result is given up."""
        self._said.pop(digest, None)

    def of(self, task: Task) -> tuple[tuple[str, str], ...]:
        """Code and detail of each."""
        return tuple(self._said.get(task.digest, ())) if self._said else ()

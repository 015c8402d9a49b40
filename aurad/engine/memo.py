"""Results by digest. A result is known only while all of its files are there and pinned."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import trio

from aurad.engine.journal import Journal
from aurad.engine.remarks import Remarks
from aurad.engine.store import Store
from aurad.model.artifact import Artifact

RECENT, SMALL = 1024, 16 << 10  # results kept in memory, and how large their JSON may be, in bytes: 16 MiB at most
NOTED = 60.0  # seconds in which another use of a result is not noted: nobody collects that finely
FRESH = 3600.0  # seconds in which a file without a row may still be on its way to one
FREEABLE = """
    SELECT r.digest, r.used_at, coalesce(sum(f.size_bytes), 0) FROM results r LEFT JOIN result_files f
    ON f.digest = r.digest AND f.sha256 NOT IN (SELECT sha256 FROM artifacts)
    AND f.sha256 NOT IN (SELECT sha256 FROM assets) GROUP BY r.digest ORDER BY r.used_at
"""
FILES = """
    SELECT DISTINCT sha256, size_bytes FROM result_files WHERE sha256 NOT IN (SELECT sha256 FROM artifacts)
    AND sha256 NOT IN (SELECT sha256 FROM assets)
"""


class Usage(NamedTuple):
    """What the store holds, for collection and for people."""

    objects: int
    size_bytes: int


class _Result(NamedTuple):
    """As it is on disk; its files by name and size in bytes."""

    output: bytes
    files: Sequence[tuple[str, int]]
    used_at: float


class Memo:
    """The table of results over the journal, and the collector of what nobody needs any more."""

    def __init__(self, journal: Journal, store: Store) -> None:
        self._journal, self._store, self.remarks = journal, store, Remarks(journal)
        self._recent: dict[str, _Result] = {}  # the last used is the last

    async def find(self, digest: str, pins: set[str]) -> bytes | None:
        """The result's JSON, its files pinned; None if it is unknown or a file of it is gone."""
        return self._use(digest, await self._journal.ask(partial(_look_up, digest)), pins)

    def recall(self, digest: str, pins: set[str]) -> bytes | None:
        """The same, of results that were used lately: without the disk."""
        return self._use(digest, self._recent.pop(digest, None), pins)

    def _use(self, digest: str, result: _Result | None, pins: set[str]) -> bytes | None:
        if result is None:
            return None
        for sha256, _ in result.files:
            self._store.pin(pins, sha256)  # before the check: the collector must not get in between
        if not all(self._store.has(sha256, size) for sha256, size in result.files):
            self._journal.commit_soon(_execute("DELETE FROM results WHERE digest = ?", digest))
            return None
        if (now := self._journal.ages.now()) > result.used_at + NOTED:
            result = result._replace(used_at=now)
            self._journal.commit_soon(_execute("UPDATE results SET used_at = ? WHERE digest = ?", now, digest))
        self._keep(digest, result)
        return result.output

    def _keep(self, digest: str, result: _Result) -> None:
        self._recent.pop(digest, None)
        if len(result.output) <= SMALL:
            self._recent[digest] = result
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    async def record(self, digest: str, output: bytes, files: Iterable[Artifact]) -> None:
        """Make a result durable; its files are in the store already."""
        now, sizes = self._journal.ages.now(), {file.sha256: file.size_bytes for file in files}

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (digest, output, now, now))
            rows = [(digest, sha256, size) for sha256, size in sizes.items()]
            connection.executemany("INSERT OR REPLACE INTO result_files VALUES (?, ?, ?)", rows)

        await self._journal.commit(write)
        self._keep(digest, _Result(output, tuple(sizes.items()), now))

    async def forget_file(self, sha256: str) -> None:
        """Drop a damaged file and every result that holds it; they are made anew when asked for."""
        self._store.discard(sha256)
        await self._journal.commit(
            _execute("DELETE FROM results WHERE digest IN (SELECT digest FROM result_files WHERE sha256 = ?)", sha256)
        )
        self._recent.clear()

    async def usage(self) -> Usage:
        objects = await self._objects()
        return Usage(len(objects), sum(size for _, size, _ in objects))

    async def _objects(self) -> list[tuple[str, int, float]]:
        return await trio.to_thread.run_sync(lambda: list(self._store.objects()))

    async def collect(self, *, max_bytes: int, max_age: float) -> int:
        """Drop results unused for `max_age` seconds, then the longest unused until `max_bytes` are kept.

        Files of retained jobs, uploads and whatever a running job has pinned stay, and do not count: to
        drop a result whose files all stay would free nothing. Returns the bytes freed.
        """
        now, freed = self._journal.ages.now(), 0
        oldest = now - max_age
        total = await self._freeable()
        for digest, used_at, size in await self._journal.read(FREEABLE):
            if used_at >= oldest and total - freed <= max_bytes:
                break
            if used_at < oldest or size:
                freed += await self.drop(digest)
        return freed + await self._sweep(oldest if total - freed <= max_bytes else now - FRESH)

    async def spare(self, needed: float) -> int:
        """Give up what has been unused longest, `needed` bytes or nothing; returns how many really became free."""
        total = await self._freeable()
        return await self.collect(max_bytes=total - math.ceil(needed), max_age=math.inf) if total >= needed else 0

    async def _freeable(self) -> int:
        """Bytes of what only results need; a file of several of them is there once."""
        files = await self._journal.read(FILES)
        return sum(size for sha256, size in files if not self._store.is_pinned(sha256))

    async def drop(self, digest: str) -> int:
        """Forget a result and remove those of its files that nobody else needs; returns the bytes freed."""
        files = await self._journal.read("SELECT sha256, size_bytes FROM result_files WHERE digest = ?", digest)
        if any(self._store.is_pinned(sha256) for sha256, _ in files):
            return 0
        gone = [_execute(f"DELETE FROM {table} WHERE digest = ?", digest) for table in ("results", "remarks")]
        await self._journal.commit(*gone)
        self._recent.pop(digest, None)
        self.remarks.forget(digest)
        return sum([await self._remove(sha256, size) for sha256, size in files])

    async def _sweep(self, oldest: float) -> int:
        """Objects that no row knows: left by a crash between the rename and the commit."""
        freed = 0
        for sha256, size, made in await self._objects():
            if made < oldest and not self._store.is_pinned(sha256):
                freed += await self._remove(sha256, size)
        return freed

    async def _remove(self, sha256: str, size: int) -> int:
        needed = await self._journal.read(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM result_files WHERE sha256 = ?1)"
            " OR EXISTS (SELECT 1 FROM artifacts WHERE sha256 = ?1) OR EXISTS (SELECT 1 FROM assets WHERE sha256 = ?1)",
            sha256,
        )
        if needed or self._store.is_pinned(sha256):
            return 0
        self._store.discard(sha256)
        return size


def _look_up(digest: str, connection: sqlite3.Connection) -> _Result | None:
    row = connection.execute("SELECT output, used_at FROM results WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        return None
    files = connection.execute("SELECT sha256, size_bytes FROM result_files WHERE digest = ?", (digest,)).fetchall()
    return _Result(bytes(row[0]), [(sha256, size) for sha256, size in files], row[1])


def _execute(sql: str, *parameters: object) -> Any:
    return lambda connection: connection.execute(sql, parameters)

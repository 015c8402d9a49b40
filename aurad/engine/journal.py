"""Jobs, results, artifacts and events on disk: one SQLite file, one writer thread, group commit.

A batch is whatever was queued while the last commit was under way. Any error of the writer ends the
process: after a failed fsync nobody knows what is on disk, so it is never retried. A full disk is no such
error: SQLite has written nothing then. The space held in reserve lets jobs be told and end; once that is used
up, commits wait for room, nothing new is accepted, and reading goes on. The log of commits is folded back into
the file beside the commits, by `aurad.engine.checkpoint`.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import structlog
import trio

from aurad.durable import make_folder, sync
from aurad.engine.ages import Ages
from aurad.engine.checkpoint import Checkpoints
from aurad.engine.figures import Commits
from aurad.engine.migrations import migrate
from aurad.engine.reserve import Reserve
from aurad.engine.salvage import damage, mark_if_damaged, salvage, suspect
from aurad.model.errors import AuradError

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], Any]
BROKEN = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
FULL_PAUSE = 0.25  # seconds until a full disk is asked again
PATIENCE = 30.0  # seconds for what is queued to be durable; a disk that takes longer has failed
READERS = 2  # read connections; reads take microseconds, more would only queue for the GIL

log = structlog.get_logger()


class _Entry(NamedTuple):
    writes: Sequence[Write]
    then: Callable[[list[Any]], None]
    failed: Callable[[], None]


class Journal:
    """`commit` is durable when it returns; `commit_soon` keeps the order and calls back when durable."""

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self._path, self._writer = path, writer
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._token = trio.lowlevel.current_trio_token()
        self._idle: list[sqlite3.Connection] = []
        self._limiter = trio.CapacityLimiter(READERS)
        self._failure: AuradError | None = None
        self._stopping = threading.Event()
        self._full = False
        self.commits = Commits()
        self.on_told: Callable[[], None] = _nothing  # after all of a transaction have been told
        self._checkpoints = Checkpoints(_connect(path))
        self._reserve = Reserve(path.with_name(path.name + "-wal"))
        self.ages = Ages(writer)
        self.epoch: str = writer.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]

    def commit_soon(
        self,
        *writes: Write,
        then: Callable[[list[Any]], None] = lambda _: None,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Queue `writes` as one transaction's part; `then` runs in Trio's thread once they are durable.

        After an error of the journal nothing is written any more: `failed` runs instead.
        """
        if self._failure is None:
            self._queue.put(_Entry(writes, then, failed))
        else:
            failed()

    async def commit(self, *writes: Write) -> list[Any]:
        """Make `writes` durable together, in the order of calls; returns what each returned.

        Raises E501 or E500 if the journal cannot be written.
        """
        done, results = trio.Event(), []

        def finish(values: list[Any]) -> None:
            results.extend(values)
            done.set()

        self.commit_soon(*writes, then=finish, failed=done.set)
        await done.wait()
        if self._failure is not None:
            raise self._failure
        return results

    async def settle(self, what: str) -> None:
        """Wait until all that was queued is durable.

        Raises E501 for `what` as soon as the disk is known to be full: it stays queued, and is written once there is
        room.
        """
        done, late = trio.Event(), time.monotonic() + PATIENCE
        self.commit_soon(then=lambda _: done.set(), failed=done.set)
        while not done.is_set():
            if self._full or time.monotonic() > late:
                raise AuradError("E501-DISK", f"cannot write {what}: it is so once the disk takes that")
            with trio.move_on_after(FULL_PAUSE):
                await done.wait()
        if self._failure is not None:
            raise self._failure

    def check_room(self) -> None:
        """Raises E501 while commits wait for room on the disk: what is new had better not be begun."""
        if self._full:
            raise AuradError("E501-DISK", f"cannot write {self._path}: the disk is full")

    async def read(self, sql: str, *parameters: object) -> list[Any]:
        """All rows of a query, from a connection of its own that never waits for the writer."""
        return await self.ask(lambda connection: connection.execute(sql, parameters).fetchall())

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer to several queries about one moment, as `read`. An I/O error is the end here too."""
        try:
            return await trio.to_thread.run_sync(self._ask, question, limiter=self._limiter)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in BROKEN:
                raise
            raise self._break(error, "read") from error

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.pop() if self._idle else _connect(self._path)
        try:
            connection.execute("BEGIN")
            return question(connection)
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("COMMIT")
        finally:  # of a damaged file, too: whoever closes the journal closes it
            self._idle.append(connection)

    async def serve_writer(self) -> None:
        """Write until `stop`; a cancel does not come in between, what is queued must become durable.

        Raises E501 or E500 if that fails, which ends the daemon; whoever waits for a commit is told first.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve_checkpoints)
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._write_forever)
            nursery.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    async def _serve_checkpoints(self) -> None:
        try:
            await self._checkpoints.serve_forever()
        except sqlite3.Error as error:
            self._break(error, "write")

    def _break(self, error: Exception, verb: str) -> AuradError:
        """The end: not one more commit."""
        mark_if_damaged(self._path, error)
        self._failure = self._failure or _journal_error(error, verb)
        self.stop()
        return self._failure

    def _write_forever(self) -> None:
        while (batch := self._next_batch()) is not None and self._failure is None:
            try:
                self._write(batch)
            except Exception as error:
                self._break(error, "write")
                break
        if self._failure is not None:
            self._token.run_sync_soon(self._fail, batch or [])

    def _write(self, batch: list[_Entry]) -> None:
        began = time.perf_counter()
        while (answers := self._transact_if_room(batch)) is None:
            pass
        self.commits.seconds.observe(time.perf_counter() - began)
        self.commits.entries += len(batch)
        self._token.run_sync_soon(self._tell, batch, answers)  # all of it in one go: readers are told once
        self._reserve.set_aside()

    def _tell(self, batch: list[_Entry], answers: list[list[Any]]) -> None:
        self._checkpoints.wanted()
        for entry, values in zip(batch, answers, strict=True):
            entry.then(values)
        self.on_told()

    def _transact_if_room(self, batch: list[_Entry]) -> list[list[Any]] | None:
        """None if the disk is full, after a pause: then there may be room. Raises that only if we are to stop."""
        try:
            answers = self._transact(batch)
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
            self._tell_full(True)
            if self._stopping.wait(FULL_PAUSE):
                raise
            return None
        self._tell_full(False)
        return answers

    def _tell_full(self, full: bool) -> None:
        if full != self._full:
            log.warning("the disk is full: commits wait for room" if full else "there is room on the disk again")
        self._full = full

    def _transact(self, batch: list[_Entry]) -> list[list[Any]]:
        """All of the batch or, if it raises, nothing."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            answers = [[write(self._writer) for write in entry.writes] for entry in batch]
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        return answers

    def _fail(self, batch: list[_Entry]) -> None:
        for entry in batch:
            entry.failed()
        while not self._queue.empty():
            if (waiting := self._queue.get()) is not None:
                waiting.failed()

    def _next_batch(self) -> list[_Entry] | None:
        entry = self._queue.get()
        if entry is None:
            return None
        batch = [entry]
        while not self._queue.empty():
            entry = self._queue.get()
            if entry is None:
                self._queue.put(None)
                break
            batch.append(entry)
        return batch

    def stop(self) -> None:
        """Let the writer end after what is queued."""
        self._stopping.set()
        self._queue.put(None)

    def close(self) -> None:
        self._checkpoints.close()
        for connection in (*self._idle, self._writer):
            connection.close()


def _nothing() -> None:
    """Nobody wants to know."""


@asynccontextmanager
async def open_journal(path: Path) -> AsyncIterator[Journal]:
    """Open or create the journal at `path`; leaving the block makes everything queued durable first."""
    journal = Journal(path, await trio.to_thread.run_sync(_open, path))
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(journal.serve_writer)
            try:
                yield journal
            finally:
                journal.stop()
    finally:
        journal.close()


def _journal_error(error: Exception, verb: str) -> AuradError:
    code = "E501-DISK" if _is_full(error) else "E500-INTERNAL"
    return AuradError(code, f"cannot {verb} the journal: {error}")


def _is_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _open(path: Path) -> sqlite3.Connection:
    make_folder(path.parent)
    _settle(path.with_name(path.name + "-wal"))
    connection = _sound(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _sound(path: Path) -> sqlite3.Connection:
    connection = _connect(path)
    if why := damage(connection, path):
        connection.close()
        salvage(path, why)
        connection = _connect(path)
    suspect(path).unlink(missing_ok=True)
    return connection


def _settle(commits: Path) -> None:
    """A killed daemon's last commits may be in no sync. They are read, and told, from now on: they must stay."""
    if commits.exists():
        sync(commits)
        sync(commits.parent)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection

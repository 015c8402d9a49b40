"""Folds the journal's write-ahead log back into its file, beside the commits and never inside one."""

from __future__ import annotations

import sqlite3

import structlog
import trio

PAUSE = (
    2.0  # seconds from the first commit to the next checkpoint: few, so that commits are spared; the log stays small
)
MUCH_PAGES = 16_384  # 64 MiB of log: readers kept it from starting over; then they and commits are waited for
PATIENCE = 1000  # milliseconds for that

log = structlog.get_logger()


class Checkpoints:
    """`wanted` says that there is something to fold back; `serve_forever` does it in a thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._dirty = connection, trio.Event()
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE}")

    def wanted(self) -> None:
        self._dirty.set()

    async def serve_forever(self) -> None:
        """Raises `sqlite3.Error` for anything but a full disk: nobody knows then what is on it."""
        while True:
            await self._dirty.wait()
            await trio.sleep(PAUSE)
            self._dirty = trio.Event()
            with trio.CancelScope(shield=True):  # the connection must not be closed under it
                await trio.to_thread.run_sync(self.run)

    def run(self) -> None:
        """One checkpoint; blocks."""
        try:
            if self._fold("PASSIVE") > MUCH_PAGES:
                self._fold("RESTART")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            log.warning("cannot fold the journal back: the disk is full")  # it stays in the log, which is on disk

    def _fold(self, mode: str) -> int:
        """How many pages the log holds."""
        row = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return int(row[1])

    def close(self) -> None:
        self._connection.close()

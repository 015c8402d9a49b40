"""What was promised before the power went, and whether a disk keeps it."""

from __future__ import annotations

import collections
import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from aurad.engine.migrations import migrate
from aurad.model.job import Status

JOURNAL = "/state/journal.sqlite"
DATABASE = {JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-journal"}  # all that SQLite reads
OBJECTS = "/state/store/objects"
SECRETS = "/state/secrets.json"
ENDS = {"job-completed": "Succeeded", "job-failed": "Failed", "job-cancelled": "Cancelled"}
FILES = " UNION ".join(f"SELECT sha256, size_bytes FROM {table}" for table in ("result_files", "artifacts", "assets"))
HISTORIES = """
    SELECT j.job_id, status, count(seq), coalesce(min(job_seq), 1), coalesce(max(job_seq), 0), total(terminal),
    (SELECT type FROM events e WHERE e.job_id = j.job_id ORDER BY job_seq DESC LIMIT 1)
    FROM jobs j LEFT JOIN events USING (job_id) GROUP BY j.job_id
"""

Read = Callable[[str], "bytes | bytearray | None"]  # a file by its path, None if it is gone


class Promises:
    """Grows with the marks of a log. `told` holds, by kind of mark, what was told."""

    def __init__(self) -> None:
        self.told = collections.defaultdict[str, set[Any]](set)

    def hear(self, mark: bytes) -> None:
        [(kind, told)] = msgspec.json.decode(mark).items()
        if kind == "dropping":
            self.told["result"].discard(told)
        else:
            self.told[kind].add(tuple(told) if isinstance(told, list) else told)

    @property
    def kept(self) -> set[str]:
        """Jobs that were accepted and that nobody has asked to forget."""
        return self.told["accepted"] - self.told["deleting"]

    def check(self, journal: Path, read: Read, *, thorough: bool = False) -> None:
        """`journal` may be written to; `read` is asked for a file once."""
        with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # it is thrown away
            migrate(connection)
            if thorough:
                assert _rows(connection, "PRAGMA integrity_check") == {"ok"}
            self._check_jobs(connection)
            self._check_others(connection)
            check_histories(connection)
            check_files(connection, read)
        assert self.told["secret"] <= msgspec.json.decode(read(SECRETS) or b"{}").items()

    def _check_jobs(self, connection: sqlite3.Connection) -> None:
        kept, jobs = self.kept, _rows(connection, "SELECT job_id FROM jobs")
        seen, ended = ({one for one in self.told[kind] if one[0] in kept} for kind in ("seen", "ended"))
        assert kept - jobs == set()
        assert self.told["deleted"] & jobs == set()
        assert seen - _rows(connection, "SELECT job_id, seq, type FROM events") == set()
        assert ended - _rows(connection, "SELECT job_id, status FROM jobs") == set()

    def _check_others(self, connection: sqlite3.Connection) -> None:
        assert self.told["epoch"] <= _rows(connection, "SELECT value FROM meta WHERE key = 'epoch'")
        assert self.told["result"] - _rows(connection, "SELECT digest FROM results") == set()
        assert self.told["asset"] - _rows(connection, "SELECT sha256 FROM assets") == set()


def check_histories(connection: sqlite3.Connection) -> None:
    """No gap, one end at most, nothing after it, and the job's row says the same."""
    for job_id, status, count, first, last, ends, newest in connection.execute(HISTORIES):
        assert (first, count) == (1, last), f"{job_id} has lost events"
        assert ends == Status(status).terminal, f"{job_id} is {status} and has {ends} ends"
        assert ENDS.get(newest) == (status if ends else None), f"{job_id} is {status} after {newest}"


def check_files(connection: sqlite3.Connection, read: Read) -> None:
    """Whatever a row tells of is there, whole."""
    for sha256, size in connection.execute(FILES):
        data = read(f"{OBJECTS}/{sha256[:2]}/{sha256}")
        assert data is not None, f"{sha256} is on record but not in the store"
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, sha256), f"{sha256} is damaged"


def _rows(connection: sqlite3.Connection, sql: str) -> set[Any]:
    """A row of one column is its value."""
    return {row if len(row) > 1 else row[0] for row in connection.execute(sql)}

"""A journal is killed at a sync and opened again, and then the power goes: what was read by then is on the disk."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.crash.power import Disk, Loss, Record
from tests.crash.promises import DATABASE, JOURNAL
from tests.crash.recorder import Recorder
from tests.serve.chaos import FULL

pytestmark = pytest.mark.slow
STEP = 1 if FULL else 3  # the last sync, of a commit, is among them
HELD = "SELECT 'epoch', value FROM meta WHERE key = 'epoch' UNION SELECT 'attempt', digest FROM attempts"


def check_all(records: Sequence[Record], root: Path, scratch: Path) -> None:
    """If the power goes as soon as something was told, it is there, though all is gone that was not synced."""
    disk, told = Disk(root.stat().st_ino), set[tuple[str, str]]()
    for record in records:
        disk.play(record)
        if record.kind == "K":
            told |= msgspec.json.decode(record.data).items()
            shutil.rmtree(scratch, ignore_errors=True)
            disk.after(Loss()).write_to(scratch, DATABASE)
            assert told - held(scratch / JOURNAL[1:]) == set()


def held(journal: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(journal)) as connection:
        return set(connection.execute(HELD))


def test_what_a_killed_journal_left_unsynced_is_synced_before_it_is_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.run("commits")
    syncs = sum(record.kind == "S" for record in recorder.records())
    for last in range(syncs, 0, -STEP):
        recorder.restart()
        recorder.run("commits", syncs=last)
        recorder.run("commits")
        check_all(recorder.records(), recorder.root, tmp_path / f"{last}")

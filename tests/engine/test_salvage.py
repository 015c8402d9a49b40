"""A damaged journal is found, set aside whole and replaced by what can be read of it; nothing wrong is told."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio

from aurad.engine import salvage
from aurad.engine.journal import open_journal
from aurad.engine.salvage import ASIDE, mark_if_damaged, suspect
from aurad.model.errors import AuradError
from aurad.model.job import Status
from tests.engine.house import open_house
from tests.engine.toys import Gated

PAGE = 4096
HOLES = """
    SELECT job_id FROM events GROUP BY job_id HAVING count(*) != max(job_seq)
    UNION SELECT job_id FROM jobs WHERE job_id NOT IN (SELECT job_id FROM events) AND status = 'Succeeded'
"""


def damage(journal: Path) -> str:
    with closing(sqlite3.connect(journal)) as connection:
        return salvage.damage(connection, journal)


def folded(journal: Path) -> bytes:
    """All of it in the one file."""
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return journal.read_bytes()


def scribbled(data: bytes, seed: int) -> bytes:
    """With every third page overwritten, but not the first."""
    numbers, pages = random.Random(seed), range(2, len(data) // PAGE, 3)
    torn = bytearray(data)
    for page in pages:
        torn[page * PAGE : (page + 1) * PAGE] = numbers.randbytes(PAGE)
    return bytes(torn)


DAMAGE = {
    "no header": lambda data: bytes(PAGE) + data[PAGE:],
    "cut off": lambda data: data[: len(data) * 2 // 3],
    "pages": lambda data: scribbled(data, 1),
    "other pages": lambda data: scribbled(data, 7),
    "something else": lambda data: b"precious" * 1000,
}


@pytest.mark.parametrize("how", DAMAGE)
async def test_a_damaged_journal_is_set_aside_and_work_goes_on(tmp_path: Path, how: str) -> None:
    journal = tmp_path / "state" / "journal.sqlite"
    async with open_house(tmp_path) as house:
        made = [await house.make(f"Tale {n}. Of two sentences.") for n in range(8)]
        epoch = house.engine.epoch
    broken = DAMAGE[how](folded(journal))
    journal.write_bytes(broken)
    suspect(journal).touch()  # as the daemon that met it did
    async with open_house(tmp_path) as house:
        assert (await house.make("A new tale.")).status is Status.SUCCEEDED
        kept = [view for view in (await house.engine.jobs.newest(None)).jobs if view.status is Status.SUCCEEDED]
        assert {view.job_id for view in kept} <= {view.job_id for view in made} | {kept[0].job_id}
        assert house.engine.epoch != epoch
    [aside] = journal.parent.glob(f"{ASIDE}*")
    assert (aside / journal.name).read_bytes() == broken
    assert not suspect(journal).exists()
    with closing(sqlite3.connect(journal)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute(HOLES).fetchall() == []


async def test_jobs_that_had_not_ended_go_on(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    journal = tmp_path / "state" / "journal.sqlite"
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit("It goes on. It does.")
        await Gated.reached.wait()
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DELETE FROM events WHERE job_seq = 2")  # as a damaged page would
        connection.commit()
    whole = folded(journal)
    journal.write_bytes(whole + b"?" * 100)
    suspect(journal).touch()
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'events_by_job'")  # what its check calls damage
        connection.commit()
    Gated.gate.set()
    async with open_house(tmp_path, voice=("gated",)) as house:
        view = await house.engine.jobs.wait(job_id)
        events = await house.events(job_id)
    assert view.status is Status.SUCCEEDED
    assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))


async def test_who_meets_damage_leaves_a_mark_and_the_next_daemon_looks(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    async with open_journal(path) as journal:
        await journal.commit(
            lambda c: [c.execute("INSERT INTO costs VALUES (?, 1, 1)", (f"{n}" * 500,)) for n in range(99)]
        )
    data = folded(path)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'costs'").fetchone()
    path.write_bytes(data[: (root - 1) * PAGE] + b"\xff" * PAGE + data[root * PAGE :])
    assert not damage(path)  # a glance is not enough
    with pytest.RaisesGroup(AuradError, flatten_subgroups=True):
        async with open_journal(path) as journal:
            await journal.read("SELECT * FROM costs")
    assert suspect(path).exists()
    assert damage(path)
    async with open_journal(path) as journal:
        assert await journal.read("SELECT * FROM costs") == []
    assert not damage(path)


def test_what_is_no_damage_leaves_no_mark(tmp_path: Path) -> None:
    mark_if_damaged(tmp_path / "j", OSError(5, "Input/output error"))
    assert list(tmp_path.iterdir()) == []


async def test_a_mark_without_damage_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    async with open_journal(path) as journal:
        epoch = journal.epoch
    suspect(path).touch()
    async with open_journal(path) as journal:
        assert journal.epoch == epoch
    assert not suspect(path).exists()

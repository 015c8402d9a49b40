"""A wall clock that jumps by a year, either way, harms nothing but the times that people read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trio

from aurad.engine import ages, webhooks
from aurad.engine.ages import Ages
from aurad.engine.ids import new_id
from aurad.model.job import Status
from tests.engine.house import ME, open_house
from tests.engine.test_webhooks import left, listening, settled
from tests.engine.toys import STAGES, Gated

DAY, YEAR = 86400.0, 365 * 86400.0
EITHER_WAY = pytest.mark.parametrize("jump", [YEAR, -YEAR])


class Clocks:
    """Both of the machine's clocks, each as far off as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.passed = 0.0, 0.0
        real, running = time.time, ages.running
        monkeypatch.setattr(time, "time", lambda: real() + self.wall)
        monkeypatch.setattr(time, "time_ns", lambda: int((real() + self.wall) * 1e9))
        monkeypatch.setattr(ages, "running", lambda: running() + self.passed)


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


@pytest.fixture
def table() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        yield connection


@EITHER_WAY
def test_a_jump_is_not_seen(clocks: Clocks, table: sqlite3.Connection, jump: float) -> None:
    ages = Ages(table)
    before = ages.now()
    clocks.wall, clocks.passed = jump, 60.0
    assert ages.now() - before == pytest.approx(60, abs=5)


@pytest.mark.parametrize(("off", "counted"), [(3600.0, 3600.0), (YEAR, DAY), (-YEAR, 0.0)])
def test_between_two_daemons_a_day_counts_at_most(
    clocks: Clocks, table: sqlite3.Connection, off: float, counted: float
) -> None:
    first = Ages(table)
    first.keep(table)
    clocks.wall = off
    assert Ages(table).now() - first.now() == pytest.approx(counted, abs=5)


@EITHER_WAY
async def test_nothing_is_forgotten_for_a_jump(tmp_path: Path, clocks: Clocks, jump: float) -> None:
    async with open_house(tmp_path) as house:
        old = await house.make(idempotencyKey="k")
        clocks.wall = jump
        assert await house.submit(idempotencyKey="k") == old.job_id
        new = await house.make()
        assert house.ran == []  # all of it was known still
        await house.engine.housekeep()
        assert [job.job_id for job in (await house.engine.jobs.newest(None)).jobs] == [new.job_id, old.job_id]
        await house.make()
        assert house.ran == []
        clocks.wall = 0.0  # and back again
        await house.engine.housekeep()
        assert len((await house.engine.jobs.newest(None)).jobs) == 3


@EITHER_WAY
async def test_nor_for_a_clock_that_is_wrong_when_the_daemon_starts(
    tmp_path: Path, clocks: Clocks, jump: float
) -> None:
    for clocks.wall in (0.0, jump, 0.0):
        async with open_house(tmp_path) as house:
            await house.make()
            await house.engine.housekeep_if_due()
            await house.engine.housekeep()
    async with open_house(tmp_path) as house:
        assert len((await house.engine.jobs.newest(None)).jobs) == 3
        await house.make()
        assert house.ran == []


async def test_what_is_old_is_forgotten_all_the_same(tmp_path: Path, clocks: Clocks) -> None:
    async with open_house(tmp_path) as house:
        await house.make()
        clocks.passed = 31 * DAY
        await house.engine.housekeep()
        assert (await house.engine.jobs.newest(None)).jobs == []
        await house.make()
        assert house.ran


@EITHER_WAY
async def test_a_webhook_is_told_again_when_it_is_time(
    tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    monkeypatch.setattr(webhooks, "PAUSE", 0.01)
    async with listening(500, 500, 204) as ear, open_house(tmp_path) as house:
        await house.make("One sentence.", webhook={"url": ear.url})
        await ear.wait(1)
        clocks.wall = jump
        await settled(house)
        assert len(ear.heard) == 3
        assert await left(house) == 0


@EITHER_WAY
async def test_a_jobs_timeline_is_not_bent(tmp_path: Path, clocks: Clocks, jump: float) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, stages=(*STAGES, Gated), voice=("gated",)) as house:
        job = await house.submit()
        await Gated.reached.wait()
        clocks.wall = jump
        Gated.gate.set()
        with trio.fail_after(10):
            assert (await house.engine.jobs.wait(job)).status is Status.SUCCEEDED
        assert all(0 <= task.start <= task.end < 10 for task in await house.tasks(job))


@EITHER_WAY
async def test_the_queue_keeps_its_order(tmp_path: Path, clocks: Clocks, jump: float) -> None:
    async with open_house(tmp_path) as house:
        house.engine.jobs.drain(True)
        first = await house.submit(owner=ME)
        clocks.wall = jump
        second = await house.submit(owner=ME)
        places = {view.job_id: view.position for view in house.engine.jobs.live()}
        assert places == {first: 1, second: 2}


def test_ids_sort_by_the_time_they_are_given() -> None:
    assert new_id(at=1.0) < new_id(at=1.5) < new_id(at=2e9)

"""A job's place and life: who is next, pause and resume, another priority, delete, drain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.job import Status
from tests.engine.house import House, open_house
from tests.engine.toys import Gated

YOU = Owner(uid=1001, name="you")


@pytest.fixture
def gate() -> Iterator[type[Gated]]:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    return Gated


@pytest.fixture
async def house(tmp_path: Path, gate: type[Gated]) -> AsyncIterator[House]:
    """One job at a time, whose voice waits for the gate."""
    async with open_house(tmp_path, voice=("gated",), max_running=1) as house:
        yield house


async def refusal(call: Any, *arguments: Any) -> AuradError:
    with pytest.raises(AuradError) as caught:
        await call(*arguments)
    return caught.value


async def position(house: House, job_id: str) -> int | None:
    return (await house.engine.jobs.get(job_id)).position


async def test_a_paused_job_stops_working_and_goes_on_where_it_was(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        jobs = house.engine.jobs
        job_id = await house.submit()
        await gate.reached.wait()
        paused = await jobs.pause(job_id)
        assert paused.status is Status.PAUSED
        assert {step.status.value for step in paused.steps} <= {"Pending", "Succeeded"}
        assert list((tmp_path / "state/store/work").iterdir()) == []  # nothing of it is under way
        assert not jobs.busy
        assert "script" in {task.name for task in await house.tasks(job_id)}
        assert (await refusal(jobs.pause, job_id)).detail == f"cannot pause {job_id}: it is Paused"
        gate.gate.set()
        assert (await jobs.resume(job_id)).status in (Status.QUEUED, Status.RUNNING)
        view = await jobs.wait(job_id)
        events = await house.events(job_id)
    assert view.status is Status.SUCCEEDED
    assert house.ran.count("write") == 1
    told = [event["status"] for event in events if event["type"] == "job-status"]
    assert told == ["Queued", "Running", "Paused", "Queued", "Running"]
    assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["progress"] for event in events] == sorted(event["progress"] for event in events)


async def test_a_job_is_paused_again_and_its_timeline_stays(house: House, gate: type[Gated]) -> None:
    jobs = house.engine.jobs
    job_id = await house.submit()
    for _ in range(2):
        await gate.reached.wait()
        gate.reached = trio.Event()
        await jobs.pause(job_id)
        done = {task.name for task in await house.tasks(job_id)}
        await jobs.reprioritize(job_id, 1)
        assert {task.name for task in await house.tasks(job_id)} == done >= {"script"}
        await jobs.resume(job_id)


async def test_a_pause_gives_the_place_to_others(house: House, gate: type[Gated]) -> None:
    first, second = await house.submit(), await house.submit("Another tale.")
    await gate.reached.wait()
    assert await position(house, second) == 1
    await house.engine.jobs.pause(first)
    assert (await house.engine.jobs.get(second)).status is Status.RUNNING
    await house.engine.jobs.resume(first)
    assert await position(house, first) == 1


async def test_one_that_waits_is_paused_and_can_be_cancelled(house: House) -> None:
    await house.submit()
    waiting = await house.submit("Another tale.")
    assert (await house.engine.jobs.pause(waiting)).status is Status.PAUSED
    assert await position(house, waiting) is None
    assert (await house.engine.jobs.cancel(waiting, "me", "")).status is Status.CANCELLED
    assert (await refusal(house.engine.jobs.resume, waiting)).code == "E201-STATE"


async def test_a_cancel_while_it_is_being_paused_wins(house: House, gate: type[Gated]) -> None:
    job_id = await house.submit()
    await gate.reached.wait()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.engine.jobs.cancel, job_id, "me", "")
        assert (await refusal(house.engine.jobs.pause, job_id)).code == "E201-STATE"
    assert (await house.engine.jobs.get(job_id)).status is Status.CANCELLED


async def test_a_paused_job_stays_so_over_a_restart(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await gate.reached.wait()
        before = await house.engine.jobs.pause(job_id)
    gate.gate.set()
    async with open_house(tmp_path, voice=("gated",)) as house:
        assert (await house.engine.jobs.get(job_id)).status is Status.PAUSED
        assert (await house.engine.jobs.get(job_id)).progress >= before.progress
        await house.engine.jobs.resume(job_id)
        assert (await house.engine.jobs.wait(job_id)).status is Status.SUCCEEDED
    assert "write" not in house.ran


async def test_owners_take_turns_and_each_ones_oldest_is_first(house: House) -> None:
    await house.submit()  # runs: it is mine
    mine = [await house.submit(f"Tale {n}.") for n in range(3)]
    yours = [await house.submit(f"Story {n}.", owner=YOU) for n in range(3)]
    urgent = await house.submit("Now.", owner=YOU, priority=1)
    order = [urgent, mine[0], yours[0], mine[1], yours[1], mine[2]]
    assert [await position(house, job_id) for job_id in order] == [1, 2, 3, 4, 5, 6]


async def test_another_priority_is_another_place(house: House) -> None:
    running = await house.submit()
    jobs = [await house.submit(f"Tale {n}.") for n in range(3)]
    assert (await house.engine.jobs.reprioritize(jobs[2], 1)).position == 1
    assert (await house.engine.jobs.reprioritize(jobs[0], 9)).position == 3
    view = await house.engine.jobs.reprioritize(running, 7)
    assert (view.priority, view.position, view.status) == (7, None, Status.RUNNING)


async def test_another_priority_stays_over_a_restart(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_house(tmp_path, voice=("gated",), max_running=1) as house:
        running, waiting = await house.submit(), await house.submit("Another tale.")
        await house.engine.jobs.reprioritize(waiting, 1)
    async with open_house(tmp_path, voice=("gated",), max_running=1) as house:
        assert (await house.engine.jobs.get(waiting)).status is Status.RUNNING
        assert await position(house, running) == 1


async def test_a_deleted_job_goes_with_the_files_that_nobody_else_uses(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first, second = await house.make("Shared words. My own."), await house.make("Shared words. Your own.")
        before = {name for name, _, _ in house.engine.store.objects()}
        freed = await house.engine.jobs.delete(first.job_id)
        after = {name for name, _, _ in house.engine.store.objects()}
        assert freed > 0
        assert after < before
        assert {artifact.sha256 for artifact in second.artifacts} <= after
        assert (await refusal(house.engine.jobs.get, first.job_id)).code == "E200-NO_JOB"
        assert await house.ran_tasks((await house.make("Shared words. Your own.")).job_id) == set()


async def test_one_that_has_not_ended_is_not_deleted(house: House) -> None:
    job_id = await house.submit()
    error = await refusal(house.engine.jobs.delete, job_id)
    assert (error.code, error.remedy) == ("E201-STATE", "Cancel it first, or wait.")
    assert (await refusal(house.engine.jobs.delete, "a-none")).code == "E200-NO_JOB"


async def test_while_draining_no_job_starts(house: House, gate: type[Gated]) -> None:
    gate.gate.set()
    running = await house.submit()
    house.engine.jobs.drain(True)
    waiting = await house.submit("Another tale.")
    assert (await house.engine.jobs.wait(running)).status is Status.SUCCEEDED
    await trio.testing.wait_all_tasks_blocked()
    assert await position(house, waiting) == 1
    assert "drained" in (await house.engine.jobs.get(waiting)).message
    house.engine.jobs.drain(False)
    assert "drained" not in (await house.engine.jobs.get(waiting)).message
    assert (await house.engine.jobs.wait(waiting)).status is Status.SUCCEEDED


async def test_who_is_to_stop_lets_tasks_end_and_begins_none(tmp_path: Path, gate: type[Gated]) -> None:
    stopped = trio.Event()
    async with open_house(tmp_path, voice=("gated",), stop=stopped.set, private=False) as house:
        job_id = await house.submit()
        await gate.reached.wait()
        await trio.testing.wait_all_tasks_blocked(0.05)
        begun = house.ran.count("speak")
        house.engine.stop_soon()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert not stopped.is_set()
        gate.gate.set()
        await stopped.wait()
        assert house.ran.count("speak") == begun
    async with open_house(tmp_path, voice=("gated",)) as house:
        assert (await house.engine.jobs.wait(job_id)).status is Status.SUCCEEDED
        assert house.ran.count("speak") == 3 - begun


async def test_who_is_to_stop_does_not_wait_for_long(
    tmp_path: Path, gate: type[Gated], autojump_clock: trio.testing.MockClock
) -> None:
    stopped = trio.Event()
    async with open_house(tmp_path, voice=("gated",), stop=stopped.set, private=False) as house:
        await house.submit()
        await gate.reached.wait()
        began = trio.current_time()
        house.engine.stop_soon()
        await stopped.wait()
        assert trio.current_time() - began == pytest.approx(2.1)

"""The end of a job on a disk that does not take it: nobody waits for ever, and it ends once there is room."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing

from aurad.api import Narration, VoiceRequest
from aurad.engine.jobs import Job, Jobs
from aurad.engine.journal import Journal
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Context, Gated

NEVER = 1e5  # seconds of a clock that does not wait
PROMPT = 5.0  # seconds until somebody is told that the disk is full


class Disk:
    """Where commits go, while it is not full."""

    full = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk, real = Disk(), Journal._transact

    def transact(journal: Journal, batch: list[Any]) -> list[list[Any]]:
        if disk.full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return real(journal, batch)

    monkeypatch.setattr(Journal, "_transact", transact)
    monkeypatch.setattr("aurad.engine.journal.FULL_PAUSE", 0.001)
    return disk


@pytest.fixture
def gate() -> Iterator[type[Gated]]:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    return Gated


class Deaf(Gated):
    """A voice that no cancel reaches."""

    name = "deaf"

    async def speak(self, request: VoiceRequest, context: Context) -> Narration:
        with trio.fail_after(NEVER) as scope:
            scope.shield = True
            return await super().speak(request, context)


async def cancel(jobs: Jobs, job_id: str) -> None:
    with suppress(AuradError):  # a disk that is known to be full is told at once
        await jobs.cancel(job_id, "me", "")


async def wait(house: House, job_id: str, seen: list[JobView]) -> None:
    seen.append(await house.engine.jobs.wait(job_id))


@pytest.mark.parametrize("runs", [True, False])
async def test_an_end_that_no_disk_takes_is_told_and_comes_with_room(
    tmp_path: Path, gate: type[Gated], disk: Disk, runs: bool, autojump_clock: trio.testing.MockClock
) -> None:
    seen: list[JobView] = []
    patient = {"voice": ("gated",), "max_running": 1, "patience": {"Voice": math.inf}}
    async with open_house(tmp_path, **patient) as house, trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + NEVER
        jobs = house.engine.jobs
        running, waiting = await house.submit(), await house.submit("Another tale.")
        await gate.reached.wait()
        job_id = running if runs else waiting
        nursery.start_soon(wait, house, job_id, seen)
        disk.full = True
        with pytest.raises(AuradError, match=f"cannot write that {job_id} is cancelled") as caught:
            await jobs.cancel(job_id, "me", "")
        assert caught.value.code == "E501-DISK"
        told = await jobs.get(job_id)
        assert told.status is Status.CANCELLED
        assert told.ended_at
        with pytest.raises(AuradError, match="Cancelled"):
            await jobs.cancel(job_id, "me", "")
        assert not seen
        disk.full = False
        assert (await jobs.wait(job_id)).status is Status.CANCELLED
        gate.gate.set()
        assert (await jobs.wait(waiting if runs else running)).status is Status.SUCCEEDED
        ends = [event["type"] for event in await house.events(job_id) if "cancel" in event["type"]]
        assert ends == ["job-cancelled"]
        assert not jobs.busy
    assert seen == [told]


async def test_whatever_else_no_disk_takes_is_told_as_such_too(tmp_path: Path, gate: type[Gated], disk: Disk) -> None:
    async with open_house(tmp_path, voice=("gated",), max_running=1, patience={"Voice": math.inf}) as house:
        jobs = house.engine.jobs
        ended = await house.submit(until="Script")
        await jobs.wait(ended)
        running, waiting = await house.submit(), await house.submit("Another tale.")
        await gate.reached.wait()
        disk.full = True
        changes = [
            (jobs.pause, running), (jobs.pause, waiting), (jobs.resume, waiting), (jobs.reprioritize, waiting, 1),
            (jobs.delete, ended),
        ]  # fmt: skip
        for change, *arguments in changes:
            with (
                trio.fail_after(PROMPT),
                pytest.raises(AuradError, match=f"cannot write that|the priority of {arguments[0]}") as caught,
            ):
                await change(*arguments)
            assert caught.value.code == "E501-DISK"
        disk.full = False
        await house.engine.events.flush()
        assert [(await jobs.get(job_id)).status for job_id in (running, waiting)] == [Status.PAUSED, Status.RUNNING]
        assert (await jobs.get(waiting)).priority == 1
        with pytest.raises(AuradError, match="cannot find job"):
            await jobs.get(ended)


@pytest.mark.parametrize("verb", ["cancel", "pause"])
async def test_work_that_does_not_stop_in_time_is_told_by_name_and_the_job_ends_with_it(
    tmp_path: Path,
    gate: type[Gated],
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: trio.testing.MockClock,
    verb: str,
) -> None:
    monkeypatch.setattr("aurad.engine.schedule.DOWN", NEVER)
    patient = {"stages": (*STAGES, Deaf), "voice": ("deaf",), "patience": {"Voice": math.inf}}
    async with open_house(tmp_path, **patient) as house:
        jobs = house.engine.jobs
        job_id = await house.submit("One sentence.", until="Voice")
        await gate.reached.wait()
        with pytest.raises(
            AuradError, match=f"after 30 s there is still voice s1 under way; the {verb} goes on"
        ) as caught:
            await (jobs.cancel(job_id, "me", "") if verb == "cancel" else jobs.pause(job_id))
        assert caught.value.code == "E208-TIMEOUT"
        gate.gate.set()
        status = Status.RUNNING
        while status is Status.RUNNING:
            await trio.lowlevel.checkpoint()
            status = (await jobs.get(job_id)).status
        assert status is (Status.CANCELLED if verb == "cancel" else Status.PAUSED)


async def test_whoever_cancels_and_leaves_has_cancelled(tmp_path: Path, gate: type[Gated], disk: Disk) -> None:
    async with open_house(tmp_path, voice=("gated",), max_running=1) as house:
        jobs = house.engine.jobs
        await house.submit()
        await gate.reached.wait()
        waiting = await house.submit("Another tale.")
        disk.full = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel, jobs, waiting)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        disk.full = False
        with trio.fail_after(20):
            assert (await jobs.wait(waiting)).status is Status.CANCELLED
        assert [view.job_id for view in jobs.live()] != [waiting]


async def test_others_may_be_started_the_moment_it_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Jobs._ended

    def ended(jobs: Jobs, job: Job) -> None:
        real(jobs, job)
        jobs.dispatch()

    monkeypatch.setattr(Jobs, "_ended", ended)
    async with open_house(tmp_path) as house:
        assert (await house.make(until="Script")).status is Status.SUCCEEDED

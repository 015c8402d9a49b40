"""The daemon, its workers and its tools killed at random moments of real small jobs: nothing is lost.

Nothing is done twice but what was under way, and the videos are those of an undisturbed run, frame by frame.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from math import inf

import pytest

from tests.crash.estate import DEAD, Estate, Line, open_estate
from tests.serve.chaos import FULL, dice

pytestmark = pytest.mark.slow
KILLS, WORKER_KILLS = (1000, 300) if FULL else (40, 15)
UPTIME = (0.0, 1.5)  # seconds that a daemon lives after it has begun to answer
UNBORN = 0.2  # of them are killed while they start
AT_ONCE = 3  # jobs that are open at most: each then lives through several daemons
CODES = "SELECT data ->> '$.problem.errorCode' FROM events WHERE type = 'step-error'"
MADE: dict[int, str] = {}  # by tests of before
RECORDED = 1.0  # seconds after its stage's last line within which a task's result is on disk


@pytest.fixture
def estate() -> Iterator[Estate]:
    with open_estate() as estate:
        yield estate


def tale(number: int) -> str:
    """A document of two scenes like no other."""
    rain, flood = f"It rains in village {number} tonight.", f"The river takes bridge {number} away."
    return f"# Rain {number}\n\n{rain}\n\n## Flood\n\n{flood}\n"


class Reign:
    """One daemon's life, and what it was asked meanwhile."""

    def __init__(self, estate: Estate, numbers: random.Random) -> None:
        self._estate, self._numbers = estate, numbers
        self.told: dict[int, str] = {}  # document: job, as acknowledged
        self.kills: list[float] = []
        self.waits: list[float] = []
        self._next = 0

    def live_and_die(self) -> None:
        self._estate.start()
        if self._numbers.random() < UNBORN:
            time.sleep(self._numbers.uniform(0, 0.6))
        else:
            self.waits.append(self._estate.wait_up())
            self._submit()
            time.sleep(self._numbers.uniform(*UPTIME))
        self.kills.append(self._estate.kill())
        self._estate.assert_no_orphans()

    def _submit(self) -> None:
        """Whoever gets no answer asks again, with the same key: it is one job."""
        while self._estate.open_jobs() < AT_ONCE:
            with suppress(*DEAD):
                self.told[self._next] = self._estate.submit(tale(self._next), key=f"tale {self._next}")
                self._next += 1


def undisturbed(tales: list[int]) -> dict[int, str]:
    """Document: the frames of its video, made by a daemon that nobody kills."""
    if unknown := [number for number in tales if number not in MADE]:
        MADE.update(_made(unknown))
    return {number: MADE[number] for number in tales}


def _made(tales: list[int]) -> dict[int, str]:
    with open_estate() as estate:
        estate.start()
        estate.wait_up()
        jobs = {number: estate.submit(tale(number)) for number in tales}
        for job_id in jobs.values():
            estate.wait(job_id)
        frames = {number: estate.frames(job_id) for number, job_id in jobs.items()}
        assert set(estate.executions().values()) == {1}
        assert estate.stop() == 0
    return frames


def assert_made(estate: Estate, told: dict[int, str]) -> None:
    """Every job that was acknowledged is there, once, and its video is the right one."""
    states = dict(estate.rows("SELECT job_id, status FROM jobs"))
    assert {job_id: states.get(job_id) for job_id in told.values()} == dict.fromkeys(told.values(), "Succeeded")
    assert len(states) == len(set(told.values()))
    estate.assert_consistent()
    expected = undisturbed(list(told))
    assert {number: estate.frames(job_id) for number, job_id in told.items()} == expected


def done_again(lines: list[Line], deaths: list[float]) -> list[str]:
    """Tasks that were begun although they had been finished, and were not under way when a daemon died."""
    finished: dict[str, float] = {}
    wrong = []
    for line in lines:
        if line.what == "end":
            finished[line.key] = line.at
        elif line.key in finished:
            lived = min((death - finished[line.key] for death in deaths if death >= finished[line.key]), default=inf)
            if lived >= RECORDED:
                wrong.append(f"{line.method} {line.key} had ended {lived:.2f} s before its daemon was killed")
    return wrong


def test_a_daemon_killed_at_any_moment_loses_nothing(estate: Estate, request: pytest.FixtureRequest) -> None:
    reign = Reign(estate, dice(request))
    for _ in range(KILLS):
        reign.live_and_die()
    estate.start()
    estate.wait_up()
    estate.wait_idle()
    assert done_again(estate.witness(), reign.kills) == []
    assert_made(estate, reign.told)
    slowest = sorted(reign.waits)[int(0.99 * len(reign.waits)) - 1]
    again = sum(estate.executions().values()) - len(estate.executions())
    print(
        f"{KILLS} kills, {len(reign.told)} jobs, {again} tasks begun again, first answer within {slowest:.2f} s (p99)"
    )
    assert estate.stop() == 0


def test_killed_workers_and_tools_cost_one_attempt(estate: Estate, request: pytest.FixtureRequest) -> None:
    numbers, told, killed = dice(request), dict[int, str](), 0
    estate.start()
    estate.wait_up()
    while killed < WORKER_KILLS:
        number = len(told)
        told[number] = estate.submit(tale(number))
        for _ in range(2):  # of three attempts, so that no task can run out of them
            time.sleep(numbers.uniform(0.0, 1.2))
            killed += _kill_one(estate, numbers)
        estate.wait_idle()
    assert_made(estate, told)
    codes = {
        row[0]
        for row in estate.rows("SELECT json_extract(data, '$.problem.errorCode') FROM events WHERE type = 'step-error'")
    }
    print(f"{killed} kills in {len(told)} jobs, told as {codes}")
    assert codes <= {"E300-CRASH", "E304-FFMPEG_RUNTIME"}
    assert estate.stop() == 0


def _kill_one(estate: Estate, numbers: random.Random) -> int:
    """Any process below the daemon: a guardian, a worker or a tool."""
    if victims := sorted(estate.processes()):
        with suppress(ProcessLookupError):
            os.kill(numbers.choice(victims), signal.SIGKILL)
            return 1
    return 0

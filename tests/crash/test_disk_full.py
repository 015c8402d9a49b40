"""A disk that fills up under a job at any moment: told as such, nothing is lost, and all goes on once there is room."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aurad.client.blocking import RemoteError
from tests.crash.estate import Estate, open_estate
from tests.crash.test_kills import tale, undisturbed
from tests.serve.chaos import FULL, dice

pytestmark = pytest.mark.slow
BUDGETS, DISKS = 15, 14 if FULL else 1  # of each disk, which has room for the results of so many jobs
SIZE, MOST, STEP = 64 << 20, 2 << 20, 4096  # bytes: of the disk, of what is left of it at most, of a write
ANSWER = 10.0  # seconds within which reading and cancelling work on a full disk, beside other tests
MOUNT = 'mkdir -p "$0" && mount -t tmpfs -o size={} none "$0" && exec "$@"'


@pytest.fixture
def cramped() -> Iterator[Estate]:
    """A daemon whose state is on a small disk of its own, seen by what it starts only."""
    unshare = ["unshare", "--mount"] if not os.geteuid() else ["unshare", "--user", "--map-root-user", "--mount"]
    with open_estate(AURAD_STORE__RESERVE_MIB="0") as estate:
        estate.wrapper = [*unshare, "sh", "-c", MOUNT.format(SIZE), str(estate.home / "state")]
        probe = [*estate.wrapper, "true"]
        if not shutil.which("unshare") or subprocess.run(probe, capture_output=True, check=False).returncode:
            pytest.skip("no file system may be mounted here, not even in a namespace")
        estate.start()
        estate.wait_up()
        yield estate


@pytest.mark.parametrize("disk", range(DISKS))
def test_a_disk_that_fills_up_at_any_moment_costs_nothing_that_was_accepted(
    cramped: Estate, request: pytest.FixtureRequest, disk: int
) -> None:
    numbers, told, codes = random.Random(f"{dice(request).random()} {disk}"), dict[int, str](), set[str]()
    for number in range(BUDGETS):
        told[number], code = made_after_all(cramped, numbers, number)
        codes.add(code)
        cramped.assert_quiet()
    print(f"{BUDGETS} budgets: {codes}")
    assert codes <= {"", "E501-DISK"}
    cramped.assert_consistent()
    assert {number: cramped.frames(job_id) for number, job_id in told.items()} == undisturbed(list(told))
    assert cramped.stop() == 0


def made_after_all(estate: Estate, numbers: random.Random, number: int) -> tuple[str, str]:
    """The job that made the video once there was room, and how the first one had failed, if it had."""
    job_id = estate.submit(tale(number))
    waiting = estate.submit(tale(number + BUDGETS), priority=10)
    time.sleep(numbers.uniform(0, 1.5))
    ballast = fill(estate, int(MOST * numbers.random() ** 3))
    assert_answers(estate, job_id, waiting)
    ended = wait_ended(estate, job_id, seconds=10)
    ballast.unlink()
    job = estate.wait(job_id)
    if job["status"] == "Succeeded":
        return job_id, ""
    assert ended or job["status"] == "Failed", job
    again = str(estate.call("jobs.retry", jobId=job_id)["jobId"])
    assert estate.wait(again)["status"] == "Succeeded"
    return again, job["errors"][0]["errorCode"]


def assert_answers(estate: Estate, job_id: str, waiting: str) -> None:
    """On a full disk jobs are read, listed and cancelled."""
    began = time.monotonic()
    assert estate.call("jobs.get", jobId=job_id)["jobId"] == job_id
    assert waiting in {job["jobId"] for job in estate.call("jobs.list", limit=10)["jobs"]}
    with suppress(RemoteError):  # it may have ended by itself
        assert estate.call("jobs.cancel", jobId=waiting)["status"] == "Cancelled"
    assert estate.call("jobs.get", jobId=waiting)["status"] in ("Cancelled", "Succeeded", "Failed")
    assert time.monotonic() - began < ANSWER


def wait_ended(estate: Estate, job_id: str, seconds: float) -> bool:
    """Whether it ended although the disk is full; one that waits for room to be told goes on waiting."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if estate.call("jobs.get", jobId=job_id)["status"] in ("Succeeded", "Failed"):
            return True
        time.sleep(0.05)
    return False


def fill(estate: Estate, left: int) -> Path:
    """Take all of the daemon's disk but `left` bytes; gives the file to remove."""
    ballast = estate.state.parent / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(STEP))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017
        file.truncate(max(0, file.tell() - left))
    return ballast

"""A daemon that works for long, with readers coming and going, holds no more at the end than after its warm-up."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import linear_regression
from typing import NamedTuple

import pytest
import trio

from tests.crash.estate import Estate, open_estate
from tests.serve.chaos import FULL, WebSurvivor, dice

pytestmark = pytest.mark.slow
SECONDS, WARM_UP = (1800.0, 600.0) if FULL else (10.0, 4.0)  # until then the ring of events fills up
NO_OP_EVERY, REAL_EVERY = 1.0, 60.0 if FULL else 4.0  # seconds
READERS, STAY = 20, 4096  # how many at a time, and bytes that one reads until it goes, on the average
LEAK = 1 << 20  # bytes an hour
QUIET = 2.0  # seconds of calm after which what belongs to jobs and readers has been let go


class Sample(NamedTuple):
    at: float
    descriptors: int
    tasks: int
    resident: int


@pytest.fixture
def estate() -> Iterator[Estate]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open_estate(AURAD_HTTP__BIND=f"127.0.0.1:{port}") as estate:
        estate.start()
        estate.wait_up()
        yield estate


async def test_nothing_grows(estate: Estate, request: pytest.FixtureRequest) -> None:
    numbers = dice(request)
    await under_load(estate, numbers, WARM_UP)
    before = await at_rest(estate)
    samples = await under_load(estate, numbers, SECONDS)
    after = await at_rest(estate)
    if not FULL and held(after) != held(before):  # what is opened once may be so late; what grows does it again
        before, samples, after = after, await under_load(estate, numbers, SECONDS), await at_rest(estate)
    print(f"{SECONDS:g} s: {before} {after}; {grown(samples) / LEAK:+.2f} MiB/h resident")
    assert held(after) == held(before)
    if FULL:  # seconds tell nothing of an hour's memory
        assert grown(samples) < LEAK


def held(sample: Sample) -> tuple[int, int]:
    return sample.descriptors, sample.tasks


async def under_load(estate: Estate, numbers: random.Random, seconds: float) -> list[Sample]:
    samples = list[Sample]()
    host, port = estate.settings["AURAD_HTTP__BIND"].split(":")
    place = host, int(port), str(estate.call("web.token")["token"])
    async with trio.open_nursery() as nursery:
        for _ in range(READERS):
            nursery.start_soon(come_and_go, place, numbers)
        nursery.start_soon(submit_forever, estate, NO_OP_EVERY, False)
        nursery.start_soon(submit_forever, estate, REAL_EVERY, True)
        with trio.move_on_after(seconds):
            while True:
                samples.append(await trio.to_thread.run_sync(look, estate))
                await trio.sleep(1)
        nursery.cancel_scope.cancel()
    return samples


async def at_rest(estate: Estate) -> Sample:
    """Once all jobs have ended and their workers are gone."""
    while estate.open_jobs() or estate.processes():  # noqa: ASYNC110 of another process
        await trio.sleep(0.1)
    await trio.sleep(QUIET)
    return look(estate)


def grown(samples: list[Sample]) -> float:
    """Bytes an hour by a least-squares line through what was resident."""
    return 3600 * linear_regression([s.at for s in samples], [s.resident for s in samples]).slope


def look(estate: Estate) -> Sample:
    assert estate.process is not None
    process = Path(f"/proc/{estate.process.pid}")
    metrics = {one["name"]: one["samples"] for one in estate.call("system.metrics")["metrics"]}
    resident = int((process / "statm").read_text().split()[1]) * 4096
    tasks = int(metrics["aurad_loop_tasks"][0]["value"])
    return Sample(time.monotonic(), len(list((process / "fd").iterdir())), tasks, resident)


async def come_and_go(place: tuple[str, int, str], numbers: random.Random) -> None:
    while True:
        reader = WebSurvivor(lambda: place)
        await reader.follow(until=1, budget=lambda: numbers.expovariate(1 / STAY))
        await trio.sleep(0.05)


async def submit_forever(estate: Estate, every: float, new: bool) -> None:
    """The same document again and again, which comes to nothing; or another one each time."""
    number = 0
    while True:
        text = f"# Rain {number}\n\nIt rains for the {number} time.\n"
        settings = {} if new else {"until": "Script"}
        await trio.to_thread.run_sync(lambda text=text, more=settings: estate.submit(text, **more))
        number += new
        await trio.sleep(every)

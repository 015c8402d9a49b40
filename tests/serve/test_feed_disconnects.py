"""Connections that break at any byte, on either side: whoever comes back gets exactly what was missing."""

from __future__ import annotations

import itertools
import math
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.engine.hub import Hub
from aurad.engine.record import Job, insert_job, load_job
from aurad.model.event import Items, StepProgress
from aurad.model.job import Status
from aurad.serve import control
from tests.engine.house import House
from tests.serve.chaos import PATIENCE, Survivor, assert_exact, dice, how_many
from tests.serve.edge import open_edge

DISCONNECTS = 1000
RING = 64  # events: most readers come back too late for it
LIFE = 5000  # bytes a connection brings, on average: a dozen events, and half of one
SYNTHETIC = "a-synthetic"
WANTED: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"jobs": [SYNTHETIC]}, f"WHERE job_id = '{SYNTHETIC}'"),
    ({"types": ["artifact", "job-completed"]}, "WHERE type IN ('artifact', 'job-completed')"),
]


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The server's side of all connections."""
    found: list[Any] = []

    class Recorded(control.LineConnection):
        async def run(self) -> None:
            found.append(self._socket)
            await super().run()
            found.remove(self._socket)

    monkeypatch.setattr(control, "LineConnection", Recorded)
    return found


async def cut(connections: list[Any], dice: random.Random) -> None:
    """The server's end goes away, now and then."""
    while True:
        await trio.sleep(dice.uniform(0, 0.02))
        if connections:
            victim = dice.choice(connections)
            if victim.fileno() >= 0:
                victim.shutdown(socket.SHUT_RDWR)


async def invent(house: House, dice: random.Random, numbers: Iterator[int]) -> None:
    """Some events of all sizes, alone and in bursts."""
    for job_seq in itertools.islice(numbers, 100):
        detail = "x" * dice.choice((0, 10, 100, 5000))
        house.engine.events.append(lambda seq, n=job_seq, text=detail: progress(seq, n, text))
        if dice.random() < 0.2:
            await trio.sleep(dice.uniform(0, 0.004))
    await house.engine.events.flush()


def progress(seq: int, job_seq: int, detail: str, job_id: str = SYNTHETIC) -> StepProgress:
    return StepProgress(
        seq=seq, job_seq=job_seq, job_id=job_id, timestamp="", correlation_id="c", status=Status.RUNNING,
        stage="Voice", progress=0.0, message="", step="Voice", progress_pct=0.0, items=Items(), detail=detail,
    )  # fmt: skip


async def open_stream(house: House) -> None:
    """A job for the invented events, as the one that was made."""
    made = await load_job(house.engine._journal, (await house.make("One sentence.")).job_id)
    view = msgspec.structs.replace(made.view, job_id=SYNTHETIC, status=Status.RUNNING)
    await house.engine._journal.commit(insert_job(Job(view, made.submitted, made.recipe, SYNTHETIC)))


async def expected(house: House, where: str) -> list[bytes]:
    rows = await house.engine._journal.read(f"SELECT data FROM events {where} ORDER BY seq")
    return [bytes(row[0]) for row in rows]


@pytest.mark.parametrize("size", [RING, 8192])
async def test_nothing_is_lost_or_repeated(
    tmp_path: Path, request: pytest.FixtureRequest, connections: list[Any], size: int
) -> None:
    numbers, invented = dice(request), itertools.count(1)
    async with open_edge(tmp_path) as edge:
        edge.house.engine.events.hub = Hub(0, size=size)
        await open_stream(edge.house)
        readers = [
            (Survivor(edge.path, numbers, params, by_id=n % 2 > 0), where) for n in range(4) for params, where in WANTED
        ]
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut, connections, numbers)
                for reader, _ in readers:
                    nursery.start_soon(reader.follow, math.inf, lambda: numbers.expovariate(1 / LIFE) + 1)
                while sum(reader.losses for reader, _ in readers) < how_many(DISCONNECTS) // 2:
                    await invent(edge.house, numbers, invented)
                    await edge.house.make(f"Job {next(invented)} speaks. And goes on.")
                nursery.cancel_scope.cancel()
            for reader, where in readers:
                events = await expected(edge.house, where)
                await reader.follow(until=msgspec.json.decode(events[-1])["seq"])
                assert_exact(reader, events)

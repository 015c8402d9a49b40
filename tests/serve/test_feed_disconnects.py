"""Connections that break at any byte, on either side: whoever comes back gets exactly what was missing."""

from __future__ import annotations

import itertools
import math
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
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
from tests.serve.chaos import PATIENCE, LineSurvivor, Survivor, WebSurvivor, assert_exact, dice, how_many
from tests.serve.edge import open_edge, somebody
from tests.serve.site import open_site

DISCONNECTS = 1000
RING = 64  # events: most readers come back too late for it
LIFE = 5000  # bytes a connection brings, on average: a dozen events, and half of one
SYNTHETIC = "a-synthetic"
WANTED: list[tuple[dict[str, Any], str, str]] = [  # on the socket, over HTTP, in the journal
    ({}, "/api/events", ""),
    ({"jobs": [SYNTHETIC]}, f"/api/jobs/{SYNTHETIC}/events", f"WHERE job_id = '{SYNTHETIC}'"),
    (
        {"types": ["artifact", "job-completed"]},
        "/api/events?types=artifact,job-completed",
        "WHERE type IN ('artifact', 'job-completed')",
    ),
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


async def cut(connections: Callable[[], Sequence[Any]], dice: random.Random) -> None:
    """The server's end goes away, now and then."""
    while True:
        await trio.sleep(dice.uniform(0, 0.02))
        if open_ones := connections():
            victim = dice.choice(open_ones)
            if victim.fileno() >= 0:
                with suppress(OSError):  # its client was first
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
    journal = house.engine._journal
    made = await load_job(journal, (await house.make("One sentence.")).job_id)
    view = msgspec.structs.replace(made.view, job_id=SYNTHETIC, status=Status.RUNNING)
    job = Job(view, made.submitted, made.recipe, SYNTHETIC)
    await journal.commit(insert_job(job, journal.ages.now()))


async def expected(house: House, where: str) -> list[bytes]:
    rows = await house.engine._journal.read(f"SELECT data FROM events {where} ORDER BY seq")
    return [bytes(row[0]) for row in rows]


@pytest.mark.parametrize("size", [RING, 8192])
async def test_nothing_is_lost_or_repeated_over_the_socket(
    tmp_path: Path, request: pytest.FixtureRequest, connections: list[Any], size: int
) -> None:
    async with open_edge(tmp_path) as edge:
        await open_stream(edge.house)
        edge.house.engine.events.hub = Hub(edge.house.engine.events.hub.last, size=size)
        readers = [
            (LineSurvivor(edge.path, params, by_id=n % 2 > 0), where) for n in range(4) for params, _, where in WANTED
        ]
        await survive(edge.house, readers, lambda: connections, dice(request))


@pytest.mark.parametrize("size", [RING, 8192])
async def test_nothing_is_lost_or_repeated_over_http(tmp_path: Path, request: pytest.FixtureRequest, size: int) -> None:
    async with open_site(tmp_path, caller=somebody("admin", 0)) as site:
        await open_stream(site.house)
        site.house.engine.events.hub = Hub(site.house.engine.events.hub.last, size=size)
        readers = [
            (WebSurvivor(lambda: (site.host, site.port, site.mine), path), where)
            for _ in range(4)
            for _, path, where in WANTED
        ]
        await survive(site.house, readers, lambda: [each.socket for each in site.server._streams], dice(request))


async def survive(
    house: House,
    readers: Sequence[tuple[Survivor, str]],
    connections: Callable[[], Sequence[Any]],
    numbers: random.Random,
) -> None:
    """Half of all disconnects, of either side; then everybody has what is on disk."""
    invented = itertools.count(1)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut, connections, numbers)
            for reader, _ in readers:
                nursery.start_soon(reader.follow, math.inf, lambda: numbers.expovariate(1 / LIFE) + 1)
            while sum(reader.losses for reader, _ in readers) < how_many(DISCONNECTS) // 2:
                await invent(house, numbers, invented)
                await house.make(f"Job {next(invented)} speaks. And goes on.")
            nursery.cancel_scope.cancel()
        for reader, where in readers:
            events = await expected(house, where)
            await reader.follow(until=msgspec.json.decode(events[-1])["seq"])
            assert_exact(reader, events)

"""Readers that others wrote get every event of the journal, once and in order, over a line that keeps breaking.

So do ours. What they got is compared with the journal's file itself.
"""

from __future__ import annotations

import json
import sqlite3
import typing
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import trio

from aurad.client.aio import Client, Snapshot, subscribe_to_jobs
from aurad.model.event import EventType
from tests.browser.corridor import Corridor, open_corridor
from tests.browser.tools import CHROMIUM, HERE, QUIET, need, node_modules, running
from tests.serve.site import Site, open_site

JOBS = 12
TEARS = 20
PATIENCE = 90  # seconds: a browser on a busy machine starts slowly
Event = tuple[str, str, Any]  # id, type, data
Reader = Callable[[Corridor, list[Event]], Awaitable[None]]
EVENTS = "/api/events?lastEventID=earliest"
pytestmark = pytest.mark.slow


def journal(folder: Path, epoch: str) -> list[Event]:
    """Every event, read beside the daemon."""
    [path] = [path for path in (folder / "state").iterdir() if path.suffix in {".db", ".sqlite", ".sqlite3"}]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, type, data FROM events ORDER BY seq").fetchall()
    return [(f"{epoch}-{seq}", kind, json.loads(data)) for seq, kind, data in rows]


async def check(folder: Path, reader: Reader, pages: dict[str, tuple[str, bytes]] | None = None) -> None:
    heard: list[Event] = []
    async with open_site(folder) as site, open_corridor(site, pages=pages, tears=TEARS) as corridor:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader, corridor, heard)
            await _work(site)
            written = journal(folder, site.house.engine.epoch)
            with trio.move_on_after(PATIENCE):
                await _heard(heard, len(written))
            await trio.sleep(0.1)  # for one too many
            nursery.cancel_scope.cancel()
        assert len(written) > JOBS * 10
        assert [each[0] for each in heard] == [each[0] for each in written]
        assert heard == written
        assert corridor.streams >= 5, "the line was too good to prove anything"


async def _heard(heard: list[Event], number: int) -> None:
    while True:
        if len(heard) >= number:
            return
        await trio.sleep(0.02)


async def _work(site: Site) -> None:
    for number in range(JOBS):
        await site.house.make(f"Bees see colours. Number {number}. They miss red.")
        await trio.sleep(0.05)  # so that events are followed as they come, not only read again


async def lines(process: trio.Process) -> AsyncIterator[bytes]:
    rest = b""
    assert process.stdout
    async for chunk in process.stdout:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line


def take(heard: list[Event], identity: str, kind: str, data: str) -> None:
    heard.append((identity, kind, json.loads(data)))


# ------------------------------------------------------------ readers of others


async def by_npm(corridor: Corridor, heard: list[Event]) -> None:
    types = ",".join(typing.get_args(EventType))
    options = {"URL": corridor.url + EVENTS, "MODULES": str(node_modules()), "TYPES": types}
    async with running(need("node"), HERE / "reader.mjs", **options) as process:
        async for line in lines(process):
            take(heard, *json.loads(line))


async def by_httpx(corridor: Corridor, heard: list[Event]) -> None:
    cursor = "earliest"
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        while True:
            with suppress(httpx2.HTTPError):
                headers = {"Last-Event-ID": cursor}
                async with http.sse(corridor.url + "/api/events", headers=headers) as events:
                    async for each in events:
                        if each.data:
                            take(heard, each.id, each.event, each.data)
                        cursor = each.id or cursor


async def by_curl(corridor: Corridor, heard: list[Event]) -> None:
    """curl gives the bytes; a frame counts once its empty line is there."""
    cursor = "earliest"
    while True:
        command = [
            need("curl"),
            "-sN",
            "--noproxy",
            "*",
            "-H",
            f"Last-Event-ID: {cursor}",
            corridor.url + "/api/events",
        ]
        async with running(*command) as process:
            frame: dict[str, str] = {}
            async for line in lines(process):
                if line:
                    name, _, value = line.decode().partition(": ")
                    frame[name] = value
                    continue
                if "data" in frame:
                    take(heard, frame["id"], frame["event"], frame["data"])
                cursor, frame = frame.get("id", cursor), {}


async def by_browser(page: str, folder: Path, corridor: Corridor, heard: list[Event]) -> None:
    """A headless Chromium that opened the page; the page posts what it heard."""
    command = [need(*CHROMIUM), *QUIET, f"--user-data-dir={folder / 'profile'}", corridor.url + page]
    async with running(*command, HOME=str(folder), LC_ALL="C.UTF-8"):
        while True:
            for each in corridor.heard:
                take(heard, *each)
            corridor.heard.clear()
            await trio.sleep(0.02)


@pytest.mark.parametrize("reader", [by_npm, by_httpx, by_curl], ids=["eventsource", "httpx2", "curl"])
async def test_readers_of_others(reader: Reader, tmp_path: Path) -> None:
    await check(tmp_path, reader)


@pytest.mark.parametrize("page", ["native.html", "ours.html"])
async def test_a_browser(page: str, tmp_path: Path) -> None:
    pages = {"/page": ("text/html; charset=utf-8", (HERE / page).read_bytes())}

    async def reader(corridor: Corridor, heard: list[Event]) -> None:
        await by_browser("/page", tmp_path, corridor, heard)

    await check(tmp_path, reader, pages)


# ------------------------------------------------------------ ours


async def by_events_js(corridor: Corridor, heard: list[Event]) -> None:
    options = {"BASE": corridor.url, "MODULES": str(node_modules()), "OPTIONS": '{"lastEventId": "earliest"}'}
    async with running(need("node"), HERE / "follow.mjs", **options) as process:
        async for line in lines(process):
            kind, *words = json.loads(line)
            if kind == "event":
                heard.append((words[1], words[0]["type"], words[0]))


async def by_aio(corridor: Corridor, heard: list[Event]) -> None:
    async with (
        Client(corridor.url) as client,
        subscribe_to_jobs(client, last_event_id="earliest") as events,
    ):
        async for event in events:
            assert not isinstance(event, Snapshot)
            data = json.loads(msgspec.json.encode(event))
            heard.append((events.last_event_id, data["type"], data))


@pytest.mark.parametrize("reader", [by_events_js, by_aio], ids=["events.js", "aio"])
async def test_our_readers(reader: Reader, tmp_path: Path) -> None:
    await check(tmp_path, reader)

"""The Trio client of the control socket, in lines against the real server and as a WebSocket through a bridge."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing
import trio_websocket

from aurad.client import rpc as module
from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.framing import PATH, SUBPROTOCOL, Frames, Lines, Texts, connect
from aurad.client.rpc import Rpc, open_rpc
from aurad.serve import limits
from tests.engine.toys import Gated
from tests.serve.edge import open_edge

BRIEF = {"brief": {"source": "Bees see colours. They miss red."}}


@asynccontextmanager
async def open_bridge(server: Path) -> AsyncIterator[Path]:
    """Each text frame of a WebSocket is a line to the server at `server`, and each line a frame."""
    path = server.with_name("w")
    listener = trio.socket.socket(socket.AF_UNIX)
    await listener.bind(os.fspath(path))
    listener.listen()
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_listeners, partial(_bridge, server), [trio.SocketListener(listener)])
        await nursery.start(serve)
        yield path
        nursery.cancel_scope.cancel()


async def _bridge(server: Path, stream: trio.SocketStream) -> None:
    try:
        async with await connect(server) as beyond, trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, trio.StapledStream(stream, stream))
            assert (request.path, request.proposed_subprotocols) == (PATH, (SUBPROTOCOL,))
            texts, lines = Texts(await request.accept(subprotocol=SUBPROTOCOL)), Lines(beyond)
            nursery.start_soon(_pass_on, texts, lines)
            await _pass_on(lines, texts)
    except* ConnectionLost:
        pass


async def _pass_on(here: Frames, there: Frames) -> None:
    while True:
        await there.send(await here.receive())


@asynccontextmanager
async def opened(folder: Path, *, websocket: bool) -> AsyncIterator[Rpc]:
    async with open_edge(folder) as edge:
        if not websocket:
            async with open_rpc(edge.path) as rpc:
                yield rpc
            return
        async with open_bridge(edge.path) as path, open_rpc(path, websocket=True) as rpc:
            yield rpc


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_job_is_submitted_and_followed(tmp_path: Path, websocket: bool) -> None:
    seen: list[str] = []
    async with opened(tmp_path, websocket=websocket) as rpc:
        job = await rpc.call("jobs.submit", BRIEF)
        async with rpc.subscribe([job["jobId"]], after="earliest") as events:
            async for event in events:
                seen.append(event["type"])
        with pytest.raises(RemoteError) as caught:
            await rpc.call("jobs.get", {"jobId": "a-none"})
    assert (caught.value.code, caught.value.rpc_code) == ("E200-NO_JOB", -32002)
    assert seen[-2:] == ["job-completed", "ended"]


@pytest.mark.parametrize("websocket", [False, True])
async def test_calls_of_many_tasks_get_their_own_answers(tmp_path: Path, websocket: bool) -> None:
    found: dict[str, str] = {}

    async def ask(rpc: Rpc, name: str) -> None:
        with pytest.raises(RemoteError) as caught:
            await rpc.call("jobs.get", {"jobId": name})
        found[name] = caught.value.detail

    async with opened(tmp_path, websocket=websocket) as rpc:
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(ask, rpc, f"a-{number}")
        with trio.CancelScope() as scope:
            scope.cancel()
            await rpc.call("rpc.ping")
        assert scope.cancelled_caught
        assert await rpc.call("rpc.ping") == {"pong": True}
    assert all(name in detail for name, detail in found.items())
    assert len(found) == 20


async def test_a_daemon_that_goes_is_noticed_by_all(short_path: Path) -> None:
    path = short_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        async with open_rpc(path) as rpc:
            peer, _ = listener.accept()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_lost, rpc)
                nursery.start_soon(_lost, rpc)
                await trio.testing.wait_all_tasks_blocked()
                peer.close()
            await _lost(rpc)


async def test_what_is_no_message_ends_the_connection(short_path: Path) -> None:
    path = short_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        async with open_rpc(path) as rpc:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"hello\n")
                with pytest.raises(ConnectionLost, match="cannot understand the daemon"):
                    await rpc.call("rpc.ping")


async def _lost(rpc: Rpc) -> None:
    with pytest.raises(ConnectionLost, match="closed the connection"):
        await rpc.call("rpc.ping")


async def test_who_reads_too_slowly_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 2)
    async with opened(tmp_path, websocket=False) as rpc, rpc.subscribe() as events:
        job = await rpc.call("jobs.submit", BRIEF)
        await rpc.call("jobs.wait", {"jobId": job["jobId"]})
        with pytest.raises(ConnectionLost, match="more came than were read"):
            async for _ in events:
                pass
        assert await rpc.call("rpc.ping") == {"pong": True}


async def test_a_full_backlog_is_waited_out(short_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    path = short_path / "s"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(path))
        listener.listen(0)
        first.connect(str(path))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_ping, path)
            await trio.sleep(1)
            listener.accept()[0].close()


async def _ping(path: Path) -> None:
    began = trio.current_time()
    async with await connect(path):
        assert trio.current_time() >= began + 1


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with open_rpc(tmp_path / "no"):
            pass


async def test_calls_that_are_given_up_keep_no_later_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CALLS", 2)
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_edge(tmp_path, voice=("gated",)) as edge, open_rpc(edge.path) as rpc:
        job = await edge.house.submit("One sentence.")
        for _ in range(3):
            with trio.move_on_after(0.01):
                await rpc.call("jobs.wait", {"jobId": job})
        with trio.fail_after(5):
            assert await rpc.call("rpc.ping") == {"pong": True}

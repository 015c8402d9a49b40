"""The control socket's limits, descriptors both ways, and connections that end badly."""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest
import trio
import trio.testing

from aurad.serve import limits
from tests.engine.toys import Gated
from tests.serve.edge import open_descriptors, open_edge

PING = b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}'
PONG = {"jsonrpc": "2.0", "id": 1, "result": {"pong": True}}


@pytest.fixture
def gate() -> type[Gated]:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    return Gated


@pytest.fixture
def clock() -> trio.testing.MockClock:
    """Time stands still unless a test jumps."""
    return trio.testing.MockClock()


def send_with(stream: trio.SocketStream, data: bytes, *fds: int) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    with socket.socket(fileno=os.dup(stream.socket.fileno())) as plain:
        assert plain.sendmsg([data], rights) == len(data)


# ------------------------------------------------------------ limits


async def test_a_line_over_the_limit_is_told_and_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGE", 4096)
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(PING.ljust(4096) + b"\n")
        assert await wire.hear() == PONG
        await wire.say(b" " * 4097)
        assert (await wire.hear())["error"]["code"] == -32600
        assert await wire.hear() is None
        async with edge.connect() as other:
            assert "result" in await other.ask("rpc.ping")


async def test_an_answer_over_the_limit_is_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.ask("plugins.list")
        monkeypatch.setattr(limits, "MESSAGE", 1000)
        code, detail = await wire.error("plugins.list")
        assert code == "E105-TOO_LARGE"
        assert "1000" in detail


async def test_one_connection_too_many_is_closed_and_makes_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    async with open_edge(tmp_path) as edge:
        async with edge.connect() as first, edge.connect() as second:
            for wire in (first, second):
                assert "result" in await wire.ask("rpc.ping")
            async with edge.connect() as third:
                assert await third.hear() is None
        await edge.wait_connections(0)
        async with edge.connect() as wire:
            assert "result" in await wire.ask("rpc.ping")


async def test_so_many_calls_under_way_and_no_more_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gate: type[Gated]
) -> None:
    monkeypatch.setattr(limits, "CALLS", 2)
    async with open_edge(tmp_path, voice=("gated",)) as edge, edge.connect() as wire:
        job = await edge.house.submit("One sentence.")
        for _ in range(2):
            await wire.say(wire.request("jobs.wait", jobId=job))
        await wire.say(wire.request("rpc.ping"))
        with trio.move_on_after(0.05) as early:
            await wire.hear()
        assert early.cancelled_caught
        gate.gate.set()
        assert {(await wire.hear())["id"] for _ in range(3)} == {1, 2, 3}


async def test_a_silent_client_is_let_go(tmp_path: Path, clock: trio.testing.MockClock) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await edge.wait_connections(1)
        await trio.testing.wait_all_tasks_blocked(0.01)
        clock.jump(limits.FIRST_BYTE + 1)
        assert await wire.hear() is None


async def test_a_started_line_must_end_however_busily_it_grows(tmp_path: Path, clock: trio.testing.MockClock) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.ask("rpc.ping")
        clock.jump(10 * limits.FIRST_BYTE)  # between two lines there is no hurry
        await wire.ask("rpc.ping")
        for _ in range(4):
            await wire.say(b" ")
            await trio.testing.wait_all_tasks_blocked(0.01)
            clock.jump(limits.FIRST_BYTE / 3)
        assert await wire.hear() is None


async def test_a_client_that_reads_nothing_is_cut_off(tmp_path: Path, clock: trio.testing.MockClock) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire, edge.connect() as other:
        await other.ask("rpc.ping")
        for _ in range(8):  # the answers name the method: more than a socket holds
            await wire.say(wire.request("x" * 200_000))
        await trio.testing.wait_all_tasks_blocked(0.01)
        clock.jump(limits.SEND + 1)
        await edge.wait_connections(1)
        assert "result" in await other.ask("rpc.ping")


# ------------------------------------------------------------ descriptors


@pytest.fixture
def null() -> Iterator[IO[str]]:
    with Path("/dev/null").open() as file:
        yield file


async def test_too_many_descriptors_are_closed(tmp_path: Path, null: IO[str]) -> None:
    async with open_edge(tmp_path) as edge:
        before = open_descriptors(Path("/dev/null"))
        async with edge.connect() as wire:
            send_with(wire.stream, wire.request("rpc.ping"), *[null.fileno()] * (limits.DESCRIPTORS + 20))
            assert "result" in await wire.hear()
            send_with(wire.stream, b"an unfinished line", null.fileno())
            await wire.stream.send_eof()
            assert await wire.hear() is None
        await edge.wait_connections(0)
        assert open_descriptors(Path("/dev/null")) == before


async def test_a_descriptor_belongs_to_the_line_it_came_with(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        (tmp_path / "a").write_text("content")
        with (tmp_path / "a").open() as file:
            await wire.say(wire.request("rpc.ping"))
            line = wire.request("assets.put", mediaType="text/plain")
            send_with(wire.stream, line[:20], file.fileno())
            await wire.say(line[20:] + wire.request("assets.put"))
            answers = {answer["id"]: answer for answer in [await wire.hear() for _ in range(3)]}
        assert answers[2]["result"]["sizeBytes"] == 7
        assert answers[2]["result"]["mediaType"] == "text/plain"
        assert "0 descriptors" in answers[3]["error"]["message"]


@pytest.mark.parametrize("number", [0, 2])
async def test_an_asset_comes_with_one_descriptor(tmp_path: Path, null: IO[str], number: int) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        send_with(wire.stream, wire.request("assets.put"), *[null.fileno()] * number)
        assert f"{number} descriptors" in (await wire.hear())["error"]["message"]


async def test_an_asset_is_a_regular_file(tmp_path: Path) -> None:
    """A pipe that nobody writes to would keep a thread for ever."""
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        reader, writer = os.pipe()
        try:
            send_with(wire.stream, wire.request("assets.put"), reader)
            error = (await wire.hear())["error"]
        finally:
            os.close(reader)
            os.close(writer)
        assert error["data"]["errorCode"] == "E100-REQUEST"
        assert "regular file" in error["message"]


async def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    """Of answers that were not asked for, that nobody read, and of connections that broke off."""
    async with open_edge(tmp_path) as edge:
        view = await edge.house.make("One sentence.")
        artifact = view.artifacts[0].artifact_id
        before = open_descriptors(tmp_path / "state" / "store")
        async with edge.connect() as wire:
            line = wire.request("artifacts.open", artifactId=artifact)
            await wire.say(line.replace(b'"id":1,', b""))
            await wire.say(wire.request("rpc.ping"))
            assert (await wire.hear())["id"] == 2
            for _ in range(20):
                await wire.say(wire.request("artifacts.open", artifactId=artifact))
        await edge.wait_connections(0)
        assert open_descriptors(tmp_path / "state" / "store") == before


# ------------------------------------------------------------ ends


async def test_a_half_closed_client_gets_every_answer_to_the_last_byte(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_edge(tmp_path, voice=("gated",)) as edge, edge.connect() as wire:
        job = await edge.house.submit("One sentence.")
        await wire.say(wire.request("events.subscribe", after="earliest"))
        for _ in range(4):
            await wire.say(wire.request("x" * 200_000))
        await wire.say(wire.request("jobs.wait", jobId=job))
        await wire.stream.send_eof()
        await gate.reached.wait()
        gate.gate.set()
        answers = []
        while answer := await wire.hear():
            answers.append(answer)
        replies = {answer["id"]: answer for answer in answers if "id" in answer}
        assert set(replies) == {1, 2, 3, 4, 5, 6}
        assert replies[6]["result"]["status"] == "Succeeded"


@pytest.mark.parametrize("listens", [True, False])
async def test_a_half_closed_client_waits_as_long_as_it_listens(
    tmp_path: Path, gate: type[Gated], monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    monkeypatch.setattr(limits, "SEND", 0.05)
    monkeypatch.setattr(limits, "GONE", 0.01)
    async with open_edge(tmp_path, voice=("gated",)) as edge, edge.connect() as wire:
        job = await edge.house.submit("One sentence.")
        await wire.say(wire.request("jobs.wait", jobId=job))
        await wire.stream.send_eof()
        await gate.reached.wait()
        if listens:
            await trio.sleep(0.2)
            gate.gate.set()
            assert (await wire.hear())["result"]["status"] == "Succeeded"
        else:
            await wire.stream.aclose()
            await edge.wait_connections(0)


async def test_a_client_that_breaks_off_disturbs_nobody(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as other:
        for _ in range(3):
            async with edge.connect() as wire:
                await wire.say(wire.request("x" * 200_000) * 3)
                await wire.stream.receive_some(1)
        await edge.wait_connections(1)
        assert "result" in await other.ask("rpc.ping")


async def test_a_job_outlives_the_connection_that_submitted_it(tmp_path: Path, gate: type[Gated]) -> None:
    async with open_edge(tmp_path, voice=("gated",)) as edge:
        async with edge.connect() as wire:
            job = (await wire.ask("jobs.submit", brief={"source": "One sentence."}))["result"]["jobId"]
        await edge.wait_connections(0)
        gate.gate.set()
        assert (await edge.house.engine.jobs.wait(job)).status.value == "Succeeded"


async def test_who_retires_greets_nobody(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        async with edge.connect() as wire:
            await wire.ask("rpc.ping")
            assert not edge.control.retire()  # somebody is being served, and goes on being served
            await wire.ask("rpc.ping")
        await edge.wait_connections(0)
        assert edge.control.retire()
        async with edge.connect() as late:
            with suppress(trio.BrokenResourceError):
                await late.say(late.request("system.hello"))
            assert await late.hear() is None

"""Frames that no client would send, by the hundred thousand: each is told what is wrong, and others are served."""

from __future__ import annotations

import os
import random
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
import trio

from aurad.serve import limits
from aurad.serve.operations import TABLE
from tests.serve.edge import Edge, open_edge

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
FRAMES = 1_000_000 if FULL else 100_000
AT_ONCE = 200  # frames of one connection
GROWTH = 16 << 20  # bytes
HANG = 1.0  # seconds for somebody else's answer
ASKED = ("rpc.ping", "jobs.get", "jobs.list", "jobs.tasks", "system.hello")
HARMLESS = [name for name in ASKED if name in TABLE]
VALUES: tuple[Any, ...] = (None, True, 0, -1, 1e308, 2**63, "", "\x00", "é\u202e😀", [], {}, [[1]], {"a": {"b": None}})


def valid(dice: random.Random) -> bytes:
    names = ("jobId", "limit", "cursor", "protocol", "x")
    params = {dice.choice(names): dice.choice(VALUES) for _ in range(dice.randrange(3))}
    number, method = dice.choice((1, "a", None, 2**40)), dice.choice(HARMLESS)
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    if dice.random() < 0.2:
        del message["id"]
    return msgspec.json.encode([message] * dice.randrange(1, 4) if dice.random() < 0.1 else message)


def mutated(dice: random.Random) -> bytes:
    frame = bytearray(valid(dice))
    for _ in range(dice.randrange(1, 6)):
        frame[dice.randrange(len(frame))] = dice.randrange(256)
    return bytes(frame)


def truncated(dice: random.Random) -> bytes:
    frame = valid(dice)
    return frame[: dice.randrange(len(frame))]


def huge(dice: random.Random) -> bytes:
    """Mostly within the limit: beyond it the connection ends."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "x" * dice.randrange(1000, 20_000)})


def deep(dice: random.Random) -> bytes:
    depth = dice.choice((60, 64, 65, 1000, 20_000))
    inner = b"[" * depth + b"]" * dice.choice((depth, depth - 1))
    return b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":' + inner + b"}"


def twice(dice: random.Random) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"id":2,"method":"rpc.ping","params":{"a":1,"a":2}}'


def no_number(dice: random.Random) -> bytes:
    number = dice.choice((b"NaN", b"-Infinity", b"1e999"))
    return b'{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"limit":%b}}' % number


def no_text(dice: random.Random) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"' + dice.randbytes(dice.randrange(20)).replace(b"\n", b"") + b'"}'


def noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(60))


WAYS = (valid, valid, mutated, mutated, truncated, huge, deep, twice, no_number, no_text, noise)
RARE = {deep, huge}


def frames(dice: random.Random, number: int) -> Iterator[bytes]:
    for _ in range(number):
        way = dice.choice(WAYS)
        if way in RARE and dice.random() < 0.9:
            way = mutated
        frame = way(dice).replace(b"\n", b" ")
        yield b"P" + frame if frame.startswith(b"G") else frame  # not the first byte of HTTP


def resident() -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) << 10


async def bother(edge: Edge, dice: random.Random, number: int) -> None:
    """One connection after another; some are reset with answers unread."""
    for _ in range(number // AT_ONCE):
        data = b"\n".join(frames(dice, AT_ONCE)) + b"\n"
        async with await trio.open_unix_socket(str(edge.path)) as stream, trio.open_nursery() as nursery:
            nursery.start_soon(_swallow, stream)
            with suppress(trio.BrokenResourceError):  # it was too much for the daemon, which hung up
                await stream.send_all(data)
                await stream.send_eof()
            if dice.random() < 0.2:  # the others wait until all answers are there
                nursery.cancel_scope.cancel()


async def _swallow(stream: trio.SocketStream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await stream.receive_some(1 << 18):
            continue


async def stay_well(edge: Edge, slowest: list[float]) -> None:
    """A client that does nothing wrong."""
    async with edge.connect() as wire:
        while True:
            began = trio.current_time()
            assert (await wire.ask("rpc.ping"))["result"] == {"pong": True}
            slowest[0] = max(slowest[0], trio.current_time() - began)
            await trio.sleep(0.005)


@pytest.mark.slow
async def test_no_frame_harms_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    seed = int(os.environ.get("AURAD_SEED") or secrets.randbits(32))
    with capsys.disabled():
        print(f" seed {seed} (AURAD_SEED) ", end="")
    monkeypatch.setattr(limits, "MESSAGE", 64 << 10)
    slowest = [0.0]
    with structlog.testing.capture_logs() as said:
        async with open_edge(tmp_path) as edge:
            await bother(edge, random.Random(seed + 1), 10 * AT_ONCE)  # whatever is made once is
            before = resident()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stay_well, edge, slowest)
                async with trio.open_nursery() as crowd:
                    for number in range(4):
                        crowd.start_soon(bother, edge, random.Random(seed + number), FRAMES // 4)
                nursery.cancel_scope.cancel()
            await edge.wait_connections(0)
            grown = resident() - before
    assert [entry for entry in said if entry["log_level"] in ("error", "critical")] == []
    assert slowest[0] < HANG
    assert grown < GROWTH, grown

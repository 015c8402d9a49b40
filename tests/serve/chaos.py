"""Readers that lose their connection again and again, and what they must have seen in the end."""

from __future__ import annotations

import math
import os
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

PATIENCE = 120.0  # seconds for all of it on a busy machine
FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
CHUNK = 4096


def how_many(full: int) -> int:
    """A tenth in a quick check."""
    return full if FULL else full // 10


def dice(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that the printed seed repeats."""
    seed = request.config.getoption("--hypothesis-seed", None) or random.randrange(1 << 32)
    print(f"random seed {seed}: --hypothesis-seed={seed} repeats it")
    return random.Random(f"{seed}")


class Survivor:
    """Follows a stream over the control socket by its cursor. Half a line is no event."""

    def __init__(self, path: Path, dice: random.Random, wanted: Mapping[str, Any], *, by_id: bool = False) -> None:
        self._path, self._dice, self._wanted, self._by_id = path, dice, wanted, by_id
        self.got: list[bytes] = []
        self.other: list[str] = []
        self.cursor, self.epoch, self.losses, self.over = 0, "", 0, False

    async def follow(self, until: float = math.inf, budget: Callable[[], float] = lambda: math.inf) -> None:
        """Until the event of this number is there. `budget` is how many bytes a connection lives."""
        while not self.over and self.cursor < until:
            try:
                await self._connection(until, budget())
            except (FileNotFoundError, ConnectionRefusedError):
                await trio.sleep(0.005)  # nobody listens: the daemon is being started
            else:
                self.losses += 1

    async def _connection(self, until: float, budget: float) -> None:
        with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            await sock.connect(os.fspath(self._path))
            await sock.send(msgspec.json.encode(self._request()) + b"\n")
            rest = b""
            while budget > 0 and not self.over and self.cursor < until:
                data = await sock.recv(int(min(CHUNK, budget)))
                if not data:
                    return
                budget -= len(data)
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._hear(line)

    def _request(self) -> dict[str, Any]:
        after: Any = self.cursor or "earliest"
        if self._by_id and self.cursor and self.epoch:
            after = f"{self.epoch}-{self.cursor}"
        return {
            "jsonrpc": "2.0", "id": 1, "method": "events.subscribe", "params": {**self._wanted, "after": after},
        }  # fmt: skip

    def _hear(self, line: bytes) -> None:
        message = msgspec.json.decode(line)
        if message.get("method") == "events.event":
            event = message["params"]["event"]
            self.got.append(msgspec.json.encode(event))
            self.cursor = event["seq"]
        elif "result" in message:
            self.epoch = message["result"]["epoch"]
        else:
            self.other.append(message.get("method", "error"))
            self.over = self.over or message.get("method") == "events.ended"


def assert_exact(reader: Survivor, events: Sequence[bytes], unexpected: Sequence[str] = ()) -> None:
    """Not one lost, not one twice, in order, byte for byte."""
    expected = [msgspec.json.encode(msgspec.json.decode(event)) for event in events]
    seqs, wanted = [_seq(event) for event in reader.got], [_seq(event) for event in expected]
    assert seqs == wanted, f"lost {set(wanted) - set(seqs)}, repeated {len(seqs) - len(set(seqs))}"
    assert reader.got == expected
    assert [name for name in reader.other if name not in ("events.ended", *unexpected)] == []


def _seq(event: bytes) -> int:
    return int(msgspec.json.decode(event)["seq"])

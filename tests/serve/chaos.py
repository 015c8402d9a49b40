"""Readers that lose their connection again and again, and what they must have seen in the end."""

from __future__ import annotations

import math
import os
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h11
import msgspec
import pytest
import trio

from aurad.client.sse import FrameDecoder

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
    """Follows a stream by its cursor, over connections that break at any byte. Half an event is none."""

    family = socket.AF_UNIX

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.other: list[str] = []
        self.cursor, self.epoch, self.losses, self.over = 0, "", 0, False

    async def follow(self, until: float = math.inf, budget: Callable[[], float] = lambda: math.inf) -> None:
        """Until the event of this number is there. `budget` is how many bytes a connection lives."""
        while not self.over and self.cursor < until:
            try:
                with trio.socket.socket(self.family, socket.SOCK_STREAM) as sock:
                    await self._connection(sock, until, budget())
            except (FileNotFoundError, ConnectionRefusedError):
                await trio.sleep(0.005)  # nobody listens: the daemon is being started
                continue
            except ConnectionResetError:
                pass
            self.losses += 1

    async def _connection(self, sock: trio.socket.SocketType, until: float, budget: float) -> None:
        await sock.connect(self._address())
        await sock.send(self._request())
        while budget > 0 and not self.over and self.cursor < until:
            data = await sock.recv(int(min(CHUNK, budget)))
            if not data:
                return
            budget -= len(data)
            self._hear(data)

    def _take(self, event: bytes) -> None:
        self.got.append(event)
        self.cursor = _seq(event)

    def _address(self) -> Any:
        raise NotImplementedError

    def _request(self) -> bytes:
        """What a new connection begins with."""
        raise NotImplementedError

    def _hear(self, data: bytes) -> None:
        raise NotImplementedError


class LineSurvivor(Survivor):
    """Over the control socket."""

    def __init__(self, path: Path, wanted: Mapping[str, Any], *, by_id: bool = False) -> None:
        super().__init__()
        self._path, self._wanted, self._by_id, self._rest = path, wanted, by_id, b""

    def _address(self) -> Any:
        return os.fspath(self._path)

    def _request(self) -> bytes:
        self._rest, after = b"", self.cursor or "earliest"
        if self._by_id and self.cursor and self.epoch:
            after = f"{self.epoch}-{self.cursor}"
        params = {**self._wanted, "after": after}
        return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "events.subscribe", "params": params}) + b"\n"

    def _hear(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            message = msgspec.json.decode(line)
            if message.get("method") == "events.event":
                self._take(msgspec.json.encode(message["params"]["event"]))
            elif "result" in message:
                self.epoch = message["result"]["epoch"]
            else:
                self.other.append(message.get("method", "error"))
                self.over = self.over or message.get("method") == "events.ended"


class WebSurvivor(Survivor):
    """Over HTTP; `place` gives address and token of the daemon that is up."""

    family = socket.AF_INET

    def __init__(self, place: Callable[[], tuple[str, int, str]], path: str = "/api/events") -> None:
        super().__init__()
        self._place, self._path = place, path
        self._http, self._frames = h11.Connection(h11.CLIENT), FrameDecoder()

    def _address(self) -> Any:
        host, port, _ = self._place()
        return host, port

    def _request(self) -> bytes:
        self._http, self._frames = h11.Connection(h11.CLIENT), FrameDecoder()
        host, port, token = self._place()
        headers = {"Host": f"{host}:{port}", "Authorization": f"Bearer {token}"}
        headers["Last-Event-ID"] = f"{self.epoch}-{self.cursor}" if self.epoch else "earliest"
        asked = self._http.send(h11.Request(method="GET", target=self._path, headers=list(headers.items())))
        return (asked or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def _hear(self, data: bytes) -> None:
        self._http.receive_data(data)
        while not isinstance(event := self._http.next_event(), type) and not self.over:
            if isinstance(event, h11.Response):
                assert event.status_code in (200, 204), event
                self.over = event.status_code == 204
            elif isinstance(event, h11.Data):
                self._hear_frames(bytes(event.data))
            self.over = self.over or isinstance(event, h11.EndOfMessage)

    def _hear_frames(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            if frame.type in ("snapshot", "gap", "server-stopping"):
                self.other.append(frame.type)
            elif frame.data:
                self.epoch = frame.id.rpartition("-")[0]
                self._take(msgspec.json.encode(msgspec.json.decode(frame.data)))


def assert_exact(reader: Survivor, events: Sequence[bytes], unexpected: Sequence[str] = ()) -> None:
    """Not one lost, not one twice, in order, byte for byte."""
    expected = [msgspec.json.encode(msgspec.json.decode(event)) for event in events]
    seqs, wanted = [_seq(event) for event in reader.got], [_seq(event) for event in expected]
    assert seqs == wanted, f"lost {set(wanted) - set(seqs)}, repeated {len(seqs) - len(set(seqs))}"
    assert reader.got == expected
    assert [name for name in reader.other if name not in ("events.ended", *unexpected)] == []


def _seq(event: bytes) -> int:
    return int(msgspec.json.decode(event)["seq"])

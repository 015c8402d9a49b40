"""A control socket over a house of toys, and a client that says whatever bytes a test wants."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from aurad.client.blocking import Client
from aurad.model.event import Owner
from aurad.serve.access import Caller, Role
from aurad.serve.control import Control, open_control
from aurad.wire.lines import LineDecoder
from tests.engine.house import House, open_house

T = TypeVar("T")
PATIENCE = 20  # seconds for anything to happen on a busy machine


def somebody(role: Role, uid: int = 1000) -> Caller:
    return Caller(Owner(uid=uid, name=f"user{uid}"), role)


def open_descriptors(target: Path) -> int:
    """How many descriptors of this process lead to `target` or into it."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found += Path(os.readlink(f"/proc/self/fd/{name}")).is_relative_to(target)
    return found


class Wire:
    """One connection, raw. `hear` gives messages in order, None once the daemon has hung up."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream, self._lines, self._heard, self._number = stream, LineDecoder(64 << 20), deque[bytes](), 0

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def hear(self) -> Any:
        with trio.fail_after(PATIENCE):
            while not self._heard:
                data = await self._receive()
                if not data:
                    return None
                self._heard.extend(self._lines.feed(data))
        return msgspec.json.decode(self._heard.popleft())

    async def _receive(self) -> bytes:
        try:
            return bytes(await self.stream.receive_some())
        except trio.BrokenResourceError:
            return b""

    async def ask(self, method: str, **params: Any) -> Any:
        """The answer, whatever it is; nothing else may come before it."""
        await self.say(self.request(method, **params))
        answer = await self.hear()
        assert answer["id"] == self._number, answer
        return answer

    def request(self, method: str, **params: Any) -> bytes:
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        return msgspec.json.encode(message) + b"\n"

    async def error(self, method: str, **params: Any) -> tuple[str, str]:
        """The code and detail of a refusal."""
        problem = (await self.ask(method, **params))["error"]["data"]
        return problem["errorCode"], problem["detail"]


class Edge:
    """A served house."""

    def __init__(self, house: House, control: Control, path: Path) -> None:
        self.house, self.control, self.path = house, control, path

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Wire]:
        async with await trio.open_unix_socket(str(self.path)) as stream:
            yield Wire(stream)

    async def with_client(self, use: Callable[[Client], T]) -> T:
        """What the blocking client's `use` gives, from a thread."""

        def run() -> T:
            with Client(self.path, timeout=PATIENCE) as client:
                return use(client)

        return await trio.to_thread.run_sync(run)

    async def wait_connections(self, number: int) -> None:
        """Until so many are being served."""
        with trio.fail_after(PATIENCE):
            while True:
                if self.control.connections == number:
                    return
                await trio.lowlevel.checkpoint()


@asynccontextmanager
async def open_edge(folder: Path, **house: Any) -> AsyncIterator[Edge]:
    """The socket's folder is not pytest's: a socket's path must stay under 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="aurad-") as short:
        path = Path(short) / "s"
        async with open_house(folder, **house) as opened, open_control(opened.engine, path) as control:
            yield Edge(opened, control, path)

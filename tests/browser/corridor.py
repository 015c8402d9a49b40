"""A bad line to the daemon: it lets everybody in, and tears streams apart at random places, in bytes as in time.

It also serves pages, which must come from where the events come from, and takes what they have heard.
"""

from __future__ import annotations

import json
import random
import re
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio

from tests.serve.site import Site

PIECE = (200, 6000)  # bytes of a stream until it is torn


class Corridor:
    """`heard` is what pages posted. So many streams are torn; then it is a good line."""

    def __init__(self, site: Site, pages: Mapping[str, tuple[str, bytes]], tears: int, seed: int) -> None:
        self.heard: list[Any] = []
        self.url, self.streams = "", 0
        self._site, self._pages, self._tears, self._random = site, pages, tears, random.Random(seed)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, self._connection, listeners)
            task_status.started()

    async def _connection(self, stream: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            async with stream:
                head, body = await _read(stream)
                if head:
                    await self._answer(stream, head, body)

    async def _answer(self, stream: trio.SocketStream, head: list[str], body: bytes) -> None:
        method, target, _ = head[0].split(" ")
        path = target.partition("?")[0]
        if path in self._pages:
            kind, content = self._pages[path]
            await stream.send_all(_whole("200 OK", content, kind))
        elif path == "/heard":
            self.heard += json.loads(body)
            await stream.send_all(_whole("200 OK", b"{}"))
        else:
            assert method == "GET"
            await self._pass_on(stream, head)

    async def _pass_on(self, stream: trio.SocketStream, head: list[str]) -> None:
        ours = ("connection:", "authorization:", "accept-encoding:", "cookie:")
        kept = [line for line in head if not line.lower().startswith(ours)]
        more = ["Connection: close", f"Authorization: Bearer {self._site.mine}"]
        async with await trio.open_tcp_stream(self._site.host, self._site.port) as daemon:
            await daemon.send_all("\r\n".join([*kept, *more, "", ""]).encode())
            left = None
            if re.search(r"/events[? ]", head[0]):
                self.streams += 1
                left = self._random.randint(*PIECE) if self._tears > 0 else None
                self._tears -= 1
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_until_gone, stream, nursery.cancel_scope)
                await self._copy(daemon, stream, left)
                nursery.cancel_scope.cancel()

    async def _copy(self, daemon: trio.SocketStream, stream: trio.SocketStream, left: int | None) -> None:
        async for piece in daemon:
            data = piece.replace(b"retry: 2000", b"retry: 0020")  # of the same length: the chunks' heads stay right
            if left is not None and len(data) > left:
                await stream.send_all(data[:left])
                if self._random.random() < 0.5:
                    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                stream.socket.close()
                return
            left = None if left is None else left - len(data)
            await stream.send_all(data)


@asynccontextmanager
async def open_corridor(
    site: Site, *, pages: Mapping[str, tuple[str, bytes]] | None = None, tears: int = 20, seed: int | None = None
) -> AsyncIterator[Corridor]:
    chosen = random.randrange(1 << 32) if seed is None else seed
    print(f"tears by seed {chosen}")
    corridor = Corridor(site, pages or {}, tears, chosen)
    async with trio.open_nursery() as nursery:
        await nursery.start(corridor.serve)
        yield corridor
        nursery.cancel_scope.cancel()


def _whole(status: str, content: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


async def _read(stream: trio.SocketStream) -> tuple[list[str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := await stream.receive_some()):
            return [], b""
        data += more
    start, _, body = data.partition(b"\r\n\r\n")
    head = start.decode().split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in head if line.lower().startswith("content-length:")]
    while len(body) < sum(lengths):
        body += await stream.receive_some()
    return head, body


async def _until_gone(stream: trio.SocketStream, scope: trio.CancelScope) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        while await stream.receive_some():
            pass
    scope.cancel()

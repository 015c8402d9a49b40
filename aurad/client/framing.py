"""Messages on the control socket for Trio: a line each, or as WebSocket text. Nothing here knows what they say."""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_client_stream

from aurad.client.blocking import CHUNK, KNOCK_SECONDS, REPLY_LIMIT, ConnectionLost
from aurad.wire.lines import LineDecoder

PATH, SUBPROTOCOL = "/rpc", "aurad.jsonrpc.v1"
FAULTS = (trio.BrokenResourceError, trio.ClosedResourceError)


class Frames(Protocol):
    """Whole messages, one task sending and one receiving; both raise `ConnectionLost`."""

    async def send(self, message: bytes) -> None: ...

    async def receive(self) -> bytes: ...


class Lines:
    """A message a line."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream, self._decoder, self._heard = stream, LineDecoder(REPLY_LIMIT), deque[bytes]()

    async def send(self, message: bytes) -> None:
        try:
            await self._stream.send_all(message + b"\n")
        except FAULTS as error:
            raise ConnectionLost("cannot reach the daemon: it closed the connection") from error

    async def receive(self) -> bytes:
        while not self._heard:
            try:
                data = await self._stream.receive_some(CHUNK)
            except FAULTS:
                data = b""
            if not data:
                raise ConnectionLost("cannot hear the daemon: it closed the connection")
            self._heard.extend(self._decoder.feed(data))
        await trio.lowlevel.checkpoint()
        return self._heard.popleft()


class Texts:
    """A message a text frame of a WebSocket."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection

    async def send(self, message: bytes) -> None:
        try:
            await self._connection.send_message(message.decode())
        except ConnectionClosed as error:
            raise ConnectionLost(f"cannot reach the daemon: it closed the connection: {error.reason}") from error

    async def receive(self) -> bytes:
        try:
            message = await self._connection.get_message()
        except ConnectionClosed as error:
            raise ConnectionLost(f"cannot hear the daemon: it closed the connection: {error.reason}") from error
        return message.encode() if isinstance(message, str) else bytes(message)


async def connect(path: str | os.PathLike[str]) -> trio.SocketStream:
    """A Unix socket whose backlog is full does not let us wait in line, nor does Trio notice: we knock again."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        while True:
            try:
                sock.connect(os.fspath(path))
                return trio.SocketStream(trio.socket.from_stdlib_socket(sock))
            except BlockingIOError:
                await trio.sleep(KNOCK_SECONDS)
    except BaseException:
        sock.close()
        raise


@asynccontextmanager
async def open_frames(path: str | os.PathLike[str], *, websocket: bool) -> AsyncIterator[Frames]:
    """A connection to the control socket; raises `OSError` if nobody listens there."""
    async with await connect(path) as stream:
        if not websocket:
            yield Lines(stream)
            return
        async with open_tasks() as nursery:
            yield Texts(await _shake_hands(nursery, stream))


async def _shake_hands(nursery: trio.Nursery, stream: trio.SocketStream) -> WebSocketConnection:
    try:
        return await wrap_client_stream(
            nursery, stream, "localhost", PATH, subprotocols=[SUBPROTOCOL], max_message_size=REPLY_LIMIT
        )
    except (HandshakeError, ConnectionClosed) as error:
        raise ConnectionLost(f"cannot open a WebSocket: {error!r}") from error


@asynccontextmanager
async def open_tasks() -> AsyncIterator[trio.Nursery]:
    """Tasks that end with the block; an error of the block leaves as itself."""
    failed: Exception | None = None
    async with trio.open_nursery() as nursery:
        try:
            yield nursery
        except Exception as error:
            failed = error
        nursery.cancel_scope.cancel()
    if failed is not None:
        raise failed

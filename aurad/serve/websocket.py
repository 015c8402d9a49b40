"""JSON-RPC as WebSocket text frames, one message a frame: on the control socket, and on any stream that asks for it.

The one place that knows trio-websocket.
"""

from __future__ import annotations

from typing import Protocol

import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_server_stream

from aurad.engine.engine import Engine
from aurad.serve import limits
from aurad.serve.access import Caller
from aurad.serve.dispatch import Dispatcher
from aurad.serve.outbox import Outbox
from aurad.serve.tokens import Tokens

PATH = "/rpc"
SUBPROTOCOL = "aurad.jsonrpc.v1"
HEAD = 16 << 10  # bytes of an HTTP request's head
PING = 20.0  # seconds between two pings
UNSUPPORTED, POLICY = 1003, 1008  # closing codes of RFC 6455
HELP = (
    "This socket speaks JSON-RPC 2.0: one message a line, or WebSocket on /rpc with the subprotocol "
    f"{SUBPROTOCOL}. Try: auractl raw rpc.discover\n"
)
UPGRADE_REQUIRED = (
    "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
    f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(HELP)}\r\n\r\n{HELP}"
).encode()


class _Replayed(trio.abc.ReceiveStream):
    """A stream of which some bytes were read already."""

    def __init__(self, head: bytes, stream: trio.SocketStream) -> None:
        self._head, self._stream = head, stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._head:
            await trio.lowlevel.checkpoint()
            head, self._head = self._head, b""
            return head
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


async def serve_http(stream: trio.SocketStream, engine: Engine, caller: Caller, tokens: Tokens | None) -> None:
    """A connection of the control socket that began with HTTP: a WebSocket, or one sentence of help and the end."""
    head = b""
    with trio.move_on_after(limits.FIRST_BYTE):
        head = await _read_head(stream)
    if _is_upgrade(head):
        await _serve(trio.StapledStream(stream, _Replayed(head, stream)), engine, caller, tokens)
    elif head:
        with trio.move_on_after(limits.SEND):
            await stream.send_all(UPGRADE_REQUIRED)


async def _read_head(stream: trio.SocketStream) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD:
        piece = await stream.receive_some(HEAD)
        if not piece:
            break
        head += piece
    return head


def _is_upgrade(head: bytes) -> bool:
    first, *fields = head.lower().split(b"\r\n")
    wanted = any(name.strip() == b"upgrade" and b"websocket" in value for name, _, value in _pairs(fields))
    offered = any(
        name.strip() == b"sec-websocket-protocol" and SUBPROTOCOL.encode() in value for name, _, value in _pairs(fields)
    )
    return wanted and offered and first.split(b" ")[1:2] == [PATH.encode()] and b"\r\n\r\n" in head


def _pairs(fields: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    return [field.partition(b":") for field in fields]


async def _serve(stream: trio.abc.Stream, engine: Engine, caller: Caller, tokens: Tokens | None) -> None:
    try:
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream, max_message_size=limits.MESSAGE)
            socket = await request.accept(subprotocol=SUBPROTOCOL)
            nursery.start_soon(_ping_forever, socket, nursery.cancel_scope)
            await converse(_Frames(socket), engine, caller, tokens)
            with trio.move_on_after(limits.SEND):
                await socket.aclose()
            nursery.cancel_scope.cancel()
    except* (ConnectionClosed, HandshakeError):
        pass  # the other end went away, or was no WebSocket after all


async def _ping_forever(socket: WebSocketConnection, scope: trio.CancelScope) -> None:
    while True:
        await trio.sleep(PING)
        with trio.move_on_after(limits.SEND) as patience:
            await socket.ping()
        if patience.cancelled_caught:
            scope.cancel()


class Frames(Protocol):
    """Text frames, one message each. `receive` gives None at the end."""

    async def receive(self) -> str | None: ...

    async def send(self, message: str) -> None: ...


class _Frames:
    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket

    async def receive(self) -> str | None:
        try:
            message = await self._socket.get_message()
        except ConnectionClosed:
            return None
        if isinstance(message, str):
            return message
        await self._socket.aclose(UNSUPPORTED, "messages are text")
        return None

    async def send(self, message: str) -> None:
        await self._socket.send_message(message)


async def converse(frames: Frames, engine: Engine, caller: Caller, tokens: Tokens | None) -> None:
    """Answer what comes until its end."""
    outbox = Outbox()
    async with trio.open_nursery() as nursery:
        dispatcher = Dispatcher(engine, caller, outbox, nursery, tokens, held=None)
        nursery.start_soon(_write_forever, outbox, frames, nursery.cancel_scope)
        message = None
        with trio.move_on_after(limits.FIRST_BYTE):
            message = await frames.receive()
        while message is not None:
            await dispatcher.take(message.encode())
            message = await frames.receive()
        nursery.cancel_scope.cancel()


async def _write_forever(outbox: Outbox, frames: Frames, scope: trio.CancelScope) -> None:
    """The only task that writes; a reader that takes nothing for too long is cut off."""
    while (parcel := await outbox.take()) is not None:
        data, _ = parcel
        for line in data.splitlines():  # what leaves together; JSON has no bare line ends
            with trio.move_on_after(limits.SEND) as patience:
                await frames.send(line.decode())
            if patience.cancelled_caught:
                scope.cancel()
        outbox.sent(len(data))

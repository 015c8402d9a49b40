"""One request of Quart's, from its first byte to the end of its answer, as Trio and Hypercorn need it.

What is handled here: no answer is cut after a time (streams and large files take theirs); a body waits for
whoever reads it instead of filling memory; an answer that came before the body was read reaches its client;
the end of an answer is sent whole, or Hypercorn keeps the connection open for ever.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import trio
from quart.utils import encode_headers
from quart.wrappers.response import ResponseBody
from quart_trio.asgi import TrioASGIHTTPConnection, TrioASGIWebsocketConnection
from quart_trio.wrappers import TrioRequest, TrioResponse

from aurad.serve import server
from aurad.serve.watch import Watch

LINGER = 2.0  # seconds for the rest of an unread body: closing at once would reset the answer away
END = 5.0  # seconds for the last bytes of an answer

_end, NOTHING = trio.open_memory_channel[bytes](0)
_end.close()

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Request(TrioRequest):
    """`pieces` are those of the body, as they come; Quart's own way to it is not used."""

    pieces: trio.MemoryReceiveChannel[bytes]


def endless(response: TrioResponse) -> TrioResponse:
    """Nobody knows how long it gets; Quart would call the body that HEAD does not get empty."""
    response.headers.pop("Content-Length", None)
    return response


class Stream(ResponseBody):
    """A body that is pushed, piece by piece, for as long as `hold` lets it; Quart only carries it."""

    def __init__(self, hold: Watch) -> None:
        self.hold = hold

    async def __aenter__(self) -> NoReturn:
        raise NotImplementedError

    async def __aexit__(self, *error: object) -> None:
        """Nothing was entered."""

    async def send_to(self, pieces: Pieces) -> bool:
        """Whether all was sent. Else the connection ends without the answer's end: nobody takes it for whole."""
        raise NotImplementedError


class Pieces:
    """How a body that is pushed goes out.

    Hypercorn sends the head, the first piece and the end; in between pieces go straight to the socket, if in chunks.
    A cancel does not come into a piece: half of it would spoil the stream.
    """

    def __init__(self, send: Send, *, straight: bool) -> None:
        self._send, self._straight = send, straight
        self._begun = False  # and from here on straight to the socket
        self._connection = server.Connection.current.get()

    async def send(self, data: bytes) -> None:
        """One piece, behind what is left of those that were pushed."""
        if self._begun:
            await self._connection.send_chunk(data)
            return
        with trio.CancelScope(shield=True):
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self._begun = self._straight

    def push(self, data: bytes, on_left: Callable[[], None]) -> bool:
        """One piece at once, or False: then it is to be sent. Tells if some of it is left, for `flush`."""
        return self._begun and self._connection.push_chunk(data, on_left)

    async def flush(self) -> None:
        """Send what is left."""
        if self._connection.left:
            await self._connection.send_chunk(b"")


class Connection(TrioASGIHTTPConnection):
    """Made by Quart for each request."""

    async def __call__(self, receive: Any, send: Any) -> None:
        request = self._create_request_from_scope(send)
        assert isinstance(request, Request)
        if not _has_body(request):  # most; a task less for each stream
            request.pieces = NOTHING
            await self._answer(request, send)
            return
        chunks, request.pieces = trio.open_memory_channel[bytes](0)  # the client waits for whoever reads
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_hear, chunks, receive, nursery.cancel_scope)
            await self._answer(request, send)
            nursery.cancel_scope.cancel()

    async def _answer(self, request: Request, send: Any) -> None:
        async def send_whole_end(message: dict[str, Any]) -> None:
            if message["type"] != "http.response.body" or message.get("more_body"):
                await send(message)
                return
            await _discard(request.pieces)
            with trio.move_on_after(END, shield=True):
                await send(message)

        response = await self.app.handle_request(request)
        if isinstance(response.response, Stream):
            await _send_stream(send_whole_end, response, request)
        else:
            await self._send_response(send_whole_end, response)  # type: ignore[arg-type]


def _has_body(request: Request) -> bool:
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "0") != "0"


async def _send_stream(send: Send, response: Any, request: Request) -> None:
    head = {"type": "http.response.start", "status": response.status_code, "headers": encode_headers(response.headers)}
    await send(head)
    head["headers"] = ()  # Hypercorn keeps it to the end: much, for thousands of streams
    chunked = request.scope["http_version"] == "1.1" and "Content-Length" not in response.headers
    pieces = Pieces(send, straight=chunked)
    whole = False
    with response.response.hold:
        whole = await response.response.send_to(pieces)
        await pieces.flush()
    if whole:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class WebsocketConnection(TrioASGIWebsocketConnection):
    """Made by Quart for a WebSocket; the app says who serves it."""

    async def __call__(self, receive: Any, send: Any) -> None:
        await self.app.serve_websocket(self._create_websocket_from_scope(send), receive, send)  # type: ignore[attr-defined]


async def _hear(chunks: trio.MemorySendChannel[bytes], receive: Any, scope: trio.CancelScope) -> None:
    """Pass on the body; end everything when the client has gone."""
    async with chunks:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            if data := message.get("body", b""):
                await chunks.send(data)
            more = message.get("more_body", False)
    while message["type"] != "http.disconnect":
        message = await receive()
    scope.cancel()


async def _discard(body: trio.MemoryReceiveChannel[bytes]) -> None:
    with trio.move_on_after(LINGER):
        async for _ in body:
            pass

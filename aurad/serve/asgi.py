"""One request of Quart's, from its first byte to the end of its answer, as Trio and Hypercorn need it.

What is handled here: no answer is cut after a time (streams and large files take theirs); a body waits for
whoever reads it instead of filling memory; an answer that came before the body was read reaches its client;
the end of an answer is sent whole, or Hypercorn keeps the connection open for ever.
"""

from __future__ import annotations

from typing import Any

import trio
from quart_trio.asgi import TrioASGIHTTPConnection, TrioASGIWebsocketConnection
from quart_trio.wrappers import TrioRequest

LINGER = 2.0  # seconds for the rest of an unread body: closing at once would reset the answer away
END = 5.0  # seconds for the last bytes of an answer


class Request(TrioRequest):
    """`pieces` are those of the body, as they come; Quart's own way to it is not used."""

    pieces: trio.MemoryReceiveChannel[bytes]


class Connection(TrioASGIHTTPConnection):
    """Made by Quart for each request."""

    async def __call__(self, receive: Any, send: Any) -> None:
        request = self._create_request_from_scope(send)
        assert isinstance(request, Request)
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
        await self._send_response(send_whole_end, response)  # type: ignore[arg-type]


class NoWebsocket(TrioASGIWebsocketConnection):
    """Made by Quart for a WebSocket: there is none to be had."""

    async def __call__(self, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1008, "reason": None})


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

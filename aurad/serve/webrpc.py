"""The control protocol over HTTP: a WebSocket at `/api/rpc`, let in by the rules of the HTTP edge."""

from __future__ import annotations

from typing import Any

import trio
from quart.wrappers import Websocket

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.serve.access import Caller
from aurad.serve.gate import Gate, secret_of
from aurad.serve.refusals import CORRELATION, Refusal, check_correlation, correlation_of, refusal
from aurad.serve.tokens import Tokens
from aurad.serve.watch import Stopping
from aurad.serve.websocket import POLICY, SUBPROTOCOL, UNSUPPORTED, converse

PATH = "/api/rpc"
GOING_AWAY = 1001
ENDED = "the token or session was revoked or is too old: ask for another by `auractl token` or `auractl open`"


class WebRpc:
    """Serves one WebSocket after another; each is an ASGI connection."""

    def __init__(self, engine: Engine, gate: Gate, tokens: Tokens, stopping: Stopping) -> None:
        self._engine, self._gate, self._tokens, self._stopping = engine, gate, tokens, stopping

    async def serve(self, asked: Websocket, receive: Any, send: Any) -> None:
        """Until either end closes it, its token or session ends, or the daemon stops."""
        correlation_id = correlation_of(asked.headers.get(CORRELATION))
        try:
            caller = self._let_in(asked)
        except AuradError as error:
            await _refuse(send, refusal(error, instance=asked.path, correlation_id=correlation_id))
            return
        await receive()  # it is there
        headers = [(CORRELATION.lower().encode(), correlation_id.encode())]
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL, "headers": headers})
        with self._tokens.hold(secret_of(asked)) as hold, self._stopping.watch():
            await converse(_Frames(receive, send), self._engine, caller, self._tokens)
        await self._say_why(send, hold)

    async def _say_why(self, send: Any, hold: trio.CancelScope) -> None:
        """If it was us who ended it."""
        if self._stopping.asked:
            await send({"type": "websocket.close", "code": GOING_AWAY, "reason": "the daemon stops"})
        elif hold.cancelled_caught:
            await send({"type": "websocket.close", "code": POLICY, "reason": ENDED})

    def _let_in(self, asked: Websocket) -> Caller:
        check_correlation(asked.headers.get(CORRELATION))
        if asked.path != PATH:
            raise AuradError("E110-PATH", f"cannot find {asked.path!r}: a WebSocket is at {PATH}")
        self._gate.check_way(asked)
        if SUBPROTOCOL not in asked.requested_subprotocols:
            raise AuradError("E100-REQUEST", f"cannot speak with a WebSocket that does not offer {SUBPROTOCOL}")
        return self._gate.caller(asked)


async def _refuse(send: Any, refused: Refusal) -> None:
    """As any other request is refused."""
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": refused.encoded})
    await send({"type": "websocket.http.response.body", "body": refused.body, "more_body": False})


class _Frames:
    """Frames over ASGI."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive, self._send = receive, send

    async def receive(self) -> str | None:
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        if message.get("text") is not None:
            return str(message["text"])
        await self._send({"type": "websocket.close", "code": UNSUPPORTED, "reason": "messages are text"})
        return None

    async def send(self, message: str) -> None:
        await self._send({"type": "websocket.send", "text": message, "bytes": None})

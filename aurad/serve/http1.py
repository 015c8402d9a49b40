"""HTTP/1.1 as Hypercorn speaks it, and nothing else; what it refuses itself is a problem like any other.

Hypercorn goes over to HTTP/2 for whoever asks, without TLS too. Then one connection would carry a hundred requests at
once, past the limit of connections, and frames where streams write chunks to the socket. Nobody needs it here: browsers
speak HTTP/2 over TLS only, and proxies HTTP/1.1 to what is behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h11
from hypercorn.events import Closed
from hypercorn.protocol.events import Body, EndBody, Event, Response
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol

from aurad.model.errors import AuradError
from aurad.serve.refusals import CORRELATION, Refusal, correlation_of, refusal

VERSIONS = (b"1.0", b"1.1")
BARE = [(b"content-length", b"0"), (b"connection", b"close")]  # the headers of Hypercorn's own refusals
ERRORS = {
    400: ("E115-HTTP", "it is no well-formed HTTP/1.1"),
    431: ("E117-HEAD", "its head is too long"),
    501: ("E118-CODING", "its body comes in a transfer coding other than chunks"),
}
BUG = ("E500-INTERNAL", "a bug of ours")
NO_WEBSOCKET = ("E115-HTTP", "it is no WebSocket handshake of version 13, or does not wait for its answer")


class Http1(H11Protocol):
    """The protocol of one connection."""

    _refusing = False

    async def stream_send(self, event: Event) -> None:
        """Hypercorn's refusals of a WebSocket that is none, and of our own bugs, get a body and an end."""
        if isinstance(event, Response) and event.headers == BARE:
            self._refusing = True
            await self._send_refusal(event.status_code)
            return
        await super().stream_send(event)
        if self._refusing and isinstance(event, EndBody):
            await self.send(Closed())  # Hypercorn would wait for the other end, for ever

    async def _send_refusal(self, status_code: int) -> None:
        assert self.stream is not None
        scope = self.stream.scope
        refused = _refusal(NO_WEBSOCKET if scope["type"] == "websocket" else ERRORS.get(status_code, BUG), scope)
        await super().stream_send(Response(STREAM_ID, refused.encoded, refused.status))
        if scope.get("method") != "HEAD":
            await super().stream_send(Body(STREAM_ID, refused.body))

    async def _check_protocol(self, event: h11.Request) -> None:
        """Hypercorn would leave for HTTP/2 here; who asks for it by `Upgrade` may be answered as if it did not."""

    async def _create_stream(self, request: h11.Request) -> None:
        if request.http_version in VERSIONS:
            await super()._create_stream(request)
        else:  # HTTP/2 of a client that thinks it knows
            await self._send_error_response(400)
            await self.send(Closed())

    async def _send_error_response(self, status_code: int) -> None:
        """To what could not be read, so that its id is not known either."""
        refused = _refusal(ERRORS[status_code])
        await self._send_h11_event(h11.Response(headers=refused.encoded, status_code=refused.status))
        await self._send_h11_event(h11.Data(data=refused.body))
        await self._send_h11_event(h11.EndOfMessage())


def _refusal(reason: tuple[str, str], scope: Mapping[str, Any] | None = None) -> Refusal:
    """An answer after which the connection ends, to what `scope` asks if that is known."""
    code, why = reason
    path, headers = (scope["path"], dict(scope["headers"])) if scope else ("", {})
    asked = headers.get(CORRELATION.lower().encode(), b"").decode("latin-1")
    error = AuradError(code, f"cannot answer the request: {why}")
    refused = refusal(error, instance=path, correlation_id=correlation_of(asked))
    return refused._replace(headers=refused.headers | {"Connection": "close"})

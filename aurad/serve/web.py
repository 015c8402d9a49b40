"""The HTTP edge: a Quart-Trio app whose routes are the endpoints, errors as RFC 9457, one correlation id for all.

Why Quart on Hypercorn, and what is done about either, is in the design page `edges.md`.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any, cast

import structlog
from quart import g, request
from quart.wrappers import Response
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from structlog.contextvars import bind_contextvars
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from aurad.engine.engine import Engine
from aurad.engine.ids import new_id
from aurad.model.errors import AuradError
from aurad.model.settings import Http
from aurad.serve import events, files, observe, pages  # noqa: F401  # they enter their endpoints
from aurad.serve.asgi import Connection, Request, WebsocketConnection
from aurad.serve.endpoints import Endpoint, endpoints
from aurad.serve.exchange import JSON, NO_BODY, Exchange
from aurad.serve.gate import Gate, split_address
from aurad.serve.refusals import CORRELATION, SAFE, check_correlation, correlation_of, refusal
from aurad.serve.server import Server, adopt, listen, open_server
from aurad.serve.tokens import Tokens
from aurad.serve.watch import Stopping
from aurad.serve.webrpc import WebRpc

HTTP_CODES = {
    400: "E115-HTTP", 404: "E110-PATH", 405: "E111-VERB", 408: "E113-SLOW", 413: "E105-TOO_LARGE",
    415: "E112-MEDIA_TYPE", 416: "E114-RANGE", 429: "E202-BUSY",
}  # fmt: skip

log = structlog.get_logger()


class App(QuartTrio):
    """Quart as we need it: our connections, our log, no answers of its own to OPTIONS."""

    asgi_http_class = Connection
    asgi_websocket_class = WebsocketConnection
    request_class = Request
    serve_websocket: Callable[..., Awaitable[None]]

    def log_exception(self, *context_and_error: Any) -> None:
        """Quart 0.23 gives the context too, 0.22 does not."""
        log.error("request failed", path=request.path, method=request.method, exc_info=context_and_error[-1])


@cache  # compiling them takes longer than all else about an app
def _routes() -> Map:
    app = App("aurad", static_folder=None)
    app.url_map.merge_slashes = False  # else a redirection, in HTML
    for each in endpoints():
        path, name = re.sub(r"\{(\w+)\}", r"<\1>", each.route.path), each.name.replace(".", "_")
        app.add_url_rule(path, name, methods=[each.route.method], provide_automatic_options=False)
    return app.url_map


class Web:
    """One app over one engine."""

    def __init__(self, engine: Engine, http: Http, tokens: Tokens) -> None:
        self._engine, self._tokens, self._gate = engine, tokens, Gate(http, tokens)
        self.stopping, self.app = Stopping(), App("aurad", static_folder=None)
        self.app.serve_websocket = WebRpc(engine, self._gate, tokens, self.stopping).serve
        self.app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.app.before_request(self._begin)
        self.app.after_request(self._finish)
        self.app.register_error_handler(AuradError, self._refuse)
        self.app.register_error_handler(HTTPException, self._refuse_http)
        self.app.url_map = _routes()
        self.app.view_functions = {each.name.replace(".", "_"): partial(self._serve, each) for each in endpoints()}

    # ------------------------------------------------------------ each request

    async def _begin(self) -> None:
        g.began = time.monotonic()
        asked = request.headers.get(CORRELATION)
        g.correlation_id = correlation_of(asked)
        bind_contextvars(correlation_id=g.correlation_id)
        check_correlation(asked)
        self._gate.check_way(request)

    async def _serve(self, endpoint: Endpoint, **path: str) -> Response:
        caller = None
        if endpoint.role is not None:
            caller = self._gate.caller(request)
            if not caller.may(endpoint.role):
                raise AuradError("E400-DENIED", f"cannot call {endpoint.name}: it takes the role {endpoint.role}")
        exchange = Exchange(self._engine, caller, self._tokens, self.stopping, cast(Request, request), g.correlation_id)
        params = await exchange.params(endpoint.params, json=endpoint.takes == JSON and request.method not in NO_BODY)
        g.correlation_id = getattr(params, "correlation_id", "") or g.correlation_id
        return await endpoint.serve(exchange, params)

    async def _finish(self, response: Response) -> Response:
        response.headers[CORRELATION] = g.get("correlation_id") or new_id("")
        for name, value in SAFE.items():
            response.headers.setdefault(name, value)
        if response.content_type.startswith("application/"):
            response.headers.setdefault("Cache-Control", "no-store")
        seconds = round(time.monotonic() - g.get("began", time.monotonic()), 4)
        log.debug("request", method=request.method, path=request.path, status=response.status_code, seconds=seconds)
        return response

    # ------------------------------------------------------------ errors

    async def _refuse(self, error: AuradError) -> Response:
        correlation_id = correlation_of(g.get("correlation_id"))
        status, headers, body = refusal(error, instance=request.path, correlation_id=correlation_id)
        return TrioResponse(body, status, headers)

    async def _refuse_http(self, error: HTTPException) -> Response:
        """What Quart itself refuses, and bugs: those it has logged, and they say nothing of our inside."""
        code = HTTP_CODES.get(error.code or 500, "E500-INTERNAL")
        what = f"{request.method} {request.path}"
        detail = {
            "E110-PATH": f"cannot find {request.path!r}: there is no such address",
            "E111-VERB": f"cannot {what}: only {', '.join(sorted(getattr(error, 'valid_methods', None) or ()))} works",
            "E500-INTERNAL": f"cannot answer {what}: a bug of ours",
        }.get(code, f"cannot answer {what}: {error.description}")
        response = await self._refuse(AuradError(code, detail))
        if methods := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(methods))
        return response


@asynccontextmanager
async def open_web(engine: Engine, http: Http, tokens: Tokens, *, passed: Sequence[int] = ()) -> AsyncIterator[Server]:
    """Serve HTTP where the settings say, or on sockets that were passed to us there.

    Raises E503 if that is not safe or not possible.
    """
    web = Web(engine, http, tokens)
    sockets = adopt(passed) if passed else await listen(*split_address(http.bind))
    host, port = split_address(http.bind)[0], sockets[0].getsockname()[1]
    tokens.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        async with open_server(web.app, sockets, web.stopping) as server:
            log.info("listening", url=tokens.url)
            yield server
    finally:
        tokens.url = ""

"""The addresses that are neither jobs nor files: alive, the document of the interface, the way in for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse

from aurad import __version__
from aurad.model.value import Value
from aurad.serve.endpoints import endpoint, endpoints
from aurad.serve.exchange import Exchange, answer
from aurad.serve.gate import COOKIE
from aurad.serve.health import Live
from aurad.serve.openapi import document
from aurad.serve.operations import Nothing, Route
from aurad.serve.tokens import DAY, SESSION_DAYS

TEXT = "text/plain; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
PAGE = Path(__file__).parent / "page"
EVENTS_MODULE = (PAGE / "events.js").read_bytes()
EVENTS_TYPES = (PAGE / "events.d.ts").read_bytes()
WELCOME = f"""aurad {__version__}

Turns a brief, a topic or a document into a narrated video.

The REST interface is described in /api/openapi.json. It takes a token:
  Authorization: Bearer ...     from `auractl token`
or the session of a browser that came by `auractl open`.
"""


class Redeem(Value, frozen=True, kw_only=True):
    code: Annotated[str, Meta(min_length=1, max_length=128)]


@endpoint("page", Route("GET", "/"), None, Nothing, gives="text/plain")
async def welcome(exchange: Exchange, params: Nothing) -> Response:
    """Says what this is."""
    return TrioResponse(WELCOME, content_type=TEXT)


@endpoint("page.events", Route("GET", "/events.js"), None, Nothing, gives=SCRIPT)
async def events_module(exchange: Exchange, params: Nothing) -> Response:
    """The module by which pages follow events."""
    return TrioResponse(EVENTS_MODULE, content_type=SCRIPT, headers={"Cache-Control": "no-cache"})


@endpoint("page.events.types", Route("GET", "/events.d.ts"), None, Nothing, gives="text/plain")
async def events_types(exchange: Exchange, params: Nothing) -> Response:
    """The types of that module, for TypeScript."""
    return TrioResponse(EVENTS_TYPES, content_type=TEXT, headers={"Cache-Control": "no-cache"})


@endpoint("web.redeem", Route("GET", "/open", 303), None, Redeem, gives="text/plain")
async def redeem(exchange: Exchange, params: Redeem) -> Response:
    """Lets a browser in by a one-time code: gives it a session and leads on to the page."""
    if exchange.request.method == "HEAD":  # somebody looks at the link; the code is for whoever follows it
        return TrioResponse(b"", 303, content_type=TEXT, headers={"Location": "/"})
    secret = await exchange.tokens.redeem(params.code)
    response = TrioResponse("You are in.\n", 303, content_type=TEXT, headers={"Location": "/"})
    response.set_cookie(COOKIE, secret, max_age=int(SESSION_DAYS * DAY), httponly=True, samesite="Strict", path="/")
    return response


@endpoint("health.live", Route("GET", "/api/health/live"), None, Nothing, result=Live)
async def live(exchange: Exchange, params: Nothing) -> Response:
    """Answers as long as the daemon does."""
    return answer(Live())


@endpoint("openapi", Route("GET", "/api/openapi.json"), "read", Nothing, result=dict[str, Any])
async def openapi(exchange: Exchange, params: Nothing) -> Response:
    """This document."""
    return answer(document(endpoints(), exchange.tokens.url))

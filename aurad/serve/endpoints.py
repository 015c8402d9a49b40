"""Every address of the HTTP edge, once: those of THE TABLE, and those whose answer is no JSON value.

Routes, the OpenAPI document and the reference page are made from `endpoints()`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec
from quart.wrappers import Response

from aurad.model.value import Value
from aurad.serve.access import Role
from aurad.serve.exchange import JSON, Exchange, answer
from aurad.serve.operations import TABLE, Call, Operation, Route

Serve = Callable[[Exchange, Any], Awaitable[Response]]


class Endpoint(NamedTuple):
    """An address. Without a role anybody may ask. `takes` is the body's type, `gives` the answer's."""

    name: str
    route: Route
    role: Role | None
    params: type[Value]
    serve: Serve
    summary: str
    result: Any = Any
    takes: str = JSON
    gives: str = JSON
    also: tuple[int, ...] = ()  # further statuses that are no errors


OTHERS: dict[str, Endpoint] = {}


def endpoint(
    name: str, route: Route, role: Role | None, params: type[Value], *,
    result: Any = Any, takes: str = JSON, gives: str = JSON, also: tuple[int, ...] = (),
) -> Callable[[Serve], Serve]:  # fmt: skip
    """Enter an address whose answer is no JSON value; the docstring is the summary."""

    def enter(serve: Serve) -> Serve:
        summary = (serve.__doc__ or "").strip()
        OTHERS[name] = Endpoint(name, route, role, params, serve, summary, result, takes, gives, also)
        return serve

    return enter


def endpoints() -> list[Endpoint]:
    """All of them, those of the table first."""
    return [*(_of(each, each.route) for each in TABLE.values() if each.route), *OTHERS.values()]


def _of(operation: Operation, route: Route) -> Endpoint:
    return Endpoint(
        operation.name, route, operation.role, operation.params, partial(_perform, operation, route),
        operation.summary, operation.results[0],
    )  # fmt: skip


async def _perform(operation: Operation, route: Route, exchange: Exchange, params: Any) -> Response:
    call = Call(exchange.engine, exchange.known, [], [], exchange.tokens)
    result = await operation.perform(call, params)
    response = answer(result, status := route.status_of(result))
    if route.location and status == route.status:
        response.headers["Location"] = route.location.format_map(msgspec.to_builtins(result))
    return response

"""The OpenRPC 1.3 document of the control socket, made from the table."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from aurad import __version__
from aurad.model.errors import KINDS
from aurad.serve.access import Role
from aurad.serve.operations.table import Operation
from aurad.serve.subscriptions import Subscribe, Subscribed, Unsubscribe, Unsubscribed

REF = "#/components/schemas/{name}"
BEYOND = (
    # Of the connection rather than of the table.
    (
        "events.subscribe",
        Subscribe,
        Subscribed,
        "Follow events; they come as notifications `events.event` and the like.",
    ),
    ("events.unsubscribe", Unsubscribe, Unsubscribed, "End a subscription."),
)
ALWAYS = ("E100-REQUEST", "E400-DENIED", "E500-INTERNAL", "E502-STOPPING")
# What else is refused, by a parameter that a method takes, in all methods or in those of one namespace; or by method.
OF_PARAMS = {
    "jobId": ("E200-NO_JOB",), "artifactId": ("E200-NO_JOB",), "subscription": ("E200-NO_JOB",),
    "brief": ("E101-BRIEF", "E102-OPTION"), "after": ("E205-LIMIT",), "cursor": ("E116-CURSOR",),
    "plugins.name": ("E104-PLUGIN",), "secrets.name": ("E200-NO_JOB",), "key": ("E503-CONFIG",),
}  # fmt: skip
OF_CHANGES = {
    "jobId": ("E201-STATE", "E501-DISK"), "idempotencyKey": ("E203-IDEMPOTENCY",), "brief": ("E501-DISK",),
    "jobs.cancel": ("E208-TIMEOUT",), "jobs.pause": ("E208-TIMEOUT",),
}  # fmt: skip


@lru_cache(1)  # it takes 20 ms, in which nothing else goes on, and stays the same
def document(every: tuple[Operation, ...]) -> dict[str, Any]:
    """The whole document, in the order of the table."""
    kinds = [*(kind for one in every for kind in one.results), *(kind for _, _, kind, _ in BEYOND)]
    types = [*kinds, *(one.params for one in every), *(params for _, params, _, _ in BEYOND)]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(map(id, kinds), schemas, strict=False))
    methods = [
        _method(one.name, one.summary, one.role, _params(components[one.params.__name__]), _result(one, by_type))
        | ({"deprecated": True, "x-instead": one.deprecated} if one.deprecated else {})
        for one in every
    ]  # fmt: skip
    methods += [
        _method(name, summary, "read", _params(components[params.__name__]), by_type[id(kind)])
        for name, params, kind, summary in BEYOND
    ]
    return {
        "openrpc": "1.3.2",
        "info": {
            "title": "aurad",
            "version": __version__,
            "description": "JSON-RPC 2.0 on a Unix socket: one message a line, or WebSocket frames on /rpc.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "methods": methods,
        "components": {"schemas": components, "errors": {code: _error(code) for code in KINDS}},
    }


def _method(
    name: str, summary: str, role: Role, params: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary.partition("\n")[0],
        "paramStructure": "by-name",
        "params": params,
        "result": {"name": "result", "schema": result},
        "errors": [{"$ref": f"#/components/errors/{code}"} for code in _refusals(name, role, params)],
        "x-role": role,
    }


def _refusals(method: str, role: Role, params: list[dict[str, Any]]) -> list[str]:
    """What may be answered rather than a result, by who may ask and what is asked for."""
    names = [one["name"] for one in params]
    names += [method, *(f"{method.partition('.')[0]}.{name}" for name in names)]
    tables = (OF_PARAMS,) if role == "read" else (OF_PARAMS, OF_CHANGES)
    return sorted({*ALWAYS, *(code for table in tables for name in names for code in table.get(name, ()))})


def _result(one: Operation, by_type: dict[int, Any]) -> dict[str, Any]:
    schemas: list[dict[str, Any]] = [by_type[id(kind)] for kind in one.results]
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def _params(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The required ones first, as the specification wants them."""
    required = schema.get("required", [])
    found = [
        {"name": name, "required": name in required, "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]
    return sorted(found, key=lambda one: not one["required"])


def _error(code: str) -> dict[str, Any]:
    return {"code": KINDS[code].rpc, "message": KINDS[code].title, "data": {"errorCode": code}}

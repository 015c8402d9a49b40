"""The OpenRPC 1.3 document of the control socket, made from the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from aurad import __version__
from aurad.model.errors import KINDS
from aurad.serve.operations.table import Operation
from aurad.serve.subscriptions import Subscribe, Unsubscribe

REF = "#/components/schemas/{name}"
BEYOND = (
    # Of the connection rather than of the table.
    ("events.subscribe", Subscribe, "Follow events; they come as notifications `events.event` and the like."),
    ("events.unsubscribe", Unsubscribe, "End a subscription."),
)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document, in the order of the table."""
    every = list(operations)
    kinds = [kind for one in every for kind in one.results]
    types = [*kinds, *(one.params for one in every), *(kind for _, kind, _ in BEYOND)]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(map(id, kinds), schemas, strict=False))
    methods = [
        _method(one.name, one.summary, _params(components[one.params.__name__]), _result(one, by_type))
        | {"x-role": one.role} | ({"deprecated": True, "x-instead": one.deprecated} if one.deprecated else {})
        for one in every
    ]  # fmt: skip
    methods += [
        _method(name, summary, _params(components[kind.__name__]), {}) | {"x-role": "read"}
        for name, kind, summary in BEYOND
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


def _method(name: str, summary: str, params: list[dict[str, Any]], result: dict[str, Any]) -> dict[str, Any]:
    errors = [{"$ref": f"#/components/errors/{code}"} for code in ("E100-REQUEST", "E400-DENIED", "E500-INTERNAL")]
    return {
        "name": name,
        "summary": summary.partition("\n")[0],
        "paramStructure": "by-name",
        "params": params,
        "result": {"name": "result", "schema": result},
        "errors": errors,
    }


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

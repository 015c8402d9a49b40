"""The OpenAPI 3.1 document of the REST interface, made from the endpoints and the types they name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from aurad import __version__
from aurad.model.errors import KINDS
from aurad.model.event import AnyEvent, LogLines
from aurad.model.value import Value
from aurad.serve.endpoints import Endpoint
from aurad.serve.exchange import ANY, JSON, NO_BODY
from aurad.serve.gate import COOKIE
from aurad.serve.operations import Nothing, Result
from aurad.serve.refusals import PROBLEM
from aurad.wire import sse

REF = "#/components/schemas/{name}"
CORRELATION = {
    "name": "X-Correlation-ID", "in": "header", "required": False,
    "description": "Kept in the job, its events, logs and errors, and returned; made if there is none.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
}  # fmt: skip


class Problem(Result, frozen=True, kw_only=True):
    """An error as RFC 9457 has it, with aurad's own members."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    correlation_id: str
    error_code: str
    details: dict[str, Any]
    remedy: str
    suggested_actions: list[str]
    timestamp: str


def document(endpoints: Iterable[Endpoint], url: str) -> dict[str, Any]:
    """The whole document; `url` is where the daemon is reached."""
    every = list(endpoints)
    types = [
        each for one in every for each in (one.params, *_results(one.result), *(kind for _, kind in one.route.also))
    ]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=REF)
    by_type = dict(zip(map(id, [*types, Problem]), schemas, strict=True))
    paths: dict[str, Any] = {}
    for one in every:
        paths.setdefault(one.route.path, {})[one.route.method.lower()] = _operation(one, by_type, components)
    links = {one.name.replace(".", "_"): _link(one) for one in every if "{jobId}" in one.route.path}
    for one in every:
        if one.route.location:
            paths[one.route.path][one.route.method.lower()]["responses"][str(one.route.status)]["links"] = links
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "aurad",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url or "/"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def _link(one: Endpoint) -> dict[str, Any]:
    """From a job that was taken to whatever can be asked of it."""
    return {"operationId": one.name, "parameters": {"jobId": "$response.body#/jobId"}}


def _results(result: Any) -> tuple[Any, ...]:
    return (*get_args(AnyEvent), LogLines) if result is AnyEvent else (result,)


def _operation(one: Endpoint, by_type: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": one.name,
        "summary": one.summary.partition("\n")[0],
        "tags": [one.name.partition(".")[0]],
        "parameters": [*_parameters(one, components), CORRELATION],
        **_body(one, by_type, components),
        "responses": _responses(one, by_type),
        "security": [{"bearer": []}, {"session": []}] if one.role else [],
        **({"x-role": one.role} if one.role else {}),
    }


# ------------------------------------------------------------ what goes in


def _members(kind: type[Value], components: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    schema = components.get(kind.__name__, {})
    return schema.get("properties", {}), schema.get("required", [])


def _in_path(one: Endpoint) -> list[str]:
    return re.findall(r"\{(\w+)\}", one.route.path)


def _parameters(one: Endpoint, components: dict[str, Any]) -> list[dict[str, Any]]:
    members, required = _members(one.params, components)
    path, query = _in_path(one), one.route.method in NO_BODY
    found = []
    for name, schema in members.items():
        if name in path:
            found.append({"name": name, "in": "path", "required": True, "schema": schema})
        elif query:
            found.append(_query(name, schema, name in required))
    if one.gives == sse.MEDIA_TYPE:
        found.append(
            {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 64}}
        )
    return found


def _query(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    """Without `null`: what is not given is left out. A table is told as `key:value,key:value`."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    bare = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if bare.get("type") == "object":
        bare = {"type": "string", "pattern": "^[^:,]+:[^,]*(,[^:,]+:[^,]*)*$"}
    shape = {"style": "form", "explode": False} if bare.get("type") == "array" else {}
    return {"name": name, "in": "query", "required": required, "schema": bare, **shape}


def _body(one: Endpoint, by_type: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    if one.route.method in NO_BODY:
        return {}
    if one.takes != JSON:
        content: dict[str, Any] = {one.takes: {"schema": {"type": "string", "format": "binary"}}}
        return {"requestBody": {"required": True, "content": content}}
    members, required = _members(one.params, components)
    path = _in_path(one)
    schema = {
        "type": "object",
        "properties": {name: each for name, each in members.items() if name not in path},
        "required": [name for name in required if name not in path],
        "additionalProperties": False,
    }
    return {"requestBody": {"required": bool(schema["required"]), "content": {JSON: {"schema": schema}}}}


# ------------------------------------------------------------ what comes out


def _responses(one: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    headers = {"X-Correlation-ID": {"schema": {"type": "string"}}}
    if one.route.location:
        headers["Location"] = {"schema": {"type": "string"}}
    good: dict[str, Any] = {"description": one.summary.partition("\n")[0], "headers": headers}
    if one.gives != JSON:
        plain = {} if one.gives == ANY else {"schema": {"type": "string"}}
        good["content"] = {one.gives: {**plain, **_streamed(one, by_type)}}
    else:
        good["content"] = {JSON: {"schema": by_type[id(one.result)] if one.result is not Any else {}}}
    also = {str(status): {"description": _ALSO[status]} for status in one.also}
    return {str(one.route.status): good, **also, **_other_results(one, by_type), **_problems(one)}


def _other_results(one: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    return {
        str(status): {
            "description": inspect.cleandoc(kind.__doc__ or ""),
            "headers": {"X-Correlation-ID": {"schema": {"type": "string"}}},
            "content": {JSON: {"schema": by_type[id(kind)]}},
        }
        for status, kind in one.route.also
    }


_ALSO = {
    204: "Nothing is left to be sent, and nothing will come.", 206: "A part of the file.", 303: "Go there.",
    304: "The file is as it was.",
}  # fmt: skip


def _streamed(one: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    if one.result is not AnyEvent:
        return {}
    return {"x-event-data": {"oneOf": [by_type[id(each)] for each in _results(AnyEvent)]}}


def _problems(one: Endpoint) -> dict[str, Any]:
    """Every status that an error of the table may have here; those of stages reach jobs, not requests."""
    statuses = {400, 405, 421, 422, 500, 503}
    if one.role is not None or one.params is not Nothing:
        statuses |= {401, 403, 404}
    if one.route.method not in NO_BODY:
        statuses |= {408, 413, 415, 429}
    statuses |= {409, 504, 507} if one.route.method not in ("GET", "HEAD") else set()
    statuses |= {416} if 206 in one.also else set()
    content = {PROBLEM: {"schema": {"$ref": REF.format(name="Problem")}}}
    titles = {
        status: "; ".join(k.title for c, k in KINDS.items() if k.http == status and c[1] != "3") for status in statuses
    }
    return {str(status): {"description": titles[status] or "Error", "content": content} for status in sorted(statuses)}

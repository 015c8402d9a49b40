"""A plugin's options in words, out of their JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
WORDS = {"string": "text", "boolean": "true|false", "object": "table"}


def options(schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    """Name, what is allowed, default and meaning of every option."""
    top = _resolved(schema, schema)
    for name, one in top.get("properties", {}).items():
        default = json.dumps(one["default"], ensure_ascii=False) if one.get("default") is not None else ""
        yield name, allowed(schema, one), default, str(one.get("description", ""))


def allowed(schema: Schema, one: Schema) -> str:
    """Such as `number 0.5..2`, `sans|serif`, `text`."""
    one = _resolved(schema, one)
    if "anyOf" in one:
        parts = (allowed(schema, part) for part in one["anyOf"] if part.get("type") != "null")
        return " or ".join(dict.fromkeys(parts))
    if "enum" in one:
        return "|".join(map(str, one["enum"]))
    if one.get("type") == "array":
        return "list of " + allowed(schema, one.get("items") or {})
    kind = {"string": "text", "boolean": "true|false", "object": "table"}.get(
        one.get("type", ""), one.get("type", "any")
    )
    return f"{kind} {bounds}" if (bounds := _bounds(one)) else str(kind)


def _bounds(one: Schema) -> str:
    low, high = one.get("minimum", one.get("exclusiveMinimum")), one.get("maximum", one.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    return f"{'' if low is None else format(low, 'g')}..{'' if high is None else format(high, 'g')}"


def _resolved(schema: Schema, one: Schema) -> Schema:
    name = str(one.get("$ref", "")).removeprefix("#/$defs/")
    return schema.get("$defs", {}).get(name, {}) if name else one

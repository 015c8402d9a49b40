"""What tools take and give, as JSON Schema. Nothing is a reference: not every client follows them."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad.model.value import Value

Schema = dict[str, Any]
KEPT = frozenset({"type", "description", "enum", "const", "required"})  # what a later daemon's answers keep to as well


def schema_of_arguments(kind: type[Value]) -> Schema:
    """Of arguments: a record that holds no other."""
    (_,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    return {"type": "object", **{key: value for key, value in parts[kind.__name__].items() if key != "title"}}


def schema_of_answer(kind: type[Value]) -> Schema:
    """Of an answer. Members that we do not know of are allowed: the daemon may be newer than we are."""
    (reference,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    return _open(reference, parts)


def _open(schema: Schema, parts: dict[str, Schema]) -> Schema:
    """Without references, limits and defaults."""
    whole = parts[schema["$ref"]] if "$ref" in schema else schema
    found = {key: value for key, value in whole.items() if key in KEPT}
    for key in whole.keys() & {"items", "additionalProperties"}:
        if isinstance(whole[key], dict):
            found[key] = _open(whole[key], parts)
    if "anyOf" in whole:
        found["anyOf"] = [_open(each, parts) for each in whole["anyOf"]]
    if "properties" in whole:
        found["properties"] = {name: _open(each, parts) for name, each in whole["properties"].items()}
    return found

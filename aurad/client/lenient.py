"""Values of the wire into typed ones, older clients with newer daemons too: members they do not know are left out.

Our own structs refuse unknown members, which is right where strangers write to us and wrong where we read.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast, overload

import msgspec
from msgspec import inspect

T = TypeVar("T")


@overload
def read(value: object, kind: type[T]) -> T: ...
@overload
def read(value: object, kind: Any) -> Any: ...
def read(value: object, kind: Any) -> Any:
    """`value`, as JSON has it, as a `kind`; raises `msgspec.ValidationError`."""
    return msgspec.convert(_pruned(value, _described(cast(Hashable, kind))), kind)


@cache  # one entry for each type that our own code names
def _described(kind: object) -> inspect.Type:
    return inspect.type_info(kind)


def _pruned(value: object, kind: inspect.Type) -> object:
    match kind:
        case inspect.UnionType(types):
            return _pruned(value, _chosen(value, types))
        case inspect.StructType() if isinstance(value, Mapping):
            known = {field.encode_name: field.type for field in kind.fields}
            return {name: _pruned(each, known[name]) if name in known else each
                    for name, each in value.items() if name in known or name == kind.tag_field}  # fmt: skip
        case inspect.CollectionType(item_type=item) if isinstance(value, (list, tuple)):
            return [_pruned(each, item) for each in value]
    return value


def _chosen(value: object, types: tuple[inspect.Type, ...]) -> inspect.Type:
    """The struct of a union that a value is meant for, told by its tag; anything where there is none."""
    structs = [each for each in types if isinstance(each, inspect.StructType)]
    if isinstance(value, Mapping):
        for each in structs:
            if each.tag_field is None or value.get(each.tag_field) == each.tag:
                return each
    return inspect.AnyType()

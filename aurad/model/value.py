"""The base of every value: frozen, keyword-only, camelCase in JSON, strict about unknown members."""

from __future__ import annotations

import hashlib

import msgspec


class Value(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
):
    """A frozen record. Members that hold their default are left out of its JSON.

    Leaving defaults out keeps digests stable when a member is added later.
    """


def canonical(value: object) -> bytes:
    """The one spelling of a value as JSON bytes: sorted keys, shortest numbers, defaults left out."""
    return msgspec.json.encode(msgspec.to_builtins(value, str_keys=True), order="sorted")


def digest(*parts: bytes) -> str:
    """SHA-256 over length-prefixed parts, in hex; the prefix keeps ("ab","c") apart from ("a","bc")."""
    pieces = (piece for part in parts for piece in (len(part).to_bytes(8, "big"), part))
    return hashlib.sha256(b"".join(pieces)).hexdigest()

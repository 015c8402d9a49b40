"""What readers of JSON disagree about is refused where strangers write: duplicate keys, and nesting without end."""

from __future__ import annotations

import json
import re
from typing import Any

from aurad.model.errors import AuradError

NESTING = 64  # arrays and objects within each other; no message of ours needs ten
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_BRACKET = re.compile(rb"[\[\]{}]")


def check_strict(line: bytes) -> None:
    """Raises E106 for what is not JSON in UTF-8, E107 for a duplicate key or nesting over `NESTING`."""
    if line.count(b"[") + line.count(b"{") > NESTING:  # hardly ever: then it matters how they lie
        _check_nesting(line)
    try:
        _decoder.decode(line.decode())
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError too
        raise AuradError("E106-PARSE", f"cannot read the message: {error}") from error


def _check_nesting(line: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", line)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > NESTING:
            raise AuradError("E107-MESSAGE", f"cannot read the message: it is nested deeper than {NESTING}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise AuradError("E107-MESSAGE", f"cannot read the message: the key {twice!r} comes twice")
    return found


_decoder = json.JSONDecoder(object_pairs_hook=_unique)  # `json.loads` would make one for every message

"""Strict JSON: whatever has one meaning passes, whatever has two or no end does not."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.errors import AuradError
from aurad.wire.strict import NESTING, check_strict

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_json_passes(value: Any, ascii_only: bool) -> None:
    check_strict(json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace"))


@given(st.binary(max_size=40))
def test_any_bytes_pass_or_are_refused_as_ours(data: bytes) -> None:
    with suppress(AuradError):
        check_strict(data)
        json.loads(data)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_nesting_has_an_end(brackets: str) -> None:
    def nested(depth: int) -> bytes:
        opened, closed = brackets
        key = '"a":' if opened == "{" else ""
        return ((opened + key) * (depth - 1) + brackets + closed * (depth - 1)).encode()

    check_strict(nested(NESTING))
    with pytest.raises(AuradError, match="deeper") as caught:
        check_strict(nested(NESTING + 1))
    assert caught.value.code == "E107-MESSAGE"


def test_brackets_in_strings_are_text() -> None:
    check_strict(json.dumps(["[" * 1000, '"[' * 1000, "\\" + "{" * 1000]).encode())


@pytest.mark.parametrize("line", [b'{"a":1,"a":2}', b'[{"b":{"a":1,"c":2,"\\u0061":3}}]'])
def test_a_key_comes_once(line: bytes) -> None:
    with pytest.raises(AuradError, match="'a' comes twice"):
        check_strict(line)

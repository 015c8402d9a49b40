"""JSON-RPC 2.0: what is written can be read, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.errors import AuradError
from aurad.wire import jsonrpc

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
IDS = st.none() | st.integers(-(2**53), 2**53) | st.text()
MESSAGES = st.one_of(
    st.builds(jsonrpc.request, IDS, st.text(), JSON),
    st.builds(jsonrpc.notification, st.text(), JSON),
    st.builds(jsonrpc.reply, IDS, JSON),
    st.builds(jsonrpc.failure, IDS, st.integers(-32999, 0), st.text(), JSON),
)


@given(MESSAGES)
def test_a_message_is_one_line_and_comes_back(message: jsonrpc.Message) -> None:
    line = jsonrpc.encode(message)
    assert line.count(b"\n") == 1
    assert jsonrpc.decode(line[:-1]) == message


@given(st.binary())
def test_anything_else_is_an_error_for_people(line: bytes) -> None:
    with pytest.raises(AuradError, match="cannot read the message"):
        jsonrpc.decode(line)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "E106-PARSE"),
        (b'"\xff"', "E106-PARSE"),
        (b"NaN", "E106-PARSE"),
        (b"[" * 100_000, "E106-PARSE"),
        (b"[]", "E107-MESSAGE"),
        (b'{"jsonrpc":"1.0","method":"a"}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0"}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","id":1}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","result":1}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","id":1,"method":"a","result":1}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"a"}', "E107-MESSAGE"),
        (b'{"jsonrpc":"2.0","method":"a","extra":1}', "E107-MESSAGE"),
        (b'{"method":"a"}', "E107-MESSAGE"),
    ],
)
def test_what_is_wrong_has_its_code(line: bytes, code: str) -> None:
    with pytest.raises(AuradError) as caught:
        jsonrpc.decode(line)
    assert caught.value.code == code


def test_params_are_read_as_their_type_or_named() -> None:
    message = jsonrpc.request(1, "add", {"numbers": [1, "two"]})
    with pytest.raises(AuradError, match=r"cannot read the numbers: Expected `int`, got `str`"):
        jsonrpc.parse(message.params, dict[str, list[int]], "the numbers")

"""The examples of the JSON-RPC 2.0 specification, section 7, word for word; and any splitting of the bytes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.lowlevel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurad.model.value import Value
from aurad.serve.operations import TABLE, Operation
from tests.serve.edge import open_edge

# Request, answer. We take parameters by name only: where the specification's go by position, ours say so.
EXAMPLES = [
    ('{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
     '{"jsonrpc": "2.0", "result": 19, "id": 3}'),
    ('{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
     '{"jsonrpc": "2.0", "result": 19, "id": 4}'),
    ('{"jsonrpc": "2.0", "method": "foobar"}', ""),
    ('{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
     '{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}'),
    ('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
     '{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}'),
    ('{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
     '{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}'),
    ('[{"jsonrpc": "2.0", "method": "sum", "params": {"of": [1,2,4]}, "id": "1"},{"jsonrpc": "2.0", "method"]',
     '{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}'),
    ("[]", '{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}'),
    ("[1]", '[{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}]'),
    ("[1,2,3]", "[" + ",".join(
        ['{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}'] * 3) + "]"),
    ('[{"jsonrpc": "2.0", "method": "sum", "params": {"of": [1,2,4]}, "id": "1"},'
     '{"jsonrpc": "2.0", "method": "notify_hello", "params": {"n": 7}},'
     '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": "2"},'
     '{"foo": "boo"},'
     '{"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},'
     '{"jsonrpc": "2.0", "method": "get_data", "id": "9"}]',
     '[{"jsonrpc": "2.0", "result": 7, "id": "1"},{"jsonrpc": "2.0", "result": 19, "id": "2"},'
     '{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},'
     '{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},'
     '{"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}]'),
    ('[{"jsonrpc": "2.0", "method": "notify_sum", "params": {"of": [1,2,4]}},'
     '{"jsonrpc": "2.0", "method": "notify_hello", "params": {"n": 7}}]', ""),
]  # fmt: skip
END = '{"jsonrpc":"2.0","id":"end","method":"rpc.ping"}\n'


class Subtract(Value, frozen=True):
    minuend: int
    subtrahend: int


class Sum(Value, frozen=True):
    of: list[int]


class Hello(Value, frozen=True):
    n: int = 0


async def subtract(call: Any, params: Subtract) -> int:
    return params.minuend - params.subtrahend


async def total(call: Any, params: Sum) -> int:
    return sum(params.of)


async def data(call: Any, params: Hello) -> list[Any]:
    return ["hello", 5]


@pytest.fixture
def calculator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations of the specification's examples."""
    operations = {
        "subtract": (Subtract, subtract), "sum": (Sum, total), "notify_sum": (Sum, total),
        "notify_hello": (Hello, data), "get_data": (Hello, data),
    }  # fmt: skip
    for name, (params, handler) in operations.items():
        monkeypatch.setitem(TABLE, name, Operation(name, params, "read", handler, "An example."))


def bare(answer: Any) -> Any:
    """The words of errors are ours; their numbers are the specification's."""
    if isinstance(answer, list):
        return [bare(each) for each in answer]
    if isinstance(answer, dict) and "error" in answer:
        return {**answer, "error": answer["error"]["code"]}
    return answer


@pytest.mark.usefixtures("calculator")
@pytest.mark.parametrize(("request_", "answer"), EXAMPLES)
async def test_the_examples_of_the_specification(tmp_path: Path, request_: str, answer: str) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(request_.encode() + b"\n")
        if answer:
            assert bare(await wire.hear()) == bare(msgspec.json.decode(answer))
        await wire.say(END.encode())  # and nothing else was said
        assert (await wire.hear())["id"] == "end"


ANSWERS = sum(bool(answer) for _, answer in EXAMPLES) + 1
LINES = "".join(f"{request}\n" for request, _ in EXAMPLES)


@pytest.mark.usefixtures("calculator")
async def test_any_splitting_of_the_bytes_gives_the_same_answers(tmp_path: Path) -> None:
    whole, found = (LINES + END).encode(), list[Any]()
    async with open_edge(tmp_path) as edge:

        async def say(pieces: list[bytes]) -> list[str]:
            async with edge.connect() as wire:
                for piece in pieces:
                    await wire.say(piece)
                    await trio.lowlevel.checkpoint()
                answers = []
                for _ in range(ANSWERS):
                    heard = await wire.hear()
                    answers.append(str(bare(heard)))
            return sorted(answers)

        expected = await say([whole])

        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(st.integers(0, len(whole)), max_size=40))
        def split(cuts: list[int]) -> None:
            edges = [0, *sorted(cuts), len(whole)]
            found.append([whole[a:b] for a, b in itertools.pairwise(edges)])

        split()
        for pieces in found:
            assert await say([piece for piece in pieces if piece]) == expected

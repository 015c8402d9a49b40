"""A method that is deprecated goes on working; whoever calls it is told once per connection what to use instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.serve import dispatch
from aurad.serve.openrpc import document
from aurad.serve.operations import TABLE, Nothing, Operation
from tests.serve.edge import Wire, open_edge


async def old(call: object, params: Nothing) -> dict[str, Any]:
    return {"old": True}


OWN = {
    name: Operation(name, Nothing, role, old, "An example.", deprecated=instead)
    for name, role, instead in (
        ("test.old", "read", "test.new"), ("test.older", "read", "test.new"), ("test.new", "read", ""),
        ("test.secret", "nobody", "test.new"),
    )
}  # fmt: skip
TOLD = {"jsonrpc": "2.0", "method": "rpc.deprecated", "params": {"method": "test.old", "instead": "test.new"}}


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TABLE", {**OWN, "rpc.ping": TABLE["rpc.ping"]})
    monkeypatch.setattr("aurad.serve.access.Caller.may", lambda caller, role: role != "nobody")


async def nothing_more(wire: Wire) -> None:
    assert "result" in await wire.ask("rpc.ping")


async def test_it_is_told_after_the_answer_and_once_for_each_method(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        assert (await wire.ask("test.old"))["result"] == {"old": True}
        assert await wire.hear() == TOLD
        for method in ("test.old", "test.new"):
            await wire.ask(method)
        await nothing_more(wire)
        await wire.ask("test.older")
        assert (await wire.hear())["params"] == {"method": "test.older", "instead": "test.new"}
        await nothing_more(wire)


async def test_every_connection_is_told(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        for _ in range(2):
            async with edge.connect() as wire:
                await wire.ask("test.old")
                assert await wire.hear() == TOLD


async def test_a_batch_is_answered_whole_before(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        calls = [msgspec.json.decode(wire.request("test.old")) for _ in range(3)]
        await wire.say(msgspec.json.encode(calls) + b"\n")
        assert len(await wire.hear()) == 3
        assert await wire.hear() == TOLD
        await nothing_more(wire)


async def test_a_notification_has_no_answer_but_is_told_of(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(b'{"jsonrpc": "2.0", "method": "test.old"}\n')
        assert await wire.hear() == TOLD


async def test_who_calls_it_wrongly_is_told_and_who_may_not_is_not(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        assert (await wire.error("test.secret"))[0] == "E400-DENIED"
        await nothing_more(wire)
        assert (await wire.error("test.old", nobodyTakesThis=1))[0] == "E100-REQUEST"
        assert await wire.hear() == TOLD


async def test_our_own_client_goes_on(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        answers = await edge.with_client(lambda client: [client.call("test.old"), client.call("test.new")])
        assert answers == [{"old": True}, {"old": True}]


def test_the_description_marks_it() -> None:
    marks = [(one.get("deprecated"), one.get("x-instead")) for one in document(OWN.values())["methods"][:3]]
    assert marks == [(True, "test.new"), (True, "test.new"), (None, None)]

"""The control socket: the real client, what is refused and how, who may, and the socket itself."""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from aurad.client.blocking import Client, RemoteError
from aurad.model.errors import AuradError
from aurad.serve import control, dispatch, limits
from aurad.serve.access import Rules
from aurad.serve.control import open_control
from aurad.serve.operations import TABLE, Call, Nothing
from aurad.serve.operations.system import Pong
from aurad.serve.peer import Peer
from tests.engine.house import open_house
from tests.serve.edge import Edge, open_edge, somebody

PING = b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}'
NEWS = b'{"jsonrpc":"2.0","method":"rpc.ping"}'
PONG = {"jsonrpc": "2.0", "id": 1, "result": {"pong": True}}


# ------------------------------------------------------------ the real client


async def test_the_blocking_client_makes_a_video(tmp_path: Path) -> None:
    def use(client: Client) -> tuple[dict[str, Any], bytes]:
        assert client.hello()["role"] == "admin"
        document = tmp_path / "bees.md"
        document.write_text("Bees see colours. They miss red.")
        asset = client.put_file(document, "text/markdown")["asset"]
        job_id = client.call("jobs.submit", {"brief": {"source": asset}})["jobId"]
        job = client.call("jobs.wait", {"jobId": job_id})
        video = next(a for a in job["artifacts"] if a["name"] == "video.mp4")
        opened = client.open_artifact(video["artifactId"])
        with open(opened.fd, "rb") as file:
            data = file.read()
        assert (opened.name, opened.size, opened.media_type) == ("video.mp4", len(data), "video/mp4")
        return job, data

    async with open_edge(tmp_path) as edge:
        job, data = await edge.with_client(use)
    assert job["status"] == "Succeeded"
    assert data


async def test_the_blocking_client_follows_a_job_to_its_end(tmp_path: Path) -> None:
    def use(client: Client) -> list[str]:
        subscription = client.subscribe()
        client.call("jobs.submit", {"brief": {"source": "One sentence."}})
        seen = []
        for event in client.events(subscription):
            assert event is not None
            seen.append(event["type"])
            if seen[-1] == "job-completed":
                return seen
        raise AssertionError(seen)

    async with open_edge(tmp_path) as edge:
        seen = await edge.with_client(use)
    assert seen[0] == "job-status"
    assert "artifact" in seen


async def test_the_blocking_client_is_told_code_detail_and_remedy(tmp_path: Path) -> None:
    def use(client: Client) -> RemoteError:
        with pytest.raises(RemoteError) as caught:
            client.call("jobs.get", {"jobId": "a-nobody"})
        return caught.value

    async with open_edge(tmp_path) as edge:
        error = await edge.with_client(use)
    assert (error.code, error.rpc_code) == ("E200-NO_JOB", -32002)
    assert "a-nobody" in error.detail
    assert error.remedy


# ------------------------------------------------------------ messages


def nested(depth: int) -> bytes:
    """A call of `rpc.ping` that is nested `depth` deep."""
    inner = depth - 1
    return b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":' + b"[" * inner + b"]" * inner + b"}"


@pytest.mark.parametrize(
    ("line", "number", "says"),
    [
        (b"", -32700, "cannot read"),
        (b"PUT / HTTP/1.1", -32700, "cannot read"),
        (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"', -32700, "cannot read"),
        (b"[" + PING, -32700, "cannot read"),
        (b'{"jsonrpc":"2.0","id":1,"method":"rpc.p\xffng"}', -32700, "utf-8"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.get","params":{"jobId":"\xff"}}', -32700, "utf-8"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"limit":NaN}}', -32700, "malformed"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"limit":-Infinity}}', -32700, "malformed"),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"rpc.ping"}', -32600, "'id' comes twice"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"limit":1,"limit":2}}', -32600, "'limit'"),
        (nested(65), -32600, "deeper than 64"),
        (nested(100_000), -32600, "deeper than 64"),
        (b"1", -32600, "cannot read"),
        (b"[]", -32600, "batch of 0"),
        (b"[" + b",".join([PING] * 51) + b"]", -32600, "batch of 51"),
        (b'{"jsonrpc":"1.0","id":1,"method":"rpc.ping"}', -32600, "1.0"),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"rpc.ping"}', -32600, "float"),
        (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","extra":1}', -32600, "extra"),
        (b'{"jsonrpc":"2.0","id":1,"result":1}', -32600, "nothing was asked"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.fly"}', -32601, "jobs.fly"),
        (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":{"speed":1}}', -32602, "speed"),
        (b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping","params":[1]}', -32602, "array"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.get"}', -32602, "jobId"),
        (b'{"jsonrpc":"2.0","id":1,"method":"jobs.list","params":{"limit":501}}', -32602, "500"),
        (nested(64), -32602, "array"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, bytes) else None,
)
async def test_what_is_refused_leaves_the_connection_open(tmp_path: Path, line: bytes, number: int, says: str) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(line + b"\n")
        error = (await wire.hear())["error"]
        assert (error["code"], error["data"]["detail"]) == (number, error["message"])
        assert says in error["message"]
        await wire.say(PING + b"\n")
        assert await wire.hear() == PONG


async def test_a_carriage_return_is_tolerated_and_pieces_do_not_matter(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        for byte in PING + b"\r\n":
            await wire.say(bytes([byte]))
        assert await wire.hear() == PONG


async def test_a_notification_gets_no_answer(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(NEWS + b"\n" + NEWS.replace(b"ping", b"pung") + b"\n[" + NEWS + b"," + NEWS + b"]\n")
        await wire.say(PING + b"\n")
        assert await wire.hear() == PONG


async def test_a_batch_is_answered_by_one_array_in_order(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        unknown = PING.replace(b"ping", b"pung").replace(b'"id":1', b'"id":"two"')
        await wire.say(b" [" + b",".join([PING, NEWS, unknown, b"7"]) + b"]\n")
        first, second, third = await wire.hear()
        assert first == PONG
        assert (second["id"], second["error"]["code"]) == ("two", -32601)
        assert (third["id"], third["error"]["code"]) == (None, -32600)
        await wire.say(b"[" + b",".join([PING] * limits.BATCH) + b"]\n")
        assert len(await wire.hear()) == limits.BATCH


async def broken(call: object, params: object) -> None:
    raise ZeroDivisionError("no luck")


def broken_at_once(call: object, params: object) -> None:
    raise ZeroDivisionError("no luck")


@pytest.mark.parametrize("broken", [broken, broken_at_once])
async def test_a_bug_of_ours_fails_one_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[..., object]
) -> None:
    monkeypatch.setitem(TABLE, "rpc.ping", TABLE["rpc.ping"]._replace(handler=broken))
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        code, detail = await wire.error("rpc.ping")
        assert code == "E500-INTERNAL"
        assert "no luck" in detail
        assert "result" in await wire.ask("system.hello")


async def test_what_never_waits_is_answered_together_and_lets_others_have_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, turns = itertools.count(), list[int]()
    now = next(turn)

    def noted(call: object, params: object) -> Pong:
        turns.append(now)
        return Pong()

    async def take_turns() -> None:
        nonlocal now
        for now in turn:  # noqa: B007
            await trio.lowlevel.checkpoint()

    monkeypatch.setattr(dispatch, "IN_A_ROW", 4)
    monkeypatch.setitem(TABLE, "rpc.ping", TABLE["rpc.ping"]._replace(handler=noted))
    async with open_edge(tmp_path) as edge, edge.connect() as wire, trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        await wire.say(b"".join(wire.request("rpc.ping") for _ in range(10)))
        heard, pieces = b"", 0
        while heard.count(b"\n") < 10:
            heard, pieces = heard + await wire.stream.receive_some(), pieces + 1
        nursery.cancel_scope.cancel()
    assert [json.loads(line)["id"] for line in heard.splitlines()] == list(range(1, 11))
    assert len(set(turns)) >= 2  # three goes of four at most; two that follow may be about one turn of the other's
    assert pieces <= 3


@pytest.mark.parametrize("method", ["rpc.discover", "config.schema"])
async def test_documents_that_stay_the_same_are_made_once(tmp_path: Path, method: str) -> None:
    """They never wait: many that are asked for together would keep everybody else from their turn."""
    async with open_house(tmp_path) as house:
        call = Call(house.engine, somebody("read"), [], [])
        assert TABLE[method].handler(call, Nothing()) is TABLE[method].handler(call, Nothing())


# ------------------------------------------------------------ who may


async def test_another_user_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "peer_of", lambda sock: Peer(54321, frozenset()))
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        answer = await wire.hear()
        assert answer["error"]["code"] == -32001
        assert "uid 54321" in answer["error"]["message"]
        assert await wire.hear() is None


@pytest.mark.parametrize("role", ["read", "operate", "admin"])
async def test_every_operation_asks_for_its_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Any) -> None:
    me = somebody(role)
    monkeypatch.setattr(Rules, "caller", lambda rules, peer: me)
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        for operation in TABLE.values():
            # A parameter that nobody takes: whoever may call is told of it, and nothing is done.
            code, detail = await wire.error(operation.name, nobodyTakesThis=1)
            assert code == ("E100-REQUEST" if me.may(operation.role) else "E400-DENIED"), operation.name
            assert operation.name in detail


# ------------------------------------------------------------ the socket


async def test_the_socket_is_its_owners_only_and_goes_with_the_daemon(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        assert edge.path.stat().st_mode & 0o777 == 0o600
    assert not edge.path.exists()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(os.path.relpath(tmp_path / "s"))  # short enough for the kernel


async def test_a_socket_that_nobody_listens_on_is_replaced(tmp_path: Path, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    async with (
        open_house(tmp_path) as house,
        open_control(house.engine, path) as served,
        Edge(house, served, path).connect() as wire,
    ):
        assert "result" in await wire.ask("rpc.ping")


async def test_a_daemon_that_listens_is_left_alone(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        with pytest.raises(AuradError, match="another daemon") as caught:
            async with open_control(edge.house.engine, edge.path):
                raise AssertionError
        assert caught.value.code == "E503-CONFIG"
        async with edge.connect() as wire:
            assert "result" in await wire.ask("rpc.ping")


async def test_a_file_in_the_way_is_not_touched(tmp_path: Path, path: Path) -> None:
    await trio.Path(path).write_text("precious")
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match="a file is in the way"):
            async with open_control(house.engine, path):
                raise AssertionError
    assert await trio.Path(path).read_text() == "precious"


async def test_a_socket_that_somebody_has_put_in_its_place_stays(tmp_path: Path, path: Path) -> None:
    async with open_house(tmp_path) as house, open_control(house.engine, path):
        await trio.Path(path).unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
    assert await trio.Path(path).exists()


async def test_a_path_that_the_kernel_does_not_take_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120)
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match="path too long"):
            async with open_control(house.engine, path):
                raise AssertionError


async def test_an_error_carries_the_callers_correlation_id_or_one_of_its_own(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        asked = await wire.ask("jobs.submit", brief={"source": ""}, correlationId="my request 7")
        other = [await wire.ask("jobs.get", jobId="a-nothing") for _ in range(2)]
        assert asked["error"]["data"]["correlationId"] == "my request 7"
        refused = [
            await wire.ask("jobs.submit", brief={"source": ""}, correlationId=each) for each in (" a", "a ", "a\n")
        ]
        assert all("an id of printable ASCII" in each["error"]["message"] for each in refused)
        made = {each["error"]["data"]["correlationId"] for each in other}
        assert len(made) == 2
        assert "" not in made
        one = wire.request("jobs.submit", brief={"source": ""}, correlationId="first").strip()
        two = wire.request("jobs.get", jobId="a-nothing").strip()
        await wire.say(b"[" + one + b"," + two + b"]\n")
        first, second = await wire.hear()
        assert first["error"]["data"]["correlationId"] == "first"
        assert second["error"]["data"]["correlationId"] not in ("", "first")

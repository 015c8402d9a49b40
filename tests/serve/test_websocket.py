"""The control protocol as WebSocket frames, on the control socket and at /api/rpc: the same answers as by lines."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket, wrap_client_stream

from aurad.serve import limits, websocket
from aurad.serve.access import Rules
from aurad.serve.operations import TABLE
from aurad.serve.websocket import PATH, SUBPROTOCOL
from tests.browser.tools import with_tools
from tests.engine.toys import Gated
from tests.serve.edge import PATIENCE, Edge, open_edge, somebody
from tests.serve.site import Site, open_site

NODE = """
const http = require('http'), crypto = require('crypto');
const key = crypto.randomBytes(16).toString('base64');
const request = http.request({ socketPath: process.argv[2], path: '/rpc', headers: { Connection: 'Upgrade',
  Upgrade: 'websocket', 'Sec-WebSocket-Version': 13, 'Sec-WebSocket-Key': key,
  'Sec-WebSocket-Protocol': 'aurad.jsonrpc.v1' } });
request.on('upgrade', (response, socket, head) => {
  const text = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'rpc.ping' }));
  const mask = crypto.randomBytes(4), body = text.map((byte, n) => byte ^ mask[n % 4]);
  let heard = head;
  const take = () => {
    if (heard.length > 1 && heard.length >= 2 + (heard[1] & 127)) {
      console.log(heard.subarray(2, 2 + (heard[1] & 127)).toString()); socket.end();
    }
  };
  socket.on('data', (data) => { heard = Buffer.concat([heard, data]); take(); });
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, body]));
});
request.end();
"""


@asynccontextmanager
async def open_socket(edge: Edge) -> AsyncIterator[WebSocketConnection]:
    """A client by the same library: what is tried is our end."""
    stream = await trio.open_unix_socket(str(edge.path))
    async with trio.open_nursery() as nursery:
        both = trio.StapledStream(stream, stream)
        socket = await wrap_client_stream(nursery, both, "localhost", PATH, subprotocols=[SUBPROTOCOL])
        try:
            yield socket
        finally:
            with trio.move_on_after(1):
                await socket.aclose()
            nursery.cancel_scope.cancel()
            stream.socket.close()


async def ask(socket: WebSocketConnection, message: Any) -> Any:
    await socket.send_message(msgspec.json.encode(message).decode() if not isinstance(message, str) else message)
    with trio.fail_after(PATIENCE):
        return msgspec.json.decode(await socket.get_message())


def call(method: str, number: int = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def script(job_id: str) -> list[Any]:
    """200 calls, good and bad, whose answers do not depend on when they are asked."""
    ways = [
        call("rpc.ping"), call("jobs.get", jobId=job_id), call("jobs.get", jobId="a-none"), call("jobs.list"),
        call("nobody.knows"), call("jobs.list", limit=0), call("jobs.tasks", jobId=job_id), {"jsonrpc": "1.0"},
        [call("rpc.ping", 1), call("catalog.voices", 2)], [], "{", call("jobs.script", jobId=job_id),
        call("plugins.list"), call("config.schema"), call("jobs.cancel", jobId=job_id),
        call("jobs.pause", jobId=job_id), call("system.hello", protocol=[7]), call("rpc.discover"),
        call("events.unsubscribe", subscription="s9"), call("jobs.artifacts", jobId=job_id),
    ]  # fmt: skip
    return ways * 10


def without_moments(answer: Any) -> Any:
    """Correlation ids and times are new in every answer."""
    if isinstance(answer, list):
        return [without_moments(each) for each in answer]
    if isinstance(answer, dict):
        moments = ("correlationId", "timestamp", "used")
        return {key: without_moments(value) for key, value in answer.items() if key not in moments}
    return answer


async def test_frames_and_lines_give_the_same_answers(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        job_id = (await edge.house.make("One sentence.")).job_id
        async with open_socket(edge) as socket, edge.connect() as wire:
            for message in script(job_id):
                framed = await ask(socket, message)
                await wire.say((message.encode() if isinstance(message, str) else msgspec.json.encode(message)) + b"\n")
                assert without_moments(framed) == without_moments(await wire.hear())


async def test_events_come_as_frames(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, open_socket(edge) as socket:
        name = (await ask(socket, call("events.subscribe")))["result"]["subscription"]
        await edge.house.submit("One sentence.")
        heard: list[str] = []
        with trio.fail_after(PATIENCE):
            while "job-completed" not in heard:
                news = msgspec.json.decode(await socket.get_message())
                assert news["params"]["subscription"] == name
                heard.append(news["params"]["event"]["type"])


async def test_a_frame_carries_no_descriptor(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:
        artifact = (await edge.house.make("One sentence.")).artifacts[0].artifact_id
        async with open_socket(edge) as socket:
            error = (await ask(socket, call("artifacts.open", artifactId=artifact)))["error"]
    assert "carries no descriptors" in error["message"]


async def test_what_is_no_text_closes_the_connection(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, open_socket(edge) as socket:
        await socket.send_message(b"binary")
        with pytest.raises(ConnectionClosed), trio.fail_after(PATIENCE):
            await socket.get_message()
        assert socket.closed is not None
        assert socket.closed.code == 1003
        async with edge.connect() as other:
            assert "result" in await other.ask("rpc.ping")


async def test_a_frame_over_the_limit_closes_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGE", 4096)
    async with open_edge(tmp_path) as edge, open_socket(edge) as socket:
        await socket.send_message(" " * 5000)
        with pytest.raises(ConnectionClosed), trio.fail_after(PATIENCE):
            await socket.get_message()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /rpc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /other HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: aurad.jsonrpc.v1\r\n\r\n",
        b"GARBAGE" * 4096,
    ],
)
async def test_other_http_gets_a_sentence_of_help(tmp_path: Path, head: bytes) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(head)
        with trio.fail_after(PATIENCE):
            heard = b""
            while piece := await wire._receive():
                heard += piece
    assert heard.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert heard.endswith(websocket.HELP.encode())


async def test_one_that_begins_and_says_no_more_is_let_go(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        await wire.say(b"GET /rpc HTTP/1.1\r\n")
        await wire.stream.send_eof()
        assert (await wire._receive()).startswith(b"HTTP/1.1 426")
        await edge.wait_connections(0)


async def test_a_call_under_way_is_cancelled_by_its_id(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_edge(tmp_path, voice=("gated",)) as edge, edge.connect() as wire:
        job_id = await edge.house.submit()
        await wire.say(wire.request("jobs.wait", jobId=job_id))
        await Gated.reached.wait()
        assert "result" in await wire.ask("rpc.ping")
        await wire.say(b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}}\n')
        answer = await wire.hear()
        assert (answer["id"], answer["error"]["code"]) == (1, -32006)
        await wire.say(b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}}\n')  # it crossed the answer
        assert (await wire.ask("jobs.get", jobId=job_id))["result"]["status"] == "Running"


@pytest.mark.parametrize("batch", [False, True])
async def test_a_cancel_that_comes_along_with_its_call_is_not_lost(tmp_path: Path, batch: bool) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_edge(tmp_path, voice=("gated",)) as edge, edge.connect() as wire:
        job_id = await edge.house.submit()
        await Gated.reached.wait()
        calls = [wire.request("jobs.wait", jobId=job_id) for _ in range(2 if batch else 1)]
        said = b"[" + b",".join(call.strip() for call in calls) + b"]\n" if batch else calls[0]
        given_up = [b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":%d}}\n' % n for n in (2, 1)[-len(calls) :]]
        await wire.say(said + b"".join(given_up))
        heard = await wire.hear()
        answers = heard if batch else [heard]
        assert [(answer["id"], answer["error"]["code"]) for answer in answers] == [(1, -32006), (2, -32006)][
            : len(calls)
        ]


async def test_discovery_names_every_method_with_its_role(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        document = (await wire.ask("rpc.discover"))["result"]
    assert document["openrpc"].startswith("1.3.")
    methods = {method["name"]: method for method in document["methods"]}
    assert methods.keys() == {*TABLE, "events.subscribe", "events.unsubscribe"}
    for name, operation in TABLE.items():
        assert methods[name]["x-role"] == operation.role
        names = [param["name"] for param in methods[name]["params"]]
        assert sorted(names) == sorted(field.encode_name for field in msgspec.structs.fields(operation.params))
        required = [param["required"] for param in methods[name]["params"]]
        assert required == sorted(required, reverse=True)  # as the specification wants them
    assert {"$ref": "#/components/errors/E501-DISK"} in methods["jobs.cancel"]["errors"]  # its end has to be written
    text = msgspec.json.encode(document).decode()
    refs = {each.split('"')[0] for each in text.split('"$ref":"#/components/')[1:]}
    assert all(document["components"][kind].get(name) is not None for kind, name in (ref.split("/") for ref in refs))


GONE = {"jobId": "a-1", "artifactId": "b", "brief": {}, "priority": 1, "name": "nobody", "key": "no.key", "value": 1}


async def test_every_refusal_is_foretold_by_discovery(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge, edge.connect() as wire:
        for method in (await wire.ask("rpc.discover"))["result"]["methods"]:
            wanted = [param["name"] for param in method["params"] if param["required"]]
            if wanted and GONE.keys() >= set(wanted) and not method["name"].startswith("secrets."):
                code, detail = await wire.error(method["name"], **{name: GONE[name] for name in wanted})
                assert code in {each["$ref"].rpartition("/")[2] for each in method["errors"]}, detail
        code, _ = await wire.error("events.unsubscribe", subscription="s9")
        assert code == "E200-NO_JOB"


# ---------------------------------------------------------------- at /api/rpc


@asynccontextmanager
async def open_web_socket(site: Site, token: str) -> AsyncIterator[Any]:
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    async with open_websocket(
        site.host, site.port, "/api/rpc", use_ssl=False, subprotocols=[SUBPROTOCOL], extra_headers=headers
    ) as socket:
        try:
            yield socket
        finally:
            with trio.move_on_after(1):
                await socket.aclose()
            await socket._stream.aclose()  # the client's own end leaves it open if the other end closed first


async def test_the_web_speaks_the_same_protocol(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, open_web_socket(site, site.mine) as socket:
        assert (await ask(socket, call("rpc.ping")))["result"] == {"pong": True}
        assert (await ask(socket, call("system.hello")))["result"]["role"] == "operate"
        assert (await ask(socket, call("system.stop")))["error"]["code"] == -32001


UPGRADE = [
    "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/rpc", ["Authorization: Bearer nonsense"], 401),
        ("/api/rpc", ["Origin: https://evil.example"], 403),
        ("/api/rpc", ["Sec-WebSocket-Protocol: other"], 422),
        ("/api/rpc", ["X-Correlation-ID: no\tid"], 422),
        ("/api/events", [], 404),
        ("//api/rpc", [], 404),
    ],
)
async def test_the_web_refuses_whom_it_does_not_know(
    tmp_path: Path, path: str, headers: list[str], status: int
) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        names = {line.partition(":")[0] for line in headers}
        await wire.say("GET", path, [*(line for line in UPGRADE if line.partition(":")[0] not in names), *headers])
        assert (await wire.hear_head()).status == status
        problem = msgspec.json.decode(await wire.hear_all())
        assert problem["correlationId"] == wire.head.headers["x-correlation-id"] != ""
        assert (problem["status"], problem["instance"]) == (status, path.replace("//", "/"))


@pytest.mark.parametrize(("more", "status"), [([], 401), (["Authorization: Bearer {}"], 101)])
async def test_the_web_keeps_the_callers_id(tmp_path: Path, more: list[str], status: int) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say(
            "GET", "/api/rpc", [*UPGRADE, "X-Correlation-ID: my request", *(each.format(site.mine) for each in more)]
        )
        assert (await wire.hear_head()).status == status
        assert wire.head.headers["x-correlation-id"] == "my request"
        if status == 401:
            assert wire.head.headers["www-authenticate"] == "Bearer"


# ---------------------------------------------------------------- independent clients


@pytest.mark.slow
@with_tools("socat")
async def test_every_example_of_the_reference_works_with_socat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may only read is told so by what would change something; nothing else may be wrong with an example."""
    monkeypatch.setattr(Rules, "caller", lambda rules, peer: somebody("read"))
    page = (Path(__file__).parents[2] / "docs/reference/control.md").read_text()
    examples = re.findall(r'^{"jsonrpc".*}$', page, re.MULTILINE)
    assert len(examples) == len(TABLE) + 2
    async with open_edge(tmp_path) as edge:
        lines = "".join(f"{example}\n" for example in examples)
        argv = ["socat", "-t10", "-", f"UNIX-CONNECT:{edge.path}"]
        done = await trio.run_process(argv, stdin=lines.encode(), capture_stdout=True)
    answers = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
    answers = [answer for answer in answers if "id" in answer]
    assert len(answers) == len(examples)
    codes = {answer["error"]["code"]: answer["error"]["message"] for answer in answers if "error" in answer}
    assert codes.keys() <= {-32001, -32002, -32003, -32602, -32603, -32007}, codes
    assert not any("cannot read the parameters" in message for message in codes.values()), codes


@pytest.mark.slow
@with_tools("node", "curl", "socat")
async def test_node_and_curl_and_socat(tmp_path: Path) -> None:
    async with open_edge(tmp_path) as edge:

        async def run(*argv: str, stdin: bytes = b"") -> bytes:
            done = await trio.run_process(argv, stdin=stdin, capture_stdout=True, capture_stderr=True, check=False)
            return done.stdout

        (tmp_path / "client.js").write_text(NODE)
        heard = await run("node", str(tmp_path / "client.js"), str(edge.path))
        assert msgspec.json.decode(heard) == {"jsonrpc": "2.0", "id": 1, "result": {"pong": True}}
        told = await run("curl", "-si", "--unix-socket", str(edge.path), "http://localhost/")
        assert told.startswith(b"HTTP/1.1 426")
        assert told.decode().endswith(websocket.HELP)
        ping = b'{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n'
        said = await run("socat", "-t5", "-", f"UNIX-CONNECT:{edge.path}", stdin=ping)
        assert msgspec.json.decode(said)["result"] == {"pong": True}

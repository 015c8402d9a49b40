"""events.js: at every turn with all around it made up, and in Node against a server that misbehaves."""

from __future__ import annotations

import json
import re
import subprocess
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.model.event import ArtifactView, EventType, Items, JobView, LogLines, Output, PluginChoice, StepView
from tests.browser.tools import HERE, ROOT, need, node_modules, running
from tests.client.rude_server import (
    EPOCH,
    JOB,
    RudeServer,
    Script,
    answer,
    event,
    frame,
    head,
    problem,
    resume,
    snapshot,
    view,
)
from tests.client.test_subscription import BAD, EVENTS, LIVE
from tests.serve.site import open_site

PAGE = ROOT / "aurad" / "serve" / "page"
FASTER = 200  # times: 45 s of silence are over in a quarter of a second


def test_every_turn() -> None:
    """The cases are in events.test.mjs."""
    ran = subprocess.run(
        [need("node"), "--test", HERE / "events.test.mjs"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert int(re.findall(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)[0]) >= 41


def test_it_listens_to_every_type_of_event() -> None:
    listed = re.search(r"EVENT_TYPES = Object.freeze\(\[(.*?)\]\)", (PAGE / "events.js").read_text(), re.DOTALL)
    assert listed
    assert re.findall(r'"([\w-]+)"', listed[1]) == list(typing.get_args(EventType))


def test_its_types_tell_of_every_type_of_event() -> None:
    told = re.findall(r'\btype: "([\w-]+)"', (PAGE / "events.d.ts").read_text())
    assert sorted(told) == sorted(typing.get_args(EventType))


@pytest.mark.parametrize(
    ("interface", "kind"),
    [("Job", JobView), ("StepView", StepView), ("Artifact", ArtifactView), ("Output", Output), ("Items", Items),
     ("Plugin", PluginChoice), ("JobLog", LogLines)],
)  # fmt: skip
def test_its_types_tell_every_member(interface: str, kind: type[msgspec.Struct]) -> None:
    text = (PAGE / "events.d.ts").read_text()
    (body,) = re.findall(rf"^export interface {interface} {{$(.*?)^}}$", text, re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"^  (\w+)\??:", body, re.MULTILINE)) - {"type"}
    assert told == {field.encode_name for field in msgspec.structs.fields(kind)}


async def test_the_daemon_serves_it_to_anybody(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        for name, kind in (("events.js", "text/javascript"), ("events.d.ts", "text/plain")):
            answer = await site.get(f"/{name}", token="")
            assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
            assert answer.content == (PAGE / name).read_bytes()


@pytest.mark.slow
def test_its_types_are_right() -> None:
    compiler = [need("node"), node_modules() / "typescript" / "bin" / "tsc"]
    strictly = ["--noEmit", "--strict", "--allowJs", "--checkJs", "--target", "es2022", "--module", "nodenext",
                "--lib", "es2023,dom,dom.iterable", "--allowImportingTsExtensions"]  # fmt: skip
    files = [PAGE / "events.js", PAGE / "events.d.ts", HERE / "use.mts"]
    ran = subprocess.run([*compiler, *strictly, *files], capture_output=True, text=True, check=False)
    assert ran.stdout == ""


async def follow(server: RudeServer, **options: Any) -> list[Any]:
    """What events.js says, as lists; it ends with the job."""
    said: list[Any] = []
    settings = {"BASE": server.url, "JOB": JOB, "FASTER": str(FASTER), "MODULES": str(node_modules())}
    with trio.fail_after(60):
        async with running(need("node"), HERE / "follow.mjs", **settings, OPTIONS=json.dumps(options)) as process:
            assert process.stdout
            whole = b"".join([chunk async for chunk in process.stdout])
    said = [json.loads(line) for line in whole.splitlines()]
    assert said[-1][:2] == ["state", "ended"]
    return said


def heard(said: Sequence[Any]) -> list[Any]:
    return [words[1]["seq"] if words[0] == "event" else words for words in said if words[0] != "state"]


@pytest.fixture
async def server(nursery: trio.Nursery) -> RudeServer:
    server = RudeServer(routes={f"/api/jobs/{JOB}": answer("200 OK", view())})
    await nursery.start(server.serve)
    return server


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_fault_loses_and_repeats_nothing(server: RudeServer, bad: Script) -> None:
    server.scripts.extend([bad] * 2)
    server.last = resume(*EVENTS)
    assert heard(await follow(server, lastEventId="earliest")) == [1, 2, 3, 4]


@pytest.mark.slow
async def test_what_is_sent_again_is_dropped(server: RudeServer) -> None:
    server.scripts += [[LIVE, b"retry: 1\n\n", event(1), event(1), event(2)], [LIVE, *EVENTS]]
    assert heard(await follow(server, lastEventId="earliest")) == [1, 2, 3, 4]


@pytest.mark.slow
async def test_a_skipped_number_is_told_and_mended(server: RudeServer) -> None:
    server.scripts += [[LIVE, event(1), event(3)], [LIVE, snapshot(3), EVENTS[3]]]
    gap = {"requested": f"{EPOCH}-1", "oldest": f"{EPOCH}-3"}
    assert heard(await follow(server, lastEventId="earliest")) == [1, ["gap", gap], ["snapshot", ["Running"]], 4]


@pytest.mark.slow
async def test_a_first_event_lost_after_a_snapshot_is_told(server: RudeServer) -> None:
    server.scripts += [[LIVE, snapshot(1, job_seq=1), event(3)], [LIVE, snapshot(3, job_seq=3), EVENTS[3]]]
    gap, running = {"requested": f"{EPOCH}-1", "oldest": f"{EPOCH}-3"}, ["snapshot", ["Running"]]
    assert heard(await follow(server)) == [running, ["gap", gap], running, 4]


BEAT = 15.0 / FASTER
KEPT = [step for _ in range(8) for step in (BEAT, frame("heartbeat", {}, f"{EPOCH}-1"))]
HIDDEN = [step for _ in range(8) for step in (BEAT, f": heartbeat\nid: {EPOCH}-1\n\n".encode())]


@pytest.mark.slow
@pytest.mark.parametrize(("beats", "streams"), [(KEPT, 1), (HIDDEN, 2)], ids=["events", "comments"])
async def test_an_idle_stream_is_kept_for_as_long_as_a_page_can_hear_it(
    server: RudeServer, beats: Script, streams: int
) -> None:
    """Two minutes without news. What a page cannot hear is silence to it: so it asks for what it can."""
    server.scripts += [[LIVE, event(1), *beats, *EVENTS[1:]], [LIVE, *EVENTS[1:]]]
    assert heard(await follow(server, lastEventId="earliest")) == [1, 2, 3, 4]
    assert len(server.streams) == streams
    assert server.streams[0].query == "heartbeat=event&lastEventID=earliest"


@pytest.mark.slow
async def test_204_and_an_ended_job_are_an_end(server: RudeServer) -> None:
    server.routes[f"/api/jobs/{JOB}"] = answer("200 OK", view("Failed"))
    server.scripts += [[LIVE, b"retry: 1\n\n", event(1)], [head("204 No Content", content_type="")]]
    assert heard(await follow(server, lastEventId="earliest")) == [1, ["snapshot", ["Failed"]]]


@pytest.mark.slow
@pytest.mark.parametrize("code", [401, 404])
async def test_a_refusal_is_an_end(server: RudeServer, code: int) -> None:
    server.routes[f"/api/jobs/{JOB}"] = problem(code, "E1")
    server.scripts += [[problem(code, "E1")]]
    assert (await follow(server))[-1] == ["state", "ended", f"the server answered {code}"]

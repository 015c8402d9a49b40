"""The MCP server: handshake, tools, resources, progress, cancelling; what fails is told so that an agent can go on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest

from aurad.client.mcp.server import REVISIONS
from aurad.client.mcp.tools import TOOLS
from aurad.serve.operations import TABLE
from tests.client.agent import Agent
from tests.client.fake_daemon import JOB, FakeDaemon, Refusal
from tests.client.official import official_client, whole_job


@pytest.mark.parametrize(("asked", "agreed"), [*((each, each) for each in REVISIONS), ("1999-01-01", REVISIONS[0])])
def test_a_revision_is_agreed_on(agent: Agent, asked: str, agreed: str) -> None:
    answer = agent.ask("initialize", protocolVersion=asked, capabilities={}, clientInfo={"name": "x", "version": "1"})
    assert answer["result"]["protocolVersion"] == agreed
    assert answer["result"]["capabilities"].keys() == {"tools", "resources"}
    agent.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    assert agent.ask("ping")["result"] == {}


def test_what_is_no_request_is_told(agent: Agent) -> None:
    agent.say(b"{")
    assert agent.hear()["error"]["code"] == -32700
    assert agent.ask("nobody/knows")["error"]["code"] == -32601


@pytest.mark.parametrize(
    "params",
    [{"_meta": "x"}, {"_meta": [1]}, {"name": ["x"], "arguments": 7}, {"arguments": {"job": {}}, "name": "get_job"}],
)
def test_odd_parameters_end_nothing(agent: Agent, params: dict[str, Any]) -> None:
    agent.say(
        json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}}).encode()
    )
    answer = agent.ask("tools/call", **params)
    assert "error" in answer or answer["result"]["isError"]
    assert agent.ask("ping")["result"] == {}


def test_a_bug_of_ours_costs_one_answer(agent: Agent, fake: FakeDaemon) -> None:
    fake.answers["jobs.list"] = lambda params, fds: {"nothing": "of use"}
    assert agent.ask("resources/list")["error"]["code"] == -32603
    assert agent.ask("ping")["result"] == {}


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":"a","method":"ping","params":{"x":"\xff"}}',
        b'[{"jsonrpc":"2.0"',
        b"[]",
    ],
)
def test_a_strange_message_is_answered_and_ends_nothing(agent: Agent, line: bytes) -> None:
    agent.say(line)
    assert "error" in agent.hear()
    assert agent.ask("ping")["result"] == {}


def test_a_batch_is_answered_in_one(agent: Agent) -> None:
    ping = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'
    told = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    agent.say(b"[" + b",".join([ping % 1, told, b"7", ping % 2]) + b"]")
    first, strange, second = agent.hear()
    assert (first, second) == tuple({"jsonrpc": "2.0", "id": number, "result": {}} for number in (1, 2))
    assert strange["error"]["code"] == -32600
    agent.say(b"[" + told + b"]")  # nothing is said to that
    assert agent.ask("ping")["result"] == {}


def test_every_tool_has_a_schema_of_its_arguments(agent: Agent) -> None:
    tools = agent.ask("tools/list")["result"]["tools"]
    assert [tool["name"] for tool in tools] == list(TOOLS)
    for tool in tools:
        assert tool["inputSchema"]["type"] == "object"
        assert "$ref" not in json.dumps(tool["inputSchema"])
        assert tool["description"].endswith(".")


@pytest.mark.parametrize(
    ("tool", "method"),
    [
        ("make_video", "jobs.submit"), ("edit_script", "jobs.edit"), ("remake", "jobs.edit"), ("get_job", "jobs.get"),
        ("wait_for_job", "jobs.wait"), ("cancel_job", "jobs.cancel"), ("read_script", "jobs.script"),
    ],
)  # fmt: skip
def test_what_a_tool_gives_is_what_the_table_of_operations_says(tool: str, method: str) -> None:
    assert TOOLS[tool].result is TABLE[method].results[0]


def test_schemas_of_answers_hold_for_a_newer_daemon_too(agent: Agent) -> None:
    for tool in agent.ask("tools/list")["result"]["tools"]:
        schema = tool["outputSchema"]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert not re.search(r'"\$ref"|"additionalProperties": false', json.dumps(schema))


def test_the_official_client_finds_answers_as_their_schemas_say(fake: FakeDaemon, tmp_path: Path) -> None:
    """It raises for what does not fit."""
    whole = whole_job(fake, "Succeeded")
    fake.answers["jobs.get"] = fake.answers["jobs.cancel"] = lambda params, fds: whole | {"later": 1}
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": [whole], "cursor": None}
    fake.answers["jobs.edit"] = fake.answers["jobs.submit"]
    scene = {"text": "", "seconds": 3.0, "slide": {"kind": "table", "rows": [["a", "b"]]}}
    fake.answers["jobs.script"] = lambda params, fds: {"title": "Bees", "scenes": [scene]}
    more = {"make_video": {"text": "x"}, "remake": {"stage": "Voice"}, "save_files": {"folder": str(tmp_path)}}

    async def use_all() -> None:
        async with official_client(fake) as session:
            for tool in TOOLS:
                arguments = more.get(tool, {} if tool == "list_jobs" else {"job": JOB})
                answer = await session.call_tool(tool, arguments)
                assert answer.structured_content, answer
                assert not answer.is_error
            fake.answers["jobs.script"] = lambda params, fds: {"scenes": []}
            with pytest.raises(RuntimeError, match="title"):
                await session.call_tool("read_script", {"job": JOB})

    anyio.run(use_all)


def test_a_text_becomes_a_job(agent: Agent, fake: FakeDaemon) -> None:
    made = agent.use("make_video", text="# Bees\n\nBees see.", aspect="9:16", preset="draft")
    assert made["structuredContent"]["jobId"] == JOB
    assert json.loads(made["content"][0]["text"]) == made["structuredContent"]
    (job,) = fake.named("jobs.submit")
    assert (job["brief"]["source"], job["brief"]["aspect"], job["preset"]) == ("# Bees\n\nBees see.", "9:16", "draft")


def test_a_file_and_a_topic_become_jobs(agent: Agent, fake: FakeDaemon, here: Path) -> None:
    assert not agent.use("make_video", file=str(here / "bees.md"))["isError"]
    assert not agent.use("make_video", topic="Why bees dance")["isError"]
    first, second = (job["brief"] for job in fake.named("jobs.submit"))
    assert first["source"].startswith("# Bees")
    assert second["topic"] == "Why bees dance"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "give text, topic or file"),
        ({"text": "x", "topic": "bees"}, "give text, topic or file"),
        ({"file": "/no/such/file.md"}, "no such file"),
        ({"text": "x", "aspect": "3:1"}, "cannot use the arguments of make_video"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_arguments_are_a_result_that_says_so(agent: Agent, arguments: dict[str, Any], told: str) -> None:
    result = agent.use("make_video", **arguments)
    assert result["isError"]
    assert told in result["content"][0]["text"]


def test_a_refusal_of_the_daemon_names_the_remedy(agent: Agent, fake: FakeDaemon) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E202-BUSY", "cannot take another job", "Try later.")

    fake.answers["jobs.submit"] = refuse
    assert agent.use("make_video", text="x")["content"][0]["text"] == "E202-BUSY: cannot take another job Try later."
    assert agent.use("no_tool")["isError"]


def test_changes_of_a_script_go_to_the_daemon_as_they_are(agent: Agent, fake: FakeDaemon) -> None:
    fake.answers["jobs.edit"] = lambda params, fds: {"jobId": "a-2"}
    scene = {"sceneId": "s2", "text": "Better."}
    assert agent.use("edit_script", job=JOB, scenes=[scene], remove=["s3"])["structuredContent"] == {"jobId": "a-2"}
    agent.use("remake", job=JOB, stage="Voice", scene_id="s1")
    first, second = fake.named("jobs.edit")
    assert (first["scenes"], first["remove"]) == ([scene], ["s3"])
    assert second == {"jobId": JOB, "remake": [{"stage": "Voice", "sceneId": "s1"}]}


def test_what_changes_something_is_not_done_twice_if_the_daemon_goes(agent: Agent, fake: FakeDaemon) -> None:
    fake.answers["jobs.submit"] = lambda params, fds: fake.hang_up()
    result = agent.use("make_video", text="x")
    assert result["isError"]
    assert "Try again" in result["content"][0]["text"]
    assert len(fake.named("jobs.submit")) == 1


def test_a_path_that_cannot_be_is_a_result_that_says_so(agent: Agent, fake: FakeDaemon) -> None:
    artifacts = [fake._artifact(name) for name in fake.files]
    fake.answers["jobs.get"] = lambda params, fds: {"jobId": JOB, "status": "Succeeded", "artifacts": artifacts}
    result = agent.use("save_files", job=JOB, folder="a\0b")
    assert result["isError"]
    assert "Check the arguments." in result["content"][0]["text"]


def test_resources_are_listed_and_read(agent: Agent, fake: FakeDaemon) -> None:
    fake.answers["jobs.list"] = lambda params, fds: {
        "jobs": [{"jobId": JOB, "status": "Running", "createdAt": "t", "labels": {"source": "bees.md"}}]
    }
    fake.answers["jobs.script"] = lambda params, fds: {"title": "Bees"}
    fake.answers["jobs.logs"] = lambda params, fds: {"text": "frame=1", "nextOffset": 7, "ended": True}
    assert [each["name"] for each in agent.ask("resources/list")["result"]["resources"]] == ["jobs", "bees.md"]
    assert len(agent.ask("resources/templates/list")["result"]["resourceTemplates"]) == 5

    def read(uri: str) -> dict[str, Any]:
        return dict(agent.ask("resources/read", uri=uri)["result"]["contents"][0])

    assert json.loads(read(f"aurad://jobs/{JOB}/script")["text"]) == {"title": "Bees"}
    assert read(f"aurad://jobs/{JOB}/log")["text"] == "frame=1"
    assert json.loads(read("aurad://jobs/last")["text"])["jobId"] == JOB
    assert read("aurad://artifacts/captions.srt")["mimeType"] == "x/y"


@pytest.mark.parametrize("uri", ["aurad://jobs/x/unknown", "file:///etc/passwd", "aurad://jobs/a/frames/x", ""])
def test_a_resource_that_is_not_there(agent: Agent, uri: str) -> None:
    assert agent.ask("resources/read", uri=uri)["error"]["code"] == -32002


def test_files_are_saved_where_the_agent_says(agent: Agent, fake: FakeDaemon, tmp_path: Path) -> None:
    artifacts = [fake._artifact(name) for name in fake.files]
    fake.answers["jobs.get"] = lambda params, fds: {
        "jobId": JOB, "status": "Succeeded", "labels": {"source": "bees.md"}, "artifacts": artifacts,
    }  # fmt: skip
    saved = agent.use("save_files", job=JOB, folder=str(tmp_path))["structuredContent"]["files"]
    assert Path(saved[0]["path"]).read_bytes() == fake.files["video.mp4"]

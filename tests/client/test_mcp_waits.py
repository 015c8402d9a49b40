"""Waits of the MCP server: any number at once on one connection, given up alone, going on after a restart."""

from __future__ import annotations

import json
from functools import partial

import anyio
import pytest

from aurad.client.mcp import lines
from aurad.client.shared import MOST
from aurad.serve import limits
from tests.client.agent import Agent
from tests.client.fake_daemon import JOB, FakeDaemon, event
from tests.client.official import official_client, whole_job


def test_a_wait_tells_its_progress_and_ends_with_the_job(agent: Agent, fake: FakeDaemon) -> None:
    fake.status = "Succeeded"
    number = agent.begin("tools/call", name="wait_for_job", arguments={"job": JOB}, _meta={"progressToken": "p"})
    answer = agent.hear()
    assert (answer["id"], answer["result"]["structuredContent"]["status"]) == (number, "Succeeded")
    told = [each["params"] for each in agent.told]
    assert [each["progress"] for each in told] == sorted({each["progress"] for each in told})
    assert told[-1]["progress"] == 100.0
    assert {each["progressToken"] for each in told} == {"p"}


def test_a_wait_keeps_nobody_and_is_given_up(agent: Agent, fake: FakeDaemon) -> None:
    fake.events = [event("job-status")]
    number = agent.begin("tools/call", name="wait_for_job", arguments={"job": JOB})
    fake.wait_called("events.subscribe")
    assert agent.use("get_job", job=JOB)["structuredContent"]["jobId"] == JOB
    agent.say(
        json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}).encode()
    )
    assert agent.ask("ping")["result"] == {}
    assert fake.named("jobs.cancel") == []


def test_many_waits_keep_nobody(agent: Agent, fake: FakeDaemon) -> None:
    fake.events = [event("job-status")]
    waits = [agent.begin("tools/call", name="wait_for_job", arguments={"job": JOB}) for _ in range(30)]
    assert agent.ask("ping")["result"] == {}
    for each in waits:
        given_up = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": each}}
        agent.say(json.dumps(given_up).encode())


def test_forty_waits_of_the_official_client_share_a_connection(fake: FakeDaemon) -> None:
    """A user may have 32."""
    fake.answers["jobs.get"] = lambda params, fds: whole_job(fake, fake.status)
    fake.events = [event("step-progress", progress=20.0)]
    told: list[float] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(done)

    async def wait_all() -> list[str]:
        ends = []

        async def wait() -> None:
            answer = await session.call_tool("wait_for_job", {"job": JOB}, progress_callback=progress)
            assert answer.structured_content, answer
            ends.append(answer.structured_content["status"])

        async with official_client(fake) as session, anyio.create_task_group() as waits:
            for _ in range(40):
                waits.start_soon(wait)
            await anyio.to_thread.run_sync(partial(fake.wait_called, "events.subscribe", times=40))
            assert fake.accepted == 2  # one found the daemon
            fake.status = "Succeeded"
            fake.tell(event("job-completed", progress=100.0))
        return ends

    assert anyio.run(wait_all) == ["Succeeded"] * 40
    assert (told.count(20.0), told.count(100.0)) == (40, 40)
    assert len(fake.named("events.unsubscribe")) == 40


def test_what_one_connection_cannot_bear_goes_to_the_next(
    agent: Agent, fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST == limits.CALLS == limits.SUBSCRIPTIONS
    monkeypatch.setattr(lines, "MOST", 2)
    fake.events = []
    for _ in range(5):
        agent.begin("tools/call", name="wait_for_job", arguments={"job": JOB})
    fake.wait_called("events.subscribe", times=5)
    assert fake.accepted == 3 * 2
    fake.status = "Succeeded"
    fake.tell(event("job-completed"))
    assert {agent.hear()["result"]["structuredContent"]["status"] for _ in range(5)} == {"Succeeded"}


def test_a_wait_goes_on_after_a_restart_of_the_daemon(agent: Agent, fake: FakeDaemon) -> None:
    fake.events = []
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": [{"jobId": JOB}]}
    agent.begin("tools/call", name="wait_for_job", arguments={"job": "last"})
    fake.wait_called("events.subscribe")
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": [{"jobId": "a-later"}]}
    fake.hang_up()
    fake.wait_called("events.subscribe", times=2)
    fake.status = "Succeeded"
    fake.tell(event("job-completed"))
    assert agent.hear()["result"]["structuredContent"] == {"jobId": JOB, "status": "Succeeded", "progress": 0.0}

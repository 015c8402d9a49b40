"""The client for Trio: what it asks, what it makes of the answers, and of answers that make no sense."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import trio

from aurad.client.aio import Client, ConnectionLost, RemoteError
from aurad.model.job import Status
from tests.client.fake_daemon import PLAN
from tests.client.rude_server import JOB, RudeServer, answer, problem, view


@pytest.fixture
async def server(nursery: trio.Nursery) -> RudeServer:
    server = RudeServer()
    await nursery.start(server.serve)
    return server


@pytest.fixture
async def client(server: RudeServer) -> AsyncIterator[Client]:
    async with Client(server.url, token="secret") as client:
        yield client


ACCEPTED = {"jobId": JOB, "correlationId": "c", "position": 2, "new": True}


async def test_submit_retry_and_edit(server: RudeServer, client: Client) -> None:
    server.routes["/api/jobs"] = answer("202 Accepted", ACCEPTED, location=f"/api/jobs/{JOB}")
    server.routes[f"/api/jobs/{JOB}/retry"] = answer("202 Accepted", ACCEPTED)
    job = await client.submit({"topic": "bees"}, preset="draft")
    assert (job.job_id, job.correlation_id, job.position) == (JOB, "c", 2)
    assert (await client.retry(JOB)).job_id == JOB
    server.routes[f"/api/jobs/{JOB}/edit"] = answer("202 Accepted", ACCEPTED)
    assert (await client.edit(JOB, remove=["s1"], cancelOld=True)).job_id == JOB
    assert json.loads(server.requests[-1].body) == {"remove": ["s1"], "cancelOld": True}
    first = server.requests[0]
    assert (first.method, json.loads(first.body)) == ("POST", {"brief": {"topic": "bees"}, "preset": "draft"})
    assert first.headers["authorization"] == "Bearer secret"


async def test_a_dry_run_is_a_plan(server: RudeServer, client: Client) -> None:
    server.routes["/api/jobs"] = answer("200 OK", {"jobId": None, "correlationId": "c", "plan": PLAN | {"new": 1}})
    plan = await client.dry_run({"topic": "bees"}, preset="draft")
    assert (plan.scenes, plan.providers["voice"][0].name) == (3, "piper")
    assert json.loads(server.requests[0].body) == {"brief": {"topic": "bees"}, "preset": "draft", "dryRun": True}


async def test_get_list_and_cancel(server: RudeServer, client: Client) -> None:
    server.routes[f"/api/jobs/{JOB}"] = answer("200 OK", {**view(), "new": 1})
    server.routes["/api/jobs"] = answer("200 OK", {"jobs": [view(), view(job="b")], "cursor": "x"})
    server.routes[f"/api/jobs/{JOB}/cancel"] = answer("202 Accepted", view("Cancelled"))
    assert (await client.get(JOB)).status is Status.RUNNING
    page = await client.list(limit=2, cursor="w")
    assert ([job.job_id for job in page.jobs], page.cursor) == ([JOB, "b"], "x")
    assert server.requests[1].query == "limit=2&cursor=w"
    assert (await client.cancel(JOB, "tired")).status is Status.CANCELLED
    assert json.loads(server.requests[2].body) == {"reason": "tired"}


async def test_an_artifact_is_read_in_pieces_or_saved(server: RudeServer, client: Client, tmp_path: Path) -> None:
    content = b"video" * 100_000
    server.routes["/api/artifacts/v1"] = answer("200 OK", content, content_type="video/mp4", etag='"abc"')
    async with client.open_artifact("v1") as file:
        assert (file.media_type, file.size, file.digest) == ("video/mp4", len(content), "abc")
        await file.save(tmp_path / "v.mp4")
    assert (tmp_path / "v.mp4").read_bytes() == content
    async with client.open_artifact("v1") as file:  # left after its first piece
        assert content.startswith(await anext(file))


async def test_half_an_artifact_is_no_artifact(server: RudeServer, client: Client, tmp_path: Path) -> None:
    server.routes["/api/artifacts/v1"] = answer("200 OK", b"vid", content_length="5")
    async with client.open_artifact("v1") as file:
        with pytest.raises(ConnectionLost, match=r"cannot read .*/api/artifacts/v1"):
            await file.save(tmp_path / "v.mp4")
    assert not (tmp_path / "v.mp4").exists()


async def test_what_the_daemon_refuses(server: RudeServer, client: Client) -> None:
    server.routes["/api/jobs"] = problem(429, "E202-BUSY")
    with pytest.raises(RemoteError, match="cannot do it") as caught:
        await client.list()
    error = caught.value
    assert (error.code, error.correlation_id, error.problem["status"]) == ("E202-BUSY", "c-1", 429)


@pytest.mark.parametrize(
    "body",
    [
        answer("502 Bad Gateway", b"<html>" * 100_000, content_type="text/html"),
        answer("502 X", b"{", content_type="application/problem+json"),
        answer("502 X", [1], content_type="application/problem+json"),
        answer("502 X", b"x" * 3_000_000, content_type="application/problem+json"),
    ],
)
async def test_what_a_proxy_refuses(server: RudeServer, client: Client, body: bytes) -> None:
    server.routes["/api/jobs"] = body
    with pytest.raises(RemoteError, match="cannot GET /api/jobs: the server answered 502 Bad Gateway") as caught:
        await client.list()
    assert caught.value.problem["status"] == 502


@pytest.mark.parametrize("body", [b"<html>", b'{"jobs": 3}', b"", b"\xff"])
async def test_answers_that_make_no_sense(server: RudeServer, client: Client, body: bytes) -> None:
    server.routes["/api/jobs"] = answer("200 OK", body)
    with pytest.raises(ConnectionLost, match="cannot understand the answer of /api/jobs"):
        await client.list()


async def test_nobody_is_there(server: RudeServer, client: Client) -> None:
    server.routes["/api/jobs"] = b""
    with pytest.raises(ConnectionLost, match=r"cannot GET http://127.0.0.1:\d+/api/jobs"):
        await client.list()


async def test_an_id_cannot_reach_another_address(server: RudeServer, client: Client) -> None:
    with pytest.raises(RemoteError):
        await client.get("../config?x=#")
    assert server.requests[0].path == "/api/jobs/..%2Fconfig%3Fx%3D%23"


async def test_a_post_is_never_sent_on_elsewhere(server: RudeServer, client: Client) -> None:
    server.routes["/api/jobs"] = answer("307 Temporary Redirect", b"", location="http://127.0.0.1:9/")
    with pytest.raises(RemoteError, match="307"):
        await client.submit({"topic": "bees"})


async def test_an_own_http_client_may_be_brought(server: RudeServer) -> None:
    def reply(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"jobs": [], "agent": request.headers["user-agent"]})

    own = httpx2.AsyncClient(transport=httpx2.MockTransport(reply))
    async with Client("http://aurad.example", http=own) as client:
        assert (await client.list()).jobs == ()
    assert own.is_closed

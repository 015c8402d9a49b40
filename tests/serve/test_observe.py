"""Metrics and logs over HTTP, and one correlation id through everything that a request causes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import msgspec
import pytest
import structlog
import trio

from aurad.api import Narration, StageContext, Transient, VoiceRequest, VoiceStage
from aurad.engine import attempts
from aurad.engine.logfiles import Piece
from aurad.model.settings import Http, Log
from aurad.model.value import Value
from aurad.serve.access import Caller
from aurad.serve.logging import open_log
from aurad.serve.tokens import Tokens
from aurad.serve.web import open_web
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Gated
from tests.serve.edge import somebody

PATIENCE = 20
ASKED = "my-request-7"


class Broken(VoiceStage[Value]):
    """A voice whose tool, called ffmpeg, fails."""

    name = "broken"

    async def speak(self, request: VoiceRequest, context: StageContext[Value]) -> Narration:
        tool = context.workspace / "ffmpeg"
        tool.write_text("#!/bin/sh\necho oh no >&2\nexit 3\n")
        tool.chmod(0o755)
        await context.run_tool([str(tool)])
        raise Transient("cannot speak: the tool failed")


class Site(NamedTuple):
    house: House
    http: httpx2.AsyncClient


@asynccontextmanager
async def open_site(folder: Path, caller: Caller | None = None, **house: Any) -> AsyncIterator[Site]:
    async with open_house(folder, **house) as opened:
        tokens = Tokens(folder / "tokens.json")
        token = await tokens.issue(caller or somebody("operate"), "token")
        async with (
            open_web(opened.engine, Http(bind="127.0.0.1:0"), tokens),
            httpx2.AsyncClient(
                base_url=tokens.url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE, trust_env=False
            ) as http,
        ):
            yield Site(opened, http)


def lines_of(descriptor: int) -> list[dict[str, Any]]:
    with os.fdopen(descriptor, "rb") as file:
        return [msgspec.json.decode(line) for line in file]


async def test_metrics_are_for_those_who_may_come_in(tmp_path: Path) -> None:
    async with open_site(tmp_path) as (house, http):
        await house.make("One sentence.")
        answer = await http.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'aurad_jobs{status="Succeeded"} 1.0' in answer.text
        assert (await http.get("/metrics", headers={"Authorization": ""})).status_code == 401


async def test_streams_and_their_events_are_counted(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, voice=("gated",)) as (house, http):
        job = await house.submit("One sentence.")
        await Gated.reached.wait()
        deliveries = house.engine.figures.deliveries
        async with http.stream("GET", f"/api/jobs/{job}/events") as answer:
            ids = []
            async for line in answer.aiter_lines():
                if line.startswith("event: snapshot"):
                    assert deliveries.followers["sse"] == 1
                    Gated.gate.set()
                ids += [line] if line.startswith("id: ") else []
        assert deliveries.delivered["sse"] == deliveries.delay.count == len(ids) - 1  # the snapshot is no event
        assert deliveries.success == 1.0
        assert deliveries.followers["sse"] == 0


async def test_a_log_is_text_from_any_byte_on(tmp_path: Path) -> None:
    async with open_site(tmp_path) as (house, http):
        job = (await house.make("One sentence.")).job_id
        house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "", ["one", "zwö", "three"], pytest.fail))
        answer = await http.get(f"/api/jobs/{job}/logs")
        assert (answer.text, answer.headers["content-type"]) == ("one\nzwö\nthree\n", "text/plain; charset=utf-8")
        assert (await http.get(f"/api/jobs/{job}/logs?offset=4&limit=2")).text == "zw"
        assert (await http.get(f"/api/jobs/{job}/logs?offset=-6")).text == "three\n"
        assert (await http.get("/api/jobs/a-nothing/logs")).status_code == 404
        head = await http.head(f"/api/jobs/{job}/logs?follow=true")
        assert (head.status_code, head.content) == (200, b"")


async def test_a_log_is_followed_to_the_jobs_end(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, voice=("gated",)) as (house, http):
        job = await house.submit("One sentence.")
        await Gated.reached.wait()
        got = b""
        async with http.stream("GET", f"/api/jobs/{job}/logs?follow=true") as answer:
            house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "", ["hello"], pytest.fail))
            async for data in answer.aiter_bytes():
                got += data
                Gated.gate.set()
        assert got == b"hello\n"


async def test_lines_of_the_log_come_with_the_events_for_who_asks(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, voice=("gated",)) as (house, http):
        job = await house.submit("One sentence.")
        await Gated.reached.wait()
        text = ""
        async with http.stream("GET", f"/api/jobs/{job}/events?types=job-log,job-completed") as answer:
            async for piece in answer.aiter_text():
                text += piece
                if "event: snapshot" in piece:
                    house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "s1", ["hello"], pytest.fail))
                if "event: job-log" in piece:
                    Gated.gate.set()
        frames = text.split("\n\n")
        (log,) = [frame for frame in frames if "event: job-log" in frame]
        assert "id:" not in log
        assert msgspec.json.decode(log.partition("data: ")[2])["lines"] == ["hello"]
        assert [frame.split("\n")[1] for frame in frames if frame.startswith("id:")] == [
            "event: snapshot", "event: job-completed",
        ]  # fmt: skip
        assert house.engine.figures.deliveries.delivered["sse"] == 1


async def test_a_strangers_log_is_not_found(tmp_path: Path) -> None:
    async with open_site(tmp_path, somebody("operate", uid=2000)) as (house, http):
        job = (await house.make("One sentence.")).job_id
        assert (await http.get(f"/api/jobs/{job}/logs")).status_code == 404
        assert (await http.get(f"/api/jobs/{job}/logs?follow=true")).status_code == 404


async def test_one_correlation_id_goes_through_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSE", 0.01)
    said, to_log = os.pipe()
    with open_log(Log(level="debug"), stderr=to_log, environ={}):
        async with open_site(tmp_path, stages=(*STAGES, Broken), voice=("broken",)) as (house, http):
            headers = {"X-Correlation-ID": ASKED}
            accepted = await http.post("/api/jobs", json={"brief": {"source": "Bees see."}}, headers=headers)
            assert accepted.status_code == 202
            job = accepted.json()["jobId"]
            await house.engine.jobs.wait(job)
            view = (await http.get(f"/api/jobs/{job}")).json()
            log = (await http.get(f"/api/jobs/{job}/logs")).text
            events = await house.events(job)
            refused = await http.post(f"/api/jobs/{job}/cancel", headers=headers)
    os.close(to_log)
    lines = lines_of(said)
    assert {accepted.headers["X-Correlation-ID"], accepted.json()["correlationId"], view["correlationId"]} == {ASKED}
    assert {event["correlationId"] for event in events} == {ASKED}
    problems = [*view["errors"], *events[-1]["errors"], *(e["problem"] for e in events if e["type"] == "step-error")]
    assert len(problems) >= 3
    assert {problem["correlationId"] for problem in problems} == {ASKED}
    assert f"FFmpeg Render Log - Job ID: {job}\nCorrelation ID: {ASKED}\n" in log
    about = [line for line in lines if line.get("jobId") == job]
    assert {"job queued", "job running", "job failed"} <= {line["event"] for line in about}
    assert {line["correlationId"] for line in about} == {ASKED}
    assert next(line["correlationId"] for line in lines if line["event"] == "request") == ASKED
    assert refused.status_code == 409
    assert {refused.headers["X-Correlation-ID"], refused.json()["correlationId"]} == {ASKED}
    assert not structlog.is_configured()


async def test_an_id_is_made_where_none_was_sent(tmp_path: Path) -> None:
    async with open_site(tmp_path) as (_, http):
        accepted = await http.post("/api/jobs", json={"brief": {"source": "Bees see."}})
        missing = await http.get("/api/jobs/a-nothing")
    made = accepted.json()["correlationId"]
    assert made
    assert made == accepted.headers["X-Correlation-ID"]
    assert missing.json()["correlationId"] == missing.headers["X-Correlation-ID"] != made

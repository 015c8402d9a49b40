"""Every type of event comes of a real situation, with all its members, as its published schema says."""

from __future__ import annotations

import itertools
import threading
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import trio
import trio.testing

from aurad.api import BadInput, Transient, Unavailable
from aurad.engine.journal import Journal
from aurad.model.event import EventType, LogLines, Terminal, schema
from aurad.model.job import Status
from tests.engine.house import House, open_house
from tests.engine.toys import Gated, Scripted

HEAD = {
    "seq", "jobSeq", "jobId", "type", "timestamp", "correlationId", "status", "stage", "progress", "message", "eta",
}  # fmt: skip
MEMBERS: dict[str, set[str]] = {
    "job-status": set(),
    "step-status": {"step", "stepStatus", "plugin", "sceneId"},
    "step-progress": {"step", "progressPct", "items", "detail"},
    "step-error": {"step", "sceneId", "problem", "attempt", "willRetry", "fallbackTo"},
    "warning": {"step", "code", "detail", "remedy"},
    "artifact": {"artifact"},
    "job-completed": {"output", "artifacts"},
    "job-failed": {"errors", "logTail", "suggestedActions"},
    "job-cancelled": {"by", "reason"},
}
ARTIFACT = {"artifactId", "name", "kind", "sceneId", "mediaType", "sizeBytes", "sha256", "href"}
VALIDATOR = jsonschema.Draft202012Validator(schema())
TERMINAL = set(typing.get_args(Terminal))


@pytest.fixture(autouse=True)
def _fresh_plans() -> Iterator[None]:
    Scripted.plan, Scripted.calls = [], 0
    yield
    Scripted.plan = []


async def history(house: House, job_id: str) -> list[dict[str, Any]]:
    """A job's events from the disk, each as its schema says, in an order that may be."""
    rows = await house.engine._journal.read("SELECT data FROM events WHERE job_id = ? ORDER BY seq", job_id)
    events = [msgspec.json.decode(bytes(row[0])) for row in rows]
    for event in events:
        VALIDATOR.validate(event)
        assert set(event) == HEAD | MEMBERS[event["type"]]
    assert [event["jobSeq"] for event in events] == list(range(1, len(events) + 1))
    assert all(a["progress"] <= b["progress"] for a, b in itertools.pairwise(events))
    assert [event["type"] in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    assert {event["correlationId"] for event in events} == {"corr-1"}
    return events


def of(events: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def test_the_list_of_types_is_whole() -> None:
    assert set(typing.get_args(EventType)) == {*MEMBERS, "job-log"}


async def test_a_job_that_succeeds(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        events = await history(house, (await house.make()).job_id)
    assert [event["status"] for event in of(events, "job-status")] == ["Queued", "Running"]
    assert of(events, "step-progress")[-1]["items"].keys() == {"done", "total", "reused"}
    steps = [(event["step"], event["stepStatus"]) for event in of(events, "step-status")]
    assert [step for step, status in steps if status == "Running"] == list(dict(steps))  # each begins once
    assert {status for _, status in steps[-1:]} == {"Succeeded"}
    last = {event["step"]: event["progressPct"] for event in of(events, "step-progress")}
    assert last == dict.fromkeys(last, 100.0)
    assert last.keys() >= {"Script", "Voice", "Visuals", "Rendering", "Postprocessing"}
    shown = [event["artifact"] for event in of(events, "artifact")]
    assert all(set(artifact) == ARTIFACT for artifact in shown)
    assert all(artifact["href"] == f"/api/artifacts/{artifact['artifactId']}" for artifact in shown)
    assert events[-1]["artifacts"] == shown
    assert events[-1]["output"].keys() >= {"videoPath", "sizeBytes", "durationSeconds"}
    assert (events[-1]["progress"], events[-1]["status"]) == (100.0, "Succeeded")
    assert all(event["progress"] < 100 for event in events[:-1])
    assert not [event for event in events if event["message"].endswith(" of 0")]


async def test_an_attempt_that_fails_and_is_made_again(tmp_path: Path) -> None:
    Scripted.plan = [Transient("cannot reach it: not now")]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        events = await history(house, (await house.make("One sentence.")).job_id)
    (error,) = of(events, "step-error")
    assert (error["attempt"], error["willRetry"], error["fallbackTo"]) == (1, True, "")
    assert (error["step"], bool(error["sceneId"])) == ("Voice", True)
    assert error["problem"]["errorCode"] == "E314-TRANSIENT"
    assert error["problem"]["correlationId"] == "corr-1"


async def test_a_provider_that_is_given_up_for_another(tmp_path: Path) -> None:
    Scripted.plan = [Unavailable("cannot speak: no key", remedy="Give a key.")]
    async with open_house(tmp_path, voice=("scripted", "tone")) as house:
        events = await history(house, (await house.make("One sentence.")).job_id)
    assert [(e["willRetry"], e["fallbackTo"]) for e in of(events, "step-error")][-1] == (False, "tone")
    (warning,) = of(events, "warning")
    assert (warning["step"], warning["code"], warning["remedy"]) == ("Voice", "E312-UNAVAILABLE", "Give a key.")
    assert "no key" in warning["detail"]
    chosen = [event["plugin"] for event in of(events, "step-status") if event["step"] == "Voice"]
    assert chosen[-1]["name"] == "tone"


async def test_a_job_that_fails(tmp_path: Path) -> None:
    Scripted.plan = [BadInput("cannot say 'x': it is no word", remedy="Write another.")] * 3
    async with open_house(tmp_path, voice=("scripted",)) as house:
        events = await history(house, (await house.make("One sentence.")).job_id)
    last = events[-1]
    assert (last["type"], last["status"]) == ("job-failed", "Failed")
    assert last["errors"][0]["errorCode"] == "E310-INPUT"
    assert last["suggestedActions"]
    assert any("it is no word" in line for line in last["logTail"])
    ends = {event["step"]: event["stepStatus"] for event in of(events, "step-status")}
    assert (ends["Script"], ends["Voice"], ends["Postprocessing"]) == ("Succeeded", "Failed", "Skipped")


async def test_a_job_that_is_cancelled(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await Gated.reached.wait()
        await house.engine.jobs.cancel(job_id, "me", "changed my mind")
        events = await history(house, job_id)
    assert (events[-1]["type"], events[-1]["by"], events[-1]["reason"]) == ("job-cancelled", "me", "changed my mind")
    assert all(event["progressPct"] < 100 for event in of(events, "step-progress") if event["step"] == "Voice")
    assert ("Voice", "Cancelled") in [(e["step"], e["stepStatus"]) for e in of(events, "step-status")]


async def test_the_percent_does_not_fall_over_a_restart(tmp_path: Path) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_house(tmp_path, voice=("gated",)) as house:
        job_id = await house.submit()
        await Gated.reached.wait()
        with trio.fail_after(20):
            while not (before := await house.engine.jobs.get(job_id)).progress:
                await house.engine.events.read_after(before.last_seq)
        await house.engine.events.flush()
    async with open_house(tmp_path, voice=("gated",)) as house:
        Gated.gate.set()
        with trio.fail_after(20):
            view = await house.engine.jobs.wait(job_id)
        events = await history(house, job_id)
    assert view.status is Status.SUCCEEDED
    assert [event["status"] for event in of(events, "job-status")] == ["Queued", "Running", "Queued", "Running"]
    assert all(event["progress"] >= before.progress for event in events if event["seq"] > before.last_seq)


async def test_lines_of_the_log_are_beside_the_journal(tmp_path: Path) -> None:
    Scripted.plan = [Transient("cannot reach it: not now")]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        ears = house.engine.joblogs.listen()
        view = await house.make("One sentence.")
        with trio.fail_after(20):
            await ears.wait()
        told = msgspec.json.decode(ears.news()[0].data)
        VALIDATOR.validate(told)
        assert msgspec.convert(told, LogLines).job_id == view.job_id
        rows = await house.engine._journal.read("SELECT 1 FROM events WHERE type = 'job-log'")
        assert not rows
    assert not {"seq", "jobSeq"} & set(told)


HALF_ENDED = """SELECT job_id FROM jobs j WHERE (status IN ('Succeeded', 'Failed', 'Cancelled'))
    != EXISTS (SELECT 1 FROM events e WHERE e.job_id = j.job_id AND terminal)"""


async def test_a_job_has_ended_with_its_last_event_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is committed together: here nothing ever is that does not have to be."""
    found = list[Any]()

    def one_by_one(journal: Journal) -> Any:
        found.extend(journal._writer.execute(HALF_ENDED).fetchall())
        entry = journal._queue.get()
        return None if entry is None else [entry]

    monkeypatch.setattr(Journal, "_next_batch", one_by_one)
    Scripted.plan = [None, BadInput("cannot say it")]
    async with open_house(tmp_path, voice=("scripted",)) as house:
        ends = [(await house.make(text)).status.value for text in ("One sentence.", "Another.", "A third.")]
    assert ends == ["Succeeded", "Failed", "Succeeded"]
    assert found == []


async def test_a_job_is_on_disk_before_it_is_accepted(tmp_path: Path) -> None:
    go, accepted = threading.Event(), list[str]()
    async with open_house(tmp_path) as house, trio.open_nursery() as nursery:

        async def submit() -> None:
            accepted.append(await house.submit("One sentence."))

        house.engine._journal.commit_soon(lambda _: go.wait(5))
        nursery.start_soon(submit)
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert accepted == []
        go.set()
    assert accepted

"""What a real daemon writes down: its own log with the ids of a job, and the log of FFmpeg's real runs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.engine.joblog import RULE
from tests.test_daemon import PATIENCE, Daemons

pytestmark = pytest.mark.slow
ASKED = "my-request-7"
SMALL = {"shortSide": 240, "fps": 5, "providers": {"voice": ["espeak"]}}


@pytest.fixture
def daemons() -> Iterator[Daemons]:
    with tempfile.TemporaryDirectory(prefix="aurad-") as home:
        daemons = Daemons(Path(home))
        yield daemons
        daemons.end()


def test_every_line_about_a_job_carries_its_ids_and_ffmpegs_runs_are_in_its_log(daemons: Daemons) -> None:
    process = daemons.start()
    with daemons.connect() as client:
        brief = {"source": "Bees see colours."}
        asked = {"brief": brief, **SMALL, "correlationId": ASKED}
        job = client.call("jobs.submit", asked)["jobId"]
        view = client.call("jobs.wait", {"jobId": job}, timeout=4 * PATIENCE)
        assert view["status"] == "Succeeded", view["errors"]
        log = whole_log(client, job)
    process.terminate()
    _, said = process.communicate(timeout=PATIENCE)
    lines = [msgspec.json.decode(line) for line in said.splitlines()]
    assert lines[0]["event"] == "serving"
    assert (lines[-1]["event"], lines[-1]["signal"]) == ("stopping", "SIGTERM")
    about = [line for line in lines if line.get("jobId") == job]
    assert {"job queued", "job running", "job succeeded"} <= {line["event"] for line in about}
    assert {line["correlationId"] for line in about} == {ASKED}
    assert [line for line in lines if "timestamp" not in line or "level" not in line] == []
    heads = log.split("FFmpeg Render Log - Job ID: ")[1:]
    assert len(heads) >= 2
    assert {head.splitlines()[0] for head in heads} == {job}
    assert {head.splitlines()[1] for head in heads} == {f"Correlation ID: {ASKED}"}
    assert any("\nResolution: 426x240\n" in head for head in heads)
    assert log.count("\nExit Code: ") == log.count("Log - Job ID: ")
    assert re.search(rf"\n{RULE}\nCompleted: \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC \[.+\]\nExit Code: 0\n", log)


def whole_log(client: Any, job: str) -> str:
    text, offset, ended = "", 0, False
    while not ended:
        part = client.call("jobs.logs", {"jobId": job, "offset": offset})
        text, offset, ended = text + part["text"], part["nextOffset"], part["ended"]
    return text

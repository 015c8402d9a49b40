"""`auractl watch`: several jobs, a daemon that goes away and comes back, and leaving without harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes, watch
from aurad.client.cli.main import run
from tests.client.fake_daemon import JOB, FakeDaemon, Refusal, event, success

OTHER = "a-01OTHER"


def of(job_id: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "jobId": job_id} for one in events]


def failure() -> list[dict[str, Any]]:
    return [event("job-status"), event("job-failed", status="Failed", errors=[])]


def test_one_job_to_its_end(fake: FakeDaemon, capsys: Any) -> None:
    assert run(["watch", JOB]) == codes.OK
    assert "succeeded, 100 %" in capsys.readouterr().err
    assert fake.named("events.subscribe") == [{"jobs": [JOB], "after": "earliest"}]


def test_without_a_job_all_that_wait_or_run(fake: FakeDaemon, capsys: Any) -> None:
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": [{"jobId": JOB}, {"jobId": OTHER}]}
    fake.events = [*success(), *of(OTHER, failure())]
    fake.events[-1]["errors"] = [{"errorCode": "E300-CRASH", "detail": "cannot speak", "remedy": "Report it."}]
    assert run(["watch"]) == codes.FAILED
    assert fake.named("jobs.list")[0]["status"] == ["Queued", "Running", "Paused"]
    told = capsys.readouterr().err
    assert f"{JOB} [" in told
    assert f"{OTHER} [" in told
    assert "error E300-CRASH: cannot speak" in told
    assert f"job: {OTHER}\n" in told


def test_nothing_to_watch(fake: FakeDaemon, capsys: Any) -> None:
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": []}
    assert run(["watch"]) == codes.OK
    assert capsys.readouterr().err == "no job waits or runs\n"


def test_a_cancelled_job_has_a_status_of_its_own(fake: FakeDaemon) -> None:
    fake.events = [event("job-cancelled", status="Cancelled", by="me", reason="")]
    assert run(["watch", JOB]) == codes.CANCELLED


def test_events_as_lines_of_json(fake: FakeDaemon, capsys: Any) -> None:
    assert run(["watch", JOB, "--jsonl"]) == codes.OK
    told = capsys.readouterr()
    assert [json.loads(line)["type"] for line in told.out.splitlines()] == [one["type"] for one in success()]
    assert told.err == ""


def test_a_daemon_that_comes_back_is_followed_from_where_it_was(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE", 0.001)
    first, *rest = ({**one, "seq": number} for number, one in enumerate(success(), 7))

    def interrupted() -> Iterator[dict[str, Any]]:
        yield first
        fake.events = rest
        fake.hang_up()

    fake.events = interrupted()
    assert run(["watch", JOB]) == codes.OK
    assert [params["after"] for params in fake.named("events.subscribe")] == ["earliest", 7]
    assert "waiting for it" in capsys.readouterr().err


def test_a_daemon_that_stops_is_waited_for(fake: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PAUSE", 0.001)
    subscribe = fake.answers["events.subscribe"]

    def stopping(params: dict[str, Any], fds: list[int]) -> Any:
        fake.answers["events.subscribe"] = subscribe
        raise Refusal("E502-STOPPING", "cannot subscribe: the daemon is stopping")

    fake.answers["events.subscribe"] = stopping
    assert run(["watch", JOB]) == codes.OK


def test_a_daemon_that_stays_away_is_given_up(fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PATIENCE", 0.05)

    def gone() -> Iterator[dict[str, Any]]:
        yield event("job-status")
        fake.path.unlink()
        fake.hang_up()

    fake.events = gone()
    assert run(["watch", JOB]) == codes.NO_DAEMON
    assert "cannot go on watching" in capsys.readouterr().err


def test_who_leaves_is_told_only_of_jobs_that_go_on(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(socket: object, boards: dict[str, Any]) -> Iterator[None]:
        boards["a-ENDED"].apply({**success()[-1], "jobId": "a-ENDED"})
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(watch, "follow", leave)
    assert run(["watch", JOB, "a-ENDED"]) == codes.LEFT
    assert f"the jobs go on; to come back: auractl watch {JOB}\n" in capsys.readouterr().err


def test_who_leaves_when_all_have_ended_is_told_how(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(socket: object, boards: dict[str, Any]) -> Iterator[None]:
        boards[JOB].apply(success()[-1])
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(watch, "follow", leave)
    assert run(["watch", JOB]) == codes.OK
    assert "go on" not in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_leaves_and_says_how_to_come_back(fake: FakeDaemon) -> None:
    fake.events = [event("job-status")]
    auractl = Path(sys.executable).with_name("auractl")
    with subprocess.Popen([auractl, "watch", JOB], stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        fake.wait_called("events.subscribe")
        time.sleep(0.2)  # until it shows what it has heard
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert f"the jobs go on; to come back: auractl watch {JOB}" in process.stderr.read()
    assert process.returncode == codes.LEFT == 128 + signal.SIGINT
    assert fake.named("jobs.cancel") == []

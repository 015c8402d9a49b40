"""`auractl submit`: many at once, from the command line and from a batch file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import JOB, PLAN, FakeDaemon, Refusal


def submitted(fake: FakeDaemon) -> list[dict[str, Any]]:
    return fake.named("jobs.submit")


def batch(here: Path, text: str) -> str:
    (here / "jobs.toml").write_text(text)
    return str(here / "jobs.toml")


def test_each_source_is_a_job(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    (here / "ants.md").write_text("# Ants\n\nAnts smell.\n")
    words = [
        "bees.md",
        "ants.md",
        "--preset",
        "draft",
        "--max-cost",
        "1.5",
        "--priority",
        "2",
        "--label",
        "album=insects",
    ]
    assert run(["submit", *words]) == codes.OK
    assert capsys.readouterr().out.split() == [JOB, JOB]
    assert [job["labels"] for job in submitted(fake)] == [
        {"source": "bees.md", "album": "insects"}, {"source": "ants.md", "album": "insects"},
    ]  # fmt: skip
    assert {(job["preset"], job["priority"], job["maxCost"]) for job in submitted(fake)} == {("draft", 2, 1.5)}


def test_one_that_cannot_be_submitted_does_not_keep_the_others(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    assert run(["submit", "nothing.md", "bees.md"]) == codes.FAILED
    told = capsys.readouterr()
    assert told.out.split() == [JOB]
    assert "nothing.md" in told.err


def test_a_batch_file_has_defaults_and_paths_beside_it(
    fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = batch(
        here,
        """
        [defaults]
        preset = "draft"
        [[jobs]]
        source = "bees.md"
        aspect = "9:16"
        label = ["a=1", "b=2"]
        [[jobs]]
        topic = "Why bees dance"
        preset = "shorts"
        """,
    )
    monkeypatch.chdir("/")
    assert run(["submit", "--batch", path]) == codes.OK
    first, second = submitted(fake)
    assert (first["preset"], first["brief"]["aspect"]) == ("draft", "9:16")
    assert first["labels"] == {"source": "bees.md", "a": "1", "b": "2"}
    assert (second["preset"], second["brief"]["topic"]) == ("shorts", "Why bees dance")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[jobs]]\naspect = '9:16'", "job 1 has neither source nor topic"),
        ("[[jobs]]\nsource = 'a topic'\naspect = '3:1'", "job 1: Invalid value for '--aspect': '3:1'"),
        ("[[jobs]]\nsource = 'a topic'\ncolour = 'red'", "job 1: No such option"),
        ("jobs = 3", "it lists no [[jobs]]"),
        ("[[job]]", "it has 'job'; allowed are defaults and jobs"),
        ("[[jobs", "cannot use"),
    ],
)
def test_a_batch_that_cannot_be_used_is_refused_whole(
    fake: FakeDaemon, here: Path, capsys: Any, text: str, told: str
) -> None:
    assert run(["submit", "--batch", batch(here, text)]) == codes.USAGE
    assert told in capsys.readouterr().err
    assert submitted(fake) == []


def test_nothing_to_submit(fake: FakeDaemon) -> None:
    assert run(["submit"]) == codes.USAGE


@pytest.mark.parametrize(("status", "code"), [("Succeeded", codes.OK), ("Failed", codes.FAILED)])
def test_wait_tells_how_they_ended(fake: FakeDaemon, here: Path, capsys: Any, status: str, code: int) -> None:
    errors = [{"errorCode": "E300-CRASH", "detail": "cannot speak"}] if status == "Failed" else []
    fake.answers["jobs.wait"] = lambda params, fds: {"jobId": JOB, "status": status, "errors": errors}
    assert run(["submit", "bees.md", "--wait"]) == code
    told = capsys.readouterr().err
    assert f"{JOB} {status.lower()}: bees.md" in told
    assert ("cannot speak" in told) == bool(errors)


def test_jobs_that_are_held_are_told_in_one_line_with_the_reason(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    held = {"jobId": JOB, "status": "Queued", "message": "waiting: /var has 5 MiB left"}
    fake.answers["jobs.get"] = lambda params, fds: held
    assert run(["submit", "bees.md"]) == codes.OK
    assert capsys.readouterr().err == f"warning: {JOB}: waiting: /var has 5 MiB left\n"
    assert run(["submit", "bees.md", "bees.md"]) == codes.OK
    assert capsys.readouterr().err == f"warning: {JOB} and 1 more: waiting: /var has 5 MiB left\n"
    held["message"] = ""  # only its turn
    assert run(["submit", "bees.md"]) == codes.OK
    assert capsys.readouterr().err == ""


def test_a_daemon_that_refuses_is_told_with_the_source(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E202-BUSY", "cannot take another job")

    fake.answers["jobs.submit"] = refuse
    assert run(["submit", "bees.md"]) == codes.FAILED
    assert "bees.md: cannot take another job" in capsys.readouterr().err


def test_a_dry_run_tells_what_each_would_come_to(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    fake.answers["jobs.submit"] = lambda params, fds: {"jobId": None, "position": None, "plan": PLAN}
    assert run(["submit", "bees.md", "nothing.md", "--dry-run", "--wait", "--label", "a=b"]) == codes.FAILED
    told = capsys.readouterr()
    assert "nothing.md" in told.err
    assert told.out.splitlines() == [
        "bees.md",
        "video: about 1:05, 3 scenes",
        "takes: about 0:20 if the machine does nothing else",
        "disk: up to 12 MB",
        "STAGE  PLUGIN  WHY",
        "voice  piper   first in the order configured",
    ]
    assert [(job["dryRun"], job["labels"]) for job in submitted(fake)] == [(True, {"source": "bees.md", "a": "b"})]

"""`auractl make` where what it says finds no reader, or no room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from aurad.client.cli.session import Session
from tests.client.fake_daemon import JOB, FakeDaemon, files_of, step

MAKE = ("-m", "aurad.client.cli.main", "make", "bees.md")


def test_an_answer_that_finds_no_room_is_told(fake: FakeDaemon, here: Path) -> None:
    with open("/dev/full", "w") as full:
        made = subprocess.run([sys.executable, *MAKE], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert made.returncode == codes.FAILED
    assert "error E505-OUTPUT: cannot write the answer: No space left on device\nremedy: " in made.stderr
    assert "Traceback" not in made.stderr


def test_a_job_whose_progress_nobody_reads_any_more_is_cancelled(fake: FakeDaemon, here: Path) -> None:
    fake.events = [step("Voice", "Running")]
    read, write = os.pipe()
    os.close(read)
    made = subprocess.run([sys.executable, *MAKE], stderr=write, check=False)
    os.close(write)
    assert made.returncode == codes.FAILED
    assert fake.named("jobs.cancel") == [{"jobId": JOB, "reason": "interrupted"}]
    assert files_of(here) == {"bees.md"}


def test_a_job_of_a_daemon_that_is_slow_goes_on(fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(session: Session) -> None:
        raise TimeoutError("cannot hear the daemon: it said nothing in time")

    monkeypatch.setattr(Session, "follow", follow)
    assert run(["make", "bees.md"]) == codes.TIMEOUT
    assert fake.named("jobs.submit")
    assert not fake.named("jobs.cancel")


def test_nobody_need_listen(fake: FakeDaemon, here: Path) -> None:
    made = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, *MAKE], stdout=subprocess.PIPE, check=False
    )
    assert (made.returncode, made.stdout) == (codes.OK, b"bees.mp4\n")

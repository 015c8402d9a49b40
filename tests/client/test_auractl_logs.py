"""auractl logs: part by part to the end, harmless on a terminal."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import FakeDaemon


def serve(fake: FakeDaemon, text: str, *, size: int = 4, ended: bool = True) -> None:
    def read(params: dict[str, Any], fds: list[int]) -> dict[str, Any]:
        start = params["offset"] if params["offset"] >= 0 else len(text) + params["offset"]
        part = text[start : start + size]
        return {"text": part, "offset": start, "nextOffset": start + len(part), "ended": ended and len(part) < size}

    fake.answers["jobs.logs"] = read


def test_a_log_is_shown_to_its_present_end(fake: FakeDaemon, capsys: Any) -> None:
    serve(fake, "one\ntwo\nthree\n", ended=False)
    assert run(["logs", "a-1"]) == codes.OK
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
    assert {call["follow"] for call in fake.named("jobs.logs")} == {False}


def test_following_goes_on_until_the_job_has_ended(fake: FakeDaemon, capsys: Any) -> None:
    empty = {"text": "", "offset": 0, "nextOffset": 0, "ended": False}
    answers = [empty, {**empty, "text": "hello\n", "nextOffset": 6}, {**empty, "nextOffset": 6, "ended": True}]
    fake.answers["jobs.logs"] = lambda params, fds: answers.pop(0)
    assert run(["logs", "-f", "a-1"]) == codes.OK
    assert capsys.readouterr().out == "hello\n"
    assert [call["offset"] for call in fake.named("jobs.logs")] == [0, 0, 6]


def test_the_end_can_be_asked_for(fake: FakeDaemon, capsys: Any) -> None:
    serve(fake, "one\ntwo\nthree\n")
    assert run(["logs", "a-1", "--offset", "-6"]) == codes.OK
    assert capsys.readouterr().out == "three\n"


def test_escape_sequences_do_not_reach_a_terminal(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(fake, "a\x1b[2Jb\tc\r\n", size=100)
    assert run(["logs", "a-1"]) == codes.OK
    assert capsys.readouterr().out == "a\x1b[2Jb\tc\r\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run(["logs", "a-1"]) == codes.OK
    assert capsys.readouterr().out == "a�[2Jb\tc�\n"

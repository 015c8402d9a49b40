"""Commands for administrators: plugins, settings, secrets. What they ask, print and answer to the shell."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import FakeDaemon

TRIED = {
    "stage": "tone",
    "method": "speak",
    "ok": True,
    "seconds": 0.25,
    "facts": {"words": 3},
    "log": [],
    "problem": None,
}
PROBLEM = {"errorCode": "E300-CRASH", "detail": "cannot speak: it crashed", "remedy": "Report it."}


def answer(fake: FakeDaemon, method: str, result: Any) -> None:
    fake.answers[method] = lambda params, fds: result


def test_a_plugin_is_tried(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "plugins.test", TRIED)
    assert run(["plugins", "test", "tone", "--text", "Hello.", "--set", "speed=2"]) == codes.OK
    assert capsys.readouterr().out == "tone speak: ok in 0.2 s; words 3\n"
    assert fake.named("plugins.test") == [{"name": "tone", "text": "Hello.", "options": {"speed": 2}}]
    assert run(["plugins", "test", "tone", "--json"]) == codes.OK
    assert json.loads(capsys.readouterr().out) == TRIED


def test_a_plugin_that_fails_its_trial(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "plugins.test", {**TRIED, "ok": False, "problem": PROBLEM, "log": ["no library"]})
    assert run(["plugins", "test", "tone"]) == codes.FAILED
    assert capsys.readouterr().err.splitlines() == [
        "error E300-CRASH: cannot speak: it crashed", "log: no library", "remedy: Report it.",
    ]  # fmt: skip


def test_a_schema_is_printed_of_one_stage_or_by_name_of_many(fake: FakeDaemon, capsys: Any) -> None:
    one = {"name": "tone", "optionsSchema": {"type": "object"}}
    answer(fake, "plugins.schema", {"schemas": [one]})
    assert run(["plugins", "schema", "tone"]) == codes.OK
    assert json.loads(capsys.readouterr().out) == {"type": "object"}
    answer(fake, "plugins.schema", {"schemas": [one, {**one, "name": "other"}]})
    assert run(["plugins", "schema", "toys"]) == codes.OK
    assert list(json.loads(capsys.readouterr().out)) == ["tone", "other"]


def test_plugins_come_and_go(fake: FakeDaemon, capsys: Any, here: Any) -> None:
    changes = {"added": ["voice_x"], "changed": ["base"], "removed": [], "output": ""}
    answer(fake, "plugins.install", changes)
    answer(fake, "plugins.uninstall", {**changes, "added": [], "changed": []})
    assert run(["plugins", "install", "aurad-voice-x>=1.2"]) == codes.OK
    assert run(["plugins", "install", "bees.md", "--offline"]) == codes.OK
    assert run(["plugins", "uninstall", "voice_x"]) == codes.OK
    assert capsys.readouterr().out.split("\n") == ["+voice_x", "~base"] * 2 + ["no plugin came or went", ""]
    assert fake.named("plugins.install") == [
        {"requirement": "aurad-voice-x>=1.2", "offline": False},
        {"requirement": str(here / "bees.md"), "offline": True},
    ]


@pytest.mark.parametrize("verb", ["enable", "disable"])
def test_plugins_are_switched(fake: FakeDaemon, capsys: Any, verb: str) -> None:
    answer(fake, f"plugins.{verb}", {"status": "so"})
    assert run(["plugins", verb, "tone"]) == codes.OK
    assert capsys.readouterr().out == "so\n"
    assert fake.named(f"plugins.{verb}") == [{"name": "tone"}]


def test_a_mistyped_subcommand_is_guessed(capsys: Any) -> None:
    assert run(["plugins", "instal"]) == codes.USAGE
    assert "Did you mean 'install' or 'uninstall'" in capsys.readouterr().err


def test_a_daemon_that_runs_goes_by_a_setting_at_once(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "config.set", {"path": "/x/own.toml", "origin": "/x/own.toml:2", "restart": True})
    answer(fake, "config.reload", {"changed": ["store.max_gib"], "restart": []})
    assert run(["config", "set", "store.max_gib", "5"]) == codes.OK
    told = capsys.readouterr()
    assert told.out == "/x/own.toml\n"
    assert told.err == "store.max_gib is in force after a restart of the daemon\n"
    assert fake.named("config.set") == [{"key": "store.max_gib", "value": 5}]
    assert run(["config", "reload"]) == codes.OK
    assert json.loads(capsys.readouterr().out)["changed"] == ["store.max_gib"]


def test_a_setting_that_another_source_overrules_is_told(
    fake: FakeDaemon, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(fake, "config.set", {"path": "/x/own.toml", "origin": "environment AURAD_STORE__MAX_GIB", "restart": False})
    assert run(["config", "set", "store.max_gib", "5"]) == codes.OK
    assert "environment AURAD_STORE__MAX_GIB says, which wins over /x/own.toml" in capsys.readouterr().err
    fake.path.unlink()  # nobody is there
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", str(tmp_path))
    (tmp_path / "aurad.toml").write_text("[store]\nmax_gib = 7\n")
    for value in ("5", "null"):  # which is taken back: what another file says is meant to be in force again
        assert run(["config", "set", "store.max_gib", value]) == codes.OK
        assert capsys.readouterr().err == ""
    monkeypatch.setenv("AURAD_STORE__MAX_GIB", "7")
    assert run(["config", "set", "store.max_gib", "5"]) == codes.OK
    assert "environment AURAD_STORE__MAX_GIB" in capsys.readouterr().err
    monkeypatch.delenv("AURAD_STORE__MAX_GIB")
    assert run(["config", "set", "store.max_gib", "null"]) == codes.OK
    assert capsys.readouterr().err == ""


def test_a_value_below_zero_is_no_option(capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", str(tmp_path))
    assert run(["config", "set", "store.max_gib", "-5"]) == codes.USAGE
    assert "cannot use store.max_gib = -5" in capsys.readouterr().err


def test_one_setting_or_a_section_is_shown_with_its_origin(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURAD_STORE__MAX_GIB", "7")
    assert run(["config", "show", "store.max_gib", "--origin"]) == codes.OK
    assert capsys.readouterr().out == "store.max_gib = 7.0  # environment AURAD_STORE__MAX_GIB\n"
    assert run(["config", "show", "store"]) == codes.OK
    assert {line.partition(".")[0] for line in capsys.readouterr().out.splitlines()} == {"store"}
    assert run(["config", "show", "store.max_gib", "--json"]) == codes.OK
    found = {"store.max_gib": {"value": 7.0, "origin": "environment AURAD_STORE__MAX_GIB"}}
    assert json.loads(capsys.readouterr().out) == found
    assert run(["config", "show", "stor"]) == codes.USAGE
    assert "cannot get stor: there is no such setting" in capsys.readouterr().err


def test_one_setting_or_a_section(capsys: Any) -> None:
    assert run(["config", "get", "http.auth"]) == codes.OK
    assert capsys.readouterr().out == '"token"\n'
    assert run(["config", "get", "http"]) == codes.OK
    assert 'http.auth = "token"\n' in capsys.readouterr().out
    assert run(["config", "get", "http.aut"]) == codes.USAGE
    assert "Did you mean 'http.auth'" in capsys.readouterr().err


def test_a_secret_comes_by_standard_input(fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(fake, "secrets.set", {})
    answer(fake, "secrets.delete", {})
    answer(fake, "secrets.list", {"names": ["A"], "missing": ["B"]})
    monkeypatch.setattr("sys.stdin", io.StringIO("hush\n"))
    assert run(["secrets", "set", "A"]) == codes.OK
    assert fake.named("secrets.set") == [{"name": "A", "value": "hush"}]
    assert run(["secrets", "set", "A", "hush"]) == codes.USAGE
    assert run(["secrets", "list"]) == codes.OK
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["NAME", "STATUS"], ["A", "set"], ["B", "missing"],
    ]  # fmt: skip
    assert run(["secrets", "rm", "A", "B"]) == codes.OK
    assert fake.named("secrets.delete") == [{"name": "A"}, {"name": "B"}]


@pytest.mark.parametrize(
    ("data", "told"), [(b"", "has no value"), (b"\n", "has no value"), (b"\xff", "no text in UTF-8")]
)
def test_what_is_no_secret_is_told(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch, data: bytes, told: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape"))
    assert run(["secrets", "set", "A"]) == codes.USAGE
    assert told in capsys.readouterr().err
    assert fake.named("secrets.set") == []


def test_that_there_are_no_secrets_is_told(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "secrets.list", {"names": [], "missing": []})
    assert run(["secrets", "list"]) == codes.OK
    assert capsys.readouterr() == ("", "no secret is set, and no plugin misses one\n")


def test_an_argument_that_is_no_text_is_told(fake: FakeDaemon, capsys: Any) -> None:
    assert run(["show", "\udcff"]) == codes.USAGE
    assert "cannot use '\\udcff': it is no text in UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "coloured"), [("NO_COLOR", False), ("ANY_COLOR", True)])
def test_colours_are_for_terminals_and_nobody_who_wants_none(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv(name, "1")
    assert run(["config", "get", "nothing"]) == codes.USAGE
    assert "\x1b" not in capfd.readouterr().err  # off a terminal there are none at all
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert run(["config", "get", "nothing"]) == codes.USAGE
    assert ("\x1b" in capfd.readouterr().err) is coloured

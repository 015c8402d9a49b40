"""Commands that steer jobs, how jobs are named, completion by shells, and words that are mistyped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import cli, run
from tests.client.fake_daemon import FakeDaemon, Refusal

IDS = ["a-01AAAA1111", "a-01AAAA2222", "a-01BBBB3333"]
JOBS = [{"jobId": each, "status": "Failed", "labels": {"source": "bees.md"}} for each in IDS]
AURACTL = Path(sys.executable).with_name("auractl")


@pytest.fixture
def known(fake: FakeDaemon) -> FakeDaemon:
    """A daemon that knows `IDS`, newest first, and refuses all others."""

    def get(params: dict[str, Any], fds: object) -> Any:
        if params["jobId"] not in IDS:
            raise Refusal("E200-NO_JOB", f"cannot find job {params['jobId']!r}")
        return {"jobId": params["jobId"], "status": "Running", "endedAt": None}

    fake.answers["jobs.get"] = get
    fake.answers["jobs.list"] = lambda params, fds: {"jobs": JOBS[: params.get("limit", 50)]}
    for method in ("pause", "resume", "delete", "cancel"):
        fake.answers[f"jobs.{method}"] = lambda params, fds: {}
    fake.answers["jobs.reprioritize"] = lambda params, fds: {"position": 2}
    fake.answers["jobs.retry"] = lambda params, fds: {"jobId": "a-new"}
    return fake


@pytest.mark.parametrize(("word", "meant"), [("last", 0), (IDS[1], 1), ("a-01B", 2), ("2222", 1), ("bbbb3333", 2)])
def test_a_job_is_named_by_its_id_a_part_of_it_or_last(known: FakeDaemon, word: str, meant: int) -> None:
    assert run(["pause", word]) == codes.OK
    assert known.named("jobs.pause") == [{"jobId": IDS[meant]}]


def test_a_name_that_fits_two_or_none_is_refused(known: FakeDaemon, capsys: Any) -> None:
    assert run(["pause", "a-01A"]) == codes.NOT_FOUND
    assert "cannot tell which job 'a-01A' is: 2 fit" in capsys.readouterr().err
    assert run(["pause", "zzz"]) == codes.NOT_FOUND
    assert "cannot find job 'zzz'" in capsys.readouterr().err


def test_last_of_none(known: FakeDaemon, capsys: Any) -> None:
    known.answers["jobs.list"] = lambda params, fds: {"jobs": []}
    assert run(["pause", "last"]) == codes.NOT_FOUND
    assert "there is none" in capsys.readouterr().err


def test_one_that_fails_does_not_keep_the_others(known: FakeDaemon, capsys: Any) -> None:
    def resume(params: dict[str, Any], fds: object) -> Any:
        if params["jobId"] == IDS[0]:
            raise Refusal("E201-STATE", "cannot resume it: it is Running")
        return {}

    known.answers["jobs.resume"] = resume
    assert run(["resume", IDS[0], IDS[1]]) == codes.FAILED
    assert known.named("jobs.resume") == [{"jobId": IDS[0]}, {"jobId": IDS[1]}]
    assert "cannot resume it: it is Running" in capsys.readouterr().err


def test_priority_tells_the_place(known: FakeDaemon, capsys: Any) -> None:
    assert run(["priority", IDS[0], "1"]) == codes.OK
    assert capsys.readouterr().out == "number 2 in the queue\n"
    assert known.named("jobs.reprioritize") == [{"jobId": IDS[0], "priority": 1}]
    assert run(["priority", IDS[0], "11"]) == codes.USAGE


def test_rm_cancels_first_if_told_so(known: FakeDaemon) -> None:
    assert run(["rm", IDS[0]]) == codes.OK
    assert known.named("jobs.cancel") == []
    assert run(["rm", "--force", IDS[1]]) == codes.OK
    assert known.named("jobs.cancel") == [{"jobId": IDS[1], "reason": "removed"}]
    assert known.named("jobs.delete") == [{"jobId": IDS[0]}, {"jobId": IDS[1]}]


def test_ls_filters_and_is_quiet(known: FakeDaemon, capsys: Any) -> None:
    assert run(["ls", "-q", "--status", "failed", "--label", "album=bees"]) == codes.OK
    assert capsys.readouterr().out.split() == IDS
    assert known.named("jobs.list") == [{"limit": 50, "status": ["Failed"], "labels": {"album": "bees"}}]
    assert run(["ls", "--jsonl"]) == codes.OK
    assert len(capsys.readouterr().out.splitlines()) == len(IDS)
    assert run(["ls", "--label", "album"]) == codes.USAGE


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], {"limit": 50, "status": ["Queued", "Running", "Paused"]}),
        (["--label", "a=b"], {"limit": 50, "status": ["Queued", "Running", "Paused"], "labels": {"a": "b"}}),
        (["-a"], {"limit": 50}),
        (["-n", "7"], {"limit": 7}),
        (["-a", "-n", "7"], {"limit": 7}),
        (["--status", "failed"], {"limit": 50, "status": ["Failed"]}),
        (["-a", "--status", "failed"], {"limit": 50, "status": ["Failed"]}),
    ],
)
def test_ls_lists_what_has_not_ended_unless_told_otherwise(
    known: FakeDaemon, words: list[str], asked: dict[str, Any]
) -> None:
    assert run(["ls", "-q", *words]) == codes.OK
    assert known.named("jobs.list") == [asked]


def test_ls_says_where_the_ended_ones_are(known: FakeDaemon, capsys: Any) -> None:
    known.answers["jobs.list"] = lambda params, fds: {"jobs": []}
    assert run(["ls"]) == codes.OK
    told = capsys.readouterr()
    assert (told.out, "`auractl ls -a`" in told.err) == ("", True)
    assert run(["ls", "-a"]) == codes.OK
    assert capsys.readouterr() == ("", "")


def test_a_script_is_printed_or_written(known: FakeDaemon, capsys: Any, tmp_path: Path) -> None:
    known.answers["jobs.script"] = lambda params, fds: {"title": "Bees"}
    assert run(["script", IDS[0]]) == codes.OK
    printed = capsys.readouterr().out
    assert printed == '{\n  "title": "Bees"\n}\n'
    assert run(["script", IDS[0], "-o", str(tmp_path / "s.json")]) == codes.OK
    assert (tmp_path / "s.json").read_text() == printed


def test_a_mistyped_command_is_guessed(capsys: Any) -> None:
    assert run(["mkae"]) == codes.USAGE
    assert "Did you mean 'make'?" in capsys.readouterr().err


def test_every_command_has_help_that_begins_with_a_sentence_and_an_example() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command
        assert (command.help or "").strip().partition("\n")[0], name
        assert "Example" in (command.epilog or ""), name


def complete(words: str, index: int) -> list[str]:
    """What bash would offer."""
    script = subprocess.check_output([AURACTL, "completion", "bash"], text=True)
    ask = f"COMP_WORDS=({words}) COMP_CWORD={index}; _auractl_completion auractl"
    body = f"{script}\n{ask}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    environ = os.environ | {"PATH": f"{AURACTL.parent}:{os.environ['PATH']}"}
    return subprocess.check_output(["bash", "-c", body, "auractl"], text=True, env=environ).split()


@pytest.mark.slow
def test_bash_completes_commands_options_and_jobs(known: FakeDaemon) -> None:
    known.answers["plugins.list"] = lambda params, fds: {"plugins": [{"name": "slides"}, {"name": "espeak"}]}
    assert complete("auractl re", 1) == ["remake", "retry", "resume"]
    assert complete("auractl plugins show s", 3) == ["slides"]
    assert "--aspect" in complete("auractl make --a", 2)
    assert complete("auractl show a-01B", 2) == [IDS[2]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(shell: str, capsys: Any) -> None:
    assert run(["completion", shell]) == codes.OK
    script = capsys.readouterr().out
    assert "_AURACTL_COMPLETE" in script
    if path := shutil.which(shell):
        subprocess.run([path, "-n"], input=script, text=True, check=True)


def test_ls_gets_all_page_by_page(known: FakeDaemon, capsys: Any) -> None:
    def pages(params: dict[str, Any], fds: object) -> Any:
        return {"jobs": JOBS[2:]} if "cursor" in params else {"jobs": JOBS[:2], "cursor": IDS[1]}

    known.answers["jobs.list"] = pages
    assert run(["ls", "-a", "-q"]) == codes.OK
    assert capsys.readouterr().out.split() == IDS
    assert [params.get("cursor") for params in known.named("jobs.list")] == [None, IDS[1]]


def test_ls_gets_as_many_as_wanted_though_pages_end_early(known: FakeDaemon, capsys: Any) -> None:
    known.answers["jobs.list"] = lambda params, fds: {"jobs": JOBS[:2], "cursor": IDS[1]}
    assert run(["ls", "-n", "3", "-q"]) == codes.OK
    assert capsys.readouterr().out.split() == [*IDS[:2], IDS[0]]
    assert run(["ls", "-n", "2", "-q"]) == codes.OK
    assert [params.get("cursor") for params in known.named("jobs.list")] == [None, IDS[1], None]

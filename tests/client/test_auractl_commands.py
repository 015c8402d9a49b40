"""The other commands: what they ask and print."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aurad import __version__
from aurad.client.cli import codes
from aurad.client.cli.main import run
from aurad.client.cli.options import plugin_options
from aurad.client.cli.source import slug
from tests.client.fake_daemon import FakeDaemon, Refusal

JOB: dict[str, Any] = {
    "jobId": "a-1",
    "status": "Failed",
    "progress": 12.34,
    "createdAt": "2026-01-01T00:00:00.000Z",
    "labels": {"source": "bees.md"},
    "steps": [{"name": "Voice", "status": "Failed", "progress": 50.0, "items": {"done": 1, "total": 2, "reused": 0}}],
    "errors": [{"errorCode": "E300-CRASH", "detail": "cannot speak: it crashed", "remedy": "Report it."}],
    "artifacts": [{"name": "script.json", "kind": "script", "sizeBytes": 7}],
}


def answer(fake: FakeDaemon, method: str, result: Any) -> None:
    fake.answers[method] = lambda params, fds: result


def test_version_and_help_are_quick_words(capsys: Any) -> None:
    assert run(["--version"]) == codes.OK
    assert capsys.readouterr().out == f"auractl {__version__}\n"
    assert run(["make", "--help"]) == codes.OK
    assert "7 cancelled; 130 `watch`" in " ".join(capsys.readouterr().out.split())


def test_ls_and_show(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "jobs.list", {"jobs": [JOB]})
    answer(fake, "jobs.get", JOB)
    assert run(["ls", "-n", "3"]) == codes.OK
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "a-1", "Failed", "12", "%", "2026-01-01T00:00:00.000Z", "bees.md",
    ]  # fmt: skip
    assert fake.named("jobs.list") == [{"limit": 3}]
    assert run(["show", "a-1"]) == codes.OK
    out = capsys.readouterr().out
    assert "status: Failed, 12.3 %" in out
    assert "E300-CRASH: cannot speak: it crashed" in out
    assert run(["show", "a-1", "--json"]) == codes.OK
    assert json.loads(capsys.readouterr().out) == JOB


def test_cancel_and_retry(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "jobs.retry", {"jobId": "a-2"})
    assert run(["cancel", "a-1", "--reason", "no time"]) == codes.OK
    assert run(["retry", "a-1"]) == codes.OK
    assert capsys.readouterr().out == "a-2\n"
    assert fake.named("jobs.cancel") == [{"jobId": "a-1", "reason": "no time"}]


def test_catalogues(fake: FakeDaemon, capsys: Any) -> None:
    answer(fake, "catalog.voices", {"voices": [{"name": "heart", "provider": "hibari", "gender": ""}]})
    answer(fake, "catalog.presets", {"presets": []})
    assert run(["voices"]) == codes.OK
    assert capsys.readouterr().out.split() == ["NAME", "PROVIDER", "heart", "hibari"]
    answer(fake, "catalog.voices", {"voices": [{"name": "heart", "default": True}, {"name": "x", "default": False}]})
    assert run(["voices"]) == codes.OK
    assert capsys.readouterr().out.split() == ["NAME", "DEFAULT", "heart", "yes", "x"]
    assert run(["presets"]) == codes.OK
    assert run(["presets", "--json"]) == codes.OK
    assert capsys.readouterr().out == "[]\n"


def test_plugins_and_their_options(fake: FakeDaemon, capsys: Any) -> None:
    properties = {
        "speed": {"type": "number", "minimum": 0.5, "maximum": 2.0, "default": 1.0, "description": "how fast"},
        "look": {"enum": ["a", "b"]},
        "crf": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": None},
        "names": {"type": "array", "items": {"type": "string"}, "default": []},
        "on": {"type": "boolean", "default": False},
    }
    schema = {"$ref": "#/$defs/O", "$defs": {"O": {"type": "object", "properties": properties}}}
    ready = {"version": "1", "status": "ready", "reason": ""}
    x264 = {"name": "x", "kind": "render", "optionsSchema": schema, **ready}
    answer(fake, "plugins.list", {"plugins": [x264, {"name": "s", "kind": "script", **ready}]})
    assert run(["plugins"]) == codes.OK
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["NAME", "KIND", "VERSION", "STATUS"],
        ["s", "script", "1", "ready"],
        ["x", "render", "1", "ready"],
    ]
    assert run(["plugins", "show", "x"]) == codes.OK
    assert [line.split() for line in capsys.readouterr().out.splitlines()[3:]] == [
        ["x.speed", "number", "0.5..2", "1.0", "how", "fast"],
        ["x.look", "a|b"],
        ["x.crf", "integer", "0.."],
        ["x.names", "list", "of", "text", "[]"],
        ["x.on", "true|false", "false"],
    ]
    assert run(["plugins", "show", "y"]) == codes.USAGE


@pytest.mark.parametrize(("ok", "status"), [(True, codes.OK), (False, codes.FAILED)])
def test_doctor(fake: FakeDaemon, capsys: Any, ok: bool, status: int) -> None:
    answer(fake, "system.doctor", {"checks": [{"name": "disk", "ok": ok, "detail": "3 MiB", "remedy": "Free some."}]})
    assert run(["doctor"]) == status
    assert ("remedy for disk: Free some." in capsys.readouterr().out) is not ok


def test_config(capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", str(tmp_path))
    assert run(["config", "set", "store.max_gib", "5"]) == codes.OK
    written = capsys.readouterr().out.strip()
    assert Path(written).parent == tmp_path / "aurad.d"
    assert run(["config", "show", "--origin"]) == codes.OK
    lines = capsys.readouterr().out.splitlines()
    assert f"store.max_gib = 5.0  # {written}:3" in lines
    assert 'http.auth = "token"  # default' in lines
    assert run(["config", "set", "store.nothing", "5"]) == codes.USAGE
    assert run(["config", "show", "--json"]) == codes.OK
    assert json.loads(capsys.readouterr().out.removeprefix(""))["store.max_gib"]["value"] == 5.0


def test_raw(fake: FakeDaemon, capsys: Any) -> None:
    assert run(["raw", "jobs.get", '{"jobId": "x"}']) == codes.OK
    assert json.loads(capsys.readouterr().out)["status"] == "Running"
    assert run(["raw", "jobs.get", "nonsense"]) == codes.USAGE
    assert run(["raw", "jobs.get", "[]"]) == codes.USAGE


def test_a_refusal_is_told_with_its_remedy(fake: FakeDaemon, capsys: Any) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E200-NO_JOB", "cannot find job 'x'", "Look again.")

    fake.answers["jobs.get"] = refuse
    answer(fake, "jobs.list", {"jobs": [JOB]})
    assert run(["show", "x"]) == codes.NOT_FOUND
    err = capsys.readouterr().err
    assert err == "error E200-NO_JOB: cannot find job 'x'\ncorrelation id: corr-1\nremedy: Look again.\n"


def test_a_reader_that_has_seen_enough(fake: FakeDaemon) -> None:
    answer(fake, "jobs.list", {"jobs": [JOB] * 5000})
    command = f"{sys.executable} -m aurad.client.cli.main ls | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout.startswith(b"JOB")
    assert done.stderr == b""


def test_plugin_options() -> None:
    assert plugin_options(["a.x=1", "a.y=b=c", "b.z="]) == {"a": {"x": 1, "y": "b=c"}, "b": {"z": ""}}


def test_what_the_client_need_not_import() -> None:
    heavy = "{'trio', 'quart', 'httpx2', 'rich', 'markdown_it', 'numpy', 'tomllib'}"
    every = "[cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))]"
    load = "import sys, click; from aurad.client.cli.main import cli; from aurad.client.cli import make, submitting"
    code = f"{load}; {every}; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"set()\n"


def test_help_loads_no_command() -> None:
    heavy = "{'socket', 'json', 'aurad.client.cli.jobs'}"
    code = f"import sys; from aurad.client.cli.main import run; run(['--help']); print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code]).endswith(b"\nset()\n")


def test_slug_is_what_the_result_is_called() -> None:
    assert slug("How bees see: 5 eyes!") == "how-bees-see-5-eyes"

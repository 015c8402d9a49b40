"""`auractl make` against a fake daemon: what it asks, what it writes, and every exit status."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
import pytest
import trio

from aurad.client.cli import codes, daemon
from aurad.client.cli.main import run
from aurad.model.errors import AuradError
from aurad.model.folders import environment_stamp
from aurad.serve import statelock
from tests.client.fake_daemon import CORRELATION, FILES, JOB, PLAN, RESULT, FakeDaemon, Refusal, event, files_of, step

MAKE = ("-m", "aurad.client.cli.main", "make", "bees.md")


def test_success_writes_the_video_and_its_folder(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    assert run(["make", "bees.md"]) == codes.OK
    out, err = capsys.readouterr()
    assert out == "bees.mp4\n"
    assert files_of(here) == {"bees.md", *RESULT}
    assert (here / "bees.mp4").read_bytes() == FILES["video.mp4"]
    assert (here / "bees.mp4").samefile(here / "bees" / "video.mp4")
    assert "Voice: succeeded, 1/2, 1 reused, 2.0 s" in err
    assert "succeeded, 100 % in 0:00" in err.splitlines()[-1]
    submitted = fake.named("jobs.submit")[0]
    assert submitted == {
        "brief": {"source": (here / "bees.md").read_text(), "sourceFormat": "markdown"},
        "labels": {"source": "bees.md"},
    }


def test_all_options_arrive(fake: FakeDaemon, here: Path) -> None:
    words = "--preset shorts --aspect 9:16 --duration 1:30 --language de --voice v --theme t --captions burn"
    more = "--until voice --set slides.scale=2 --set slides.name=x --set a.on=true -q"
    assert run(["make", "How bees see", *words.split(), *more.split()]) == codes.OK
    assert fake.named("jobs.submit")[0] == {
        "brief": {"topic": "How bees see", "language": "de", "aspect": "9:16", "durationSeconds": 90.0},
        "labels": {"source": "How bees see"},
        "preset": "shorts",
        "voice": "v",
        "theme": "t",
        "captions": "burn",
        "until": "Voice",
        "options": {"slides": {"scale": 2, "name": "x"}, "a": {"on": True}},
    }


def test_a_dry_run_leaves_nothing_behind(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    (here / "bee.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (here / "bees.md").write_text("# Bees\n\nBees see.\n\n![A bee](bee.png)\n")
    fake.answers["jobs.submit"] = lambda params, fds: {"jobId": None, "position": None, "plan": PLAN}
    assert run(["make", "bees.md", "--dry-run", "--until", "Script"]) == codes.OK
    assert capsys.readouterr().out.startswith("video: about 1:05, 3 scenes\n")
    assert run(["make", "bees.md", "--dry-run", "--json"]) == codes.OK
    assert json.loads(capsys.readouterr().out) == {"plan": PLAN}
    assert [(job["dryRun"], "assets" in job["brief"]) for job in fake.named("jobs.submit")] == [(True, False)] * 2
    assert fake.assets == {}
    assert files_of(here) == {"bees.md", "bee.png"}


def test_json_and_trace(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    assert run(["make", "bees.md", "--json", "--trace", "t.json", "-q"]) == codes.OK
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["job"]["jobId"] == JOB
    assert document["deliverables"][0] | {"sha256": ""} == {
        "name": "video.mp4", "kind": "video", "path": str(here / "bees.mp4"), "sizeBytes": 5000, "sha256": "",
    }  # fmt: skip
    assert [task["name"] for task in document["timeline"]] == ["voice"]
    assert any(one.get("ph") == "X" for one in json.loads((here / "t.json").read_text()))


def test_a_trace_on_standard_output_is_alone_there(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    assert run(["make", "bees.md", "--trace", "-"]) == codes.OK
    assert any(one.get("ph") == "X" for one in json.loads(capsys.readouterr().out))
    assert files_of(here) == {"bees.md", *RESULT}


def test_a_failed_job_tells_its_story(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    problem = {"errorCode": "E304-FFMPEG_RUNTIME", "detail": "cannot encode: it broke", "remedy": "See the log."}
    fake.events = [
        step("Rendering", "Running"),
        event("step-error", step="Rendering", sceneId="s1", problem=problem, attempt=1, willRetry=True, fallbackTo=""),
        event(
            "job-failed", status="Failed", stage="Rendering", errors=[problem], logTail=["boom"], suggestedActions=[]
        ),
    ]
    assert run(["make", "bees.md", "--trace", "t.json"]) == codes.FAILED
    err = capsys.readouterr().err
    for part in (
        "error E304-FFMPEG_RUNTIME: cannot encode: it broke",
        "step: Rendering, scene s1, by rendering",
        "attempt 1: Rendering s1: E304-FFMPEG_RUNTIME cannot encode: it broke, tried again",
        "log: boom",
        f"correlation id: {CORRELATION}",
        "remedy: See the log.",
    ):
        assert part in err
    assert files_of(here) == {"bees.md", "t.json"}


def test_a_failure_that_explains_itself_comes_without_log(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    problem = {"errorCode": "E310-INPUT", "detail": "cannot speak: no such voice"}
    fake.events = [
        event("step-error", step="Voice", problem=problem, attempt=1, willRetry=False, fallbackTo=""),
        event("job-failed", status="Failed", stage="Visuals", errors=[problem], logTail=["x264 says hello"]),
    ]
    assert run(["make", "bees.md"]) == codes.FAILED
    err = capsys.readouterr().err
    assert "error E310-INPUT: cannot speak: no such voice\nstep: Voice\njob:" in err
    assert "x264" not in err


def test_a_refused_brief_is_bad_input(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    def refuse(params: object, fds: object) -> None:
        raise Refusal("E103-PRESET", "cannot use preset 'x': there is none")

    fake.answers["jobs.submit"] = refuse
    assert run(["make", "bees.md", "--preset", "x"]) == codes.USAGE
    assert "error E103-PRESET: cannot use preset 'x'" in capsys.readouterr().err
    assert files_of(here) == {"bees.md"}


def test_cancelled_by_another(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    fake.events = [event("job-cancelled", status="Cancelled", by="root", reason="maintenance")]
    assert run(["make", "bees.md"]) == codes.CANCELLED
    assert "cancelled by root: maintenance" in capsys.readouterr().err


def test_a_daemon_that_dies_midway(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    def dying() -> Any:
        yield step("Voice", "Running")
        fake.hang_up()

    fake.events = dying()
    assert run(["make", "bees.md"]) == codes.NO_DAEMON
    assert f"cannot follow job {JOB}" in capsys.readouterr().err


def test_missed_news_ends_by_asking_for_the_job(fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.status = "Succeeded"
    fake.answers["events.subscribe"] = lambda params, fds: {"subscription": "s1", "lastSeq": 0}
    fake.events = []
    original = fake._reply

    def reply(connection: Any, request: dict[str, Any], fds: list[int]) -> None:
        original(connection, request, fds)
        if request["method"] == "events.subscribe":
            news = {"jsonrpc": "2.0", "method": "events.lagged", "params": {"subscription": "s1", "from": 1, "to": 9}}
            connection.sendall(json.dumps(news).encode() + b"\n")

    monkeypatch.setattr(fake, "_reply", reply)
    assert run(["make", "bees.md"]) == codes.OK


@pytest.mark.parametrize("command", [["make", "bees.md", "-q"], ["doctor"]])
@pytest.mark.parametrize("same", [True, False])
def test_a_daemon_with_other_variables_is_told(
    fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, same: bool, command: list[str]
) -> None:
    hello, theirs = fake.answers["system.hello"], environment_stamp(os.environ)
    fake.answers["system.hello"] = lambda params, fds: {**hello(params, fds), "environment": theirs}
    if not same:
        monkeypatch.setenv("AURAD_VOICE__PROVIDERS", '["nobody"]')
    fake.answers["system.doctor"] = lambda params, fds: {"checks": []}
    assert run(command) == codes.OK
    assert ("other AURAD_* variables" in capsys.readouterr().err) is not same


def test_a_wrong_setting_is_told_as_such(
    here: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("AURAD_SOCKET", str(short_path / "none"))
    said = "error E503-CONFIG: cannot use x = 3\nremedy: Known: y."
    monkeypatch.setattr(daemon, "COMMAND", (sys.executable, "-c", f"import sys; print({said!r}); sys.exit(1)"))
    assert run(["make", "bees.md"]) == codes.USAGE
    assert capsys.readouterr().err == said + "\n"


def test_folders_that_another_daemon_has_are_no_wrong_setting(
    here: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    async def refused() -> None:
        async with statelock.locked(here), statelock.locked(here):
            pass

    with pytest.raises(AuradError) as refusal:
        trio.run(refused)
    monkeypatch.setenv("AURAD_SOCKET", str(short_path / "none"))
    said = f"error {refusal.value.code}: {refusal.value.detail}\nremedy: {refusal.value.remedy}"
    monkeypatch.setattr(daemon, "COMMAND", (sys.executable, "-c", f"import sys; print({said!r}); sys.exit(1)"))
    assert run(["make", "bees.md"]) == codes.NO_DAEMON
    assert said in capsys.readouterr().err


def test_no_daemon_and_none_can_be_started(
    here: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("AURAD_SOCKET", str(short_path / "none"))
    monkeypatch.setattr(daemon, "COMMAND", (sys.executable, "-c", "import sys; print('bad luck'); sys.exit(7)"))
    assert run(["make", "bees.md"]) == codes.NO_DAEMON
    err = capsys.readouterr().err
    assert "it ended with status 7" in err
    assert "bad luck" in err


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["bees.md", "--script", "s.json"], ["bees.md", "--aspect", "2:1"], ["bees.md", "--set", "nonsense"],
        ["bees.md", "--duration", "soon"], ["bees.md", "--duration", "0:05"], ["gone.md"],
        ["bees.md", "-o", "/proc/nowhere"], ["bees.md", "-o", "bees.md"], ["bees.md", "-o", "bees.mkv"],
        ["bees.md", "--trace", "/proc/nowhere/t.json"],
        ["bees.md", "--trace", "nowhere/t.json"],
        ["bees.md", "-o", "-"],
        ["bees.md", "--trace", "."],
        ["bees.md", "--trace", "-", "--json"],
        ["bees.md", "--logo", "bees.md"],
        ["bees.md", "--logo", "gone.svg"],
        ["bees.md", "--font", "."],
    ],
)  # fmt: skip
def test_a_wrong_command_is_told_before_anything_is_started(
    fake: FakeDaemon, here: Path, arguments: list[str], capsys: Any
) -> None:
    assert run(["make", *arguments]) == codes.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "rror" in err
    assert fake.calls == []
    assert files_of(here) == {"bees.md"}


def test_a_disk_that_fills_while_writing(
    fake: FakeDaemon, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    assert run(["make", "bees.md"]) == codes.FAILED
    assert "E501-DISK" in capsys.readouterr().err
    assert {path.name for path in here.iterdir()} == {"bees.md"}


def test_pictures_go_along(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    (here / "bee.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    (here / "bees.md").write_text("# Bees\n\n![a](bee.png) ![b](gone.png)\n")
    assert run(["make", "bees.md"]) == codes.OK
    assets = fake.named("jobs.submit")[0]["brief"]["assets"]
    assert [(one["name"], one["role"]) for one in assets] == [("bee.png", "image")]
    assert fake.assets[assets[0]["asset"]].endswith(b"rest")
    assert "cannot use the picture gone.png: there is no such file" in capsys.readouterr().err


def test_an_unusable_picture_is_told_once(fake: FakeDaemon, here: Path, capsys: Any) -> None:
    missing = event("warning", step="Script", code="picture-missing", detail="not used: no such file came along")
    (here / "bees.md").write_text("# Bees\n\n![b](gone.png)\n")
    fake.events = [missing, *fake.events]
    assert run(["make", "bees.md"]) == codes.OK
    err = capsys.readouterr().err
    assert "gone.png" in err
    assert "came along" not in err


def test_the_brand_goes_along(fake: FakeDaemon, here: Path) -> None:
    (here / "logo.svg").write_bytes(b"<svg/>")
    (here / "font.otf").write_bytes(b"OTTO rest")
    brand = ["--logo", "logo.svg", "--font", "font.otf", "--intro", "The Hive", "--outro", "hive.example"]
    assert run(["make", "bees.md", "-q", *brand]) == codes.OK
    submitted = fake.named("jobs.submit")[0]
    assert (submitted["introCard"], submitted["outroCard"]) == ("The Hive", "hive.example")
    assets = {one["role"]: fake.assets[one["asset"]] for one in submitted["brief"]["assets"]}
    assert assets == {"logo": b"<svg/>", "font": b"OTTO rest"}


def test_a_script_to_start_from(fake: FakeDaemon, here: Path) -> None:
    script = {"title": "How bees see", "scenes": [{"text": "Bees see."}]}
    (here / "script.json").write_text(json.dumps(script))
    assert run(["make", "--script", "script.json"]) == codes.OK
    assert fake.named("jobs.submit")[0]["brief"] == {"script": script}
    assert (here / "how-bees-see.mp4").exists()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cancels_the_job_and_leaves_nothing(fake: FakeDaemon, here: Path, sign: signal.Signals) -> None:
    fake.events = [step("Voice", "Running")]
    process = subprocess.Popen([sys.executable, *MAKE], stderr=subprocess.PIPE)
    fake.wait_called("events.subscribe")
    began = time.monotonic()
    process.send_signal(sign)
    _, err = process.communicate(timeout=10)
    assert process.returncode == codes.CANCELLED
    assert time.monotonic() - began < 2.0
    assert fake.named("jobs.cancel") == [{"jobId": JOB, "reason": "interrupted"}]
    assert err.decode().endswith("cancelled\n")
    assert files_of(here) == {"bees.md"}


def test_an_interrupt_before_anything_has_begun_ends_without_a_word(here: Path) -> None:
    early = """
import os, signal, sys
class Importer:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Importer())
from aurad.client.cli.start import main
main()
"""
    made = subprocess.run([sys.executable, "-c", early], capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout, made.stderr) == (codes.CANCELLED, "", "")


def test_an_interrupted_job_is_accounted_for(fake: FakeDaemon, here: Path) -> None:
    fake.events = [step("Voice", "Running")]
    process = subprocess.Popen([sys.executable, *MAKE, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    fake.wait_called("events.subscribe")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    told = json.loads(out)
    assert process.returncode == codes.CANCELLED
    assert (told["job"]["status"], told["deliverables"]) == ("Cancelled", [])


def test_an_interrupt_during_delivery_leaves_nothing(fake: FakeDaemon, here: Path) -> None:
    def stuck(params: object, fds: object) -> None:
        may_end.wait(10)

    may_end = threading.Event()
    fake.answers["artifacts.open"] = stuck
    process = subprocess.Popen([sys.executable, *MAKE, "-q"])
    fake.wait_called("artifacts.open")
    assert any(path.name.endswith(".part") for path in here.iterdir())
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == codes.CANCELLED
    may_end.set()
    assert {path.name for path in here.iterdir()} == {"bees.md"}
    assert fake.named("jobs.cancel") == []


@pytest.mark.slow
def test_a_daemon_deaf_to_cancel_does_not_hold_us(fake: FakeDaemon, here: Path) -> None:
    fake.events = [step("Voice", "Running")]
    fake.answers["jobs.cancel"] = lambda params, fds: {}
    process = subprocess.Popen([sys.executable, *MAKE, "-q"])
    fake.wait_called("events.subscribe")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == codes.CANCELLED
    assert time.monotonic() - began < 2.2


@pytest.mark.slow
def test_a_terminal_gets_a_live_picture_and_ctrl_c_works_there(fake: FakeDaemon, here: Path) -> None:
    fake.events = [step("Voice", "Running")]
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, *MAKE], {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"})
    shown = b""
    while "● Voice" not in click.unstyle(shown.decode(errors="replace")):
        shown += os.read(terminal, 65536)
    os.write(terminal, b"\x03")
    with contextlib.suppress(OSError):  # how a terminal says that nobody is left
        while data := os.read(terminal, 65536):
            shown += data
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == codes.CANCELLED
    text = shown.decode()
    assert text.rstrip().endswith("cancelled")
    assert "\x1b[?25h" in text, "the cursor is back"

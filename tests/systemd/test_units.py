"""The units, started for real: sockets that outlive the daemon, restart, reload, watchdog, roles by group."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.tools import with_tools
from tests.systemd.box import ROOT, Box, missing, open_box, page_lines

pytestmark = pytest.mark.slow
SOMEBODY = "4242"


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    if reason := missing():
        pytest.skip(f"a box needs {reason}")
    with open_box() as box:
        yield box


def ask(box: Box, method: str, *wrapper: str, check: bool = True, **params: Any) -> Any:
    """The answer of the daemon behind the socket, whichever it is."""
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n"
    said = box.run(*wrapper, "socat", "-t20", "-", "UNIX-CONNECT:/run/aurad.sock", stdin=request, check=check)
    return json.loads(said) if said else None


def as_member(box: Box, *groups: str) -> list[str]:
    """Somebody who is in these groups only."""
    ids = [box.run("getent", "group", group).split(":")[2] for group in groups]
    return [
        "setpriv",
        f"--reuid={SOMEBODY}",
        f"--regid={SOMEBODY}",
        f"--groups={','.join(ids)}" if ids else "--clear-groups",
    ]


def test_systemd_finds_no_fault(box: Box) -> None:
    assert box.run("systemd-analyze", "verify", "--man=no", "aurad.service", "aurad.socket", "aurad-http.socket") == ""


def test_the_commands_of_the_page_set_it_up(box: Box) -> None:
    """Its units are installed by the page's commands already."""
    for line in (*page_lines("sudo systemd-sysusers"), *page_lines("sudo systemctl ")):
        box.run(*shlex.split(line))
    assert box.property("UnitFileState", "aurad.socket") == "enabled"
    assert box.property("UnitFileState", "aurad-http.socket") == "enabled"
    box.run("useradd", "-M", "ana")
    (join,) = page_lines("sudo usermod ")
    box.run(*shlex.split(join))
    assert "aurad-users" in box.run("id", "-nG", "ana").split()


def test_the_drop_in_of_the_page_leads_to_another_place(box: Box) -> None:
    drop_in = "\n".join([*page_lines("[Service]"), *page_lines("ExecStart=")])
    box.run("tee", "/etc/systemd/system/aurad.service.d/page.conf", stdin=drop_in)
    box.run("systemctl", "daemon-reload")
    assert box.property("ExecStart").startswith(
        "{ path=/srv/video/venv/bin/aurad ; argv[]=/srv/video/venv/bin/aurad --system"
    )
    box.run("rm", "/etc/systemd/system/aurad.service.d/page.conf")
    box.run("systemctl", "daemon-reload")


@with_tools("systemd-analyze")
def test_ones_own_service_is_where_the_page_puts_it(tmp_path: Path) -> None:
    own = (*page_lines("mkdir "), *page_lines("ln "), *page_lines("install "))
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path)}
    venv = tmp_path / ".local/share/aurad-venv/bin"
    venv.mkdir(parents=True)
    for name in ("aurad", "auractl"):
        (venv / name).symlink_to(Path(sys.executable).with_name(name))
    for line in own:
        subprocess.run(line, shell=True, cwd=ROOT, env=environment, check=True)
    units = sorted((tmp_path / ".config/systemd/user").iterdir())
    assert [unit.name for unit in units] == ["aurad.service", "aurad.socket"]
    assert (tmp_path / ".local/bin/auractl").resolve().is_file()
    said = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *units],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stderr == ""


def test_the_first_caller_starts_the_daemon_and_members_may_submit(box: Box) -> None:
    box.run("systemctl", "stop", "aurad.service")
    assert box.property("ActiveState") == "inactive"
    hello = ask(box, "system.hello", *as_member(box, "aurad-users"))["result"]
    assert hello["role"] == "operate"
    assert box.property("ActiveState") == "active"
    assert box.run("ps", "-o", "user=", "-p", box.pid()).strip() == "aurad"
    assert box.property("StatusText").startswith("serving on /run/aurad.sock")
    job = ask(box, "jobs.submit", *as_member(box, "aurad-users"), brief={"source": "It rains."}, until="Script")
    assert ask(box, "jobs.get", jobId=job["result"]["jobId"])["result"]["owner"]["uid"] == int(SOMEBODY)
    assert ask(box, "system.hello", *as_member(box, "aurad-users", "aurad-admin"))["result"]["role"] == "admin"
    assert ask(box, "system.hello", *as_member(box), check=False) is None  # the kernel keeps out all others


def test_the_journal_is_asked_as_the_page_says(box: Box) -> None:
    submitted = ask(box, "jobs.submit", brief={"source": "It rains."}, until="Script", correlationId="my-request-7")
    job = submitted["result"]["jobId"]
    ask(box, "jobs.wait", jobId=job)
    by_job, by_request = page_lines("journalctl ", "watch-and-log.md")
    box.run("journalctl", "--sync")
    assert "job succeeded" in box.run(*shlex.split(by_job.replace("a-01J...", job)))
    lines = [json.loads(line) for line in box.run(*shlex.split(by_request)).splitlines()]
    assert {line["AURAD_JOB_ID"] for line in lines} == {job}


def test_the_web_address_is_there_too(box: Box) -> None:
    assert json.loads(box.run("curl", "-s", "http://127.0.0.1:8765/api/health/live")) == {"status": "live"}


def test_one_that_is_killed_is_back_for_the_next_caller(box: Box) -> None:
    before = ask(box, "system.hello")["result"]
    box.run("kill", "-KILL", box.pid())
    after = ask(box, "system.hello")["result"]
    assert after["bootId"] != before["bootId"]


def test_a_reload_reads_the_settings_and_a_broken_file_keeps_them(box: Box) -> None:
    ask(box, "rpc.ping")
    pid = box.pid()
    for text, limit in (("[jobs]\nkeep_count = 77\n", 77), ("[jobs]\nkeep_count = 'x'\n", 77)):
        box.run("tee", "/etc/aurad/aurad.d/test.toml", stdin=text)
        box.run("systemctl", "reload", "aurad.service")
        box.run("bash", "-c", "sleep 0.5")
        assert ask(box, "config.get")["result"]["settings"]["jobs"]["keep_count"] == limit
    box.run("rm", "/etc/aurad/aurad.d/test.toml")
    assert box.property("MainPID") == pid


def test_one_that_hangs_is_replaced(box: Box) -> None:
    ask(box, "rpc.ping")
    pid = box.pid()
    box.run("kill", "-STOP", pid)
    assert "result" in ask(box, "rpc.ping")  # the socket holds the caller until there is another one
    assert box.property("MainPID") != pid


def test_a_stop_is_clean_and_the_socket_stays(box: Box) -> None:
    ask(box, "rpc.ping")
    box.wait("ActiveState", "active")
    box.run("systemctl", "stop", "aurad.service")
    assert (box.property("Result"), box.property("ExecMainStatus")) == ("success", "0")
    assert box.property("ActiveState", "aurad.socket") == "active"
    assert "result" in ask(box, "rpc.ping")

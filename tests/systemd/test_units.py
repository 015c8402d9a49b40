"""The units, started for real: sockets that outlive the daemon, restart, reload, watchdog, roles by group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.systemd.box import Box, missing, open_box

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

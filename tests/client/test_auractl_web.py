"""`auractl open` and `auractl token`: what they ask, what they print, and where."""

from __future__ import annotations

import webbrowser
from typing import Any

import pytest

from aurad.client.cli import codes
from aurad.client.cli.main import run
from tests.client.fake_daemon import FakeDaemon

URL = "http://127.0.0.1:8765/open?code=x"


@pytest.mark.parametrize(("there", "printed"), [(True, ""), (False, URL + "\n")])
def test_open_prints_the_address_where_there_is_no_browser(
    fake: FakeDaemon, capsys: Any, monkeypatch: pytest.MonkeyPatch, there: bool, printed: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or there)
    fake.answers["web.open"] = lambda params, fds: {"url": URL, "expiresIn": 60.0}
    assert run(["open"]) == codes.OK
    assert (opened, capsys.readouterr().out) == ([URL], printed)
    assert run(["open", "--print"]) == codes.OK
    assert (opened, capsys.readouterr().out) == ([URL], URL + "\n")


def test_a_token_is_all_there_is_on_stdout(fake: FakeDaemon, capsys: Any) -> None:
    fake.answers["web.token"] = lambda params, fds: {"token": "aurad_x", "role": "read", "url": "http://h"}
    assert run(["token", "--label", "ci", "--role", "read", "--days", "7"]) == codes.OK
    said = capsys.readouterr()
    assert said.out == "aurad_x\n"
    assert "http://h" in said.err
    assert fake.named("web.token") == [{"label": "ci", "role": "read", "days": 7.0}]


def test_tokens_are_revoked(fake: FakeDaemon, capsys: Any) -> None:
    fake.answers["web.revoke"] = lambda params, fds: {"revoked": 2}
    assert run(["token", "--revoke"]) == run(["token", "--revoke", "--label", "ci"]) == codes.OK
    assert fake.named("web.revoke") == [{}, {"label": "ci"}]
    assert "2 ended" in capsys.readouterr().err

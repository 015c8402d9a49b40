"""Who comes in over HTTP: tokens, sessions, one-time codes; and who does not: other names, other sites."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from msgspec.structs import replace

from aurad import daemon
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.settings import Http
from aurad.serve import tokens as tokens_module
from aurad.serve.access import Caller, Role
from aurad.serve.endpoints import endpoints
from aurad.serve.gate import COOKIE, Gate
from aurad.serve.operations import TABLE, Call
from aurad.serve.reload import waiting
from aurad.serve.tokens import FILE, Tokens, open_tokens
from tests.engine.house import ME, open_house
from tests.serve.edge import somebody
from tests.serve.site import Site, open_site
from tests.serve.test_web import problem

LOOPBACK = Http(bind="127.0.0.1:0", auth="loopback")


async def call(site: Site, method: str, caller: Caller, **params: Any) -> Any:
    """An operation as the control socket would call it."""
    operation = TABLE[method]
    answer = await operation.perform(
        Call(site.house.engine, caller, [], [], site.tokens), msgspec.convert(params, operation.params)
    )
    return msgspec.to_builtins(answer)


# ------------------------------------------------------------ tokens


async def test_nobody_comes_in_without_a_token(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        for one in endpoints():
            path = one.route.path.format(jobId="a-b", artifactId="c")
            answer = await site.ask(one.route.method, path, token="")
            if one.role is not None:
                problem(answer, 401, "E401-TOKEN")
                assert answer.headers["www-authenticate"] == "Bearer"
            else:
                assert answer.status_code in (200, 422)
        anybody = {one.name for one in endpoints() if one.role is None}
        assert anybody == {"page", "page.events", "page.events.types", "web.redeem", "health.live"}


@pytest.mark.parametrize("secret", ["wrong", "aurad_", "x" * 8000, "caf\u00e9", "a b"])
async def test_a_wrong_token_does_not_do(tmp_path: Path, secret: str) -> None:
    async with open_site(tmp_path) as site:
        headers = {"Authorization": f"Bearer {secret}".encode()}
        problem(await site.get("/api/jobs", token="", headers=headers), 401, "E401-TOKEN")


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("operate", 202), ("admin", 202)])
async def test_a_token_has_its_callers_role(tmp_path: Path, role: Role, status: int) -> None:
    async with open_site(tmp_path) as site:
        secret = (await call(site, "web.token", somebody(role)))["token"] if role != "read" else await site.token(role)
        answer = await site.ask("POST", "/api/jobs", token=secret, json={"brief": {"source": "Bees."}})
        assert answer.status_code == status


async def test_a_token_never_gives_more_than_its_caller_has(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        with pytest.raises(AuradError, match="yours is operate") as caught:
            await call(site, "web.token", somebody("operate"), role="admin")
        assert caught.value.code == "E400-DENIED"
        assert (await call(site, "web.token", somebody("admin"), role="read"))["role"] == "read"


async def test_tokens_outlive_the_daemon_and_only_their_hashes_are_kept(tmp_path: Path) -> None:
    async with open_tokens(tmp_path) as tokens:
        secret = await tokens.issue(somebody("operate", 7), "token", label="ci")
    kept = tmp_path / FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    assert secret not in kept.read_text()
    async with open_tokens(tmp_path) as again:
        assert again.find(secret) == somebody("operate", 7)
        assert again.find(secret + "x") is None


async def test_a_token_ages_and_is_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(tmp_path / FILE)
    old, kept = await tokens.issue(somebody("read"), "token", days=1), await tokens.issue(somebody("read"), "token")
    foreign = await tokens.issue(somebody("read", 2000), "token")
    now, wall = tokens_module.running(), tokens_module.time.time()
    monkeypatch.setattr(tokens_module.time, "time", lambda: wall + 365 * 86400)
    assert tokens.find(old)  # whatever the wall clock says meanwhile; who starts has no other
    assert Tokens(tmp_path / FILE).find(old) is None
    monkeypatch.setattr(tokens_module, "running", lambda: now + 2 * 86400)
    assert [tokens.find(each) is None for each in (old, kept)] == [True, False]
    assert await tokens.revoke(somebody("read").owner, "another") == 0
    assert await tokens.revoke(somebody("read").owner, None) == 2
    assert [tokens.find(each) is None for each in (kept, foreign)] == [True, False]
    assert Tokens(tmp_path / FILE).find(kept) is None


async def test_there_is_a_limit_and_sessions_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "GRANTS", 3)
    tokens = Tokens(tmp_path / FILE)
    kinds: tuple[Any, ...] = ("token", "session", "session", "session", "token")
    secrets = [await tokens.issue(somebody("read"), kind) for kind in kinds]
    assert [tokens.find(each) is not None for each in secrets] == [True, False, False, True, True]


def test_a_file_of_tokens_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(AuradError, match="cannot read the tokens"):
        Tokens(tmp_path / FILE)


# ------------------------------------------------------------ browsers


async def test_a_browser_comes_in_by_a_code_that_works_once(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        door = (await call(site, "web.open", somebody("operate", ME.uid)))["url"]
        assert door.startswith(site.url)
        path = door.removeprefix(site.url)
        assert "set-cookie" not in (await site.ask("HEAD", path, token="")).headers
        answer = await site.get(path, token="")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        session = {"Cookie": cookie.partition(";")[0]}
        assert session["Cookie"].startswith(COOKIE)
        job = await site.submit(token="", headers=session)
        assert (await site.get(f"/api/jobs/{job}", token="", headers=session)).json()["owner"]["uid"] == ME.uid
        problem(await site.get(path, token=""), 401, "E401-TOKEN")


async def test_a_code_is_too_old_after_a_minute(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    tokens = Tokens(tmp_path / FILE)
    code, seconds = tokens.offer(somebody("read"))
    await trio.sleep(seconds + 1)
    with pytest.raises(AuradError, match="older than a minute"):
        await tokens.redeem(code)


async def test_codes_are_few(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / FILE)
    codes = [tokens.offer(somebody("read"))[0] for _ in range(tokens_module.CODES + 1)]
    await tokens.redeem(codes[-1])
    with pytest.raises(AuradError):
        await tokens.redeem(codes[0])


async def test_without_http_there_is_no_door(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        site.tokens.url = ""
        for method in ("web.open", "web.token"):
            with pytest.raises(AuradError, match="serves no HTTP"):
                await call(site, method, somebody("admin"))


# ------------------------------------------------------------ names and sites


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:1", 200), ("localhost:9999", 200), ("[::1]", 200), ("video.example.org", 200),
     ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421), ("10.0.0.1", 421), ("[", 421)],
)  # fmt: skip
async def test_only_its_own_names_are_answered(tmp_path: Path, host: str, status: int) -> None:
    async with open_site(tmp_path, http=Http(bind="127.0.0.1:0", hosts=("video.example.org",))) as site:
        answer = await site.get("/api/health/live", token="", headers={"Host": host})
        assert answer.status_code == status
        if status == 421:
            problem(answer, 421, "E403-HOST")


@pytest.mark.parametrize(
    ("origin", "status"),
    [("{url}", 200), ("https://video.example.org", 200), ("http://evil.example", 403), ("null", 403),
     ("http://localhost:3000", 403), ("http://127.0.0.1", 403), ("http://[", 403)],
)  # fmt: skip
async def test_only_its_own_pages_are_answered(tmp_path: Path, origin: str, status: int) -> None:
    async with open_site(tmp_path, http=Http(bind="127.0.0.1:0", hosts=("video.example.org",))) as site:
        answer = await site.get("/api/jobs", headers={"Origin": origin.format(url=site.url)})
        assert answer.status_code == status
        if status == 403:
            problem(answer, 403, "E402-ORIGIN")


async def test_a_body_of_two_lengths_is_refused(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say("POST", "/api/jobs", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n")
        head = await wire.hear_head()
        assert head.status == 400
        assert b"E115-HTTP" in await wire.hear_all()  # and hangs up


# ------------------------------------------------------------ settings


async def test_loopback_lets_in_everybody_as_the_daemons_own_user(tmp_path: Path) -> None:
    async with open_site(tmp_path, http=LOOPBACK) as site:
        theirs = await site.submit()
        job = await site.submit(token="")
        view = (await site.get(f"/api/jobs/{job}", token="")).json()
        assert view["owner"]["uid"] == os.getuid()
        if os.getuid() != ME.uid:
            assert (await site.get(f"/api/jobs/{theirs}", token="")).status_code == 404
        problem(await site.get("/api/jobs", token="wrong"), 401, "E401-TOKEN")


@pytest.mark.parametrize("bind", ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "video.example.org:1"])
async def test_others_may_only_come_with_a_token(tmp_path: Path, bind: str) -> None:
    tokens = Tokens(tmp_path / FILE)
    with pytest.raises(AuradError, match="nobody has a token yet") as caught:
        Gate(Http(bind=bind), tokens)
    assert caught.value.code == "E503-CONFIG"
    await tokens.issue(Caller(Owner(uid=1, name="x"), "read"), "token")
    Gate(Http(bind=bind), tokens)
    with pytest.raises(AuradError, match="others could come in"):
        Gate(Http(bind=bind, auth="loopback"), tokens)


async def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        bind = f"127.0.0.1:{site.port}"
        (tmp_path / "other").mkdir()
        taken = pytest.RaisesExc(AuradError, match=f"cannot listen on {bind}: Address already in use")
        with pytest.RaisesGroup(taken, flatten_subgroups=True):
            async with open_site(tmp_path / "other", http=Http(bind=bind)):
                raise AssertionError


@pytest.mark.parametrize(("bind", "why"), [("0.0.0.0:0", "nobody has a token"), ("127.0.0.1:99999", "99999")])
async def test_a_service_that_cannot_serve_where_it_should_says_so_where_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bind: str, why: str
) -> None:
    monkeypatch.setattr(daemon, "Http", lambda: Http(bind="127.0.0.1:0"))  # the default, on a port of its own
    tokens = Tokens(tmp_path / FILE)
    async with (
        open_house(tmp_path, private=False) as house,
        daemon._open_web(house.engine, Http(bind=bind), tokens, ()),
    ):
        assert tokens.url.startswith("http://127.0.0.1:")
        assert house.engine.holds.broken is not None
        assert why in house.engine.holds.broken.detail
        house.engine.adopt(replace(house.engine.settings, http=Http(bind="127.0.0.1:1")), {})
        assert waiting(house.engine) == ["http.bind"]
        assert house.engine.holds.broken is None


async def test_where_the_default_cannot_be_served_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_site(tmp_path) as site:
        monkeypatch.setattr(daemon, "Http", lambda: Http(bind=f"127.0.0.1:{site.port}"))
        with pytest.raises(AuradError, match="Address already in use"):
            async with daemon._open_web(site.house.engine, daemon.Http(), Tokens(tmp_path / FILE), ()):
                raise AssertionError

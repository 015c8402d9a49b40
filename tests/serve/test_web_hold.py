"""What lasts, streams and WebSockets, ends with the token or session that it was begun with, or the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing
from trio_websocket import ConnectionClosed

from aurad.engine.logfiles import Piece
from aurad.serve import tokens as tokens_module
from aurad.serve.tokens import FILE, LOOK, Tokens, open_tokens
from tests.engine.toys import STAGES, Box, Context, Deliverable, Deliverables, FinishRequest, Gated, keep
from tests.serve.edge import PATIENCE, somebody
from tests.serve.site import open_site
from tests.serve.test_websocket import ask, call, open_web_socket

ADMIN = somebody("admin", 7)
END = b"0\r\n\r\n"  # the end of an answer in chunks, which one that is cut off lacks


@pytest.mark.parametrize(
    "path", ["/api/events?jobs={job}", "/api/jobs/{job}/events", "/api/jobs/{job}/logs?follow=true"]
)
async def test_a_stream_ends_with_its_token(tmp_path: Path, path: str) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, voice=("gated",)) as site:
        path = path.format(job=await site.submit())
        await Gated.reached.wait()
        mine, foreign = await site.tokens.issue(ADMIN, "token"), await site.token("admin", 8)
        async with site.follow(path, token=mine) as ending, site.follow(path, token=foreign) as other:
            await site.tokens.revoke(ADMIN.owner, None)
            assert not (await ending.hear_all()).endswith(END)
            Gated.gate.set()
            while not other.ended:
                await other.next_piece()
            assert (await site.get(path, token=mine)).status_code == 401


class Big(Box):
    """Makes a video that no socket takes at once."""

    async def finish(self, request: FinishRequest, context: Context) -> Deliverables:
        video = keep(context, "v", bytes(16 << 20), "video/mp4")
        return Deliverables(files=(Deliverable(name="video.mp4", artifact=video),))


async def test_a_file_ends_with_its_token(tmp_path: Path) -> None:
    stages = [Big if stage is Box else stage for stage in STAGES]
    async with open_site(tmp_path, stages=stages) as site, site.connect() as wire:
        view = await site.house.engine.jobs.wait(await site.submit())
        video = next(artifact for artifact in view.artifacts if artifact.name == "video.mp4")
        await wire.follow(f"/api/artifacts/{video.artifact_id}", token=await site.tokens.issue(ADMIN, "token"))
        assert wire.head.headers["content-length"] == str(16 << 20)
        await site.tokens.revoke(ADMIN.owner, None)
        assert len(await wire.hear_all()) < 16 << 20


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
async def test_a_log_that_goes_on_is_cut_off_when_the_daemon_stops(tmp_path: Path, version: str) -> None:
    Gated.gate, Gated.reached = trio.Event(), trio.Event()
    async with open_site(tmp_path, voice=("gated",)) as site, site.connect() as wire:
        job = await site.submit()
        await Gated.reached.wait()
        head = f"GET /api/jobs/{job}/logs?follow=true {version}\r\nHost: {site.host}\r\n"
        await wire.stream.send_all(f"{head}Authorization: Bearer {site.mine}\r\n\r\n".encode())
        assert (await wire.hear_head()).status == 200
        site.house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "", ["hello"], pytest.fail))
        site.stop()
        assert not (await wire.hear_all()).endswith(END)
        Gated.gate.set()


async def test_a_log_that_was_told_to_its_end_is_whole(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        job = (await site.house.make("One sentence.")).job_id
        site.house.engine.joblogs.write(Piece(job, "corr-1", "Voice", "", ["hello"], pytest.fail))
        await wire.follow(f"/api/jobs/{job}/logs?follow=true&limit=4")
        while not wire.ended:
            await wire.next_piece()
        assert wire.said == b"hell"
        await wire.follow(f"/api/jobs/{job}/logs")  # the connection goes on
        assert wire.head.status == 200


async def test_a_web_socket_ends_with_its_token_and_is_told_why(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        secret = await site.tokens.issue(ADMIN, "token")
        async with open_web_socket(site, secret) as socket, open_web_socket(site, site.mine) as other:
            await ask(socket, call("events.subscribe"))
            await site.tokens.revoke(ADMIN.owner, None)
            with trio.fail_after(PATIENCE), pytest.raises(ConnectionClosed) as caught:
                await socket.get_message()
            assert caught.value.reason is not None
            assert caught.value.reason.code == 1008
            assert "revoked" in (caught.value.reason.reason or "")
            assert "result" in await ask(other, call("rpc.ping"))


async def test_a_token_that_revokes_itself_is_gone_from_the_disk_too(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        secret = await site.tokens.issue(ADMIN, "token")
        async with open_web_socket(site, secret) as socket:
            with pytest.raises(ConnectionClosed):
                await ask(socket, call("web.revoke"))
        again = Tokens(tmp_path / FILE)
        assert [again.find(each) is None for each in (secret, site.mine)] == [True, False]


async def test_what_is_held_ends_when_the_grant_is_too_old(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    tokens = Tokens(tmp_path / FILE)
    secret = await tokens.issue(ADMIN, "session", days=1)
    began = trio.current_time()
    with tokens.hold(secret):
        await trio.sleep_forever()
    assert trio.current_time() - began == pytest.approx(tokens_module.DAY, abs=PATIENCE)


async def test_what_is_not_granted_any_more_is_not_held(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / FILE)
    with tokens.hold("aurad_revoked-meanwhile"):
        await trio.sleep_forever()
    with tokens.hold("") as free:  # on loopback without a token
        await trio.lowlevel.checkpoint()
    assert not free.cancel_called


async def test_all_ends_when_the_file_is_removed(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    async with open_tokens(tmp_path) as tokens:
        secret = await tokens.issue(ADMIN, "token")
        await trio.sleep(3 * LOOK)
        assert tokens.find(secret) is not None
        with tokens.hold(secret):
            (tmp_path / FILE).unlink()
            await trio.sleep_forever()
        assert tokens.find(secret) is None
        new = await tokens.issue(ADMIN, "token")
    again = Tokens(tmp_path / FILE)
    assert [again.find(each) is None for each in (secret, new)] == [True, False]


async def test_changes_at_the_same_time_do_not_undo_one_another(tmp_path: Path) -> None:
    tokens, secrets = Tokens(tmp_path / FILE), list[str]()
    gone = await tokens.issue(ADMIN, "token")

    async def issue() -> None:
        secrets.append(await tokens.issue(somebody("read"), "token"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(issue)
        nursery.start_soon(tokens.revoke, ADMIN.owner, None)
    again = Tokens(tmp_path / FILE)
    assert again.find(gone) is None
    assert all(again.find(each) for each in secrets)

"""Webhooks: told at least once, signed, tried again, over a restart too; the secret is shown to nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from aurad.engine import webhooks
from aurad.engine.webhooks import signature
from aurad.model.errors import AuradError
from tests.engine.house import open_house

SECRET = "whsec_" + base64.b64encode(b"some key of 24 bytes, ok").decode()


class Ear:
    """An address that answers with these statuses, the last one for ever; keeps what it heard."""

    def __init__(self, *statuses: int) -> None:
        self._statuses, self.heard, self.url = list(statuses), list[tuple[dict[str, str], bytes]](), ""

    async def serve(self, stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await stream.receive_some()
        head, _, body = data.partition(b"\r\n\r\n")
        pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        headers = {name.lower(): value for name, value in pairs}
        while len(body) < int(headers["content-length"]):
            body += await stream.receive_some()
        self.heard.append((headers, body))
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        await stream.send_all(b"HTTP/1.1 %d X\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n" % status)

    async def wait(self, number: int) -> None:
        with trio.fail_after(10):
            while len(self.heard) < number:  # noqa: ASYNC110  # by another task of this test
                await trio.sleep(0.01)


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[Ear]:
    ear = Ear(*statuses)
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        ear.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook"
        await nursery.start(trio.serve_listeners, ear.serve, [listener])
        yield ear
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PAUSE", 0.01)


async def left(house: Any) -> int:
    return int((await house.engine._journal.read("SELECT count(*) FROM webhooks"))[0][0])


async def settled(house: Any) -> None:
    with trio.fail_after(10):
        while await left(house):  # noqa: ASYNC110  # the journal knows, nobody is told
            await trio.sleep(0.01)


async def hurry(house: Any) -> None:
    """What was put off is due now."""
    with trio.fail_after(10):
        while not await house.engine._journal.read("SELECT 1 FROM webhooks WHERE attempts"):  # noqa: ASYNC110
            await trio.sleep(0.01)
    await house.engine._journal.commit(lambda connection: connection.execute("UPDATE webhooks SET due = 0"))
    house.engine.jobs.webhooks.look()


async def test_the_end_of_a_job_is_told_and_signed_and_the_secret_is_not(tmp_path: Path) -> None:
    async with listening(204) as ear, open_house(tmp_path) as house:
        view = await house.make("One sentence.", webhook={"url": ear.url, "secret": SECRET})
        await ear.wait(1)
        await settled(house)
        events = await house.events(view.job_id)
    headers, body = ear.heard[0]
    assert msgspec.json.decode(body) == events[-1]
    assert headers["webhook-id"] == f"{view.job_id}-{events[-1]['jobSeq']}"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = hmac.digest(b"some key of 24 bytes, ok", signed, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert view.settings["webhook"] == {"url": ear.url, "secret": "***"}
    assert SECRET not in str(events)
    assert len(ear.heard) == 1


async def test_one_that_is_not_taken_is_told_again(tmp_path: Path) -> None:
    async with listening(500, 302, 200) as ear, open_house(tmp_path) as house:
        await house.make("One sentence.", webhook={"url": ear.url})
        await ear.wait(3)
        await settled(house)
        assert house.engine.jobs.webhooks.told == {"put off": 2, "taken": 1}
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 1
    assert "webhook-signature" not in ear.heard[0][0]


async def test_what_nobody_takes_is_given_up_and_fails_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ATTEMPTS", 2)
    async with open_house(tmp_path) as house:
        view = await house.make("One sentence.", webhook={"url": "http://127.0.0.1:1/"})
        assert view.status.value == "Succeeded"
        await settled(house)
        assert house.engine.jobs.webhooks.told == {"put off": 1, "given up": 1}


async def test_a_restart_forgets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PAUSE", 3600.0)
    async with listening(500, 200) as ear:
        async with open_house(tmp_path) as house:
            await house.make("One sentence.", webhook={"url": ear.url})
            await ear.wait(1)
            await hurry(house)
        async with open_house(tmp_path) as house:
            await ear.wait(2)
            await settled(house)


@pytest.mark.parametrize(
    "webhook",
    [{"url": "http://a..b/"}, {"url": f"http://{'a' * 64}/"}, {"url": "http://127.0.0.1:1/", "secret": "whsec_%"},
     {"url": "http://127.0.0.1:1/", "secret": "whsec_é"}],
)  # fmt: skip
async def test_one_that_can_never_be_told_harms_no_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: dict[str, str]
) -> None:
    monkeypatch.setattr(webhooks, "ATTEMPTS", 2)
    async with open_house(tmp_path) as house:
        assert (await house.make("One sentence.", webhook=webhook)).status.value == "Succeeded"
        await settled(house)


async def test_events_that_are_chosen_are_told_in_their_order_and_no_others(tmp_path: Path) -> None:
    chosen = ["job-completed", "artifact", "step-status"]
    async with listening(200, 500, 500, 200) as ear, open_house(tmp_path) as house:
        view = await house.make(webhook={"url": ear.url, "events": chosen})
        await settled(house)
        events = [event for event in await house.events(view.job_id) if event["type"] in chosen]
    heard = {headers["webhook-id"]: msgspec.json.decode(body) for headers, body in ear.heard}
    assert list(heard.values()) == events
    assert len(ear.heard) == len(events) + 2
    assert events[0]["type"] == "step-status"  # told while the job was running


async def test_after_a_restart_telling_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "PAUSE", 3600.0)
    async with listening(200, 200, 500, 200) as ear:
        async with open_house(tmp_path) as house:
            view = await house.make(webhook={"url": ear.url, "events": ["artifact", "job-completed"]})
            await ear.wait(3)
            await hurry(house)
        async with open_house(tmp_path) as house:
            await settled(house)
            events = await house.events(view.job_id)
    wanted = [event["jobSeq"] for event in events if event["type"] in ("artifact", "job-completed")]
    told = [msgspec.json.decode(body)["jobSeq"] for _, body in ear.heard]
    assert told == [*wanted[:3], *wanted[2:]]


async def test_who_takes_nothing_is_asked_once_for_each_event_but_often_for_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "ATTEMPTS", 3)
    monkeypatch.setattr(webhooks, "PAUSE", 3600.0)  # all of the job has happened by the second attempt
    async with listening(500) as ear, open_house(tmp_path) as house:
        view = await house.make(webhook={"url": ear.url, "events": ["artifact", "job-completed"]})
        await ear.wait(1)
        monkeypatch.setattr(webhooks, "PAUSE", 0.01)
        await hurry(house)
        await settled(house)
        artifacts = sum(event["type"] == "artifact" for event in await house.events(view.job_id))
    types = [msgspec.json.decode(body)["type"] for _, body in ear.heard]
    assert types == ["artifact"] * (3 + artifacts - 1) + ["job-completed"] * 3


async def test_what_an_earlier_version_left_to_be_told_is_told(tmp_path: Path) -> None:
    async with listening(200) as ear, open_house(tmp_path) as house:
        view = await house.make(webhook={"url": ear.url})
        await settled(house)
        row = (view.job_id,)
        await house.engine._journal.commit(
            lambda connection: connection.execute("INSERT INTO webhooks (job_id, attempts, due) VALUES (?, 0, 0)", row)
        )
        house.engine.jobs.webhooks.look()
        await settled(house)
    assert ear.heard[0][1] == ear.heard[1][1]


@pytest.mark.parametrize("name", ["job-done", "job-log", "*"])
async def test_a_name_of_no_event_is_refused_and_named(tmp_path: Path, name: str) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match=rf"'{re.escape(name)}' - at .*webhook.events"):
            await house.submit("One sentence.", webhook={"url": "http://127.0.0.1:1/", "events": ["artifact", name]})


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://", "https://a b"])
async def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match="webhook"):
            await house.submit("One sentence.", webhook={"url": url})


def test_a_plain_secret_is_its_own_bytes() -> None:
    expected = base64.b64encode(hmac.digest(b"key", b"m.1.body", hashlib.sha256)).decode()
    assert signature("key", "m", 1, b"body")["webhook-signature"] == f"v1,{expected}"

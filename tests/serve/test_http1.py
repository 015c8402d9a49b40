"""What is refused before an endpoint is known: as a problem too, and nothing but HTTP/1 is spoken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.serve import asgi
from aurad.serve.websocket import SUBPROTOCOL
from tests.serve.site import HttpWire, open_site

MINE = "X-Correlation-ID: mine"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
UPGRADE_H2C = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"]


async def refused(wire: HttpWire, status: int, code: str) -> dict[str, Any]:
    """The problem that a refusal holds, after which the connection ends."""
    head = await wire.hear_head()
    assert (head.status, head.headers["content-type"]) == (status, "application/problem+json")
    found: dict[str, Any] = msgspec.json.decode(await wire.hear_all())
    assert (found["status"], found["errorCode"]) == (status, code)
    assert found["correlationId"] == head.headers["x-correlation-id"] != ""
    assert head.headers["x-content-type-options"] == "nosniff"
    return found


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (b"GET\r\n\r\n", 400, "E115-HTTP"),
        (b"\x16\x03\x01\x02\x00", 400, "E115-HTTP"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "E115-HTTP"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"A" * 100_000 + b"\r\n\r\n", 431, "E117-HEAD"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "E118-CODING"),
        (PREFACE, 400, "E115-HTTP"),
    ],
)
async def test_what_cannot_be_read_is_told_what_is_wrong(tmp_path: Path, said: bytes, status: int, code: str) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.stream.send_all(said)
        assert (await refused(wire, status, code))["remedy"]


async def test_who_offers_http2_is_answered_without(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        for _ in range(2):
            await wire.say("GET", "/api/health/live", UPGRADE_H2C)
            assert (await wire.hear_head()).status == 200
            wire._data = wire._data.removeprefix(b'{"status":"live"}')


@pytest.mark.parametrize("leave_out", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
async def test_what_is_no_handshake_is_told_so(tmp_path: Path, leave_out: str) -> None:
    headers = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
    kept = [each for each in headers if not each.startswith(leave_out)]
    async with open_site(tmp_path) as site, site.connect() as wire:
        ask = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Protocol: {SUBPROTOCOL}", MINE, *kept]
        await wire.say("GET", "/api/rpc", ask)
        found = await refused(wire, 400, "E115-HTTP")
        assert (found["instance"], found["correlationId"]) == ("/api/rpc", "mine")
        assert "WebSocket" in found["detail"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_bug_under_quart_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    async def fail(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(asgi.Connection, "_answer", fail)
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say(method, "/api/jobs", [MINE])
        if method == "HEAD":
            assert (await wire.hear_head()).status == 500
            assert await wire.hear_all() == b""
        else:
            assert (await refused(wire, 500, "E500-INTERNAL"))["correlationId"] == "mine"


@pytest.mark.parametrize("path", ["//", "//api/jobs", "/api//jobs", "/api/jobs/"])
async def test_no_address_leads_elsewhere(tmp_path: Path, path: str) -> None:
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say("GET", path, [f"Authorization: Bearer {site.mine}", "Connection: close"])
        assert repr(path) in (await refused(wire, 404, "E110-PATH"))["detail"]

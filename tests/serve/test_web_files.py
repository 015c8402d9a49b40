"""Files over HTTP: assets as raw bodies, artifacts whole, in one range, or not at all because they are known."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from aurad.model.errors import AuradError
from aurad.serve import exchange, files
from aurad.serve.files import parse_range
from tests.serve.edge import open_descriptors
from tests.serve.site import Site, open_site
from tests.serve.test_web import problem


@asynccontextmanager
async def open_made(folder: Path) -> AsyncIterator[tuple[Site, str, bytes]]:
    """A house with a finished job; the address of its video, and the video."""
    async with open_site(folder) as site:
        view = await site.house.engine.jobs.wait(await site.submit())
        video = next(artifact for artifact in view.artifacts if artifact.name == "video.mp4")
        path = f"/api/artifacts/{video.artifact_id}"
        yield site, path, site.house.engine.store.path(video.sha256).read_bytes()


# ------------------------------------------------------------ out


async def test_a_whole_file(tmp_path: Path) -> None:
    async with open_made(tmp_path) as (site, path, data):
        answer = await site.get(path)
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["content-length"] == str(len(data))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-disposition"] == 'inline; filename="video.mp4"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        head = await site.ask("HEAD", path)
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-3", 0, 4), ("bytes=4-", 4, None), ("bytes=-4", -4, None), ("bytes=2-99999", 2, None),
     ("bytes=-99999", 0, None), ("bytes=0-0", 0, 1)],
)  # fmt: skip
async def test_one_range(tmp_path: Path, asked: str, start: int, end: int | None) -> None:
    async with open_made(tmp_path) as (site, path, data):
        answer = await site.get(path, headers={"Range": asked})
        part = data[start:end]
        assert (answer.status_code, answer.content) == (206, part)
        first = data.index(part) if start < 0 else start
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(data)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=4-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes", ""])
async def test_several_ranges_or_nonsense_mean_the_whole_file(tmp_path: Path, asked: str) -> None:
    async with open_made(tmp_path) as (site, path, data):
        answer = await site.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, data)


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=99999-100000", "bytes=-0"])
async def test_a_range_outside_is_refused_with_the_size(tmp_path: Path, asked: str) -> None:
    async with open_made(tmp_path) as (site, path, data):
        answer = await site.get(path, headers={"Range": asked})
        problem(answer, 416, "E114-RANGE")
        assert answer.headers["content-range"] == f"bytes */{len(data)}"


async def test_what_is_known_already_is_not_sent(tmp_path: Path) -> None:
    async with open_made(tmp_path) as (site, path, data):
        etag = (await site.get(path)).headers["etag"]
        assert etag == f'"{hashlib.sha256(data).hexdigest()}"'
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = await site.get(path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert (await site.get(path, headers={"If-None-Match": '"other"'})).content == data
        assert (await site.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})).status_code == 206
        assert (await site.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})).content == data


async def test_a_strangers_file_does_not_exist(tmp_path: Path) -> None:
    async with open_made(tmp_path) as (site, path, _):
        problem(await site.get(path, token=await site.token("operate", 2000)), 404, "E200-NO_JOB")
        assert (await site.get(path, token=await site.token("admin", 0))).status_code == 200


async def test_a_damaged_file_is_not_sent(tmp_path: Path) -> None:
    async with open_made(tmp_path) as (site, path, _):
        sha256 = (await site.get(path)).headers["etag"].strip('"')
        site.house.engine.store.discard(sha256)
        problem(await site.get(path), 500, "E506-STORE")


def test_ranges_of_an_empty_file() -> None:
    assert parse_range("", 0) is None
    for asked in ("bytes=0-", "bytes=-1", "bytes=0-0"):
        with pytest.raises(AuradError):
            parse_range(asked, 0)


async def test_a_file_is_read_in_pieces_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 10)
    async with open_made(tmp_path) as (site, path, data):
        assert (await site.get(path)).content == data
        async with site.connect() as wire:  # leaves in the middle
            await wire.say("GET", path, [f"Authorization: Bearer {site.mine}"])
            await wire.hear_head()
        await site.wait_connections(1)
        assert open_descriptors(tmp_path / "state" / "store") == 0


# ------------------------------------------------------------ in


async def test_an_asset_is_brought_in_and_used(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        headers = {"Content-Type": "text/markdown; charset=utf-8"}
        answer = await site.ask("POST", "/api/assets", content=b"Bees see colours.", headers=headers)
        assert answer.status_code == 201
        asset = answer.json()
        assert (asset["sizeBytes"], asset["mediaType"]) == (17, "text/markdown")
        await site.house.engine.jobs.wait(await site.submit(asset["asset"]))
        stranger = await site.token("operate", 2000)
        body = {"brief": {"source": asset["asset"]}}
        problem(await site.ask("POST", "/api/jobs", json=body, token=stranger), 404, "E200-NO_JOB")
        assert list(site.house.engine.store.work.iterdir()) == []


@pytest.mark.parametrize("media_type", ["", "nonsense", "text/\u00fc", "a/" + "b" * 100, "text/html\\"])
async def test_a_media_type_that_is_none_is_plain_bytes(tmp_path: Path, media_type: str) -> None:
    async with open_site(tmp_path) as site:
        headers = {"Content-Type": media_type.encode()}
        answer = await site.ask("POST", "/api/assets", content=b"x", headers=headers)
        assert (answer.status_code, answer.json()["mediaType"]) == (201, "application/octet-stream")


async def test_an_asset_may_be_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "UPLOAD_LIMIT", 1000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield bytes(1000)

    async with open_site(tmp_path) as site:
        for content in (bytes(1001), pieces()):
            problem(await site.ask("POST", "/api/assets", content=content), 413, "E105-TOO_LARGE")
        assert list(site.house.engine.store.work.iterdir()) == []
        assert (await site.ask("POST", "/api/assets", content=bytes(1000))).status_code == 201


async def test_a_body_that_does_not_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "STALL", 0.05)
    monkeypatch.setattr("aurad.serve.asgi.LINGER", 0.05)
    async with open_site(tmp_path) as site, site.connect() as wire:
        await wire.say("POST", "/api/assets", [f"Authorization: Bearer {site.mine}", "Content-Length: 5"], b"12")
        assert (await wire.hear_head()).status == 408
        assert b"E113-SLOW" in await wire.hear_all()  # and hangs up
        assert list(site.house.engine.store.work.iterdir()) == []


async def test_whoever_leaves_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        async with site.connect() as wire:
            await wire.say("POST", "/api/assets", [f"Authorization: Bearer {site.mine}", "Content-Length: 5"], b"12")
            await site.wait_connections(1)
        await site.wait_connections(0)
        assert list(site.house.engine.store.work.iterdir()) == []


async def test_a_large_body_waits_for_the_disk_not_in_memory(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        data = bytes(8 << 20)
        answer: httpx2.Response = await site.ask("POST", "/api/assets", content=data)
        assert answer.json()["sizeBytes"] == len(data)

"""Files over HTTP: assets come in as raw bodies, artifacts go out whole or as one range."""

from __future__ import annotations

import os
import re
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import trio
from msgspec import Meta
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse

from aurad.engine.store import disk_error
from aurad.model.errors import AuradError
from aurad.model.event import ArtifactView
from aurad.model.value import Value
from aurad.serve.asgi import Pieces, Stream
from aurad.serve.endpoints import endpoint
from aurad.serve.exchange import ANY, Exchange, answer
from aurad.serve.operations import Call, Nothing, Route, visible
from aurad.serve.operations.files import AssetView, asset_view
from aurad.serve.watch import Watch

UPLOAD_LIMIT = 4 << 30  # bytes of one asset: an hour of a good recording
CHUNK = 256 << 10  # bytes read at a time: few thread switches, little memory
OCTETS = "application/octet-stream"
TYPES = {
    "mp4": "video/mp4", "webm": "video/webm", "m4a": "audio/mp4", "wav": "audio/wav", "mp3": "audio/mpeg",
    "opus": "audio/ogg", "flac": "audio/flac", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp",
    "vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8", "json": "application/json",
    "txt": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8", "m3u8": "application/vnd.apple.mpegurl",
    "ts": "video/mp2t", "m4s": "video/iso.segment",
}  # fmt: skip
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}", re.ASCII)
_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


class ByArtifact(Value, frozen=True, kw_only=True):
    artifact_id: Annotated[str, Meta(min_length=1, max_length=64)]


# ------------------------------------------------------------ in


@endpoint("assets.put", Route("POST", "/api/assets", 201), "operate", Nothing, result=AssetView, takes=ANY)
async def receive(exchange: Exchange, params: Nothing) -> Response:
    """Bring a file in as the request's body; it is copied and hashed before the answer."""
    media_type = exchange.request.mimetype
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = OCTETS
    with exchange.engine.store.workspace() as folder:
        path = trio.Path(folder / "body")
        await _save(exchange, path)
        async with await trio.open_file(path, "rb") as file:
            artifact = await exchange.engine.put_asset(file.wrapped.fileno(), media_type, exchange.known.owner)
    return answer(asset_view(artifact), 201)


async def _save(exchange: Exchange, path: trio.Path) -> None:
    try:
        async with await path.open("wb") as file, aclosing(exchange.body(UPLOAD_LIMIT)) as body:
            async for piece in body:
                await file.write(piece)
    except OSError as error:
        raise disk_error("take the asset", error) from error


# ------------------------------------------------------------ out


@endpoint("artifacts.get", Route("GET", "/api/artifacts/{artifactId}"), "read", ByArtifact, gives=ANY, also=(206, 304))
async def send(exchange: Exchange, params: ByArtifact) -> Response:
    """A file of a job, whole or one range of it."""
    view, job_id, path = await exchange.engine.find_artifact(params.artifact_id)
    await visible(Call(exchange.engine, exchange.known, [], []), job_id)
    request, etag = exchange.request, f'"{view.sha256}"'
    if _matches(request.headers.get("If-None-Match", ""), etag):
        return TrioResponse(b"", 304, headers=_headers(view, etag))
    asked = request.headers.get("Range", "") if request.headers.get("If-Range", etag) == etag else ""
    found = parse_range(asked, view.size_bytes)
    start, end = found or (0, view.size_bytes)
    body = b"" if request.method == "HEAD" else FileStream(path, start, end, exchange.hold())
    response = TrioResponse(body, 200 if found is None else 206, headers=_headers(view, etag))
    response.headers["Content-Length"] = str(end - start)
    if found is not None:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{view.size_bytes}"
    return response


def parse_range(asked: str, size: int) -> tuple[int, int] | None:
    """`Range` as first byte and end; None for several ranges or nonsense, which mean the whole file. Raises E114."""
    match = _RANGE.fullmatch(asked)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if not last else min(int(last) + 1, size)
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise AuradError("E114-RANGE", f"cannot give {asked}: the file has {size} bytes", details={"sizeBytes": size})
    return start, end


def _headers(view: ArtifactView, etag: str) -> dict[str, str]:
    media_type = TYPES.get(view.name.rpartition(".")[2].lower(), OCTETS)
    shown = media_type.startswith(("video/", "audio/", "image/", "text/"))
    name = re.sub(r"[^\w. -]", "_", view.name.rpartition("/")[2], flags=re.ASCII)
    return {
        "Content-Type": media_type, "ETag": etag, "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",  # a job that goes on may make the file anew: ask by ETag
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
    }  # fmt: skip


def _matches(header: str, etag: str) -> bool:
    return any(each.strip().removeprefix("W/") in ("*", etag) for each in header.split(",") if each.strip())


class FileStream(Stream):
    """Bytes of a file, read as the client takes them."""

    def __init__(self, path: Path, start: int, end: int, hold: Watch) -> None:
        super().__init__(hold)
        self._path, self._start, self._end = path, start, end

    async def send_to(self, pieces: Pieces) -> bool:
        file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)  # quick; a cancel cannot come in between
        try:
            for start in range(self._start, self._end, CHUNK):
                size = min(CHUNK, self._end - start)
                await pieces.send(await trio.to_thread.run_sync(os.pread, file, size, start))
        finally:
            os.close(file)
        return True

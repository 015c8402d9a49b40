"""Addresses for those who watch the daemon: its metrics as scrapers want them, a job's log as it grows."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from msgspec import Meta
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse

from aurad.serve.asgi import Pieces, Stream, endless
from aurad.serve.endpoints import endpoint
from aurad.serve.exchange import Exchange
from aurad.serve.logs import Offset, open_log
from aurad.serve.metrics import render
from aurad.serve.operations import ByJob, Call, Nothing, Route
from aurad.serve.operations.jobs import JOB

TEXT = "text/plain; charset=utf-8"
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}  # each piece at once, as for events


class JobLog(ByJob, frozen=True, kw_only=True):
    """From byte `offset` on, counted from the end if negative; `limit` bytes, or all that there is.

    With `follow` the answer goes on as the log grows, until the job has ended.
    """

    offset: Offset = 0
    limit: Annotated[int, Meta(ge=1, le=2**53)] | None = None
    follow: bool = False


@endpoint("jobs.log", Route("GET", JOB + "/logs"), "read", JobLog, result=str, gives="text/plain")
async def job_log(exchange: Exchange, params: JobLog) -> Response:
    """A job's log as text: what its stages and tools said, FFmpeg's runs with command and exit code."""
    call = Call(exchange.engine, exchange.known, [], [], exchange.tokens)
    log = await open_log(call, params.job_id, params.offset, wait=params.follow)
    body = b"" if exchange.request.method == "HEAD" else LogStream(log, params.limit or sys.maxsize, exchange)
    return endless(TrioResponse(body, 200, content_type=TEXT, headers=HEADERS))


class LogStream(Stream):
    """A log's bytes as they come. It ends with the job; when the daemon stops before that it is cut off."""

    def __init__(self, log: AsyncGenerator[bytes, None], limit: int, exchange: Exchange) -> None:
        super().__init__(exchange.hold())
        self._log, self._left, self._stopping = log, limit, exchange.stopping

    async def send_to(self, pieces: Pieces) -> bool:
        with self._stopping.watch():
            async with aclosing(self._log) as log:
                await self._send(log, pieces)
            return True
        return False

    async def _send(self, log: AsyncGenerator[bytes, None], pieces: Pieces) -> None:
        async for data in log:
            await pieces.send(data[: self._left])
            self._left -= len(data)
            if self._left <= 0:
                return


@endpoint("metrics", Route("GET", "/metrics"), "read", Nothing, result=str, gives="text/plain")
async def metrics(exchange: Exchange, params: Nothing) -> Response:
    """What the daemon counts, for Prometheus."""
    text, content_type = await render(exchange.engine, exchange.request.headers.get("Accept", ""))
    return TrioResponse(text, 200, content_type=content_type)

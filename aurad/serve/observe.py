"""Addresses for those who watch the daemon: its metrics as scrapers want them, a job's log as it grows."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from typing import Annotated

from msgspec import Meta
from quart.wrappers import Response
from quart.wrappers.response import ResponseBody
from quart_trio.wrappers import TrioResponse

from aurad.serve.endpoints import endpoint
from aurad.serve.exchange import Exchange
from aurad.serve.logs import Offset, open_log
from aurad.serve.metrics import render
from aurad.serve.operations import ByJob, Call, Nothing, Route
from aurad.serve.operations.jobs import JOB
from aurad.serve.server import Stopping

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
    head = exchange.request.method == "HEAD"
    body = LogStream(log, 0 if head else params.limit or sys.maxsize, exchange.stopping)
    return TrioResponse(body, 200, content_type=TEXT, headers=HEADERS)


class LogStream(ResponseBody):
    """A log's bytes as they come; Quart iterates it. It ends with the job, or with the daemon."""

    def __init__(self, log: AsyncGenerator[bytes, None], limit: int, stopping: Stopping) -> None:
        self._log, self._left, self._stopping = log, limit, stopping

    async def __aenter__(self) -> LogStream:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._log.aclose()

    def __aiter__(self) -> LogStream:
        return self

    async def __anext__(self) -> bytes:
        data = b""
        if self._left:
            with self._stopping.watch():
                data = (await anext(self._log))[: self._left]
        if not data:
            raise StopAsyncIteration
        self._left -= len(data)
        return data


@endpoint("metrics", Route("GET", "/metrics"), "read", Nothing, result=str, gives="text/plain")
async def metrics(exchange: Exchange, params: Nothing) -> Response:
    """What the daemon counts, for Prometheus."""
    text, content_type = await render(exchange.engine, exchange.request.headers.get("Accept", ""))
    return TrioResponse(text, 200, content_type=content_type)

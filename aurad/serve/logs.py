"""A job's log at the edges: a part by byte offset, or all of it as it grows."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import trio
from msgspec import Meta

from aurad.engine.logfiles import CHUNK
from aurad.serve.operations.table import ByJob, Call, Result, operation, visible

PART = 1 << 20  # bytes of a log in one answer: JSON may need six for one
FOLLOW = 20.0  # seconds an answer waits for something new: less than any client's patience with a call


Offset = Annotated[int, Meta(ge=-(2**53), le=2**53)]  # what JSON's readers can hold


class ReadLog(ByJob, frozen=True, kw_only=True):
    """`limit` bytes from byte `offset` on, counted from the end if negative.

    With `follow` the answer waits until there is something, the job has ended, or some seconds have passed.
    """

    offset: Offset = 0
    limit: Annotated[int, Meta(ge=1, le=PART)] = CHUNK
    follow: bool = False


class LogPart(Result, frozen=True, kw_only=True):
    """A part of a log, whole characters only; go on at `next_offset`. `ended`: nothing more will come."""

    text: str
    offset: int
    next_offset: int
    ended: bool


@operation("jobs.logs", ReadLog, "read")
async def read_log(call: Call, params: ReadLog) -> LogPart:
    """A part of a job's log: what its stages and tools said, FFmpeg's runs with command and exit code."""
    await visible(call, params.job_id)
    offset = await _start(call, params.job_id, params.offset)
    if params.follow:
        await _wait_beyond(call, params.job_id, offset)
    over = (await call.engine.jobs.get(params.job_id)).status.terminal
    if over:
        await call.engine.joblogs.flush()  # nothing comes after this
    data = await call.engine.joblogs.read(params.job_id, offset, params.limit)
    text, used = _characters(data)
    return LogPart(text=text, offset=offset, next_offset=offset + used, ended=over and len(data) < params.limit)


async def open_log(call: Call, job_id: str, offset: int, *, wait: bool) -> AsyncGenerator[bytes, None]:
    """A log's bytes from `offset` on, as `Engine.follow_log` gives them; raises E200."""
    await visible(call, job_id)
    return call.engine.follow_log(job_id, await _start(call, job_id, offset), wait=wait)


async def _start(call: Call, job_id: str, offset: int) -> int:
    return offset if offset >= 0 else max(0, await call.engine.joblogs.size(job_id) + offset)


async def _wait_beyond(call: Call, job_id: str, offset: int) -> None:
    with trio.move_on_after(FOLLOW):
        async with aclosing(call.engine.follow_log(job_id, offset)) as log:
            await anext(log, None)


def _characters(data: bytes) -> tuple[str, int]:
    """Text, and how many bytes of `data` it is: a character that is cut at the end is left for the next part."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    used = len(data) - len(decoder.getstate()[0])
    return (text, used) if used else (data.decode(errors="replace"), len(data))

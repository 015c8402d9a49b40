"""HTTP answers into values, or into the daemon's own words for what is wrong."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, TypeVar, overload

import httpx2
import msgspec
import trio

from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.lenient import read

PROBLEM_LIMIT = 1 << 20  # bytes of an error's body; the daemon's hold at most 64 KiB of a log
CLOSE_SECONDS = 1.0  # a polite goodbye at most
PROBLEM = "application/problem+json"
T = TypeVar("T")


def media_type(response: httpx2.Response) -> str:
    """Without its parameters."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def status_line(response: httpx2.Response) -> str:
    """`404 Not Found`, whatever the server calls it."""
    return f"{response.status_code} {httpx2.codes.get_reason_phrase(response.status_code)}".rstrip()


async def problem_of(response: httpx2.Response) -> RemoteError:
    """What an error answer says; where a proxy spoke instead of the daemon, what can be said of that."""
    problem: Any = None
    if media_type(response) == PROBLEM:
        with suppress(msgspec.DecodeError):
            problem = msgspec.json.decode(await _beginning(response))
    await hang_up(response)
    if not isinstance(problem, dict):
        request = response.request
        detail = f"cannot {request.method} {request.url.path}: the server answered {status_line(response)}"
        problem = {"detail": detail}
    return RemoteError({"data": {"status": response.status_code, **problem}})


async def hang_up(response: httpx2.Response, chunks: AsyncGenerator[bytes, None] | None = None) -> None:
    """Leave an answer, and the rest of its `chunks`, unread.

    httpx2 closes all but one of its nested generators, and Trio complains of that one: with the connection
    closed first, reading on ends them all by an error. Saying goodbye may wait for the other side (TLS), so
    it is bounded; it is done even when cancelled.
    """
    with trio.move_on_after(CLOSE_SECONDS, shield=True):
        await response.aclose()
        with suppress(StopAsyncIteration, httpx2.HTTPError, httpx2.StreamError):
            while chunks is not None:
                await anext(chunks)


async def _beginning(response: httpx2.Response) -> bytes:
    body, chunks = bytearray(), response.aiter_bytes()
    async for chunk in chunks:
        body += chunk
        if len(body) > PROBLEM_LIMIT:
            await hang_up(response, chunks)
            break
    return bytes(body)


@overload
def value_of(response: httpx2.Response, kind: type[T]) -> T: ...
@overload
def value_of(response: httpx2.Response, kind: Any) -> Any: ...
def value_of(response: httpx2.Response, kind: Any) -> Any:
    """A whole answer as a `kind`; raises `ConnectionLost` for what no daemon says."""
    try:
        return read(msgspec.json.decode(response.content), kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ConnectionLost(f"cannot understand the answer of {response.request.url.path}: {error}") from error

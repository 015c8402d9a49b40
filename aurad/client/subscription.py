"""A stream of events that holds: it connects anew after every fault, goes on where it was, and says how it is."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from http import HTTPStatus
from random import random
from typing import Literal, NamedTuple, Self

import httpx2
import trio

from aurad.client.answers import PROBLEM, hang_up, media_type, problem_of, status_line
from aurad.client.blocking import RemoteError
from aurad.client.following import Broken, Item, Progress, delay
from aurad.client.sse import FrameDecoder
from aurad.model.errors import AuradError

SILENCE_SECONDS = 45.0  # three heartbeats missed: nobody is there any more
CONNECT_SECONDS = 10.0
LONGEST_RETRY_AFTER = 300.0  # a server may ask for more; who waits for news will not
LAST_WORDS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}  # whoever says it, the daemon or a proxy
ZIPPED = {"gzip", "deflate"}  # we ask for none, and some proxy does it all the same
ANY_ZIP = zlib.MAX_WBITS | 32  # read the header of either
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
FAULTS = (httpx2.HTTPError, httpx2.StreamError, AuradError, Broken, zlib.error)


class State(NamedTuple):
    """How a subscription is. While `retrying`, `reason` says why and `seconds` when the next try is."""

    name: Literal["connecting", "live", "retrying", "ended"]
    reason: str = ""
    seconds: float = 0.0


class Subscription:
    """Items of a stream, in order, each once: `async with` it, and iterate. Ends when nothing more can come.

    Raises `RemoteError` when the daemon refuses (no such job, no right to see it); every other fault is waited out.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        path: str,
        params: Mapping[str, str],
        progress: Progress,
        on_state: Callable[[State], None] | None = None,
    ) -> None:
        self.last_event_id = progress.cursor
        self._http, self._path, self._params, self._progress = http, path, dict(params), progress
        self._on_state = on_state
        self._items: deque[tuple[Item | None, str]] = deque()
        self._decoder = FrameDecoder()
        self._unzip: Callable[[bytes], bytes] = bytes
        self._response: httpx2.Response | None = None
        self._chunks: AsyncGenerator[bytes, None] | None = None
        self._fault, self._attempt, self._retry_after, self._closed = "", 0, 0.0, False
        self._asked: float | None = None  # what the server's `retry:` said last, in seconds

    async def __aenter__(self) -> Self:
        await trio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Hang up; nothing comes any more. `last_event_id` says where another subscription can go on."""
        self._closed = True
        self._items.clear()
        await self._hang_up()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        await trio.lowlevel.checkpoint()
        while not self._closed:
            while self._items:
                item, self.last_event_id = self._items.popleft()
                if item is not None:
                    return item
            if self._progress.ended:
                await self._end("")
            else:
                await self._fill()
        raise StopAsyncIteration

    async def _fill(self) -> None:
        """One step ahead: wait out a fault, connect, or read what came."""
        if self._fault:
            await self._pause()
        refusal: RemoteError | None = None
        try:
            if self._chunks is None:
                await self._connect()
            else:
                await self._read(self._chunks)
        except httpx2.ReadTimeout:
            self._fault = f"nothing came for {SILENCE_SECONDS:g} s"
        except FAULTS as error:
            self._fault = str(error) or type(error).__name__
        except RemoteError as error:
            refusal = error
        if refusal is not None:
            await self._end(refusal.detail)
            raise refusal

    async def _read(self, chunks: AsyncGenerator[bytes, None]) -> None:
        data = await anext(chunks, None)
        if data is None:
            raise Broken("the server ended the stream")
        for frame in self._decoder.feed(self._unzip(data)):
            item = self._progress.take(frame)
            self._attempt = 0
            self._items.append((item, self._progress.cursor))
            if self._progress.ended:
                return
            if self._progress.lost:
                raise Broken("events are missing")

    async def _connect(self) -> None:
        self._tell(State("connecting"))
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
        if self._progress.cursor:
            headers["Last-Event-ID"] = self._progress.cursor
        timeout = httpx2.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS)
        request = self._http.build_request("GET", self._path, params=self._params, headers=headers, timeout=timeout)
        self._response = await self._http.send(request, stream=True, follow_redirects=True)
        if self._response.status_code == HTTPStatus.NO_CONTENT:
            self._progress.ended = True
            return
        await self._check(self._response)
        zipped = self._response.headers.get("content-encoding", "") in ZIPPED
        self._unzip = zlib.decompressobj(ANY_ZIP).decompress if zipped else bytes
        self._decoder = FrameDecoder()
        self._chunks = self._response.aiter_raw()
        self._tell(State("live"))

    async def _check(self, response: httpx2.Response) -> None:
        """Raises `RemoteError` for a last word, `Broken` for what may pass."""
        status, media = response.status_code, media_type(response)
        if status != HTTPStatus.OK:
            spoken = 400 <= status < 500 and status not in PASSING and media == PROBLEM
            if spoken or status in LAST_WORDS:
                raise await problem_of(response)
            self._retry_after = _seconds(response.headers.get("retry-after", ""))
            raise Broken(f"the server answered {status_line(response)}")
        if media != "text/event-stream":
            raise Broken(f"the server answered with {media or 'nothing that has a type'}, no event stream")
        if (coding := response.headers.get("content-encoding", "identity")) not in {"identity", *ZIPPED}:
            raise Broken(f"the server compressed the events with {coding}")

    async def _pause(self) -> None:
        await self._hang_up()
        seconds = max(delay(self._attempt, self._asked, random()), self._retry_after)
        self._attempt += 1
        self._tell(State("retrying", self._fault, seconds))
        await trio.sleep(seconds)
        self._fault, self._retry_after = "", 0.0

    async def _end(self, reason: str) -> None:
        self._closed = True
        await self._hang_up()
        self._tell(State("ended", reason))

    async def _hang_up(self) -> None:
        chunks, response = self._chunks, self._response
        self._chunks = self._response = None
        if self._decoder.retry is not None:
            self._asked = self._decoder.retry
        if response is not None:
            await hang_up(response, chunks)

    def _tell(self, state: State) -> None:
        if self._on_state is not None:
            self._on_state(state)


def _seconds(retry_after: str) -> float:
    """`Retry-After` in seconds; its other form, a date, is left to the back-off."""
    return min(float(retry_after), LONGEST_RETRY_AFTER) if retry_after.isascii() and retry_after.isdigit() else 0.0

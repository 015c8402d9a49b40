"""Events as they happen, over HTTP: server-sent events of one job, of some, or of all that one may see.

What is sent, and from where on, is `aurad.serve.feed`'s; here it becomes bytes, heartbeats and an end.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Annotated, Any, Literal, cast

import msgspec
import trio
from msgspec import Meta
from quart.wrappers import Response
from quart_trio.wrappers import TrioResponse

from aurad.engine.hub import Published
from aurad.model.event import AnyEvent, EventType, JobView
from aurad.model.value import Value
from aurad.serve.asgi import Pieces, Stream, endless
from aurad.serve.endpoints import Serve, endpoint
from aurad.serve.exchange import Exchange
from aurad.serve.feed import After, Feed, Filter, Frame, Gap, Snapshot, parse_cursor
from aurad.serve.operations import Result, Route
from aurad.serve.operations.jobs import JOB
from aurad.serve.operations.table import PAGE, JobId
from aurad.wire import sse

RETRY = 2000  # milliseconds until a reader that lost its connection comes back
RETRY_STOPPING = (500, 3000)  # milliseconds; spread, so that not all come back to a new daemon at once
HEARTBEAT = 15.0  # seconds of silence at most: proxies cut connections after 30 or 60
HEADERS = {
    "Cache-Control": "no-store, no-transform",  # nothing in between keeps or compresses it
    "X-Accel-Buffering": "no",  # nginx passes on each piece at once
}

Beat = Callable[[str], bytes]
_encoder = msgspec.json.Encoder()


class Follow(Value, frozen=True, kw_only=True):
    """Which events, and after which: `lastEventID` counts where there is no header `Last-Event-ID`.

    A browser's EventSource does not tell its page of comments: `heartbeat=event` is for a page that wants to know
    whether anybody is still there.
    """

    types: tuple[EventType, ...] | None = None
    heartbeat: Literal["comment", "event"] = "comment"
    last_event_id: Annotated[str, Meta(max_length=64)] | None = msgspec.field(default=None, name="lastEventID")


class FollowJob(Follow, frozen=True, kw_only=True):
    job_id: JobId


class FollowJobs(Follow, frozen=True, kw_only=True):
    """Without `jobs` all that one may see; with `labels` those that have all of them."""

    jobs: Annotated[tuple[str, ...], Meta(max_length=PAGE)] | None = None
    labels: dict[str, str] | None = None


class Jobs(Result, frozen=True, kw_only=True):
    """The snapshot that a stream of several jobs starts with.

    `left_out` tells how many more there would be, had they had room: those that have ended go first.
    """

    jobs: tuple[JobView, ...]
    left_out: int


def stream(name: str, path: str, params: type[Follow]) -> Callable[[Serve], Serve]:
    """An address of events; 204 says that none will come."""
    return endpoint(name, Route("GET", path), "read", params, result=AnyEvent, gives=sse.MEDIA_TYPE, also=(204,))


@stream("jobs.events", JOB + "/events", FollowJob)
async def follow_job(exchange: Exchange, params: FollowJob) -> Response:
    """A job's events as they happen, after a snapshot of it; the answer ends with the job."""
    return await _stream(exchange, Filter(jobs=(params.job_id,), types=params.types), params, one=True)


@stream("events", "/api/events", FollowJobs)
async def follow_jobs(exchange: Exchange, params: FollowJobs) -> Response:
    """The events of several jobs in one stream, after a snapshot of them."""
    return await _stream(
        exchange, Filter(jobs=params.jobs, types=params.types, labels=params.labels), params, one=False
    )


async def _stream(exchange: Exchange, wanted: Filter, params: Follow, *, one: bool) -> Response:
    asked = exchange.request.headers.get("Last-Event-ID") or params.last_event_id
    epoch = exchange.engine.epoch
    after: After = parse_cursor(asked, epoch) if asked else None
    feed = Feed(exchange.engine, exchange.known, wanted, after)
    before = feed.hub.last  # up to there it is history
    await feed.begin()
    if feed.over:  # an EventSource that is told so does not come back
        return TrioResponse(b"", 204, headers={"Cache-Control": "no-store"})
    beat = sse.heartbeat_event if params.heartbeat == "event" else sse.heartbeat
    body = b"" if exchange.request.method == "HEAD" else EventStream(feed, exchange, beat, before, one=one)
    response = endless(TrioResponse(body, 200, content_type=sse.MEDIA_TYPE, headers=HEADERS))
    response.headers["Last-Event-ID"] = f"{epoch}-{feed.cursor}"
    return response


class EventStream(Stream):
    """The body of one stream; whatever comes together goes out in one piece."""

    def __init__(self, feed: Feed, exchange: Exchange, beat: Beat, before: int, *, one: bool) -> None:
        """The exchange is not kept: much, for thousands of streams."""
        super().__init__(exchange.hold())
        self._feed, self._epoch, self._stopping, self._one = feed, exchange.engine.epoch, exchange.stopping, one
        self._deliveries, self._sent_at = exchange.engine.figures.deliveries, trio.current_time()
        self._beat, self._before = beat, before
        self._pieces: Pieces

    async def send_to(self, pieces: Pieces) -> bool:
        """Until the feed ends or the daemon.

        A cancel scope is the dearest part of a wait. One lasts for many events; where it ends, we look whether
        there really was silence.
        """
        with self._deliveries.following("sse"):
            await pieces.send(sse.retry(RETRY))
            self._pieces = pieces
            self._feed.push_to(self._push)
            while not self._stopping.asked:
                with self._stopping.watch(self._sent_at + HEARTBEAT - trio.current_time()):
                    await self._send_events(pieces)
                    return True
                if trio.current_time() >= self._sent_at + HEARTBEAT:
                    self._sent_at = trio.current_time()
                    await pieces.send(self._beat(self._id(self._feed.cursor)))
            await pieces.send(sse.retry(random.randint(*RETRY_STOPPING)) + sse.frame("server-stopping", b"{}"))
        return True

    async def _send_events(self, pieces: Pieces) -> None:
        async for frames in self._feed:
            if not frames:
                await pieces.flush()
                continue
            await pieces.send(self._joined(frames))
            self._sent_at = trio.current_time()
            self._count(frames)

    def _push(self, events: list[Published]) -> bool:
        if not self._pieces.push(self._feed.hub.join(events, self._epoch), self._feed.nudge):
            return False
        self._sent_at = trio.current_time()
        self._deliveries.sent("sse", events, self._before)
        return True

    def _joined(self, frames: list[Frame]) -> bytes:
        if isinstance(frames[0], Published):  # then all of them are
            return self._feed.hub.join(cast("list[Published]", frames), self._epoch)
        return b"".join([self._bytes(frame) for frame in frames])

    def _count(self, frames: list[Frame]) -> None:
        if isinstance(frames[0], Gap):
            self._deliveries.gap(frames[0].requested, frames[0].oldest)
        elif isinstance(frames[0], Published):
            self._deliveries.sent("sse", cast("list[Published]", frames), self._before)
        elif events := [frame for frame in frames if isinstance(frame, Published)]:
            self._deliveries.sent("sse", events, self._before)

    def _id(self, seq: int) -> str:
        return f"{self._epoch}-{seq}"

    def _bytes(self, frame: Frame) -> bytes:
        match frame:
            case Snapshot(seq, jobs, left_out):
                view: Any = jobs[0] if self._one and jobs else Jobs(jobs=jobs, left_out=left_out)
                return sse.frame("snapshot", _encoder.encode(view), self._id(seq))
            case Gap(requested, oldest):
                asked = requested if isinstance(requested, str) else self._id(requested)
                return sse.frame("gap", _encoder.encode({"requested": asked, "oldest": self._id(oldest)}))
            case _:
                return frame.frame(self._epoch)

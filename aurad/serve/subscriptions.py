"""Subscriptions of one connection: a feed each. What is told live is passed over for who does not read, and told so."""

from __future__ import annotations

import itertools
from typing import Annotated, Protocol

import msgspec
import trio
from msgspec import Meta

from aurad.engine.engine import Engine
from aurad.engine.hub import Published
from aurad.engine.logfiles import Spoken
from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.serve import limits
from aurad.serve.access import Caller
from aurad.serve.feed import Feed, Filter, Frame, Gap, Snapshot, parse_cursor


class Outgoing(Protocol):
    """Where notifications go, and how much of them waits to be sent."""

    @property
    def crowded(self) -> bool: ...

    async def wait_room(self) -> None: ...

    async def notify(self, method: str, params: object) -> None: ...


class Subscribe(Filter, frozen=True, kw_only=True):
    """Events of some jobs or of all that one may see, of some types or of all, from `after` on.

    `after` is a number, an id as server-sent events have it, or `earliest`.
    """

    after: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)] | str | None = None


class Unsubscribe(Value, frozen=True, kw_only=True):
    subscription: str


class Subscribed(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """`subscription` names it in notifications, `last_seq` is the newest event before it, `epoch` the journal's."""

    subscription: str
    last_seq: int
    epoch: str


class Unsubscribed(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Nothing more to say."""


class Subscriptions:
    """All subscriptions of one connection; they end with it."""

    def __init__(self, nursery: trio.Nursery, engine: Engine, caller: Caller, out: Outgoing) -> None:
        self._nursery, self._engine, self._caller, self._out = nursery, engine, caller, out
        self._numbers = itertools.count(1)
        self._scopes: dict[str, trio.CancelScope] = {}

    async def add(self, params: Subscribe) -> Subscribed:
        """Begin a subscription; its first event comes after this answer."""
        if len(self._scopes) >= limits.SUBSCRIPTIONS:
            raise AuradError("E205-LIMIT", f"cannot subscribe: one connection has {limits.SUBSCRIPTIONS} subscriptions")
        name, scope = f"s{next(self._numbers)}", trio.CancelScope()
        self._scopes[name] = scope
        try:
            last = self._engine.events.hub.last
            after = parse_cursor(params.after, self._engine.epoch) if isinstance(params.after, str) else params.after
            place = last if after is None else after
            feed = Feed(self._engine, self._caller, params, place, new=after is None)
            await feed.begin()
        except BaseException:
            del self._scopes[name]
            raise
        self._nursery.start_soon(self._follow, name, scope, feed, last)
        return Subscribed(subscription=name, last_seq=last, epoch=self._engine.epoch)

    def remove(self, params: Unsubscribe) -> Unsubscribed:
        """End a subscription."""
        scope = self._scopes.pop(params.subscription, None)
        if scope is None:
            raise AuradError("E200-NO_JOB", f"cannot find the subscription {params.subscription!r}")
        scope.cancel()
        return Unsubscribed()

    def close(self) -> None:
        """End all of them."""
        for scope in self._scopes.values():
            scope.cancel()
        self._scopes.clear()

    async def _follow(self, name: str, scope: trio.CancelScope, feed: Feed, last: int) -> None:
        with scope, self._engine.figures.deliveries.following("socket"):
            async for frames in feed:
                for frame in frames:
                    if self._out.crowded and isinstance(frame, Spoken):
                        continue  # the next one's offset tells
                    if self._out.crowded and isinstance(frame, Published) and frame.seq > last:
                        await self._pass_over(name, feed, frame.seq)
                        break
                    await self._tell(name, frame, last)
            self._scopes.pop(name, None)
            await self._out.notify("events.ended", {"subscription": name})

    async def _pass_over(self, name: str, feed: Feed, first: int) -> None:
        """What is live does not wait for who does not read; history does, at the reader's pace."""
        await self._out.wait_room()
        skipped = {"from": first, "to": await feed.skip()}
        self._engine.figures.deliveries.skipped(skipped["to"] - first + 1)
        await self._out.notify("events.lagged", {"subscription": name, **skipped})

    async def _tell(self, name: str, frame: Frame, before: int) -> None:
        match frame:
            case Published() | Spoken():
                await self._out.notify("events.event", {"subscription": name, "event": msgspec.Raw(frame.data)})
                if isinstance(frame, Published):
                    self._engine.figures.deliveries.sent("socket", (frame,), before)
            case Gap(requested, oldest):
                self._engine.figures.deliveries.gap(requested, oldest)
                told = {"subscription": name, "requested": requested, "oldest": oldest}
                await self._out.notify("events.gap", told)
            case Snapshot(seq, jobs, left_out):
                snapshot = {"subscription": name, "lastSeq": seq, "jobs": jobs, "leftOut": left_out}
                await self._out.notify("events.snapshot", snapshot)

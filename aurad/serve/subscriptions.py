"""Subscriptions of one connection: a cursor each, read on from memory or the journal, filtered by who may see."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
import trio

from aurad.engine.engine import Engine
from aurad.engine.hub import Published
from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.serve.access import Caller

LIMIT = 64  # subscriptions of one connection

Notify = Callable[[str, object], Awaitable[None]]


class Subscribe(Value, frozen=True, kw_only=True):
    """Events of some jobs or of all that one may see, of some types or of all, from `after` on."""

    jobs: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    after: int | Literal["earliest"] | None = None


class Unsubscribe(Value, frozen=True, kw_only=True):
    subscription: str


class Subscriptions:
    """All subscriptions of one connection; they end with it."""

    def __init__(self, nursery: trio.Nursery, engine: Engine, caller: Caller, notify: Notify) -> None:
        self._nursery, self._engine, self._caller, self._notify = nursery, engine, caller, notify
        self._numbers = itertools.count(1)
        self._scopes: dict[str, trio.CancelScope] = {}
        self._visible: dict[str, bool] = {}

    async def add(self, params: Subscribe) -> dict[str, Any]:
        """Begin a subscription; its first event comes after this answer."""
        if len(self._scopes) >= LIMIT:
            raise AuradError("E202-BUSY", f"cannot subscribe: this connection has {LIMIT} subscriptions already")
        for job_id in params.jobs or ():
            if not self._caller.sees((await self._engine.jobs.get(job_id)).owner):
                raise AuradError("E200-NO_JOB", f"cannot find job {job_id!r}")
        last = self._engine.events.hub.last
        cursor = last if params.after is None else 0 if params.after == "earliest" else params.after
        name = f"s{next(self._numbers)}"
        scope = self._scopes[name] = trio.CancelScope()
        self._nursery.start_soon(self._follow, name, scope, params, cursor)
        return {"subscription": name, "lastSeq": last, "epoch": self._engine.epoch}

    def remove(self, params: Unsubscribe) -> dict[str, Any]:
        """End a subscription."""
        scope = self._scopes.pop(params.subscription, None)
        if scope is None:
            raise AuradError("E200-NO_JOB", f"cannot find the subscription {params.subscription!r}")
        scope.cancel()
        return {}

    def close(self) -> None:
        """End all of them."""
        for scope in self._scopes.values():
            scope.cancel()
        self._scopes.clear()

    async def _follow(self, name: str, scope: trio.CancelScope, params: Subscribe, cursor: int) -> None:
        with scope:
            cursor = await self._checked(name, params, cursor)
            while True:
                events = await self._engine.events.read_after(cursor)
                for event in events:
                    if await self._wanted(event, params):
                        body = {"subscription": name, "event": msgspec.Raw(event.data)}
                        await self._notify("events.event", body)
                    cursor = event.seq

    async def _checked(self, name: str, params: Subscribe, cursor: int) -> int:
        """Where to begin. A cursor of the future, or one that the journal no longer reaches back to, is told."""
        events, asked = self._engine.events, params.after
        oldest = await events.oldest()
        if not isinstance(asked, int) or oldest <= asked + 1 <= events.last + 1:
            return cursor
        await self._notify("events.gap", {"subscription": name, "requested": asked, "oldest": oldest})
        return min(cursor, events.hub.last)

    async def _wanted(self, event: Published, params: Subscribe) -> bool:
        if params.jobs is not None and event.job_id not in params.jobs:
            return False
        if params.types is not None and event.type not in params.types:
            return False
        return await self._sees(event.job_id)

    async def _sees(self, job_id: str) -> bool:
        if self._caller.role != "admin" and job_id not in self._visible:
            try:
                self._visible[job_id] = self._caller.sees((await self._engine.jobs.get(job_id)).owner)
            except AuradError:
                return False
        return self._visible.get(job_id, True)

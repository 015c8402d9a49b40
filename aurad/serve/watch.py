"""Waits that somebody else may end: when the daemon stops, when whoever waits may stay no longer."""

from __future__ import annotations

import math
from types import TracebackType

import trio


class Watch:
    """A cancel scope that is in `scopes` while it is entered, so that whoever keeps those can end it; or time does.

    A context manager by hand: one made of a generator costs half as much again, for every event and reader.
    """

    __slots__ = ("_scope", "_scopes")

    def __init__(self, scopes: set[trio.CancelScope], seconds: float = math.inf) -> None:
        self._scopes, self._scope = scopes, trio.CancelScope(deadline=trio.current_time() + seconds)

    def __enter__(self) -> trio.CancelScope:
        self._scopes.add(self._scope)
        return self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._scopes.discard(self._scope)
        return self._scope.__exit__(kind, error, trace)


class Stopping:
    """Tells those who wait for something that the daemon stops. `watch` bounds a wait by that, and by a time."""

    def __init__(self) -> None:
        self.asked = False
        self._scopes: set[trio.CancelScope] = set()

    def watch(self, seconds: float = math.inf) -> Watch:
        """A cancel scope that ends early when the daemon stops."""
        return Watch(self._scopes, 0 if self.asked else seconds)

    def ask(self) -> None:
        self.asked = True
        for scope in self._scopes:
            scope.cancel()

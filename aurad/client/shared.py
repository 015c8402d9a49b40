"""A blocking client for any number of threads at once, on one connection: one more thread reads for all of them.

A connection bears `MOST` calls under way and as many subscriptions, so that is how many threads it may serve.
"""

from __future__ import annotations

import itertools
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aurad.client.blocking import (
    CALL_SECONDS,
    Client,
    ConnectionLost,
    Opened,
    line_of,
    result_of,
    subscription_of,
)  # fmt: skip

MOST = 64  # what the daemon lets one connection do at once, calls and subscriptions alike
WAITING = 4096  # events that wait for a reader of a subscription; one that is further behind is given up
Box = queue.SimpleQueue[dict[str, Any] | str]  # what came for a call or a subscription; words: nothing comes any more


class Shared(Client):
    """A connection like `Client`. A file is opened for one thread at a time: its descriptor says not whose it is."""

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = CALL_SECONDS) -> None:
        super().__init__(path, timeout=timeout)
        self._numbers = itertools.count(1)
        self._sending, self._opening, self._entering = threading.Lock(), threading.Lock(), threading.Lock()
        self._boxes: dict[int | str, Box] = {}
        self.lost = ""
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reader
        self._reader.join()
        super().close()

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        fd: int | None = None,
        timeout: float | None = None,
    ) -> Any:
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        number, box = next(self._numbers), Box()
        with self._box(number, box):
            self._send(line_of(method, params or {}, number), fd, deadline)
            if (answer := _next(box, deadline)) is None:
                self._give_up(number)
                raise TimeoutError(f"cannot hear the daemon: it did not answer {method} in time")
            return result_of(answer)

    def unsubscribe(self, subscription: str) -> None:
        if self._boxes.pop(subscription, None):
            super().unsubscribe(subscription)

    def open_file(self, method: str, params: Mapping[str, Any]) -> Opened:
        with self._opening:
            return super().open_file(method, params)

    def _next_news(self, subscription: str, deadline: float | None) -> dict[str, Any] | None:
        return _next(self._boxes[subscription], deadline)

    def _send(self, line: bytes, fd: int | None, deadline: float) -> None:
        with self._sending:
            super()._send(line, fd, deadline)

    @contextmanager
    def _box(self, number: int, box: Box) -> Iterator[None]:
        """Where the answer to a call will be; raises `ConnectionLost` if none can come any more."""
        with self._entering:
            if self.lost:
                raise ConnectionLost(self.lost)
            self._boxes[number] = box
        try:
            yield
        finally:
            self._boxes.pop(number)

    # ------------------------------------------------------------ what comes

    def _listen(self) -> None:
        try:
            while True:
                self._take(self._receive(None))
        except ConnectionLost as error:
            with self._entering:
                self.lost = str(error)
                for box in self._boxes.copy().values():
                    box.put(self.lost)

    def _take(self, message: dict[str, Any]) -> None:
        """Into its box. A subscription gets its own here, for its first event may be the next message."""
        if "method" in message:
            self._hand_over(str(subscription_of(message.get("params"))), message)
            return
        if name := subscription_of(message.get("result")):
            self._boxes[name] = Box()
        for number, box in self._boxes.copy().items():
            if number == message.get("id") or (message.get("id") is None and isinstance(number, int)):
                box.put(message)  # what is said to nobody is said to all: why the connection is refused

    def _hand_over(self, name: str, message: dict[str, Any]) -> None:
        if box := self._boxes.get(name):
            if box.qsize() == WAITING:
                box.put("cannot follow the events: more came than were read")
            elif box.qsize() < WAITING:
                box.put(message)


def _next(box: Box, deadline: float | None) -> dict[str, Any] | None:
    """What came; None if nothing did in time."""
    try:
        found = box.get(timeout=None if deadline is None else max(deadline - time.monotonic(), 0))
    except queue.Empty:
        return None
    if isinstance(found, str):
        raise ConnectionLost(found)
    return found

"""Messages on their way to the daemon: one thread writes them, anybody may put them in, nobody waits.

A thread rather than a Trio task, so that news still gets out while a stage computes in Trio's thread.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import suppress

from aurad.model.value import Value
from aurad.wire import jsonrpc
from aurad.wire.worker import NEWS, LogNews, ProgressNews

PERIOD = 0.05  # seconds between two messages of progress: more than anybody can see
WAITING = 10_000  # messages; log lines beyond are dropped (and counted): a stage must not fill the memory
LOGGED = 8 << 20  # characters of log lines that wait; lines beyond are dropped as well

_METHODS = {kind: method for method, kind in NEWS.items()}


class Outbox:
    """Owns the writing half of the daemon's socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._queue = sock, deque[jsonrpc.Message]()
        self._progress: ProgressNews | None = None
        self._next_progress, self._logged, self._dropped = 0.0, 0, 0
        self._changed, self._closed = threading.Condition(), False
        self._thread = threading.Thread(target=self._write_forever, name="outbox", daemon=True)
        self._thread.start()

    def tell(self, news: Value) -> None:
        """Send news of a task. Progress is thinned out, its last value always sent."""
        with self._changed:
            if isinstance(news, ProgressNews):
                self._progress = news
            elif isinstance(news, LogNews) and (len(self._queue) >= WAITING or self._logged >= LOGGED):
                self._dropped += 1
            else:
                self._logged += len(news.line) if isinstance(news, LogNews) else 0
                self._queue.append(jsonrpc.notification(_METHODS[type(news)], news))
            self._changed.notify()

    def answer(self, message: jsonrpc.Message) -> None:
        """Send an answer, after all that was told before it."""
        with self._changed:
            self._settle()
            self._queue.append(message)
            self._changed.notify()

    def close(self, *, timeout: float) -> None:
        """Write what is still there, for at most `timeout` seconds, and stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout)

    def _settle(self) -> None:
        if self._progress is not None:
            self._queue.append(jsonrpc.notification("progress", self._progress))
            self._next_progress, self._progress = time.monotonic() + PERIOD, None

    def _write_forever(self) -> None:
        with suppress(OSError):  # nobody reads any more: the reader sees that too, and ends the worker
            while batch := self._take():
                self._socket.sendall(b"".join(map(jsonrpc.encode, batch)))

    def _take(self) -> list[jsonrpc.Message]:
        """All that is due, at least one; empty when closed and written."""
        with self._changed:
            while not self._queue and not self._due():
                if self._closed and self._progress is None:
                    return []
                self._changed.wait(self._pause())
            if self._due():
                self._settle()
            batch = list(self._queue)
            self._queue.clear()
            self._logged = 0
            return batch + self._confession()

    def _due(self) -> bool:
        return self._progress is not None and (self._closed or time.monotonic() >= self._next_progress)

    def _pause(self) -> float | None:
        return None if self._progress is None else max(self._next_progress - time.monotonic(), 0.0)

    def _confession(self) -> list[jsonrpc.Message]:
        """Where log lines were dropped, a line that says so."""
        dropped, self._dropped = self._dropped, 0
        if not dropped:
            return []
        return [jsonrpc.notification("log", LogNews(task_id="", stream="log", line=f"({dropped} lines dropped)"))]

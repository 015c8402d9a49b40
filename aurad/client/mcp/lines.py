"""Connections to the daemon for many requests at once: each is shared by as many as it bears.

None outlasts its requests, for a private daemon leaves when nobody is connected.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aurad.client.blocking import Client
from aurad.client.cli import daemon
from aurad.client.shared import MOST, Shared


class Lines:
    """All connections of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users: dict[Shared, int] = {}

    @contextmanager
    def shared(self) -> Iterator[Client]:
        """A connection, for one call and one subscription at a time. After a lost one there is a new one."""
        with self._lock:  # who comes while one connects shares what comes of it
            line = next((line for line, users in self._users.items() if users < MOST and not line.lost), None)
            line = line or _connected()
            self._users[line] = self._users.get(line, 0) + 1
        try:
            yield line
        finally:
            self._leave(line)

    def _leave(self, line: Shared) -> None:
        with self._lock:
            self._users[line] -= 1
            if not self._users[line]:
                del self._users[line]
                line.close()


def _connected() -> Shared:
    """To where jobs are made: whoever may only read there makes them elsewhere, and looks for them there."""
    client, path = daemon.connect(work=True)
    with client:  # until the other is open, lest a private daemon leave
        return Shared(path)

"""One request of an MCP client: whom to tell of its progress, and whether it is still wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any


class Cancelled(Exception):
    """The client has given the request up."""


class Asked:
    """`progress` tells how far it is, if the client wants to know; raises `Cancelled` once it is given up."""

    def __init__(self, token: Any, notify: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._token, self._notify, self._given_up = token, notify, threading.Event()
        self._told = -1.0
        self.began = time.monotonic()

    def cancel(self) -> None:
        self._given_up.set()

    def check(self) -> None:
        if self._given_up.is_set():
            raise Cancelled

    def progress(self, percent: float, message: str) -> None:
        """Of 100. What does not rise is not told: the protocol wants it to."""
        self.check()
        if self._token is None or percent <= self._told:
            return
        self._told = percent
        told = {"progressToken": self._token, "progress": percent, "total": 100.0, "message": message}
        self._notify("notifications/progress", told)

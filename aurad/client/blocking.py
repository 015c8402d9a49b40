"""A blocking client of the control socket: JSON-RPC 2.0, one message a line, files as descriptors.

Standard library only, so that any script can use or copy it. One thread, one call at a time; news of
subscriptions that arrives between calls is kept for `events`. It never reconnects.
"""

from __future__ import annotations

import array
import json
import os
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

VERSION = 1
REPLY_LIMIT = 8 * 1024 * 1024  # the server's own limit for one message
CALL_SECONDS = 60.0  # any call answers in milliseconds; a minute is a daemon in deep trouble
NAP_SECONDS = 0.5
KNOCK_SECONDS = 0.005  # between tries to connect while the daemon's backlog is full; a busy daemon empties it in less
CHUNK = 256 * 1024
MAX_DESCRIPTORS = 16  # room for those that may come with one read; the server sends one at a time


class ConnectionLost(ConnectionError):
    """The daemon is gone, or what it said was no message; the connection is of no use any more."""


class RemoteError(Exception):
    """The daemon's answer was an error. `problem` is the whole problem object of the wire."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        data = error.get("data")
        self.problem: dict[str, Any] = dict(data) if isinstance(data, dict) else {}
        self.rpc_code = int(error.get("code", 0))
        self.code = str(self.problem.get("errorCode") or "E500-INTERNAL")
        self.detail = str(self.problem.get("detail") or error.get("message") or "no reason given")
        self.remedy = str(self.problem.get("remedy") or "")
        self.correlation_id = str(self.problem.get("correlationId") or "")
        super().__init__(self.detail)


class Opened(NamedTuple):
    """An artifact's content: a descriptor for reading that now belongs to the caller."""

    fd: int
    name: str
    size: int
    media_type: str


class Client:
    """A connection to the daemon at `path`. Use it as a context manager, or call `close`."""

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = CALL_SECONDS) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._timeout = timeout
        self._buffer = bytearray()
        self._lines: deque[bytes] = deque()
        self._descriptors: deque[int] = deque()
        self._news: deque[dict[str, Any]] = deque()
        self._last_id = 0
        try:
            self._connect(os.fspath(path))
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; descriptors that nobody took are closed too."""
        self._socket.close()
        self._close_descriptors()

    def _close_descriptors(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def _connect(self, path: str) -> None:
        """A Unix socket whose backlog is full does not let us wait in line: we knock again."""
        deadline = time.monotonic() + self._timeout
        self._socket.settimeout(self._timeout)
        while True:
            try:
                self._socket.connect(path)
                return
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    why = f"cannot connect to {path}: its backlog stayed full for {self._timeout:g} s"
                    raise TimeoutError(why) from error
                time.sleep(KNOCK_SECONDS)

    # ------------------------------------------------------------ calls

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        fd: int | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Call `method`, with descriptor `fd` if given, and return its result.

        Raises `RemoteError`, and `TimeoutError` after `timeout` seconds: the call is given up then.
        """
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        self._last_id += 1
        self._send(line_of(method, params or {}, self._last_id), fd, deadline)
        try:
            return self._answer(deadline)
        except TimeoutError:
            self._give_up(self._last_id)
            raise

    def _answer(self, deadline: float) -> Any:
        while True:
            message = self._receive(deadline)
            if "method" in message:
                self._news.append(message)
            elif message.get("id") == self._last_id or message.get("id") is None:
                return result_of(message)

    def _give_up(self, number: int) -> None:
        """A call that goes on would take room from those that follow: a connection has so many under way."""
        with suppress(OSError):
            self._send(line_of("$/cancel", {"id": number}), None, time.monotonic() + NAP_SECONDS)

    def hello(self, client: str = "aurad.client.blocking") -> dict[str, Any]:
        """Introduce ourselves; the answer tells the server's version and our role."""
        answer: dict[str, Any] = self.call("system.hello", {"client": client, "protocol": [VERSION]})
        return answer

    def dry_run(self, brief: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
        """What a job would come to: who would do what and why, its time, disk and cost. Nothing is stored."""
        plan: dict[str, Any] = self.call("jobs.submit", {"brief": brief, **settings, "dryRun": True})["plan"]
        return plan

    def put_file(self, file: int | str | os.PathLike[str], media_type: str | None = None) -> dict[str, Any]:
        """Give the daemon a file's content to keep; the answer's `asset` names it in a brief."""
        fd = file if isinstance(file, int) else os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            params: dict[str, Any] = {"size": os.fstat(fd).st_size}
            if media_type:
                params["mediaType"] = media_type
            answer: dict[str, Any] = self.call("assets.put", params, fd=fd)
            return answer
        finally:
            if not isinstance(file, int):
                os.close(fd)

    def open_artifact(self, artifact_id: str) -> Opened:
        """Open an artifact for reading; the caller closes `fd`."""
        return self.open_file("artifacts.open", {"artifactId": artifact_id})

    def open_file(self, method: str, params: Mapping[str, Any]) -> Opened:
        """Call a method that answers with a file; the caller closes `fd`."""
        answer = self.call(method, params)
        if not self._descriptors:
            raise ConnectionLost(f"cannot open what {method} gives: the daemon sent no descriptor")
        fd = self._descriptors.pop()  # those before it came with answers that were given up
        self._close_descriptors()
        return Opened(fd, str(answer["name"]), int(answer["sizeBytes"]), str(answer["mediaType"]))

    # ------------------------------------------------------------ events

    def subscribe(self, jobs: list[str] | None = None, **params: Any) -> str:
        """Subscribe to events (of `jobs`, or of all); returns what `events` takes."""
        answer = self.call("events.subscribe", {**params, **({"jobs": jobs} if jobs else {})})
        return str(answer["subscription"])

    def unsubscribe(self, subscription: str) -> None:
        """Leave a subscription before its end; one that has ended, or whose connection is lost, is left already."""
        with suppress(RemoteError, ConnectionLost):
            self.call("events.unsubscribe", {"subscription": subscription})

    def events(self, subscription: str, *, tick: float | None = None) -> Iterator[dict[str, Any] | None]:
        """Events of a subscription as they come; with `tick`, None after so many silent seconds.

        Other news (`gap`, `snapshot`, `lagged`, `ended`) comes as a dict of that `type`. Ends after
        `ended`; raises `ConnectionLost` if the daemon goes.
        """
        while True:
            news = self._next_news(subscription, None if tick is None else time.monotonic() + tick)
            if news is None:
                yield None
                continue
            params, kind = news["params"], str(news["method"]).removeprefix("events.")
            yield params["event"] if kind == "event" else {**params, "type": kind}
            if kind == "ended":
                return

    def _next_news(self, subscription: str, deadline: float | None) -> dict[str, Any] | None:
        while True:
            try:
                message = self._news.popleft() if self._news else self._receive(deadline)
            except TimeoutError:
                return None
            if subscription_of(message.get("params")) == subscription:
                return message

    # ------------------------------------------------------------ lines

    def _send(self, line: bytes, fd: int | None, deadline: float) -> None:
        rights = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        rest = memoryview(line)
        try:
            while rest:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))  # 0 would mean not to wait at all
                rest, rights = rest[self._socket.sendmsg([rest], rights) :], []
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionLost("cannot reach the daemon: it closed the connection") from error
        except TimeoutError:
            if len(rest) < len(line):
                self._socket.shutdown(socket.SHUT_RDWR)  # behind half a line nothing would be understood
            raise

    def _receive(self, deadline: float | None) -> dict[str, Any]:
        while not self._lines:
            if not self._has_news(deadline):
                raise TimeoutError("cannot hear the daemon: it said nothing in time")
            self._read()
        line = self._lines.popleft()
        try:
            message = json.loads(line)
        except ValueError as error:
            raise ConnectionLost(f"cannot understand the daemon: {line[:80]!r} is not JSON") from error
        if not isinstance(message, dict):
            raise ConnectionLost(f"cannot understand the daemon: {line[:80]!r} is not a message")
        return message

    def _has_news(self, deadline: float | None) -> bool:
        """Wait in short naps: a Ctrl-C that comes just before a wait is heard only after it.

        A deadline that has passed still lets through what is there.
        """
        news = select.poll()
        news.register(self._socket, select.POLLIN)
        while True:
            left = NAP_SECONDS if deadline is None else max(min(NAP_SECONDS, deadline - time.monotonic()), 0)
            if news.poll(left * 1000):
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False

    def _read(self) -> None:
        space = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self._socket.recvmsg(CHUNK, space, socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT)
        except ConnectionResetError:
            data, ancillary = b"", []
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                rights = array.array("i")
                rights.frombytes(payload[: len(payload) - len(payload) % rights.itemsize])
                self._descriptors.extend(rights)
        if not data:
            raise ConnectionLost("cannot hear the daemon: it closed the connection")
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._lines.append(bytes(self._buffer) + line)
            self._buffer.clear()
        self._buffer += rest
        if len(self._buffer) > REPLY_LIMIT:
            raise ConnectionLost(f"cannot read the daemon's answer: it is over {REPLY_LIMIT} bytes")


def line_of(method: str, params: Mapping[str, Any], number: int | None = None) -> bytes:
    """A request, or a notification without its number."""
    message = {"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method, "params": dict(params)}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def subscription_of(of: Any) -> str | None:
    """The subscription that params or a result name."""
    return of.get("subscription") if isinstance(of, dict) else None


def result_of(message: Mapping[str, Any]) -> Any:
    if "error" in message:
        raise RemoteError(message["error"])
    return message.get("result")

"""Hypercorn, connection by connection, on sockets of our own: so that stopping is prompt whatever clients do.

Hypercorn's own `serve` cannot be interrupted while it sends: one client that stopped reading would hold the
daemon for ever. We accept connections ourselves and know their sockets; a send that cannot go on ends when its
socket is shut down, by us when the daemon stops, by the kernel after `STALLED`.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import Any

import structlog
import trio
from hypercorn.config import Config
from hypercorn.events import Event, RawData
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr, wrap_app
from quart_trio import QuartTrio

from aurad.model.errors import AuradError
from aurad.serve import descriptors, limits
from aurad.serve.http1 import Http1
from aurad.serve.systemd import listening
from aurad.serve.watch import Stopping

BACKLOG = 4096  # a burst of readers that come back after a restart is not refused
STALLED = 20_000  # milliseconds in which the other end takes nothing that was sent; then it is gone
IDLE = 20.0  # seconds a connection is kept without a request, and a request's head may take
CONNECTIONS = 4096  # open at once if there are descriptors for them; a further one is closed
FAREWELL = 0.3  # seconds for answers under way and last words to streams, when the daemon stops
SHUT = 0.2  # seconds for connections to end after their sockets were shut down

log = structlog.get_logger()


class Connection(TCPServer):
    """Ends when its client has gone; Hypercorn alone would keep it until it has idled long enough, or for ever.

    It ends by a scope of its own: Hypercorn lets a cancel of its nursery out, and that would end the server.
    Requests find theirs by `current`.
    """

    current: ContextVar[Connection] = ContextVar("connection")
    protocol: Http1  # type: ignore[assignment]  # Hypercorn's own would change to HTTP/2

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._scope, self._fileno = trio.CancelScope(), self.stream.socket.fileno
        self.left = b""  # of a chunk that was pushed, for which the kernel had no room

    async def serve(self) -> None:
        """As Hypercorn's `run`, without TLS and with our protocol. Whoever calls closes the socket."""
        self.current.set(self)  # tasks of requests are begun from here
        with self._scope:
            async with TaskGroup() as self._task_group:
                self.protocol = self._open_protocol(self._task_group)
                await self.idle_task.restart(self._task_group, self._idle_timeout)
                await self._read_data()

    def _open_protocol(self, tasks: TaskGroup) -> Http1:
        sock = self.stream.socket
        client, here = (parse_socket_addr(sock.family, end()) for end in (sock.getpeername, sock.getsockname))
        state = ConnectionState(self.state)
        return Http1(self.app, self.config, self.context, tasks, state, False, client, here, self.protocol_send)

    async def _read_data(self) -> None:
        await super()._read_data()
        self._scope.cancel()

    async def send_chunk(self, data: bytes) -> None:
        """A piece of an answer in chunks, past Hypercorn, whose way to the socket costs more than all else.

        Behind what is `left`; an empty piece is nothing but that, as an empty chunk would be the end.
        """
        chunk, self.left = self.left + _chunk(data), b""
        if left := chunk[self._send_now(chunk) :]:
            with trio.CancelScope(shield=True):  # a chunk is sent whole
                await self.protocol_send(RawData(data=left))
        if self._scope.cancel_called:  # the other end has gone: nothing was delivered
            await trio.lowlevel.checkpoint()

    def push_chunk(self, data: bytes, on_left: Callable[[], None]) -> bool:
        """The same without waiting: False if nothing of it was sent. Tells if some of it is left."""
        if self.left:
            return False
        chunk = _chunk(data)
        sent = self._send_now(chunk)
        if 0 < sent < len(chunk):
            self.left = chunk[sent:]
            on_left()
        return sent > 0

    def _send_now(self, data: bytes) -> int:
        """How many bytes the kernel has room for. If the other end has gone, none, and that is the end."""
        if self.send_lock.locked():
            return 0
        try:
            return os.write(self._fileno(), data)
        except BlockingIOError:
            return 0
        except OSError:
            self._scope.cancel()
            return 0

    async def protocol_send(self, event: Event) -> None:
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        async with self.send_lock:
            try:
                with trio.CancelScope(shield=True):  # ends when the socket is shut down: see above
                    await self.stream.send_all(event.data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                self._scope.cancel()


@lru_cache(1)  # many readers get the same, one after another
def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


class Server:
    """All connections of the HTTP edge."""

    def __init__(self, app: QuartTrio) -> None:
        config = Config()
        config.errorlog = logging.getLogger("aurad.http")
        config.include_server_header = False
        config.keep_alive_timeout = IDLE
        self._config, self._app = config, wrap_app(app, config.wsgi_max_body_size, "asgi")
        self._context = WorkerContext(None)
        self._streams: set[trio.SocketStream] = set()
        self._none_left, self._leave = trio.Event(), trio.Event()

    @property
    def connections(self) -> int:
        return len(self._streams)

    def stop_soon(self) -> None:
        self._leave.set()

    async def serve(
        self,
        sockets: list[trio.socket.SocketType],
        stopping: Stopping,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until `stop_soon`, then see everybody off within `FAREWELL` and `SHUT`.

        A cancel from outside does not come in between: it would cut off the last words.
        """
        listeners = [trio.SocketListener(sock) for sock in sockets]
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as connections:
                async with trio.open_nursery() as accepting:
                    accepting.start_soon(
                        partial(trio.serve_listeners, self._connection, listeners, handler_nursery=connections)
                    )
                    task_status.started()
                    await self._leave.wait()
                    accepting.cancel_scope.cancel()
                stopping.ask()
                await self._see_off()
                connections.cancel_scope.cancel()

    async def _see_off(self) -> None:
        await self._context.terminated.set()  # idle connections end at once, others after their answer
        with trio.move_on_after(FAREWELL):
            await self._all_gone()
        for stream in self._streams:
            with suppress(OSError):
                stream.socket.shutdown(socket.SHUT_RDWR)
        with trio.move_on_after(SHUT):
            await self._all_gone()

    async def _all_gone(self) -> None:
        while self._streams:
            self._none_left = trio.Event()
            await self._none_left.wait()

    async def _connection(self, stream: trio.SocketStream) -> None:
        """Catches whatever goes wrong: one connection must never end the server."""
        if len(self._streams) >= descriptors.for_web(CONNECTIONS, limits.CONNECTIONS):
            stream.socket.close()
            return
        self._streams.add(stream)
        try:
            await Connection(self._app, self._config, self._context, ConnectionState({}), stream).serve()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other end went away
        except* Exception:
            log.exception("connection failed")
        finally:
            stream.socket.close()
            self._streams.discard(stream)
            if not self._streams:
                self._none_left.set()


@asynccontextmanager
async def open_server(
    app: QuartTrio, sockets: list[trio.socket.SocketType], stopping: Stopping
) -> AsyncIterator[Server]:
    """Serve `app` until the block is left; then `stopping` is told, and everybody is gone when this returns."""
    server = Server(app)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.serve, sockets, stopping)
        try:
            yield server
        finally:
            server.stop_soon()


async def listen(host: str, port: int) -> list[trio.socket.SocketType]:
    """A listening socket for every address of `host`, all with one port; raises E503."""
    sockets: list[trio.socket.SocketType] = []
    try:
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            sock = trio.socket.socket(family, kind, protocol)
            sockets.append(sock)
            await _bind(sock, str(address[0]), port or sockets[0].getsockname()[1])  # 0: whatever the first got
    except (OSError, OverflowError) as error:  # the latter for a port that is none
        for sock in sockets:
            sock.close()
        raise AuradError(
            "E503-CONFIG",
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}",
            remedy="Choose another address: `http.bind`.",
        ) from error
    return sockets


def adopt(passed: Sequence[int]) -> list[trio.socket.SocketType]:
    """Sockets that somebody else has bound, with what we rely on."""
    sockets = [listening(fd) for fd in passed]
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED)
    return sockets


async def _bind(sock: trio.socket.SocketType, host: str, port: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED)  # connections inherit it
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # the other family has a socket of its own
    await sock.bind((host, port))
    sock.listen(BACKLOG)

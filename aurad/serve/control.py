"""The control socket, for tools on this machine: who may connect, and what they speak.

The first byte decides: `G` begins HTTP, which becomes a WebSocket; anything else is JSON-RPC by lines.
"""

from __future__ import annotations

import collections
import grp
import os
import socket
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
import trio

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.serve import limits
from aurad.serve.access import USERS, Caller, Rules
from aurad.serve.dispatch import failure
from aurad.serve.ndjson import LineConnection
from aurad.serve.peer import peer_of
from aurad.serve.systemd import listening
from aurad.serve.tokens import Tokens
from aurad.serve.websocket import serve_http
from aurad.wire import jsonrpc

BACKLOG = 4096  # a full backlog refuses connections at once

log = structlog.get_logger()


class Control:
    """Serves connections to one engine."""

    def __init__(self, engine: Engine, tokens: Tokens | None = None, rules: Rules = Rules()) -> None:
        self._engine, self._tokens, self._rules = engine, tokens, rules
        self.connections = 0
        self.last_used = trio.current_time()
        self._retired = False
        self._of_user: collections.Counter[int] = collections.Counter()

    def retire(self) -> bool:
        """Serve nobody any more if nobody is being served now; whether that was so.

        Without it a client could be greeted by a daemon that has decided to leave.
        """
        self._retired = self.connections == 0
        return self._retired

    async def serve_forever(self, listeners: Sequence[trio.SocketListener]) -> None:
        """Accept until cancelled."""
        await trio.serve_listeners(self._serve_safely, list(listeners))

    async def _serve_safely(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        try:
            if self.connections <= limits.connections() and not self._retired:
                await self._let_in(stream)
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other end went away
        except* Exception:
            log.exception("connection failed")
        finally:
            self.connections -= 1
            self.last_used = trio.current_time()
            stream.socket.close()

    async def _let_in(self, stream: trio.SocketStream) -> None:
        """Serve whoever may be served; others are told why not."""
        peer = peer_of(stream.socket)
        self._of_user[peer.uid] += 1
        try:
            caller = self._rules.caller(peer)
            if self._of_user[peer.uid] > limits.OF_ONE_USER and peer.uid not in (0, os.getuid()):
                raise AuradError("E205-LIMIT", f"cannot serve uid {peer.uid}: it has {limits.OF_ONE_USER} connections")
        except AuradError as error:
            await stream.socket.send(jsonrpc.encode(failure(None, error)))
        else:
            await self._serve(stream, caller)
        finally:
            self._of_user[peer.uid] -= 1
            self._of_user += collections.Counter()  # forgets those who are gone

    async def _serve(self, stream: trio.SocketStream, caller: Caller) -> None:
        first = b""
        with trio.move_on_after(limits.FIRST_BYTE):
            first = await stream.socket.recv(1, socket.MSG_PEEK)  # descriptors that came along stay where they are
        if first == b"G":
            await serve_http(stream, self._engine, caller, self._tokens)
        elif first:
            await LineConnection(self._engine, stream.socket, caller, self._tokens).run()


@asynccontextmanager
async def open_control(
    engine: Engine, path: Path, tokens: Tokens | None = None, rules: Rules = Rules(), *, passed: Sequence[int] = ()
) -> AsyncIterator[Control]:
    """Listen on `path`, for its owner or the groups of `rules` only, or on sockets that were passed to us.

    Raises E503 if another daemon listens there already.
    """
    sockets = [listening(fd) for fd in passed] or [await _bind(path, rules)]
    ours = None if passed else _which(path)
    control = Control(engine, tokens, rules)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(control.serve_forever, [trio.SocketListener(sock) for sock in sockets])
        try:
            yield control
        finally:
            nursery.cancel_scope.cancel()
            if ours and ours == _which(path):  # what is not ours stays, for the next one
                _remove(path)


async def _bind(path: Path, rules: Rules) -> trio.socket.SocketType:
    if _is_there(path):
        await _clear_way(path)
    sock = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        await sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise _in_the_way(path, error.strerror or str(error)) from error
    finally:
        os.umask(mask)
    if rules.system:
        _let_groups_in(path)
    sock.listen(BACKLOG)
    return sock


def _let_groups_in(path: Path) -> None:
    """As the socket unit does; what they may do is decided when they connect."""
    with suppress(LookupError, PermissionError):
        os.chown(path, -1, grp.getgrnam(USERS).gr_gid)
        path.chmod(0o660)


async def _clear_way(path: Path) -> None:
    """A socket that nobody listens on was left by a killed daemon."""
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            await probe.connect(str(path))
        except OSError:
            _remove(path)
            return
    raise _in_the_way(path, "another daemon does already")


def _is_there(path: Path) -> bool:
    """Whether a socket is in the way; raises E503 for anything else. Makes the folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise _in_the_way(path, "a file is in the way")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _in_the_way(path, error.strerror or str(error)) from error
    return True


def _in_the_way(path: Path, cause: str) -> AuradError:
    remedy = "Name another place, not over 107 bytes long, in AURAD_SOCKET."
    return AuradError("E503-CONFIG", f"cannot listen on {path}: {cause}", remedy=remedy)


def _which(path: Path) -> tuple[int, int] | None:
    """The file that is there: systemd puts its own in the place of ours."""
    with suppress(OSError):
        there = path.stat()
        return there.st_dev, there.st_ino
    return None


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

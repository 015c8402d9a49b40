"""The control socket: JSON-RPC 2.0, one message a line, for tools on this machine; files as descriptors.

A connection has one reader, one writer and a bounded number of calls under way. Whatever goes wrong on
it ends it, never the server.
"""

from __future__ import annotations

import array
import math
import os
import socket
import stat
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio
from structlog.contextvars import bind_contextvars, get_contextvars, unbind_contextvars

from aurad.engine.engine import Engine
from aurad.engine.ids import new_id
from aurad.model.errors import AuradError, to_problem
from aurad.serve.access import Caller, caller_of
from aurad.serve.operations import TABLE, Call
from aurad.serve.outbox import Outbox
from aurad.serve.subscriptions import Subscribe, Subscriptions, Unsubscribe
from aurad.serve.tokens import Tokens
from aurad.wire import jsonrpc
from aurad.wire.lines import LineDecoder
from aurad.wire.strict import check_strict

MESSAGE_LIMIT = 8 << 20  # bytes of one request or reply
BATCH = 50  # messages in one batch
CONNECTIONS = 256  # open at once; a further one is closed
CALLS = 64  # under way on one connection; then we stop reading
CHUNK = 64 << 10  # bytes read at a time
DESCRIPTORS = 16  # that may come with one read
FIRST_BYTE = 10.0  # seconds until the first byte, and for a started line to end
SEND = 15.0  # seconds one message may take to be taken; then the reader is gone
BACKLOG = 4096  # a full backlog refuses connections at once

log = structlog.get_logger()


class Control:
    """Serves connections to one engine."""

    def __init__(self, engine: Engine, tokens: Tokens | None = None) -> None:
        self._engine, self._tokens = engine, tokens
        self.connections = 0
        self.last_used = trio.current_time()
        self._retired = False

    def retire(self) -> bool:
        """Serve nobody any more if nobody is being served now; whether that was so.

        Without it a client could be greeted by a daemon that has decided to leave.
        """
        self._retired = self.connections == 0
        return self._retired

    async def serve_forever(self, listener: trio.SocketListener) -> None:
        """Accept until cancelled."""
        await trio.serve_listeners(self._serve_safely, [listener])

    async def _serve_safely(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        try:
            if self.connections <= CONNECTIONS and not self._retired:
                await _Connection(self._engine, stream.socket, self._tokens).run()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other end went away
        except* Exception:
            log.exception("connection failed")
        finally:
            self.connections -= 1
            self.last_used = trio.current_time()
            stream.socket.close()


class _Connection:
    def __init__(self, engine: Engine, sock: trio.socket.SocketType, tokens: Tokens | None) -> None:
        self._engine, self._socket, self._tokens = engine, sock, tokens
        self._received: set[int] = set()  # descriptors that are still open
        self._outbox = Outbox()
        self._slots = trio.Semaphore(CALLS)
        self._written = trio.Event()

    async def run(self) -> None:
        try:
            caller = caller_of(_peer_uid(self._socket))
        except AuradError as error:
            await self._socket.send(jsonrpc.encode(_failure(None, error)))
            return
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write_forever, nursery.cancel_scope)
                await self._read_forever(nursery, caller)
                nursery.cancel_scope.cancel()
        finally:
            self._close_descriptors()

    async def _read_forever(self, nursery: trio.Nursery, caller: Caller) -> None:
        subscriptions = Subscriptions(nursery, self._engine, caller, self._outbox)
        async with aclosing(self._lines()) as lines:
            async for line, fds in lines:
                await self._slots.acquire()
                nursery.start_soon(self._answer, line, fds, caller, subscriptions)
        with trio.move_on_after(SEND):  # half-closed: what is under way is still answered, to the last byte
            for _ in range(CALLS):
                await self._slots.acquire()
            subscriptions.close()
            self._outbox.close()
            await self._written.wait()

    def _close_descriptors(self) -> None:
        """Those that came with a line that nobody served, and those of answers that nobody took."""
        for fd in (*self._received, *self._outbox.abandoned()):
            os.close(fd)

    async def _lines(self) -> AsyncGenerator[tuple[bytes, list[int]], None]:
        """Lines with the descriptors that came along with them.

        A read may hold earlier bytes than those that carried descriptors, but never later ones: they belong
        to the last line that is begun in it.
        """
        lines, deadline = LineDecoder(MESSAGE_LIMIT), trio.current_time() + FIRST_BYTE
        waiting: list[int] = []  # for the unfinished line to end
        while True:
            with trio.move_on_at(deadline) as patience:
                data, fds = await self._read()
            if patience.cancelled_caught or not data:
                return
            try:
                complete = lines.feed(data)
            except AuradError as error:
                await self._outbox.put(jsonrpc.encode(_failure(None, error)))
                return
            ended = data.endswith(b"\n")
            for number, line in enumerate(complete, 1):
                own, waiting = waiting, []
                if ended and number == len(complete):
                    own, fds = own + fds, []
                yield line.removesuffix(b"\r"), own
            waiting += fds
            if ended:
                deadline = math.inf
            elif complete or deadline == math.inf:  # another line was begun
                deadline = trio.current_time() + FIRST_BYTE

    async def _read(self) -> tuple[bytes, list[int]]:
        space = socket.CMSG_SPACE(4 * DESCRIPTORS)  # the kernel closes what does not fit
        data, ancillary, _, _ = await self._socket.recvmsg(CHUNK, space, socket.MSG_CMSG_CLOEXEC)
        fds = _descriptors(ancillary)
        self._received.update(fds)
        return data, fds

    async def _answer(self, line: bytes, fds: list[int], caller: Caller, subscriptions: Subscriptions) -> None:
        reply_fds: list[int] = []
        try:
            call = Call(self._engine, caller, fds, reply_fds, self._tokens)
            replies = [await self._one(raw, call, subscriptions) for raw in _messages(line)]
            if data := b",".join(reply for reply in replies if reply):
                whole = b"[" + data + b"]" if line.lstrip().startswith(b"[") else data
                await self._outbox.put(whole + b"\n", reply_fds)
                reply_fds = []  # the writer's now
        except AuradError as error:
            await self._outbox.put(jsonrpc.encode(_failure(None, error)))
        finally:
            self._received.difference_update(fds)
            for fd in (*fds, *reply_fds):
                os.close(fd)
            self._slots.release()

    async def _one(self, raw: bytes, call: Call, subscriptions: Subscriptions) -> bytes | None:
        """The answer to one message; None to a notification, whatever comes of it."""
        number: jsonrpc.Id = None
        unbind_contextvars("correlation_id")  # of the message before, in a batch
        try:
            match jsonrpc.decode(raw):
                case jsonrpc.Request(id, method, params):
                    number = id
                    return _bounded(jsonrpc.reply(id, await self._perform(method, params, call, subscriptions)))
                case jsonrpc.Notification(method, params):
                    with suppress(AuradError):
                        await self._perform(method, params, call, subscriptions)
                    return None
            raise AuradError("E107-MESSAGE", "cannot use an answer: nothing was asked")
        except AuradError as error:
            return _line(_failure(number, error))
        except Exception as error:  # a bug of ours fails one call, never the daemon
            log.exception("operation failed", correlation_id=_correlation())
            wrong = AuradError("E500-INTERNAL", f"cannot answer: {type(error).__name__}: {error}")
            return _line(_failure(number, wrong))

    async def _perform(self, method: str, params: msgspec.Raw, call: Call, subscriptions: Subscriptions) -> Any:
        if method == "events.subscribe":
            return await subscriptions.add(jsonrpc.parse(params, Subscribe, f"the parameters of {method}"))
        if method == "events.unsubscribe":
            return subscriptions.remove(jsonrpc.parse(params, Unsubscribe, f"the parameters of {method}"))
        operation = TABLE.get(method)
        if operation is None:
            raise AuradError("E108-METHOD", f"cannot find the method {method!r}")
        if not call.caller.may(operation.role):
            raise AuradError("E400-DENIED", f"cannot call {method}: it takes the role {operation.role}")
        given = jsonrpc.parse(params, operation.params, f"the parameters of {method}")
        if asked := getattr(given, "correlation_id", ""):
            bind_contextvars(correlation_id=asked)
        return await operation.handler(call, given)

    async def _write_forever(self, scope: trio.CancelScope) -> None:
        """The only task that writes; a reader that takes nothing for too long is cut off."""
        while (parcel := await self._outbox.take()) is not None:
            data, fds = parcel
            with trio.move_on_after(SEND) as patience:
                try:
                    await _send_all(self._socket, data, fds)
                except (OSError, trio.BrokenResourceError):
                    scope.cancel()
                finally:
                    for fd in fds:
                        os.close(fd)
            if patience.cancelled_caught:  # half a message may be out: the line cannot go on
                scope.cancel()
            self._outbox.sent(len(data))
        self._written.set()


async def _send_all(sock: trio.socket.SocketType, data: bytes, fds: list[int]) -> None:
    view = memoryview(data)
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())]
        view = view[await sock.sendmsg([view], ancillary) :]
    while view:
        view = view[await sock.send(view) :]


def _messages(line: bytes) -> list[bytes]:
    """The messages of a line: itself, or those of a batch."""
    check_strict(line)
    if not line.lstrip().startswith(b"["):
        return [line]
    try:
        batch = msgspec.json.decode(line, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise AuradError("E106-PARSE", f"cannot read the batch: {error}") from error
    if not 1 <= len(batch) <= BATCH:
        raise AuradError("E107-MESSAGE", f"cannot take a batch of {len(batch)}: it holds 1 to {BATCH} messages")
    return [bytes(one) for one in batch]


def _line(message: jsonrpc.Message) -> bytes:
    return jsonrpc.encode(message).removesuffix(b"\n")


def _bounded(message: jsonrpc.Message) -> bytes:
    if len(line := _line(message)) >= MESSAGE_LIMIT:
        raise AuradError("E105-TOO_LARGE", f"cannot answer: {len(line)} bytes are over {MESSAGE_LIMIT}; ask for less")
    return line


def _failure(number: jsonrpc.Id, error: AuradError) -> jsonrpc.Message:
    return jsonrpc.failure(number, error.kind.rpc, error.detail, to_problem(error, correlation_id=_correlation()))


def _correlation() -> str:
    """The id by which this message is found in logs: the caller's own, else one that we make."""
    bind_contextvars(correlation_id=get_contextvars().get("correlation_id") or new_id(""))
    return str(get_contextvars()["correlation_id"])


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def _peer_uid(sock: trio.socket.SocketType) -> int:
    data = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", data)
    return int(uid)


@asynccontextmanager
async def open_control(engine: Engine, path: Path, tokens: Tokens | None = None) -> AsyncIterator[Control]:
    """Listen on `path`, for its owner only; raises E503 if another daemon does already."""
    sock = await _bind(path)
    control = Control(engine, tokens)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(control.serve_forever, trio.SocketListener(sock)))
        try:
            yield control
        finally:
            nursery.cancel_scope.cancel()
            _remove(path)


async def _bind(path: Path) -> trio.socket.SocketType:
    if _is_there(path):
        await _clear_way(path)
    sock = trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        await sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise AuradError("E503-CONFIG", f"cannot listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(mask)
    sock.listen(BACKLOG)
    return sock


async def _clear_way(path: Path) -> None:
    """A socket that nobody listens on was left by a killed daemon."""
    with trio.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            await probe.connect(str(path))
        except OSError:
            _remove(path)
            return
    raise AuradError("E503-CONFIG", f"cannot listen on {path}: another daemon does already")


def _is_there(path: Path) -> bool:
    """Whether a socket is in the way; raises E503 for anything else. Makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise AuradError("E503-CONFIG", f"cannot listen on {path}: a file is in the way")
        return True
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

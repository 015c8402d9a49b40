"""The control socket: JSON-RPC 2.0, one message a line, for tools on this machine; files as descriptors.

A connection has one reader, one writer and a bounded number of calls under way. Whatever goes wrong on
it ends it, never the server.
"""

from __future__ import annotations

import array
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
import trio

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError, to_problem
from aurad.serve.access import Caller, caller_of
from aurad.serve.operations import TABLE, Call
from aurad.serve.subscriptions import Subscribe, Subscriptions, Unsubscribe
from aurad.wire import jsonrpc
from aurad.wire.lines import LineDecoder

MESSAGE_LIMIT = 8 << 20  # bytes of one request or reply
BATCH = 50  # messages in one batch
CONNECTIONS = 256  # open at once; a further one is closed
CALLS = 64  # under way on one connection; then we stop reading
DESCRIPTORS = 16  # that may come with one read
FIRST_BYTE = 10.0  # seconds until the first byte, and for a started line to end
QUEUE = 64  # messages waiting to be sent on one connection; senders wait then
SEND = 15.0  # seconds one message may take to be taken; then the reader is gone
BACKLOG = 4096  # a full backlog refuses connections at once

log = structlog.get_logger()
Outgoing = tuple[bytes, list[int]]


class Control:
    """Serves connections to one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.connections = 0
        self.last_used = trio.current_time()

    async def serve_forever(self, listener: trio.SocketListener) -> None:
        """Accept until cancelled."""
        await trio.serve_listeners(self._serve_safely, [listener])

    async def _serve_safely(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        try:
            if self.connections <= CONNECTIONS:
                await _Connection(self._engine, stream.socket).run()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the other end went away
        except* Exception:
            log.exception("connection failed")
        finally:
            self.connections -= 1
            self.last_used = trio.current_time()
            stream.socket.close()


class _Connection:
    def __init__(self, engine: Engine, sock: trio.socket.SocketType) -> None:
        self._engine, self._socket = engine, sock
        self._fds: list[int] = []
        self._send, self._to_send = trio.open_memory_channel[Outgoing](QUEUE)
        self._slots = trio.Semaphore(CALLS)

    async def run(self) -> None:
        try:
            caller = caller_of(_peer_uid(self._socket))
        except AuradError as error:
            await self._socket.send(jsonrpc.encode(_failure(None, error)))
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write_forever, nursery.cancel_scope)
            subscriptions = Subscriptions(nursery, self._engine, caller, self._notify)
            try:
                async for line, fds in self._lines():
                    await self._slots.acquire()
                    nursery.start_soon(self._answer, line, fds, caller, subscriptions)
                with trio.move_on_after(SEND):  # half-closed: what is under way is still answered
                    for _ in range(CALLS):
                        await self._slots.acquire()
            finally:
                for fd in self._fds:
                    os.close(fd)
                nursery.cancel_scope.cancel()

    async def _lines(self) -> AsyncIterator[tuple[bytes, list[int]]]:
        """Lines with the descriptors that came along with them."""
        lines, started = LineDecoder(MESSAGE_LIMIT), True
        while True:
            with trio.move_on_after(FIRST_BYTE if started else float("inf")) as patience:
                data, ancillary, _, _ = await self._socket.recvmsg(65536, socket.CMSG_SPACE(4 * DESCRIPTORS))
            if patience.cancelled_caught or not data:
                return
            self._fds += _descriptors(ancillary)
            try:
                complete = lines.feed(data)
            except AuradError as error:
                await self._send.send((jsonrpc.encode(_failure(None, error)), []))
                return
            started = not data.endswith(b"\n")
            for line in complete:
                fds, self._fds = self._fds, []
                yield line.rstrip(b"\r"), fds

    async def _answer(self, line: bytes, fds: list[int], caller: Caller, subscriptions: Subscriptions) -> None:
        try:
            reply_fds: list[int] = []
            call = Call(self._engine, caller, fds, reply_fds)
            replies = [await self._one(raw, call, subscriptions) for raw in _messages(line)]
            data = b",".join(jsonrpc.encode(reply).rstrip(b"\n") for reply in replies if reply)
            if data:
                whole = b"[" + data + b"]" if line.lstrip().startswith(b"[") else data
                await self._send.send((whole + b"\n", reply_fds))
        except AuradError as error:
            await self._send.send((jsonrpc.encode(_failure(None, error)), []))
        finally:
            for fd in fds:
                os.close(fd)
            self._slots.release()

    async def _one(self, raw: bytes, call: Call, subscriptions: Subscriptions) -> jsonrpc.Message | None:
        number: jsonrpc.Id = None
        try:
            match jsonrpc.decode(raw):
                case jsonrpc.Request(id, method, params):
                    number = id
                    return jsonrpc.reply(id, await self._perform(method, params, call, subscriptions))
                case jsonrpc.Notification(method, params):
                    await self._perform(method, params, call, subscriptions)
                    return None
            raise AuradError("E107-MESSAGE", "cannot use an answer: nothing was asked")
        except AuradError as error:
            return _failure(number, error)
        except Exception as error:  # a bug of ours fails one call, never the daemon
            log.exception("operation failed")
            return _failure(number, AuradError("E500-INTERNAL", f"cannot answer: {type(error).__name__}: {error}"))

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
        return await operation.handler(call, jsonrpc.parse(params, operation.params, f"the parameters of {method}"))

    async def _notify(self, method: str, params: object) -> None:
        await self._send.send((jsonrpc.encode(jsonrpc.notification(method, params)), []))

    async def _write_forever(self, scope: trio.CancelScope) -> None:
        """The only task that writes; a reader that takes nothing for too long is cut off."""
        async for data, fds in self._to_send:
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


async def _send_all(sock: trio.socket.SocketType, data: bytes, fds: list[int]) -> None:
    view = memoryview(data)
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())]
        view = view[await sock.sendmsg([view], ancillary) :]
    while view:
        view = view[await sock.send(view) :]


def _messages(line: bytes) -> list[bytes]:
    """The messages of a line: itself, or those of a batch."""
    if not line.lstrip().startswith(b"["):
        return [line]
    try:
        batch = msgspec.json.decode(line, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise AuradError("E106-PARSE", f"cannot read the batch: {error}") from error
    if not 1 <= len(batch) <= BATCH:
        raise AuradError("E107-MESSAGE", f"cannot take a batch of {len(batch)}: it holds 1 to {BATCH} messages")
    return [bytes(one) for one in batch]


def _failure(number: jsonrpc.Id, error: AuradError) -> jsonrpc.Message:
    return jsonrpc.failure(number, error.kind.rpc, error.detail, to_problem(error))


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
async def open_control(engine: Engine, path: Path) -> AsyncIterator[Control]:
    """Listen on `path`, for its owner only; raises E503 if another daemon does already."""
    sock = await _bind(path)
    control = Control(engine)
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
        raise AuradError("E503-CONFIG", f"cannot listen on {path}: {error.strerror}") from error
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

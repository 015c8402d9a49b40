"""JSON-RPC by lines on a Unix socket, one message a line; files as descriptors, both ways.

Whatever goes wrong on a connection ends it, never the server.
"""

from __future__ import annotations

import array
import math
import os
import select
import socket
from collections.abc import AsyncGenerator
from contextlib import aclosing

import trio

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.serve import limits
from aurad.serve.access import Caller
from aurad.serve.dispatch import Dispatcher
from aurad.serve.outbox import Outbox
from aurad.serve.tokens import Tokens
from aurad.wire.lines import LineDecoder

CHUNK = 64 << 10  # bytes read at a time
SPACE = socket.CMSG_SPACE(4 * limits.DESCRIPTORS)  # for descriptors; the kernel closes what does not fit


class LineConnection:
    """One message a line. A connection has one reader, one writer and a bounded number of calls under way."""

    def __init__(self, engine: Engine, sock: trio.socket.SocketType, caller: Caller, tokens: Tokens | None) -> None:
        self._engine, self._socket, self._caller, self._tokens = engine, sock, caller, tokens
        self._outbox, self._written = Outbox(self._send_now), trio.Event()
        self._held: set[int] = set()  # descriptors that came and are still open

    async def run(self) -> None:
        """Serve until the other end goes, or breaks a limit."""
        try:
            async with trio.open_nursery() as nursery:
                dispatcher = Dispatcher(
                    self._engine, self._caller, self._outbox, nursery, self._tokens, held=self._held
                )
                nursery.start_soon(self._write_forever, nursery.cancel_scope)
                await self._read_forever(dispatcher)
                nursery.cancel_scope.cancel()
        finally:  # those that came with a line that nobody served, and those of answers that nobody took
            for fd in (*self._held, *self._outbox.abandoned()):
                os.close(fd)

    async def _read_forever(self, dispatcher: Dispatcher) -> None:
        async with aclosing(self._lines(dispatcher)) as lines:
            async for line, fds, more in lines:
                await dispatcher.take(line, fds, more=more)
        async with trio.open_nursery() as nursery:  # half-closed: what is under way is still answered, to the last byte
            nursery.start_soon(self._give_up_the_gone, nursery.cancel_scope)
            await dispatcher.finish()
            await self._written.wait()
            nursery.cancel_scope.cancel()

    async def _give_up_the_gone(self, scope: trio.CancelScope) -> None:
        """Who asks and leaves has what was asked carried out, if it takes no longer than `limits.SEND`."""
        hung_up = select.poll()
        hung_up.register(self._socket, 0)  # tells nothing but the end of both directions
        while not hung_up.poll(0):  # noqa: ASYNC110  # the kernel tells Trio nothing of it
            await trio.sleep(limits.GONE)
        await trio.sleep(limits.SEND)
        scope.cancel()

    async def _lines(self, dispatcher: Dispatcher) -> AsyncGenerator[tuple[bytes, list[int], bool], None]:
        """Lines with the descriptors that came along with them, and whether another has come already.

        A read may hold earlier bytes than those that carried descriptors, but never later ones: they belong
        to the last line that is begun in it.
        """
        lines, deadline = LineDecoder(limits.MESSAGE), trio.current_time() + limits.FIRST_BYTE
        waiting: list[int] = []  # for the unfinished line to end
        while True:
            if deadline == math.inf:  # as between two calls: a cancel scope would cost as much as they do
                data, fds = await self._read()
            else:
                data, fds = b"", []
                with trio.move_on_at(deadline):
                    data, fds = await self._read()
            if not data:
                return
            try:
                complete = lines.feed(data)
            except AuradError as error:
                await dispatcher.refuse(error)
                return
            ended = data.endswith(b"\n")
            for number, line in enumerate(complete, 1):
                own, waiting = waiting, []
                if ended and number == len(complete):
                    own, fds = own + fds, []
                yield line.removesuffix(b"\r"), own, number < len(complete)
            waiting += fds
            if ended:
                deadline = math.inf
            elif complete or deadline == math.inf:  # another line was begun
                deadline = trio.current_time() + limits.FIRST_BYTE

    async def _read(self) -> tuple[bytes, list[int]]:
        data, ancillary, _, _ = await self._socket.recvmsg(CHUNK, SPACE, socket.MSG_CMSG_CLOEXEC)
        fds = _descriptors(ancillary) if ancillary else []
        self._held.update(fds)
        return data, fds

    def _send_now(self, data: bytes) -> int:
        try:
            return os.write(self._socket.fileno(), data)
        except OSError:  # no room, or nobody there: the writer finds out which
            return 0

    async def _write_forever(self, scope: trio.CancelScope) -> None:
        """The only task that writes; a reader that takes nothing for too long is cut off."""
        while (parcel := await self._outbox.take()) is not None:
            data, fds = parcel
            with trio.move_on_after(limits.SEND) as patience:
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


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)

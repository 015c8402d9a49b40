"""JSON-RPC 2.0 calls of one connection, whatever carries them: answered side by side, within bounds, each on its own.

Whatever goes wrong in a call is its answer; a caller may cancel what is under way.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import structlog
import trio
from structlog.contextvars import bind_contextvars, get_contextvars, unbind_contextvars

from aurad.engine.engine import Engine
from aurad.engine.ids import new_id
from aurad.model.errors import AuradError, to_problem
from aurad.model.value import Value
from aurad.serve import limits
from aurad.serve.access import Caller
from aurad.serve.operations import TABLE, Call, Operation
from aurad.serve.outbox import Outbox
from aurad.serve.subscriptions import Subscribe, Subscriptions, Unsubscribe
from aurad.serve.tokens import Tokens
from aurad.wire import jsonrpc
from aurad.wire.strict import check_strict

CANCEL = "$/cancel"

log = structlog.get_logger()


class CancelCall(Value, frozen=True, kw_only=True):
    """Of a notification: the call to give up, by its id."""

    id: int | str


class Dispatcher:
    """`take` messages as they come; answers and events go to `outbox`.

    `held` are descriptors that came and are still open; a carrier without them has none, and what would answer
    with one is refused.
    """

    def __init__(
        self, engine: Engine, caller: Caller, outbox: Outbox, nursery: trio.Nursery, tokens: Tokens | None,
        *, held: set[int] | None,
    ) -> None:  # fmt: skip
        self._engine, self._caller, self._outbox, self._nursery = engine, caller, outbox, nursery
        self._tokens, self._held = tokens, held
        self._subscriptions = Subscriptions(nursery, engine, caller, outbox)
        self._slots = trio.Semaphore(limits.CALLS)
        self._under_way: dict[int | str, trio.CancelScope] = {}
        self._outdated, self._warned = dict[str, str](), set[str]()  # methods to be told of, and all that ever were

    async def take(self, message: bytes, fds: Sequence[int] = ()) -> None:
        """Begin to answer a message or a batch; waits while too many calls are under way."""
        try:
            self._slots.acquire_nowait()
        except trio.WouldBlock:
            await self._slots.acquire()
        self._nursery.start_soon(self._answer, message, list(fds))

    async def finish(self) -> None:
        """Until every call has its answer; then nothing more is told."""
        for _ in range(limits.CALLS):
            await self._slots.acquire()
        self._subscriptions.close()
        self._outbox.close()

    async def refuse(self, error: AuradError) -> None:
        """Tell of something that was no message."""
        await self._outbox.put(jsonrpc.encode(failure(None, error)))

    async def _answer(self, message: bytes, fds: list[int]) -> None:
        reply_fds: list[int] = []
        try:
            call = Call(self._engine, self._caller, fds, reply_fds, self._tokens)
            replies = [await self._one(raw, call) for raw in _messages(message)]
            if data := b",".join(reply for reply in replies if reply):
                whole = b"[" + data + b"]" if message.lstrip().startswith(b"[") else data
                await self._outbox.put(whole + b"\n", reply_fds)
                reply_fds = []  # the writer's now
            await self._tell_outdated()
        except AuradError as error:
            await self.refuse(error)
        finally:
            if self._held is not None:
                self._held.difference_update(fds)
            for fd in (*fds, *reply_fds):
                os.close(fd)
            self._slots.release()

    async def _tell_outdated(self) -> None:
        """After the answer: who reads one line for each call still reads the right one."""
        while self._outdated:
            method, instead = self._outdated.popitem()
            await self._outbox.notify("rpc.deprecated", {"method": method, "instead": instead})

    async def _one(self, raw: bytes, call: Call) -> bytes | None:
        """The answer to one message; None to a notification, whatever comes of it."""
        number: jsonrpc.Id = None
        unbind_contextvars("correlation_id")  # of the message before, in a batch
        try:
            match jsonrpc.decode(raw):
                case jsonrpc.Request(id, method, params):
                    number = id
                    return _bounded(jsonrpc.reply(id, await self._cancellable(id, method, params, call)))
                case jsonrpc.Notification(method, params):
                    with suppress(AuradError):
                        await self._perform(method, params, call)
                    return None
            raise AuradError("E107-MESSAGE", "cannot use an answer: nothing was asked")
        except AuradError as error:
            return _line(failure(number, error))
        except Exception as error:  # a bug of ours fails one call, never the daemon
            log.exception("operation failed", correlation_id=_correlation())
            wrong = AuradError("E500-INTERNAL", f"cannot answer: {type(error).__name__}: {error}")
            return _line(failure(number, wrong))

    async def _cancellable(self, number: jsonrpc.Id, method: str, params: msgspec.Raw, call: Call) -> Any:
        if number is None or number in self._under_way:  # nobody could say which one is meant
            return await self._perform(method, params, call)
        with trio.CancelScope() as self._under_way[number]:
            try:
                return await self._perform(method, params, call)
            finally:
                del self._under_way[number]
        raise AuradError("E204-CANCELLED", f"cannot finish {method}: its caller has cancelled it")

    async def _perform(self, method: str, params: msgspec.Raw, call: Call) -> Any:
        what = f"the parameters of {method}"
        if method == CANCEL:
            return self._cancel(jsonrpc.parse(params, CancelCall, what))
        if method == "events.subscribe":
            return await self._subscriptions.add(jsonrpc.parse(params, Subscribe, what))
        if method == "events.unsubscribe":
            return self._subscriptions.remove(jsonrpc.parse(params, Unsubscribe, what))
        operation = TABLE.get(method)
        if operation is None:
            raise AuradError("E108-METHOD", f"cannot find the method {method!r}")
        if not call.caller.may(operation.role):
            raise AuradError("E400-DENIED", f"cannot call {method}: it takes the role {operation.role}")
        self._note_outdated(operation)
        given = jsonrpc.parse(params, operation.params, what)
        if asked := getattr(given, "correlation_id", ""):
            bind_contextvars(correlation_id=asked)
        answer = await operation.handler(call, given)
        if call.reply_fds and self._held is None:
            raise AuradError("E100-REQUEST", f"cannot answer {method} here: a WebSocket carries no descriptors",
                             remedy="Ask on the same socket by lines, or fetch the artifact's href.")  # fmt: skip
        return answer

    def _note_outdated(self, operation: Operation) -> None:
        if operation.deprecated and operation.name not in self._warned:
            self._warned.add(operation.name)
            self._outdated[operation.name] = operation.deprecated

    def _cancel(self, asked: CancelCall) -> dict[str, Any]:
        """One that has its answer already is no mistake: the two have crossed."""
        if scope := self._under_way.get(asked.id):
            scope.cancel()
        return {}


def failure(number: jsonrpc.Id, error: AuradError) -> jsonrpc.Message:
    """An error as the answer to a call, or to what was none."""
    return jsonrpc.failure(number, error.kind.rpc, error.detail, to_problem(error, correlation_id=_correlation()))


def _messages(line: bytes) -> list[bytes]:
    """The messages of a line: itself, or those of a batch."""
    check_strict(line)
    if not line.lstrip().startswith(b"["):
        return [line]
    try:
        batch = msgspec.json.decode(line, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise AuradError("E106-PARSE", f"cannot read the batch: {error}") from error
    if not 1 <= len(batch) <= limits.BATCH:
        raise AuradError("E107-MESSAGE", f"cannot take a batch of {len(batch)}: it holds 1 to {limits.BATCH} messages")
    return [bytes(one) for one in batch]


def _line(message: jsonrpc.Message) -> bytes:
    return jsonrpc.encode(message).removesuffix(b"\n")


def _bounded(message: jsonrpc.Message) -> bytes:
    if len(line := _line(message)) >= limits.MESSAGE:
        raise AuradError("E105-TOO_LARGE", f"cannot answer: {len(line)} bytes are over {limits.MESSAGE}; ask for less")
    return line


def _correlation() -> str:
    """The id by which this message is found in logs: the caller's own, else one that we make."""
    bind_contextvars(correlation_id=get_contextvars().get("correlation_id") or new_id(""))
    return str(get_contextvars()["correlation_id"])

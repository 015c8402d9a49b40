"""JSON-RPC 2.0 calls of one connection, whatever carries them: answered side by side, within bounds, each on its own.

Whatever goes wrong in a call is its answer; a caller may cancel what is under way.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any, NamedTuple

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
SUBSCRIBE, UNSUBSCRIBE = "events.subscribe", "events.unsubscribe"
Scopes = Sequence[trio.CancelScope | None]  # of the messages of a line, as far as they can be cancelled
IN_A_ROW = 64  # answers that never wait, a millisecond or two together; then others have their turn

log = structlog.get_logger()


class CancelCall(Value, frozen=True, kw_only=True):
    """Of a notification: the call to give up, by its id."""

    id: int | str


class Asked(NamedTuple):
    """What a line says: one message or a batch. What cannot be understood is its error.

    `waits`: whether anything in it may.
    """

    messages: Sequence[jsonrpc.Message | AuradError]
    waits: bool = False
    batch: bool = False


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
        self._slots, self._in_a_row = trio.Semaphore(limits.CALLS), 0
        self._under_way: dict[jsonrpc.Id, trio.CancelScope] = {}
        self._outdated, self._warned = dict[str, str](), set[str]()  # methods to be told of, and all that ever were

    async def take(self, line: bytes, fds: Sequence[int] = (), *, more: bool = False) -> None:
        """Answer a message or a batch, in a task of its own if that may have to wait.

        Waits while too many calls are under way. With `more` another line is about to follow.
        """
        asked = _understood(line)
        try:
            self._slots.acquire_nowait()
        except trio.WouldBlock:
            await self._slots.acquire()
        scopes = [self._scope_of(message) for message in asked.messages] if asked.waits else ()
        if asked.waits or self._outbox.crowded:
            self._nursery.start_soon(self._answer, asked, list(fds), scopes)
            return
        await self._answer(asked, list(fds), scopes, more)
        self._in_a_row = (self._in_a_row + 1) % IN_A_ROW
        if not self._in_a_row:
            await trio.lowlevel.checkpoint()

    async def finish(self) -> None:
        """Until every call has its answer; then nothing more is told."""
        for _ in range(limits.CALLS):
            await self._slots.acquire()
        self._subscriptions.close()
        self._outbox.close()

    async def refuse(self, error: AuradError) -> None:
        """Tell of something that was no message."""
        unbind_contextvars("correlation_id")  # of the message before
        await self._outbox.put(jsonrpc.encode(failure(None, error)))

    async def _answer(self, asked: Asked, fds: list[int], scopes: Scopes, more: bool = False) -> None:
        reply_fds: list[int] = []
        try:
            call = Call(self._engine, self._caller, fds, reply_fds, self._tokens)
            replies = [await self._one(*each, call) for each in zip_longest(asked.messages, scopes)]
            if data := b",".join(reply for reply in replies if reply):
                whole = b"[" + data + b"]" if asked.batch else data
                await self._outbox.put(whole + b"\n", reply_fds, soon=more)
                reply_fds = []  # the writer's now
            if self._outdated:
                await self._tell_outdated()
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

    async def _one(
        self, message: jsonrpc.Message | AuradError, scope: trio.CancelScope | None, call: Call
    ) -> bytes | None:
        """The answer to one message; None to a notification, whatever comes of it."""
        number: jsonrpc.Id = None
        unbind_contextvars("correlation_id")  # of the message before
        try:
            match message:
                case AuradError():
                    raise message
                case jsonrpc.Request(number):
                    result = await (self._cancellable(message, scope, call) if scope else self._perform(message, call))
                    return _bounded(jsonrpc.reply(number, result))
                case jsonrpc.Notification():
                    with suppress(AuradError):
                        await self._perform(message, call)
                    return None
            raise AuradError("E107-MESSAGE", "cannot use an answer: nothing was asked")
        except AuradError as error:
            return _line(failure(number, error))
        except Exception as error:  # a bug of ours fails one call, never the daemon
            log.exception("operation failed", correlation_id=_correlation())
            wrong = AuradError("E500-INTERNAL", f"cannot answer: {type(error).__name__}: {error}")
            return _line(failure(number, wrong))

    def _scope_of(self, message: jsonrpc.Message | AuradError) -> trio.CancelScope | None:
        """What a cancel ends, also one that comes before the call's task has begun or its turn in a batch."""
        if not isinstance(message, jsonrpc.Request) or message.id is None or message.id in self._under_way:
            return None  # nobody could say which one is meant
        self._under_way[message.id] = scope = trio.CancelScope()
        return scope

    async def _cancellable(self, asked: jsonrpc.Request, scope: trio.CancelScope, call: Call) -> Any:
        try:
            with scope:
                return await self._perform(asked, call)
        finally:
            del self._under_way[asked.id]
        raise AuradError("E204-CANCELLED", f"cannot finish {asked.method}: its caller has cancelled it")

    async def _perform(self, asked: jsonrpc.Request | jsonrpc.Notification, call: Call) -> Any:
        method, params, what = asked.method, asked.params, f"the parameters of {asked.method}"
        if method == CANCEL:
            return self._cancel(jsonrpc.parse(params, CancelCall, what))
        if method == SUBSCRIBE:
            return await self._subscriptions.add(jsonrpc.parse(params, Subscribe, what))
        if method == UNSUBSCRIBE:
            return self._subscriptions.remove(jsonrpc.parse(params, Unsubscribe, what))
        operation = TABLE.get(method)
        if operation is None:
            raise AuradError("E108-METHOD", f"cannot find the method {method!r}")
        if not call.caller.may(operation.role):
            raise AuradError("E400-DENIED", f"cannot call {method}: it takes the role {operation.role}")
        self._note_outdated(operation)
        given = jsonrpc.parse(params, operation.params, what)
        if known := getattr(given, "correlation_id", ""):
            bind_contextvars(correlation_id=known)
        answer = await operation.perform(call, given)
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


def _waits(message: jsonrpc.Message | AuradError) -> bool:
    if not isinstance(message, (jsonrpc.Request, jsonrpc.Notification)):
        return False
    operation = TABLE.get(message.method)
    return operation.waits if operation else message.method == SUBSCRIBE


def _understood(line: bytes) -> Asked:
    try:
        check_strict(line)
        if not line.lstrip().startswith(b"["):
            message = _decoded(line)
            return Asked([message], _waits(message))
        batch = msgspec.json.decode(line, type=list[msgspec.Raw])
        if not 1 <= len(batch) <= limits.BATCH:
            what = f"cannot take a batch of {len(batch)}: it holds 1 to {limits.BATCH} messages"
            raise AuradError("E107-MESSAGE", what)
        messages = [_decoded(bytes(one)) for one in batch]
        return Asked(messages, any(map(_waits, messages)), batch=True)
    except msgspec.DecodeError as error:
        return Asked([AuradError("E106-PARSE", f"cannot read the batch: {error}")])
    except AuradError as error:
        return Asked([error])


def _decoded(message: bytes) -> jsonrpc.Message | AuradError:
    try:
        return jsonrpc.decode(message)
    except AuradError as error:
        return error


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

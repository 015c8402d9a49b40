"""A client of the control socket for Trio: one connection for any number of tasks, in lines or as a WebSocket.

async with open_rpc("/run/aurad.sock") as rpc:
    job = await rpc.call("jobs.submit", {"brief": {"topic": "How bees see"}})
    async with rpc.subscribe([job["jobId"]], after="earliest") as events:
        async for event in events:
            print(event["type"], event.get("progress"))
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import trio

from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.framing import Frames, open_frames, open_tasks
from aurad.model.errors import AuradError
from aurad.wire import jsonrpc

WAITING = 4096  # events that wait for a reader of a subscription; one that is further behind is given up
GOODBYE_SECONDS = 1.0  # to tell that a subscription or a call is left


class _Asked:
    """A call that waits for its answer."""

    def __init__(self) -> None:
        self.answered, self.answer = trio.Event(), None  # type: trio.Event, jsonrpc.Reply | jsonrpc.Failure | None


class Rpc:
    """A connection. Made by `open_rpc`."""

    def __init__(self, send: trio.MemorySendChannel[bytes]) -> None:
        self._send = send
        self._asked: dict[jsonrpc.Id, _Asked] = {}
        self._news: dict[str, trio.MemorySendChannel[dict[str, Any]]] = {}
        self._heard: dict[str, trio.MemoryReceiveChannel[dict[str, Any]]] = {}
        self._last_id, self._lost = 0, ""

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The result of `method`. Raises `RemoteError` for a refusal, `ConnectionLost` if the daemon goes.

        A call that is cancelled is given up by the daemon, too.
        """
        self._last_id += 1
        number, asked = self._last_id, _Asked()
        self._asked[number] = asked
        try:
            await self._tell(jsonrpc.request(number, method, dict(params or {})))
            await asked.answered.wait()
        except trio.Cancelled:
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await self._give_up(number)
            raise
        finally:
            del self._asked[number]
        if isinstance(asked.answer, jsonrpc.Failure):
            error = asked.answer.error
            raise RemoteError({"code": error.code, "message": error.message, "data": _value(error.data)})
        if asked.answer is None:
            raise ConnectionLost(self._lost)
        return _value(asked.answer.result)

    async def _give_up(self, number: int) -> None:
        """It would take room from those that follow: a connection has so many calls under way."""
        with suppress(ConnectionLost):
            await self._tell(jsonrpc.notification("$/cancel", {"id": number}))

    @asynccontextmanager
    async def subscribe(
        self, jobs: Sequence[str] | None = None, **params: Any
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Events of `jobs`, or of all; other news (`gap`, `snapshot`, `lagged`, `ended`) is a dict of that `type`.

        Ends after `ended`. Raises `ConnectionLost` if the daemon goes, or if the reader falls far behind.
        """
        answer = await self.call("events.subscribe", {**params, **({"jobs": list(jobs)} if jobs else {})})
        name = str(answer["subscription"])
        try:
            yield self._events(name)
        finally:
            self._heard.pop(name).close()
            with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                await self._leave(name)

    async def _leave(self, name: str) -> None:
        if channel := self._news.pop(name, None):
            channel.close()
            with suppress(RemoteError, ConnectionLost):  # it may have ended by itself
                await self.call("events.unsubscribe", {"subscription": name})

    async def _events(self, name: str) -> AsyncIterator[dict[str, Any]]:
        async for params in self._heard[name]:
            kind = params.pop("type")
            yield params["event"] if kind == "event" else {**params, "type": kind}
            if kind == "ended":
                return
        raise ConnectionLost(self._lost or "cannot follow the events: more came than were read")

    async def _tell(self, message: jsonrpc.Message) -> None:
        try:
            await self._send.send(jsonrpc.encode(message).removesuffix(b"\n"))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ConnectionLost(self._lost) from error

    # ------------------------------------------------------------ what comes

    async def listen(self, frames: Frames) -> None:
        """Hand out what comes until nothing does; one task does this."""
        try:
            while True:
                self._take(jsonrpc.decode(await frames.receive()))
        except ConnectionLost as error:
            self._lose(str(error))
        except AuradError as error:
            self._lose(f"cannot understand the daemon: {error.detail}")

    def _take(self, message: jsonrpc.Message) -> None:
        match message:
            case jsonrpc.Reply(number) | jsonrpc.Failure(number) if number in self._asked:
                self._answer(self._asked[number], message)
            case jsonrpc.Notification(method, raw):
                params = {**_value(raw), "type": method.removeprefix("events.")}
                self._hand_over(str(params.get("subscription")), params)

    def _answer(self, asked: _Asked, message: jsonrpc.Reply | jsonrpc.Failure) -> None:
        """A subscription is entered here, for its first event may be the next message."""
        asked.answer = message
        if isinstance(message, jsonrpc.Reply):
            result = _value(message.result)
            if isinstance(result, dict) and "subscription" in result:
                name = str(result["subscription"])
                self._news[name], self._heard[name] = trio.open_memory_channel[dict[str, Any]](WAITING)
        asked.answered.set()

    def _hand_over(self, name: str, params: dict[str, Any]) -> None:
        if channel := self._news.get(name):
            try:
                channel.send_nowait(params)
            except (trio.WouldBlock, trio.BrokenResourceError):
                self._news.pop(name).close()
            if params["type"] == "ended":
                self._news.pop(name, channel).close()

    def _lose(self, why: str) -> None:
        self._lost = why
        self._send.close()
        for channel in self._news.values():
            channel.close()
        for asked in self._asked.values():
            asked.answered.set()


@asynccontextmanager
async def open_rpc(path: str | os.PathLike[str], *, websocket: bool = False) -> AsyncIterator[Rpc]:
    """Connect to the control socket at `path`. A full backlog is waited for; bound it by a scope of yours."""
    send, outbox = trio.open_memory_channel[bytes](0)
    async with open_frames(path, websocket=websocket) as frames, open_tasks() as nursery:
        rpc = Rpc(send)
        nursery.start_soon(rpc.listen, frames)
        nursery.start_soon(_write, outbox, frames)
        yield rpc


async def _write(outbox: trio.MemoryReceiveChannel[bytes], frames: Frames) -> None:
    """One task writes: who gives up a call never leaves half a message."""
    async with outbox:
        async for message in outbox:
            try:
                await frames.send(message)
            except ConnectionLost:
                return  # the reader hears of it too


def _value(raw: Any) -> Any:
    return None if raw is msgspec.UNSET else msgspec.json.decode(raw)

"""The context's awaitable parts for stages on asyncio: they run in Trio, where tools die with their scope."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import trio

from aurad.model.stage import Encode, Probe, ToolResult
from aurad.worker.context import TaskContext

T = TypeVar("T")
OptionsT = TypeVar("OptionsT")


class Bridge:
    """Runs Trio functions for asyncio callers, in a nursery that ends with their task."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery, self._token = nursery, trio.lowlevel.current_trio_token()

    async def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """From asyncio: await `function()` in Trio. A cancel cancels it there, and waits for its end."""
        loop, scope = asyncio.get_running_loop(), trio.CancelScope()
        future: asyncio.Future[T] = loop.create_future()

        def settle(set_future: Callable[[], object]) -> None:
            loop.call_soon_threadsafe(lambda: future.done() or set_future())

        async def serve() -> None:
            answer: Callable[[], object] = future.cancel
            try:
                with scope:
                    answer = partial(future.set_result, await function())
            except Exception as error:
                answer = partial(future.set_exception, error)
            finally:
                settle(answer)

        def start() -> None:
            try:
                self._nursery.start_soon(serve)
            except RuntimeError:  # closed: a task that outlived its request
                settle(future.cancel)

        self.tell(start)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            self.tell(scope.cancel)
            await asyncio.wait([future])  # noqa: ASYNC102
            raise

    def tell(self, function: Callable[[], object]) -> None:
        """From asyncio: call `function()` in Trio's thread, soon."""
        self._token.run_sync_soon(function)


class AsyncioContext(TaskContext[OptionsT]):
    """The same task's context, for use in an asyncio loop."""

    def __init__(self, context: TaskContext[OptionsT], bridge: Bridge) -> None:
        super().__init__(context.options, context.task, context.tell)
        self.kept, self._bridge = context.kept, bridge

    async def run_tool(self, argv: Sequence[str], *, stdin: bytes = b"") -> ToolResult:
        return await self._bridge.call(partial(super().run_tool, argv, stdin=stdin))

    async def probe(self, path: Path) -> Probe:
        return await self._bridge.call(partial(super().probe, path))

    @asynccontextmanager
    async def ffmpeg(
        self, arguments: Sequence[str], *, frames: int | None = None, stdin: bool = False
    ) -> AsyncIterator[Encode]:
        opened: asyncio.Future[Encode] = asyncio.get_running_loop().create_future()
        leave, loop = trio.Event(), asyncio.get_running_loop()
        open_block = partial(super().ffmpeg, arguments, frames=frames, stdin=stdin)

        async def hold() -> None:  # in Trio: a block must be left by the task that entered it
            async with open_block() as run:
                loop.call_soon_threadsafe(opened.set_result, run)
                await leave.wait()

        block = asyncio.create_task(self._bridge.call(hold))
        try:
            yield _Encode(self._bridge, await _first(opened, block), block)
            self._bridge.tell(leave.set)
            await block
        finally:
            block.cancel()
            with suppress(asyncio.CancelledError, Exception):  # it was raised already, here or by `send`
                await block  # noqa: ASYNC102


class _Encode:
    """`Encode` for asyncio."""

    def __init__(self, bridge: Bridge, run: Encode, block: asyncio.Task[None]) -> None:
        self._bridge, self._run, self._block = bridge, run, block

    async def send(self, planes: bytes | bytearray | memoryview) -> None:
        await _first(asyncio.ensure_future(self._bridge.call(partial(self._run.send, planes))), self._block)


async def _first(wanted: asyncio.Future[T], block: asyncio.Task[None]) -> T:
    """The result of `wanted`, unless the block fails before: then its error."""
    try:
        both: set[asyncio.Future[T] | asyncio.Future[None]] = {wanted, block}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            block.result()
        return await wanted
    finally:
        wanted.cancel()
        await asyncio.wait([wanted])  # noqa: ASYNC102

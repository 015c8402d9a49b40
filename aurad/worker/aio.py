"""An asyncio loop in a thread of its own, for stages built on asyncio libraries, awaited from Trio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import outcome
import trio

T = TypeVar("T")


class AsyncioLoop:
    """Started when first used and kept, so that clients bound to the loop stay warm between tasks."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `make()` in the loop. A cancel cancels it there, and waits until it has really ended."""
        loop, token, done = self._started(), trio.lowlevel.current_trio_token(), trio.Event()
        result: outcome.Outcome[T] | None = None
        task: asyncio.Task[None] | None = None

        async def body() -> None:
            nonlocal result
            result = await outcome.acapture(make)

        def start() -> None:
            nonlocal task
            task = loop.create_task(body())
            task.add_done_callback(lambda _: token.run_sync_soon(done.set))

        loop.call_soon_threadsafe(start)
        try:
            await done.wait()
        except trio.Cancelled:
            loop.call_soon_threadsafe(lambda: task and task.cancel())
            # Without a deadline on purpose: whoever does not obey is killed with the whole worker.
            with trio.CancelScope(shield=True):
                await done.wait()
            raise
        if result is None:
            raise RuntimeError("the asyncio task was cancelled from within")
        return result.unwrap()

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_serve, args=(self._loop,), name="asyncio", daemon=True)
            self._thread.start()
        return self._loop

    def close(self) -> None:
        """Stop the loop and wait for its thread. Nothing runs in it any more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=1)  # seconds; a plugin's own task may block it
            self._loop = None


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
        if left := asyncio.all_tasks(loop):  # of a library's own
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left))
    finally:
        loop.close()

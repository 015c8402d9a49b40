"""Calling a stage's method, whatever its form: Trio, asyncio, plain `def`, or a generator of scenes.

What comes back is checked: of the method's type, and with no file that was neither kept nor given.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from aurad.model.errors import AuradError
from aurad.model.script import Scene, Script
from aurad.model.stage import PlanRequest, ScriptRequest, Stage
from aurad.wire.worker import METHODS, RunResult
from aurad.worker.context import TaskContext
from aurad.worker.tool import single_error

if TYPE_CHECKING:
    from aurad.worker.aio import AsyncioLoop


GRACE = 0.2  # seconds for a thread to end once its task is cancelled and the tools it waits for are gone


class Caller:
    """Calls stages of one worker, and opens each before its first request."""

    def __init__(self, cache: Path) -> None:
        self._cache, self._opened = cache, list[Stage[Any]]()
        self._asyncio: AsyncioLoop | None = None
        self._threads = trio.CapacityLimiter(1)  # one task at a time; a lost thread means a lost worker
        self._in_threads = 0

    async def open(self, stage: Stage[Any]) -> None:
        """Get `stage` warm unless it is."""
        if stage not in self._opened:
            await self._call(stage, stage.open, self._cache)
            self._opened.append(stage)

    async def call(self, stage: Stage[Any], method: str, request: Any, context: TaskContext[Any]) -> RunResult:
        """Serve one request. Raises what the stage raises, and E308 for an answer that does not fit."""
        await self.open(stage)
        value = await self._call(stage, _scenes_to_script(getattr(stage, method)), request, context)
        return RunResult(output=self._checked(stage, method, request, context, value), files=(*context.kept.values(),))

    async def close(self) -> None:
        """Close what was opened, in reverse."""
        while self._opened:
            stage = self._opened.pop()
            await self._call(stage, stage.close)
        if self._asyncio is not None:
            self._asyncio.close()

    async def settled(self) -> bool:
        """Whether a thread that was left behind ends within `GRACE`; no cancel reaches one that does not."""
        with trio.move_on_after(GRACE):
            while self._in_threads:  # noqa: ASYNC110 a thread cannot be waited for any more
                await trio.sleep(GRACE / 20)
        return not self._in_threads

    async def _call(self, stage: Stage[Any], method: Callable[..., Any], *arguments: Any) -> Any:
        if not inspect.iscoroutinefunction(method):
            return await trio.to_thread.run_sync(
                self._counted, method, *arguments, limiter=self._threads, abandon_on_cancel=True
            )
        if stage.loop == "asyncio":
            return await self._call_asyncio(method, *arguments)
        return await method(*arguments)

    def _counted(self, method: Callable[..., Any], *arguments: Any) -> Any:
        self._in_threads += 1
        try:
            return method(*arguments)
        finally:
            self._in_threads -= 1

    async def _call_asyncio(self, method: Callable[..., Any], *arguments: Any) -> Any:
        from aurad.worker.aio import AsyncioLoop  # asyncio is 5 MiB that most workers never need
        from aurad.worker.bridge import AsyncioContext, Bridge

        self._asyncio = self._asyncio or AsyncioLoop()
        with single_error():
            async with trio.open_nursery() as nursery:
                bridge = Bridge(nursery)
                mine = [AsyncioContext(each, bridge) if isinstance(each, TaskContext) else each for each in arguments]
                result = await self._asyncio.run(lambda: method(*mine))
        return result

    def _checked(self, stage: Stage[Any], method: str, request: Any, context: TaskContext[Any], value: Any) -> Any:
        """The answer as plain JSON values. It is encoded and read back: constructors check nothing."""
        try:
            output = msgspec.json.decode(msgspec.json.encode(value))
            msgspec.convert(output, METHODS[method].result, strict=True, str_keys=True)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise _unusable(stage, method, str(error)) from error
        for sha256 in _artifacts(output):
            if not context.holds(sha256):
                raise _unusable(stage, method, f"the file {sha256[:12]} was not handed over with `keep`")
        if isinstance(request, PlanRequest) and len(output) != len(request.script.scenes):
            raise _unusable(stage, method, f"{len(output)} plans for {len(request.script.scenes)} scenes")
        return output


def _scenes_to_script(method: Callable[..., Any]) -> Callable[..., Any]:
    """An async generator of scenes as a function that gives the script and hands scenes over early."""
    if not inspect.isasyncgenfunction(method):
        return method

    async def write(request: ScriptRequest, context: TaskContext[Any]) -> Script:
        return await _collect(method(request, context), request, context)

    return write


async def _collect(
    parts: AsyncGenerator[Scene | Script, None], request: ScriptRequest, context: TaskContext[Any]
) -> Script:
    scenes: list[Scene] = []
    whole: Script | None = None
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, Script):
                whole = part
            else:
                context.part(len(scenes), part)
                scenes.append(part)
    title = request.brief.topic or next((scene.slide.heading for scene in scenes if scene.slide.heading), "")
    return whole or Script(title=title, language=request.brief.language, scenes=tuple(scenes))


def _artifacts(output: Any) -> Iterator[str]:
    """Hashes of all artifacts in JSON values."""
    match output:
        case {"sha256": str(sha256), "sizeBytes": int(), "mediaType": str()}:
            yield sha256
        case dict():
            for value in output.values():
                yield from _artifacts(value)
        case list():
            for value in output:
                yield from _artifacts(value)


def _unusable(stage: Stage[Any], method: str, why: str) -> AuradError:
    return AuradError("E308-RESULT", f"cannot use what {stage.name} answered to {method}: {why}")

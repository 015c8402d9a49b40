"""One policy for silence: whoever tells neither progress nor a line for too long is warned of, later stopped.

News of any kind count, so a stage that works on something it cannot measure says so now and then. The clock is
monotonic. What is never silent and never done ends at its deadline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import trio

from aurad.engine.process import Emit
from aurad.model.errors import AuradError
from aurad.model.job import Step
from aurad.model.settings import Providers, Settings
from aurad.model.value import Value
from aurad.wire.worker import WarningNews

T = TypeVar("T")
STALLED = "E315-STALLED"
WARNED_AT = 0.5  # of the patience


class Patience(NamedTuple):
    """Seconds: how long an attempt may be silent, and how long it may take."""

    silence: float = float("inf")
    whole: float = float("inf")


def patience_of(settings: Settings) -> dict[Step, Patience]:
    """By step; what the core does itself belongs to the finish."""
    stages: dict[Step, Providers] = {
        "Script": settings.script, "Voice": settings.voice, "Visuals": settings.visuals,
        "Rendering": settings.render, "Postprocessing": settings.finish,
    }  # fmt: skip
    return {step: Patience(stage.stall_seconds, stage.deadline_seconds) for step, stage in stages.items()}


async def run_watched(what: str, run: Callable[[Emit], Awaitable[T]], emit: Emit, silence: float) -> T:
    """`run`, given an `emit` that counts as a sign of life. Raises E315 after `silence` seconds without one.

    The first of them starts the clock: until a worker has taken the task, its silence is not the stage's.
    """
    watch, failure, result = _Watch(what, emit, silence), None, list[T]()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.look_until_stalled, nursery.cancel_scope)
        try:
            result.append(await run(watch.hear))
        except Exception as error:  # carried out of the nursery, which would wrap it
            failure = error
        nursery.cancel_scope.cancel()
    if result:
        return result[0]
    raise failure or watch.stalled()


class _Watch:
    def __init__(self, what: str, emit: Emit, silence: float) -> None:
        self._what, self._emit, self._silence = what, emit, silence
        self._taken, self._heard = trio.Event(), 0.0

    def hear(self, kind: str, news: Value) -> None:
        self._heard = trio.current_time()
        self._taken.set()
        self._emit(kind, news)

    async def look_until_stalled(self, scope: trio.CancelScope) -> None:
        await self._taken.wait()
        warned_of = None
        while (silent := trio.current_time() - self._heard) < self._silence:
            if silent >= self._silence * WARNED_AT and warned_of != self._heard:
                warned_of = self._heard
                self._warn()
            await trio.sleep_until(self._heard + self._silence * (1 if warned_of == self._heard else WARNED_AT))
        scope.cancel()

    def _warn(self) -> None:
        detail = (
            f"{self._what} has been silent for {self._silence * WARNED_AT:g} s; after {self._silence:g} s it is stopped"
        )
        self._emit("warning", WarningNews(task_id="", code=STALLED, detail=detail))

    def stalled(self) -> AuradError:
        return AuradError(STALLED, f"cannot wait for {self._what}: neither progress nor a line for {self._silence:g} s")

"""The seam `run(plugin, call, emit) -> result`; here: pools of warm worker processes on this machine."""

from __future__ import annotations

import collections
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec
import trio

from aurad.engine.environment import for_workers
from aurad.engine.process import CRASH, HUNG, Emit, Worker, open_worker
from aurad.hooks.registry import CORE
from aurad.model.errors import AuradError
from aurad.model.stage_errors import Unavailable
from aurad.model.value import Value
from aurad.wire.worker import (
    API,
    Initialize,
    Initialized,
    Limits,
    Run,
    RunResult,
    Supported,
    Supports,
    Tools,
    Version,
    check_version,
)

CORE_IDLE = 5  # times as long as others: the core's worker is small, and asked for at every turn of a job's end
SPARED = 0.3  # seconds that a worker whose work of one job is done waits for another job's
GLANCE = 1.0  # seconds between two looks whether somebody still waits for a worker that has been idle for long
START = 60.0  # seconds a worker has to import its plugin; slow disks are slow


class Taken(Value, frozen=True, kw_only=True):
    """News of a task: a worker is there and has it. From here on silence is the stage's."""


class Executor(Protocol):
    """What runs tasks: JSON and files in, JSON and files out. `ffmpeg` is the tool that stages are given."""

    ffmpeg: str

    async def describe(self, plugin: str) -> Initialized: ...
    async def run(self, plugin: str, call: Run, emit: Emit) -> RunResult: ...
    def renew(self, plugin: str) -> None: ...
    def spare(self, plugin: str) -> None: ...
    def warm(self, plugin: str) -> None: ...


class LocalExecutor:
    """Starts workers when they are needed, keeps them warm for `idle` seconds, lets them go then.

    How many there may be at once is not decided here: whoever calls holds a slot for each. `wanted` tells whether
    somebody waits for one to use this plugin: its workers are kept until then.
    """

    def __init__(
        self, nursery: trio.Nursery, cache: Path, limits: Limits, *, idle: float, environment: Mapping[str, str],
        wanted: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._nursery, self._cache, self._limits, self._idle_seconds = nursery, cache, limits, idle
        self._environment, self._wanted = environment, wanted
        self._idle: dict[str, list[_Lease]] = collections.defaultdict(list)
        self._generations = collections.Counter[str]()
        self._warming: dict[str, trio.Event] = {}
        self._alive = collections.Counter[str]()
        self.ffmpeg = ""
        self.started = 0

    async def describe(self, plugin: str) -> Initialized:
        """What a plugin says of itself; raises E600 and the like if it cannot be loaded."""
        async with self._lease(plugin) as lease:
            return lease.info

    async def run(self, plugin: str, call: Run, emit: Emit) -> RunResult:
        """Run one task in a warm worker. Raises what the stage raised, or E300..E302 for a lost worker.

        The stage is asked first whether it can serve this; a reason why not is raised as `Unavailable`.
        """
        async with self._lease(plugin) as lease:
            emit("taken", Taken())
            with trio.move_on_after(call.deadline or float("inf")):
                await self._ask_support(lease.worker, call)
                return await lease.worker.call("run", call, RunResult, emit)
        raise AuradError(HUNG, f"cannot finish {call.method} of {call.stage}: no answer within {call.deadline} s")

    async def _ask_support(self, worker: Worker, call: Run) -> None:
        question = Supports(stage=call.stage, method=call.method, request=call.request, options=call.options)
        answer = await worker.call("supports", question, Supported)
        if answer.reason:
            raise Unavailable(f"cannot use {call.stage}: {answer.reason}")

    def renew(self, plugin: str) -> None:
        """The plugin has changed: no worker that was started before now takes another task."""
        self._generations[plugin] += 1
        for lease in self._idle[plugin]:
            self._retire(lease)

    def warm(self, plugin: str) -> None:
        """It will be asked soon: starting a worker and importing its plugin need not wait until then."""
        if not self._alive[plugin] and plugin not in self._warming:
            self._warming[plugin] = trio.Event()
            self._nursery.start_soon(self._warm, plugin)

    async def _warm(self, plugin: str) -> None:
        try:
            with suppress(AuradError, OSError):  # whoever asks for work meets it again
                async with self._leased(plugin):
                    pass
        finally:
            self._warming.pop(plugin).set()

    def spare(self, plugin: str) -> None:
        """A job is done with it: what it holds (models, fonts) is let go unless another job asks at once."""
        for lease in self._idle[plugin]:
            lease.idle_since = min(lease.idle_since, trio.current_time() - self._patience(plugin) + SPARED)
            lease.changed.set()

    def _patience(self, plugin: str) -> float:
        return self._idle_seconds * (CORE_IDLE if plugin == CORE else 1)

    def _retire(self, lease: _Lease) -> None:
        lease.worker.kill(AuradError(CRASH, f"cannot go on with {lease.worker.plugin}: it has changed meanwhile"))
        lease.changed.set()

    @asynccontextmanager
    async def _lease(self, plugin: str) -> AsyncIterator[_Lease]:
        if (warming := self._warming.get(plugin)) is not None:
            await warming.wait()
        async with self._leased(plugin) as lease:
            yield lease

    @asynccontextmanager
    async def _leased(self, plugin: str) -> AsyncIterator[_Lease]:
        lease = self._take_idle(plugin) or await self._nursery.start(self._keep, plugin)
        if isinstance(lease, AuradError):
            raise lease
        try:
            yield lease
        finally:
            self._idle[plugin].append(lease)
            lease.idle_since = trio.current_time()
            lease.changed.set()
            if lease.generation != self._generations[plugin]:
                self._retire(lease)

    def _take_idle(self, plugin: str) -> _Lease | None:
        while self._idle[plugin]:
            lease = self._idle[plugin].pop()
            if lease.worker.failure is None:
                return lease
            lease.changed.set()
        return None

    async def _keep(
        self, plugin: str, *, task_status: trio.TaskStatus[_Lease | AuradError] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """A worker's whole life, in a task of our own nursery: a cancelled caller does not take it along."""
        generation = self._generations[plugin]
        async with open_worker(plugin, self._environment) as worker:
            self.started += 1
            self._alive[plugin] += 1
            try:
                lease = _Lease(worker, await self._initialize(plugin, worker), generation)
                task_status.started(lease)
                await self._wait_unwanted(lease)
            except AuradError as error:
                task_status.started(error)
            finally:
                self._alive[plugin] -= 1

    async def _initialize(self, plugin: str, worker: Worker) -> Initialized:
        question = Initialize(
            api=API,
            plugin=plugin,
            cache_dir=str(self._cache / "plugins" / plugin),
            tools=Tools(ffmpeg=self.ffmpeg),
            limits=self._limits,
        )
        with trio.move_on_after(START):
            answer = await worker.call("initialize", question, msgspec.Raw)
            check_version(plugin, worker=worker.parse(answer, Version).api, daemon=API)
            return worker.parse(answer, Initialized)
        raise AuradError(HUNG, f"cannot start a worker for {plugin}: no answer within {START:g} s")

    async def _wait_unwanted(self, lease: _Lease) -> None:
        """Until the worker is lost, or was idle for too long."""
        while lease.worker.failure is None and (wait := self._time_left(lease)) > 0:
            lease.changed = trio.Event()
            with trio.move_on_after(wait):
                await lease.changed.wait()
        with suppress(ValueError):  # it was lost at work
            self._idle[lease.worker.plugin].remove(lease)

    def _time_left(self, lease: _Lease) -> float:
        """Seconds until it has been idle for too long, or until that is to be asked again."""
        plugin = lease.worker.plugin
        if lease not in self._idle[plugin]:
            return 3600.0
        left = self._patience(plugin) - (trio.current_time() - lease.idle_since)
        return max(left, GLANCE) if self._wanted(plugin) else left


class _Lease:
    """A running worker, what it said of itself, and how often its plugin had changed before it was started."""

    def __init__(self, worker: Worker, info: Initialized, generation: int) -> None:
        self.worker, self.info, self.generation = worker, info, generation
        self.changed, self.idle_since = trio.Event(), 0.0


def _nobody(plugin: str) -> bool:
    return False


@asynccontextmanager
async def open_executor(
    cache: Path, limits: Limits, *, idle: float, passed: Sequence[str] = (), wanted: Callable[[str], bool] = _nobody
) -> AsyncIterator[LocalExecutor]:
    """Pools of workers; leaving the block ends them all. `passed` are names of our environment that they get too."""
    environment = for_workers(os.environ, passed)
    async with trio.open_nursery() as nursery:
        try:
            yield LocalExecutor(nursery, cache, limits, idle=idle, environment=environment, wanted=wanted)
        finally:
            nursery.cancel_scope.cancel()

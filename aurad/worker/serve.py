"""The worker's side of the protocol: requests in, one task at a time, answers and errors by name out."""

from __future__ import annotations

import errno
import os
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import trio

from aurad.hooks.load import Plugin, load_plugin
from aurad.model.errors import KINDS, AuradError
from aurad.model.stage import SegmentRequest, Stage
from aurad.wire import jsonrpc
from aurad.wire.lines import MESSAGE_LIMIT, LineDecoder
from aurad.wire.worker import (
    API,
    MAIN_METHOD,
    METHODS,
    Cancel,
    Initialize,
    Initialized,
    Run,
    RunResult,
    StageProblem,
    Supported,
    Supports,
    Version,
    check_version,
    error_to_problem,
)
from aurad.worker.call import Caller
from aurad.worker.containment import allow_processor_time, contain
from aurad.worker.context import Task, TaskContext
from aurad.worker.describe import plugin_to_info
from aurad.worker.guardian import children, kill_descendants
from aurad.worker.outbox import Outbox
from aurad.worker.tool import single_error

FULL = (errno.ENOSPC, errno.EDQUOT)
AUTOGROUP = Path("/proc/self/autogroup")  # sched(7): on a desktop a session, which every worker has, counts as one
NICE = 10  # of encoding, which is most of the work: what others wait for goes first, and so do the user's programs


class Server:
    """One plugin, served. Bytes come in by `feed`; tasks run in `serve_tasks`."""

    def __init__(self, plugin: str, outbox: Outbox) -> None:
        self._name, self._outbox = plugin, outbox
        self._lines = LineDecoder(MESSAGE_LIMIT)
        self._requests, self._waiting = trio.open_memory_channel[jsonrpc.Request](1)
        self._plugin: Plugin | None = None
        self._circumstances = Initialize(api=API, plugin=plugin, cache_dir="")
        self._caller: Caller | None = None
        self._busy, self._running, self._scope = False, "", trio.CancelScope()
        self.stopping = False

    def feed(self, data: bytes) -> None:
        """Take in what the daemon sent. A daemon that breaks the protocol stops us."""
        for line in self._lines.feed(data):
            match jsonrpc.decode(line):
                case jsonrpc.Notification("$/cancel", params):
                    self._cancel(jsonrpc.parse(params, Cancel, "$/cancel").task_id)
                case jsonrpc.Request(id, "shutdown"):
                    self._outbox.answer(jsonrpc.reply(id, None))
                    self.stopping = True
                case jsonrpc.Request() as request:
                    self._accept(request)

    async def serve_tasks(self) -> None:
        """Answer one request after the other, until cancelled."""
        async for request in self._waiting:
            answer = await self._answer(request)
            self._busy, self._running = False, ""  # before the daemon can send the next one
            self._outbox.answer(answer)

    def cancel(self) -> None:
        """Cancel whatever runs."""
        self._scope.cancel()

    async def close(self) -> None:
        """Let the stages close what they opened."""
        if self._caller is not None:
            await self._caller.close()

    def _cancel(self, task_id: str) -> None:
        if task_id == self._running:  # a cancel that crossed its answer must not hit the next task
            self._scope.cancel()

    def _accept(self, request: jsonrpc.Request) -> None:
        if self._busy:
            busy = AuradError("E202-BUSY", f"cannot take {request.method!r}: another request is being served")
            self._outbox.answer(_failure(request.id, error_to_problem(busy)))
            return
        self._busy, self._scope = True, trio.CancelScope()
        if request.method == "run":  # known at once, so that a cancel right behind it is not lost
            self._running = _task_id(request)
        self._requests.send_nowait(request)

    async def _answer(self, request: jsonrpc.Request) -> jsonrpc.Message:
        scope, problem = self._scope, None
        try:
            with single_error(), scope:
                result = await self._serve(request)
        except AuradError as error:
            problem = error_to_problem(error)
        except (Exception, SystemExit) as error:  # a plugin's bug fails the task, never the worker
            problem = _crash(error)
        if scope.cancel_called:
            problem = StageProblem(name="Cancelled", code="E204-CANCELLED", detail="cannot go on: cancelled")
        return _failure(request.id, problem) if problem else jsonrpc.reply(request.id, result)

    async def _serve(self, request: jsonrpc.Request) -> object:
        match request.method:
            case "initialize":
                spoken = jsonrpc.parse(request.params, Version, "initialize").api
                check_version(self._name, worker=API, daemon=spoken)
                return self._initialize(jsonrpc.parse(request.params, Initialize, "initialize"))
            case "supports":
                return self._supports(jsonrpc.parse(request.params, Supports, "supports"))
            case "run":
                return await self._run(jsonrpc.parse(request.params, Run, "run"))
        raise AuradError("E108-METHOD", f"cannot serve {request.method!r}: workers do not know it")

    def _initialize(self, circumstances: Initialize) -> Initialized:
        contain(circumstances.limits)
        self._circumstances, cache = circumstances, Path(circumstances.cache_dir)
        cache.mkdir(parents=True, exist_ok=True)
        self._plugin, self._caller = load_plugin(self._name), Caller(cache)
        return plugin_to_info(self._plugin)

    def _supports(self, question: Supports) -> Supported:
        stage = self._stage(question.stage)
        method = question.method or MAIN_METHOD.get(stage.kind, "")
        _options(stage, question.options)
        return Supported(reason=stage.supports(_request(stage, method, question.request)))

    async def _run(self, run: Run) -> RunResult:
        stage = self._stage(run.stage)
        request = _request(stage, run.method, run.request)
        context = TaskContext(_options(stage, run.options), self._task(run, request), self._outbox.tell)
        assert self._caller is not None, "no stage without a caller"
        if run.method == "render_scene":
            _step_back()
        allow_processor_time(self._circumstances.limits.cpu_seconds)
        spared = children()
        try:
            await self._caller.open(stage)
            spared = children()
            return await self._caller.call(stage, run.method, request, context)
        finally:
            if children() - spared:
                kill_descendants(spared)  # a task leaves no process behind; only helpers started by `open` stay
            with trio.CancelScope(shield=True):
                if not await self._caller.settled():
                    self._give_up()

    def _give_up(self) -> None:
        """A thread goes on that nobody waits for, as all was cancelled: to end with it is quicker than to be killed."""
        kill_descendants()
        os._exit(0)

    def _task(self, run: Run, request: Any) -> Task:
        canvas = getattr(request, "canvas", None)
        return Task(
            task_id=run.task_id,
            workspace=Path(run.workspace),
            cache=Path(self._circumstances.cache_dir),
            files={sha256: Path(path) for sha256, path in run.files.items()},
            secrets=run.secrets,
            ffmpeg=self._circumstances.tools.ffmpeg,
            silence=self._circumstances.limits.silence_seconds,
            resolution=f"{canvas.width}x{canvas.height}" if canvas else "",
            frames=request.placed.frames if isinstance(request, SegmentRequest) else 0,
        )

    def _stage(self, name: str) -> Stage[Any]:
        for stage in self._plugin.stages if self._plugin else ():
            if stage.name == name:
                return stage
        raise AuradError("E104-PLUGIN", f"cannot find the stage {name!r} in the plugin {self._name}")


def _step_back() -> None:
    """Let other processes go first from now on; what this one starts inherits it. Sandboxes may forbid it."""
    with suppress(OSError):
        os.nice(max(NICE - os.nice(0), 0))
    with suppress(OSError):
        AUTOGROUP.write_text(str(NICE))


def _request(stage: Stage[Any], method: str, request: Any) -> Any:
    if method not in METHODS or not hasattr(stage, method):
        raise AuradError("E108-METHOD", f"cannot call {method!r}: {stage.name} has no such method")
    return _convert(request, METHODS[method].request, "E100-REQUEST", f"the request for {stage.name}")


def _options(stage: Stage[Any], options: dict[str, Any]) -> Any:
    return _convert(options, stage.Options, "E102-OPTION", f"the options of {stage.name}")


def _convert(value: Any, type: type[Any], code: str, what: str) -> Any:
    try:
        return msgspec.convert(value, type, str_keys=True)
    except msgspec.ValidationError as error:
        raise AuradError(code, f"cannot use {what}: {error}") from error


def _task_id(request: jsonrpc.Request) -> str:
    class _Id(msgspec.Struct, rename="camel"):
        task_id: str = ""

    return jsonrpc.parse(request.params, _Id, "run").task_id


def _crash(error: BaseException) -> StageProblem:
    """A bug of the stage's code; but a full disk is nobody's bug."""
    if getattr(error, "errno", None) in FULL:
        return error_to_problem(AuradError("E501-DISK", f"cannot finish: {error}"))
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    return StageProblem(
        name="Crash",
        code="E300-CRASH",
        detail=f"cannot finish: {type(error).__name__}: {error}{where}",
        remedy=KINDS["E300-CRASH"].remedy,
        traceback="".join(traceback.format_exception(error)),
    )


def _failure(id: jsonrpc.Id, problem: StageProblem) -> jsonrpc.Failure:
    return jsonrpc.failure(id, KINDS[problem.code].rpc, problem.detail, problem)

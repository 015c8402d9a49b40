"""An engine over toy stages in this process: everything is real but the worker processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import trio

from aurad.engine.catalog import Installed
from aurad.engine.engine import Engine, open_engine
from aurad.engine.executor import Taken
from aurad.engine.process import Emit
from aurad.engine.stall import Patience
from aurad.hooks.registry import CORE, PluginSource
from aurad.model.errors import AuradError
from aurad.model.event import JobView, Owner, TaskView
from aurad.model.folders import Folders
from aurad.model.job import Step
from aurad.model.recipe import Preset
from aurad.model.settings import Defaults, Providers, Settings
from aurad.model.stage import Stage
from aurad.wire.worker import API, METHODS, Initialized, Limits, Run, RunResult, error_to_problem, problem_to_error
from aurad.worker.call import Caller
from aurad.worker.context import Task, TaskContext
from aurad.worker.describe import stage_to_info
from tests.engine.toys import STAGES

ME = Owner(uid=1000, name="me")
TALE = "Bees see colours. They miss red. Flowers know it."


class InProcess:
    """An executor without processes; requests and answers cross as JSON all the same."""

    def __init__(self, cache: Path, stages: Sequence[type[Stage[Any]]]) -> None:
        self.ffmpeg, self._cache, self._stages = "", cache, {stage.name: stage() for stage in stages}
        self.ran: list[str] = []

    async def describe(self, plugin: str) -> Initialized:
        return Initialized(api=API, plugin=plugin, version="1", stages=(stage_to_info(self._stages[plugin]),))

    def renew(self, plugin: str) -> None:
        """There are no processes to hold old code."""

    def spare(self, plugin: str) -> None:
        """Nor any to let go."""

    def warm(self, plugin: str) -> None:
        """Nor to start."""

    async def run(self, plugin: str, call: Run, emit: Emit) -> RunResult:
        stage = self._stages[call.stage]
        self.ran.append(call.method)
        emit("taken", Taken())
        task = Task(
            task_id=call.task_id, workspace=Path(call.workspace), cache=self._cache,
            files={name: Path(path) for name, path in call.files.items()}, secrets=call.secrets, ffmpeg="", frames=0,
        )  # fmt: skip
        request = msgspec.convert(call.request, METHODS[call.method].request, str_keys=True)
        options = msgspec.convert(call.options, stage.Options)
        context: TaskContext[Any] = TaskContext(options, task, lambda news: emit(_kind(news), news))
        try:
            return await Caller(self._cache).call(stage, call.method, request, context)
        except AuradError as error:
            raise problem_to_error(error_to_problem(error)) from error


def _kind(news: object) -> str:
    return type(news).__name__.removesuffix("News").lower()


def settings(**providers: tuple[str, ...]) -> Settings:
    chosen = {
        "script": ("sentences",), "voice": ("tone",), "visuals": ("pixel",), "render": ("counter",), "finish": ("box",),
    } | providers  # fmt: skip
    return Settings(**{kind: Providers(providers=names) for kind, names in chosen.items()})


class House:
    """A running engine and shorthands for tests."""

    def __init__(self, engine: Engine, workers: list[InProcess]) -> None:
        self.engine, self._workers = engine, workers

    @property
    def ran(self) -> list[str]:
        """Methods that really ran, in order of their start; previews, which are optional, left out."""
        return [method for method in self._workers[-1].ran if method != "preview"]

    async def submit(self, text: str = TALE, *, owner: Owner = ME, **settings: Any) -> str:
        brief = {"source": text, **settings.pop("brief", {})}
        job = await self.engine.jobs.submit({"brief": brief, "settings": settings}, owner, "corr-1")
        return job.view.job_id

    async def make(self, text: str = TALE, **settings: Any) -> JobView:
        """Submit and wait; what ran is counted from here."""
        self._workers[-1].ran.clear()
        with trio.fail_after(20):
            return await self.engine.jobs.wait(await self.submit(text, **settings))

    async def ran_tasks(self, job_id: str) -> set[str]:
        return {task.name for task in await self.tasks(job_id) if not task.reused and "preview" not in task.name}

    async def tasks(self, job_id: str) -> list[TaskView]:
        return await self.engine.jobs.tasks(job_id)

    async def events(self, job_id: str) -> list[dict[str, Any]]:
        found, cursor = [], 0
        while cursor < self.engine.events.hub.last:
            for event in await self.engine.events.read_after(cursor):
                cursor = event.seq
                if event.job_id == job_id:
                    found.append(msgspec.json.decode(event.data))
        return found


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    stages: Sequence[type[Stage[Any]]] = STAGES,
    fingerprint: str = "1",
    stop: Callable[[], None] = lambda: None,
    defaults: Defaults = Defaults(),
    max_running: int = 4,
    patience: Mapping[Step, float] = {},
    private: bool = True,
    broken: AuradError | None = None,
    ffmpeg: Callable[[str], Path] = lambda configured: Path("/bin/true"),
    **providers: tuple[str, ...],
) -> AsyncIterator[House]:
    """A house whose state lies in `folder`; `fingerprint` stands for the version of all plugins.

    `patience` is how many seconds stages of a step may be silent.
    """
    workers: list[InProcess] = []

    @asynccontextmanager
    async def open_workers(cache: Path, limits: Limits, **circumstances: Any) -> AsyncIterator[InProcess]:
        workers.append(InProcess(cache, stages))
        yield workers[-1]

    def plugins() -> dict[str, PluginSource]:
        names = [CORE if stage.name == CORE else stage.name for stage in stages]
        return {
            n: PluginSource(name=n, module=n, distribution="toys", version="1", fingerprint=fingerprint) for n in names
        }

    installed = Installed(plugins=plugins, stamp=lambda: "", ffmpeg=ffmpeg)
    places = Folders(**{name: folder / name for name in ("state", "cache", "config", "runtime", "logs")})
    presets = {"youtube-1080p": Preset()}
    chosen = settings(**providers)
    jobs = msgspec.structs.replace(chosen.jobs, max_running=max_running)
    async with open_engine(
        msgspec.structs.replace(chosen, defaults=defaults, jobs=jobs),
        presets,
        places,
        private=private,
        stop=stop,
        workers=open_workers,
        installed=installed,
        broken=broken,
    ) as engine:
        engine.runner.patience |= {step: Patience(seconds, 3600) for step, seconds in patience.items()}
        yield House(engine, workers)

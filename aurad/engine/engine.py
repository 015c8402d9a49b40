"""The engine as the edges see it: opened in order, closed in reverse."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import trio

from aurad.engine.admission import Admission
from aurad.engine.assets import keep_asset
from aurad.engine.attempts import Attempts
from aurad.engine.catalog import Catalog, Installed
from aurad.engine.estimate import Costs
from aurad.engine.events import Events
from aurad.engine.executor import Executor, open_executor
from aurad.engine.figures import Figures
from aurad.engine.holds import Holds
from aurad.engine.ids import new_id
from aurad.engine.jobs import Jobs
from aurad.engine.journal import Journal, open_journal
from aurad.engine.later import outlive
from aurad.engine.logfiles import LogFiles, open_logfiles
from aurad.engine.memo import Memo
from aurad.engine.planning import Planner
from aurad.engine.record import forget_jobs
from aurad.engine.room import Room
from aurad.engine.runner import Runner
from aurad.engine.schedule import Flights, Slots, pool_of
from aurad.engine.secrets import Secrets
from aurad.engine.stall import patience_of
from aurad.engine.store import Damaged, Store
from aurad.engine.webhooks import Webhooks
from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.event import ArtifactView, Owner, timestamp_at
from aurad.model.folders import Folders
from aurad.model.recipe import Preset
from aurad.model.settings import Settings, Workers
from aurad.wire.worker import Limits

T = TypeVar("T")
DAY, GIB = 86400.0, 1 << 30
FAREWELL = 0.1  # seconds for the last answer to be taken
HOUSEKEEPING_DUE = 3600.0  # seconds after the last round
HOUSEKEEPING = 600.0  # seconds between two rounds of collecting what is too old or too much


class OpenExecutor(Protocol):
    """Opens whatever runs tasks."""

    def __call__(
        self, cache: Path, limits: Limits, *, idle: float, passed: Sequence[str], wanted: Callable[[str], bool]
    ) -> AbstractAsyncContextManager[Executor]: ...


class Engine:
    """Everything below the edges. Made by `open_engine`."""

    def __init__(
        self, settings: Settings, presets: Mapping[str, Preset], folders: Folders, *, private: bool,
        journal: Journal, store: Store, memo: Memo, catalog: Catalog, events: Events,
        admission: Admission, planner: Planner, secrets: Secrets, jobs: Jobs, joblogs: LogFiles,
        executor: Executor, runner: Runner, nursery: trio.Nursery, stop: Callable[[], None],
        holds: Holds,
    ) -> None:  # fmt: skip
        self.settings, self.presets, self.folders, self.private = settings, presets, folders, private
        self._journal, self.store, self.memo, self.catalog = journal, store, memo, catalog
        self.events, self.jobs, self.executor, self.runner = events, jobs, executor, runner
        self.joblogs, self._nursery, self._stop = joblogs, nursery, stop
        self._admission, self.secrets, self.started_with = admission, secrets, settings
        self.settings_stamp = ""  # of the files that `settings` were read from
        self.planner, self.holds = planner, holds
        self.boot_id, self.started_at = new_id(""), time.monotonic()
        self.configuring, self.installing = trio.Lock(), trio.Lock()  # one change of each at a time
        self.figures = Figures(runner.work, journal.commits)

    def adopt(self, settings: Settings, presets: Mapping[str, Preset]) -> None:
        """Go by these from now on; what was opened with those of the start stays as it is."""
        self.settings, self.presets = settings, presets
        self._admission.adopt(settings, presets)
        self.catalog.adopt(settings)
        self.runner.patience = patience_of(settings)
        self.holds.room.adopt(settings.store)
        self.holds.mended()

    def stop_soon(self, farewell: float = FAREWELL) -> None:
        """Stop, but let the answer to whoever asked for it go out first, and tasks end that are about to."""
        self._nursery.start_soon(self._stop_later, farewell)

    async def to_the_end(self, make: Callable[[], Awaitable[T]]) -> T:
        """Done whole although the caller may leave meanwhile; only the daemon's end ends it."""
        return await outlive(self._nursery, make)

    async def _stop_later(self, farewell: float) -> None:
        self.jobs.drain(True)
        with trio.move_on_after(0 if self.private else self.settings.jobs.stop_seconds):
            await self.runner.wind_down()
        await trio.sleep(farewell)
        self._stop()

    @property
    def epoch(self) -> str:
        return self._journal.epoch

    async def count_jobs(self) -> dict[str, int]:
        """How many jobs there are, by status."""
        return dict(await self._journal.read("SELECT status, count(*) FROM jobs GROUP BY status"))

    async def put_asset(self, content: int | bytes, media_type: str, owner: Owner) -> Artifact:
        """A file of a user, copied and hashed into the store."""
        return await keep_asset(self._journal, self.store, content, media_type, owner)

    def follow_log(self, job_id: str, offset: int, *, wait: bool = True) -> AsyncGenerator[bytes, None]:
        """A job's log from byte `offset` on, to what there is now or, with `wait`, to the job's end. Close it."""

        async def is_over() -> bool:
            return not wait or (await self.jobs.get(job_id)).status.terminal

        return self.joblogs.follow(job_id, offset, is_over)

    async def find_artifact(self, artifact_id: str) -> tuple[ArtifactView, str, Path]:
        """An artifact, its job and its checked file. Raises E200, or E506 for a damaged one."""
        rows = await self._journal.read(
            "SELECT name, kind, media_type, size_bytes, sha256, scene_id, job_id FROM artifacts WHERE artifact_id = ?",
            artifact_id,
        )
        if not rows:
            raise AuradError("E200-NO_JOB", f"cannot find artifact {artifact_id!r}")
        name, kind, media_type, size, sha256, scene_id, job_id = rows[0]
        view = ArtifactView(
            artifact_id=artifact_id, name=name, kind=kind, media_type=media_type, size_bytes=size, sha256=sha256,
            scene_id=scene_id,
        )  # fmt: skip
        try:
            return view, job_id, await self.store.check(sha256)
        except Damaged:
            why = AuradError("E506-STORE", f"cannot open {name} of {job_id}: its bytes have changed or are gone")
        await self.memo.forget_file(sha256)
        raise why

    async def housekeep_forever(self) -> None:
        """Forget old jobs and collect what nobody needs."""
        await self._journal.commit(self._journal.ages.keep)
        while True:
            await trio.sleep(HOUSEKEEPING)
            await self.housekeep_if_due()

    async def housekeep_if_due(self) -> None:
        """One round, unless there was one lately: a private daemon asks at the end of its short life."""
        rows = await self._journal.read("SELECT value FROM meta WHERE key = 'housekept_at'")
        now = self._journal.ages.now()
        await self._journal.commit(self._journal.ages.keep)
        if not rows or now - float(rows[0][0]) > HOUSEKEEPING_DUE:
            await self._journal.commit(
                lambda connection: connection.execute("INSERT OR REPLACE INTO meta VALUES ('housekept_at', ?)", (now,))
            )
            await self.housekeep()

    async def housekeep(self) -> int:
        """One round; returns the bytes freed."""
        jobs, store, now = self.settings.jobs, self.settings.store, self._journal.ages.now()
        oldest = timestamp_at(max(now - jobs.keep_days * DAY, 0.0))
        unused = now - store.max_age_days * DAY

        await forget_jobs(self._journal, oldest, jobs.keep_count)
        await self._journal.commit(
            lambda connection: connection.execute("DELETE FROM assets WHERE used_at < ?", (unused,))
        )
        logs = await self.joblogs.names()  # before the jobs: one that comes in between keeps its log
        await self.joblogs.remove(logs - {row[0] for row in await self._journal.read("SELECT job_id FROM jobs")})
        return await self.memo.collect(max_bytes=int(store.max_gib * GIB), max_age=store.max_age_days * DAY)


def limits_of(workers: Workers) -> Limits:
    """What the settings say of one worker, in bytes and seconds."""
    return Limits(
        memory_bytes=workers.memory_mib << 20,
        open_files=workers.open_files,
        file_bytes=int(workers.file_gib * GIB),
        cpu_seconds=workers.cpu_seconds,
        silence_seconds=workers.silence_seconds,
    )


@asynccontextmanager
async def open_engine(
    settings: Settings,
    presets: Mapping[str, Preset],
    folders: Folders,
    *,
    private: bool,
    stop: Callable[[], None],
    workers: OpenExecutor = open_executor,
    installed: Installed = Installed(),
    broken: AuradError | None = None,
) -> AsyncIterator[Engine]:
    """Journal, store, workers and jobs; jobs that had not ended before go on.

    `broken` says why these are not the settings that were wanted; then no job is started until others are adopted.
    """
    cores = settings.workers.cpu or os.cpu_count() or 1
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(open_journal(folders.state / "journal.sqlite"))
        store = Store(folders.state / "store", now=journal.ages.now)
        joblogs = await stack.enter_async_context(open_logfiles(folders.logs / "ffmpeg"))
        own = settings.workers
        slots = Slots({"cpu": cores, "finish": cores, "network": own.network, "gpu": own.gpu})
        executor = await stack.enter_async_context(
            workers(
                folders.cache, limits_of(own), idle=own.idle_seconds, passed=own.environment,
                wanted=lambda plugin: slots.awaited(pool_of(plugin)),
            )
        )  # fmt: skip
        nursery = await stack.enter_async_context(trio.open_nursery())
        stack.callback(nursery.cancel_scope.cancel)
        (last,) = (await journal.read("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'"))[0]
        events, costs = Events(journal, int(last)), Costs(journal)
        await costs.load()
        memo = Memo(journal, store)
        catalog = Catalog(executor, folders.cache / "stages.json", settings, installed)
        flights, secrets, attempts = Flights(nursery), Secrets(folders.state), Attempts(journal)
        await attempts.load()
        runner = Runner(
            memo, store, costs, slots, flights, executor, secrets, attempts, patience=patience_of(settings), lanes=cores
        )
        admission = Admission(journal, store, catalog, settings, presets)
        webhooks, room = Webhooks(journal, events), Room(folders.state, settings.store)
        holds = Holds(catalog, room, memo, private=private, broken=broken)
        jobs = Jobs(
            nursery, journal, events, store, catalog, runner, costs, admission, joblogs, webhooks, holds,
            max_running=settings.jobs.max_running, max_queued=settings.jobs.max_queued, lanes=cores,
            previews=settings.jobs.previews and not private,
        )  # fmt: skip
        engine = Engine(
            settings, presets, folders, private=private, journal=journal, store=store, memo=memo, catalog=catalog,
            events=events, admission=admission, planner=Planner(admission, catalog, costs, lanes=cores),
            secrets=secrets,
            jobs=jobs, joblogs=joblogs, executor=executor, runner=runner, nursery=nursery, stop=stop,
            holds=holds,
        )  # fmt: skip
        await jobs.recover()
        nursery.start_soon(engine.housekeep_forever)
        nursery.start_soon(webhooks.serve_forever)
        nursery.start_soon(holds.serve_forever, jobs.tend)
        yield engine

"""`StageContext` as a worker gives it: all that a stage may touch while it serves one request."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, Literal, TypeVar

import trio

from aurad.model.artifact import Artifact
from aurad.model.errors import AuradError
from aurad.model.stage import Encode, Probe, ToolResult
from aurad.model.stage_errors import Unavailable
from aurad.model.value import Value
from aurad.wire.worker import LogNews, PartNews, ProgressNews, ResultFile, ToolNews, UsageNews, WarningNews
from aurad.worker.ffmpeg import SILENCE, open_ffmpeg
from aurad.worker.probe import probe_file
from aurad.worker.tool import run_tool

OptionsT = TypeVar("OptionsT")
Tell = Callable[[Value], None]  # takes any of `aurad.wire.worker.NEWS`, from any thread, and never blocks


class Task(Value, frozen=True, kw_only=True):
    """What a context is made of, apart from options: the worker's and the request's circumstances."""

    task_id: str
    workspace: Path
    cache: Path
    files: Mapping[str, Path] = {}
    secrets: Mapping[str, str] = {}
    ffmpeg: str = ""
    silence: float = SILENCE
    resolution: str = ""
    frames: int = 0


class TaskContext(Generic[OptionsT]):
    """See `aurad.api.StageContext`. Plain methods are safe from any thread, async ones belong to Trio."""

    def __init__(self, options: OptionsT, task: Task, tell: Tell) -> None:
        self._options, self.task, self.tell = options, task, tell
        self._runs, self._encoded = itertools.count(1), Encoded(task.frames, self._report)
        self.kept: dict[str, ResultFile] = {}
        self._done = 0.0

    @property
    def options(self) -> OptionsT:
        return self._options

    @property
    def workspace(self) -> Path:
        return self.task.workspace

    @property
    def cache(self) -> Path:
        return self.task.cache

    def progress(self, done: float, message: str = "") -> None:
        self._encoded.silent = True  # a stage that counts for itself knows better than we
        self._report(done, message)

    def working(self, message: str = "") -> None:
        self._report(self._done, message)

    def log(self, line: str) -> None:
        for part in line.splitlines() or [""]:
            self.tell(LogNews(task_id=self.task.task_id, stream="log", line=part))

    def warn(self, code: str, detail: str) -> None:
        self.tell(WarningNews(task_id=self.task.task_id, code=code, detail=detail))

    def usage(self, unit: str, amount: float, cost: float | None = None, currency: str = "") -> None:
        self.tell(UsageNews(task_id=self.task.task_id, unit=unit, amount=amount, cost=cost, currency=currency))

    def part(self, index: int, value: object) -> None:
        """Hand scene `index` of a script over early. The worker's own; not for stages."""
        self.tell(PartNews(task_id=self.task.task_id, index=index, value=value))

    def keep(self, path: Path, media_type: str) -> Artifact:
        sha256, size = _hash_inside(self.task.workspace, path)
        self.kept[sha256] = ResultFile(path=str(path), sha256=sha256, size_bytes=size, media_type=media_type)
        return Artifact(sha256=sha256, size_bytes=size, media_type=media_type)

    def path(self, artifact: Artifact) -> Path:
        if artifact.sha256 in self.kept:
            return Path(self.kept[artifact.sha256].path)
        try:
            return self.task.files[artifact.sha256]
        except KeyError:
            raise AuradError(
                "E308-RESULT", f"cannot open artifact {artifact.sha256[:12]}: it is not part of the request"
            ) from None

    def holds(self, sha256: str) -> bool:
        """Whether a file is part of the request or was kept. The worker's own; not for stages."""
        return sha256 in self.kept or sha256 in self.task.files

    def secret(self, name: str) -> str:
        try:
            return self.task.secrets[name]
        except KeyError:
            raise Unavailable(
                f"cannot read the secret {name!r}: it is not set", remedy=f"Set the secret {name}."
            ) from None

    @asynccontextmanager
    async def ffmpeg(
        self, arguments: Sequence[str], *, frames: int | None = None, stdin: bool = False
    ) -> AsyncIterator[Encode]:
        on_frame = self._encoded.start(frames)
        path, log = self.task.ffmpeg, self._run_log(self.task.resolution)
        async with open_ffmpeg(
            path, arguments, log=log, frames=frames, stdin=stdin, on_frame=on_frame, silence=self.task.silence
        ) as run:
            yield run

    async def run_tool(self, argv: Sequence[str], *, stdin: bytes = b"") -> ToolResult:
        return await run_tool(argv, stdin=stdin, log=self._run_log(""))

    async def probe(self, path: Path) -> Probe:
        return await trio.to_thread.run_sync(probe_file, path, abandon_on_cancel=True)

    def _report(self, done: float, message: str) -> None:
        if math.isfinite(done):
            self._done = min(max(done, self._done), 1.0)  # never falls, whoever counts
            self.tell(ProgressNews(task_id=self.task.task_id, done=self._done, message=message))

    def _run_log(self, resolution: str) -> RunLog:
        return RunLog(self.tell, self.task.task_id, str(next(self._runs)), resolution)


class Encoded:
    """Frames encoded in one task, over all its runs of FFmpeg, as progress. `silent` once the stage tells its own."""

    def __init__(self, total: int, report: Callable[[float, str], None]) -> None:
        self._total, self._report, self._expected, self._done = total, report, 0, 0
        self.silent = False

    def start(self, frames: int | None) -> Callable[[int], None]:
        """Another run of `frames` frames; gives what to call with its frame number."""
        seen = 0
        self._expected += frames or 0

        def on_frame(frame: int) -> None:
            nonlocal seen
            self._done, seen = self._done + frame - seen, frame
            if frames and not self.silent:
                self._report(self._done / max(self._total, self._expected), "")

        return on_frame


class RunLog:
    """One run of a tool, told to the daemon."""

    def __init__(self, tell: Tell, task_id: str, run_id: str, resolution: str) -> None:
        self._tell, self._task_id, self._run_id, self._resolution = tell, task_id, run_id, resolution

    def started(self, argv: Sequence[str]) -> None:
        self._tell(
            ToolNews(
                task_id=self._task_id,
                run_id=self._run_id,
                argv=tuple(argv),
                path=argv[0],
                resolution=self._resolution,
            )
        )

    def line(self, stream: Literal["stdout", "stderr"], line: str) -> None:
        self._tell(LogNews(task_id=self._task_id, stream=stream, line=line, run_id=self._run_id))

    def ended(self, exit_code: int) -> None:
        self._tell(ToolNews(task_id=self._task_id, run_id=self._run_id, exit_code=exit_code))


def _hash_inside(folder: Path, path: Path) -> tuple[str, int]:
    """SHA-256 and size of a regular file that really is inside `folder`; a link could lead anywhere."""
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise AuradError("E308-RESULT", f"cannot keep {path}: it is outside the workspace")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise AuradError("E308-RESULT", f"cannot keep {path}: {error.strerror}") from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or not facts.st_size:
        os.close(descriptor)
        raise AuradError("E308-RESULT", f"cannot keep {path}: it is empty or no regular file")
    with open(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), facts.st_size

"""The jobs' logs on disk, and their news: one thread writes, nobody waits for it, readers come by byte offset.

A log that cannot be written costs lines, never a job. What the lines say is `joblog`'s business.
"""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from weakref import WeakSet

import msgspec
import trio

from aurad.model.event import LogLines, timestamp
from aurad.model.job import Step

SIZE = 256 << 20  # bytes of one job's log; a tool that says more is mad, and must not fill the disk
WAITING = 16 << 20  # bytes waiting for a slow disk; lines beyond are dropped, and counted
CHUNK = 256 << 10  # bytes read at a time
RING = 256  # pieces of news kept for those who listen; whoever is further behind reads the file
READERS = 2  # reads at a time
PARTING = 2.0  # seconds for what is queued to be written at the end; a hung disk must not hold us
TURN = 64 << 10  # bytes written in one go, and about what one piece of news holds

Failed = Callable[[str], None]


class Piece(NamedTuple):
    """Lines of one job, to be written together. `failed` is told why if they cannot be, in Trio's thread."""

    job_id: str
    correlation_id: str
    step: Step
    scene_id: str
    lines: Sequence[str]
    failed: Failed


class Spoken(NamedTuple):
    """Lines as they go out: `data` is the JSON of a `job-log` event. It has no place among the numbered ones."""

    job_id: str
    data: bytes
    type: str = "job-log"

    def frame(self, epoch: str) -> bytes:
        """As server-sent events have it: without an id, so that a reader's cursor stays where it is."""
        return b"event: job-log\ndata: %b\n\n" % self.data


class Listener:
    """A place in the news of all logs. News are made as long as there is anybody who holds one."""

    def __init__(self, files: LogFiles) -> None:
        self._files, self._heard = files, files.spoken

    def news(self) -> list[Spoken]:
        """What is new and still kept; offsets tell what was missed."""
        missing, self._heard = self._files.spoken - self._heard, self._files.spoken
        return self._files.newest(missing)

    async def wait(self) -> None:
        """Until there is something new."""
        await trio.lowlevel.checkpoint()
        while self._heard == self._files.spoken:
            await self._files.wait_spoken()


class _Close(NamedTuple):
    job_id: str


class _Mark(NamedTuple):
    reached: trio.Event


class LogFiles:
    """Every job's log. Made by `open_logfiles`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._token, self._limiter = trio.lowlevel.current_trio_token(), trio.CapacityLimiter(READERS)
        self._changed = threading.Condition()
        self._queue: deque[tuple[bytes, Piece] | _Close | _Mark] = deque()
        self._waiting, self._stopping = 0, False
        self._dropped, self._descriptors, self._full = Counter[str](), dict[str, int](), set[str]()
        self._news: dict[str, trio.Event] = {}
        self._ring, self._spoke = deque[Spoken](maxlen=RING), trio.Event()
        self._listeners: WeakSet[Listener] = WeakSet()
        self.spoken = self.lines_dropped = 0
        self._thread = threading.Thread(target=self._write_forever, name="logfiles", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------ writing: any order of calls, none waits

    def write(self, piece: Piece) -> None:
        """Append lines. Over what may wait for the disk they are dropped, which a later line confesses."""
        with self._changed:
            if self._waiting >= WAITING:
                self._dropped[piece.job_id] += len(piece.lines)
                self.lines_dropped += len(piece.lines)
                return
            if dropped := self._dropped.pop(piece.job_id, 0):
                piece = piece._replace(lines=[f"[aurad] ({dropped} lines dropped: the disk is slow)", *piece.lines])
            data = "".join(f"{line}\n" for line in piece.lines).encode(errors="replace")
            self._waiting += len(data)
            self._put((data, piece))

    def sink(self, job_id: str, correlation_id: str, failed: Failed) -> Callable[[Step, str, Sequence[str]], None]:
        """What takes the lines of one job."""
        return lambda step, scene_id, lines: self.write(Piece(job_id, correlation_id, step, scene_id, lines, failed))

    def finish(self, job_id: str) -> None:
        """The job has ended: its file is closed, whoever follows it looks again."""
        with self._changed:
            self._dropped.pop(job_id, None)
            self._put(_Close(job_id))

    async def flush(self) -> None:
        """Wait until all that was written so far is in the files."""
        mark = _Mark(trio.Event())
        with self._changed:
            self._put(mark)
        await mark.reached.wait()

    def _put(self, entry: tuple[bytes, Piece] | _Close | _Mark) -> None:
        self._queue.append(entry)
        self._changed.notify()

    # ------------------------------------------------------------ reading

    async def read(self, job_id: str, offset: int, limit: int = CHUNK) -> bytes:
        """Bytes from `offset` on, at most `limit`; none where there is nothing yet."""
        return await trio.to_thread.run_sync(_read, self.path(job_id), offset, limit, limiter=self._limiter)

    async def size(self, job_id: str) -> int:
        """How long the log is by now."""
        return await trio.to_thread.run_sync(_size, self.path(job_id), limiter=self._limiter)

    async def follow(
        self, job_id: str, offset: int, is_over: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[bytes, None]:
        """Bytes from `offset` on, as they come, until the job `is_over` and all was given."""
        while True:
            news = self._news.setdefault(job_id, trio.Event())
            if over := await is_over():
                await self.flush()
            while data := await self.read(job_id, offset):
                offset += len(data)
                yield data
            if over:
                self._wake(job_id)  # or a place for its news would be kept for ever
                return
            await news.wait()

    def path(self, job_id: str) -> Path:
        return self.folder / f"{job_id}.log"

    # ------------------------------------------------------------ live news, for those who ask

    def listen(self) -> Listener:
        """Have news made from now on."""
        listener = Listener(self)
        self._listeners.add(listener)
        return listener

    def newest(self, number: int) -> list[Spoken]:
        """The last so many pieces of news, as far as they are kept."""
        return list(self._ring)[-number:] if number > 0 else []

    async def wait_spoken(self) -> None:
        await self._spoke.wait()

    def _written(self, pieces: list[tuple[bytes, Piece]], offset: int) -> None:
        if self._listeners:
            self._tell(pieces, offset)
        self._wake(pieces[0][1].job_id)

    def _wake(self, job_id: str) -> None:
        if (news := self._news.pop(job_id, None)) is not None:
            news.set()

    def _tell(self, pieces: list[tuple[bytes, Piece]], offset: int) -> None:
        for (step, scene_id), group in groupby(pieces, key=lambda each: (each[1].step, each[1].scene_id)):
            together = list(group)
            first = together[0][1]
            event = LogLines(
                job_id=first.job_id, correlation_id=first.correlation_id, timestamp=timestamp(), step=step,
                scene_id=scene_id, offset=offset, lines=tuple(line for _, piece in together for line in piece.lines),
            )  # fmt: skip
            self.spoken += 1
            self._ring.append(Spoken(first.job_id, msgspec.json.encode(event)))
            offset += sum(len(data) for data, _ in together)
        spoke, self._spoke = self._spoke, trio.Event()
        spoke.set()

    # ------------------------------------------------------------ old logs

    async def names(self) -> set[str]:
        """The jobs that have a log."""
        return await trio.to_thread.run_sync(_names, self.folder, limiter=self._limiter)

    async def remove(self, job_ids: set[str]) -> None:
        """Delete logs, for good."""
        await trio.to_thread.run_sync(_remove, [self.path(job_id) for job_id in job_ids], limiter=self._limiter)

    # ------------------------------------------------------------ the thread

    def close(self) -> None:
        """Write what is queued, within reason, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(PARTING)

    def _write_forever(self) -> None:
        while (turn := self._take()) is not None:
            match turn:
                case _Close(job_id):
                    self._close(job_id)
                    self._call(self._wake, job_id)
                case _Mark(reached):
                    self._call(reached.set)
                case pieces:
                    self._append(pieces)
        for job_id in list(self._descriptors):
            self._close(job_id)

    def _take(self) -> list[tuple[bytes, Piece]] | _Close | _Mark | None:
        """What comes next: as many pieces of one job as there are in a row."""
        with self._changed:
            while not self._queue:
                if self._stopping:
                    return None
                self._changed.wait()
            first = self._queue.popleft()
            if isinstance(first, (_Close, _Mark)):
                return first
            pieces, size = [first], len(first[0])
            while self._queue and size < TURN:
                following = self._queue[0]
                if isinstance(following, (_Close, _Mark)) or following[1].job_id != first[1].job_id:
                    break
                pieces.append(following)
                size += len(following[0])
                self._queue.popleft()
            self._waiting -= size
            return pieces

    def _append(self, pieces: list[tuple[bytes, Piece]]) -> None:
        job_id, failed = pieces[-1][1].job_id, pieces[-1][1].failed
        try:
            offset = self._write_out(job_id, b"".join(data for data, _ in pieces))
        except OSError as error:
            self._call(failed, f"{self.path(job_id)}: {error.strerror or error}")
            return
        if offset is None:
            if job_id not in self._full:
                self._full.add(job_id)
                self._call(failed, f"{self.path(job_id)}: it is over {SIZE >> 20} MiB, the rest is left out")
        elif self._listeners or job_id in self._news:
            self._call(self._written, pieces, offset)

    def _write_out(self, job_id: str, data: bytes) -> int | None:
        """Where it was written; None where the log is as long as it may be."""
        descriptor = self._descriptors.get(job_id)
        if descriptor is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor = os.open(self.path(job_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            self._descriptors[job_id] = descriptor
        offset = os.fstat(descriptor).st_size
        if offset + len(data) > SIZE:
            return None
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        return offset

    def _close(self, job_id: str) -> None:
        self._full.discard(job_id)
        if (descriptor := self._descriptors.pop(job_id, None)) is not None:
            with suppress(OSError):
                os.close(descriptor)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(function, *arguments)


def _read(path: Path, offset: int, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return os.pread(file.fileno(), limit, offset)
    except FileNotFoundError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _names(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.log")}


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


@asynccontextmanager
async def open_logfiles(folder: Path) -> AsyncIterator[LogFiles]:
    """The logs in `folder`, which need not exist; it is not looked at before the first line."""
    files = LogFiles(folder)
    try:
        yield files
    finally:
        files.close()

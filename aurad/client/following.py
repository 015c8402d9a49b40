"""What a follower of events knows: how far it has come, and what is missing. Frames in, items out; no I/O.

An event that comes twice is dropped, one that never came is noticed by the numbers of its job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, get_args

import msgspec

from aurad.client.lenient import read
from aurad.client.sse import Frame
from aurad.model.event import AnyEvent, JobView, Terminal

FIRST_SECONDS = 1.0  # before the first new try, unless the server said otherwise
SHORTEST_SECONDS = 0.1  # even if it said 0
LONGEST_SECONDS = 30.0
SPREAD = 0.5  # up to so much longer at random, so that a thousand clients do not come back at once
TERMINAL: frozenset[str] = frozenset(get_args(Terminal))


class Snapshot(NamedTuple):
    """The jobs as they are now; events go on from here. For `left_out` more there was no room: list them."""

    jobs: tuple[JobView, ...]
    left_out: int = 0


class Gap(NamedTuple):
    """Events between two ids are gone, or were lost on the way. A snapshot follows."""

    requested: str
    oldest: str


class OtherEvent(NamedTuple):
    """An event of a type that this version does not know, or a line of a log (`job-log`)."""

    type: str
    data: dict[str, Any]


Item = AnyEvent | Snapshot | Gap | OtherEvent


class Broken(Exception):
    """What came cannot be used, or events are missing: connect anew."""


class Progress:
    """One subscription over all its connections. `cursor` is where to go on; empty asks for a snapshot.

    Of named `jobs` it ends with the last one; of all jobs it never does. `complete`: every event of a job is
    asked for, so none may be missing. After `lost` the rest of the stream is of no use: connect anew.
    """

    def __init__(self, cursor: str, *, jobs: Iterable[str], complete: bool) -> None:
        self.cursor, self.ended, self.lost = cursor, False, False
        self._open, self._complete = set(jobs), complete
        self._epoch, self._seq = _split(cursor)
        self._job_seqs: dict[str, int] = {}

    def take(self, frame: Frame) -> Item | None:
        """What a frame means to the reader; None if nothing. Raises `Broken`."""
        if not frame.data:
            epoch, seq = _split(frame.id)
            if epoch and epoch == self._epoch and seq > self._seq:
                self._seq, self.cursor = seq, frame.id
            return None
        data = _object(frame)
        match frame.type:
            case "server-stopping":
                raise Broken("the server is stopping")
            case "snapshot":
                return self._snapshot(frame, data)
            case "gap":
                self._forget()
                return Gap(str(data.get("requested", "")), str(data.get("oldest", "")))
        return self._event(frame, data)

    def _event(self, frame: Frame, data: dict[str, Any]) -> Item | None:
        seq, job_seq, job = data.get("seq"), data.get("jobSeq"), str(data.get("jobId", ""))
        if isinstance(seq, int) and isinstance(job_seq, int):
            epoch = _split(frame.id)[0]
            if epoch == self._epoch and seq <= self._seq:
                return None
            if (self._epoch and epoch != self._epoch) or self._misses(job, job_seq):
                return self._gap(frame.id)
            self._epoch, self._seq, self.cursor = epoch, seq, frame.id
            self._job_seqs[job] = job_seq
            if frame.type in TERMINAL:
                self._close(job)
        return _typed(frame.type, data)

    def _misses(self, job: str, job_seq: int) -> bool:
        return self._complete and job_seq != self._job_seqs.get(job, job_seq - 1) + 1

    def _gap(self, oldest: str) -> Gap:
        gap = Gap(f"{self._epoch}-{self._seq}", oldest)
        self._forget()
        self.lost = True
        return gap

    def _snapshot(self, frame: Frame, data: dict[str, Any]) -> Snapshot:
        try:
            jobs = read([data] if "jobId" in data else data.get("jobs"), tuple[JobView, ...])
            left_out = read(data.get("leftOut", 0), int)
        except msgspec.ValidationError as error:
            raise Broken(f"cannot read a snapshot: {error}") from error
        self._forget()
        self._epoch, self._seq = _split(frame.id)
        self.cursor = frame.id
        for job in jobs:
            if job.last_job_seq:  # else of an older daemon
                self._job_seqs[job.job_id] = job.last_job_seq
            if job.status.terminal:
                self._close(job.job_id)
        return Snapshot(jobs, left_out)

    def _close(self, job: str) -> None:
        if job in self._open:
            self._open.discard(job)
            self.ended = not self._open

    def _forget(self) -> None:
        self.cursor, self._epoch, self._seq, self.lost = "", "", 0, False
        self._job_seqs.clear()


def delay(attempt: int, asked: float | None, chance: float) -> float:
    """Seconds before a new try: doubled each time up to a limit, never sooner than the server `asked`."""
    first = FIRST_SECONDS if asked is None else asked
    doubled = max(first, SHORTEST_SECONDS) * 2.0 ** min(attempt, 10)
    return max(first, min(doubled, LONGEST_SECONDS / (1 + SPREAD)) * (1 + SPREAD * chance))


def _split(cursor: str) -> tuple[str, int]:
    """`<epoch>-<seq>`; nothing known for anything else."""
    epoch, _, number = cursor.rpartition("-")
    return (epoch, int(number)) if epoch and number.isascii() and number.isdigit() else ("", 0)


def _object(frame: Frame) -> dict[str, Any]:
    try:
        data = msgspec.json.decode(frame.data)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise Broken(f"cannot read an event: {error}") from error
    if not isinstance(data, dict):
        raise Broken(f"cannot read an event: {frame.data[:80]!r} is no object")
    return data


def _typed(kind: str, data: Mapping[str, Any]) -> Item:
    try:
        event: AnyEvent = read(data, AnyEvent)
    except msgspec.ValidationError:  # of a newer daemon: its numbers still count
        return OtherEvent(kind, dict(data))
    return event

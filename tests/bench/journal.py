"""Reads what a measured run left in its journal: the encoder's settings, and how good its ETA was."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

NEAR_THE_END = 5.0  # seconds left; below that an ETA in whole seconds says nothing in percent


class Moment(NamedTuple):
    """What was promised at one time: `left` seconds at `percent`."""

    at: float
    percent: float
    left: float | None


def profile_arguments(state: Path) -> list[str]:
    """FFmpeg's arguments of the encoder profile that the last job settled on."""
    for output in _column(state, "SELECT output FROM results ORDER BY made_at DESC"):
        if isinstance(output, dict) and {"encoder", "arguments"} <= output.keys():
            return list(output["arguments"])
    raise SystemExit(f"cannot measure the reference: no encoder profile in {state}")


def moments(state: Path, job_id: str) -> list[Moment]:
    """All promises of a job, in order."""
    events = _column(state, "SELECT data FROM events WHERE job_id = ? ORDER BY seq", job_id)
    return [
        Moment(datetime.datetime.fromisoformat(event["timestamp"]).timestamp(), event["progress"], event.get("eta"))
        for event in events
    ]


def eta_error(promises: Sequence[Moment], *, from_percent: float = 25.0) -> float | None:
    """The worst |promised - true| / true of the time left, from `from_percent` on; None if nothing was promised."""
    end = promises[-1].at
    judged = [m for m in promises if m.percent >= from_percent and m.left is not None and end - m.at >= NEAR_THE_END]
    return max((abs(m.left - (end - m.at)) / (end - m.at) for m in judged if m.left is not None), default=None)


def never_falls(promises: Sequence[Moment]) -> bool:
    """Whether the percent only ever rose, and reached 100 at the end only."""
    percents = [moment.percent for moment in promises]
    return percents == sorted(percents) and percents[-1] == 100 and all(each < 100 for each in percents[:-1])


def _column(state: Path, sql: str, *parameters: str) -> Iterator[Any]:
    (path,) = state.glob("**/journal.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        for (value,) in connection.execute(sql, parameters):
            yield json.loads(value)

"""A job's timeline of tasks in Chrome's trace format, for chrome://tracing or ui.perfetto.dev."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PROCESS = 1
MICROSECONDS = 1_000_000
SHORTEST = 1  # microseconds; a task that was reused takes none, and viewers hide what has no width
REUSED = "reused"

Task = Mapping[str, Any]


def trace(tasks: Sequence[Task], job_id: str) -> bytes:
    """One row for each lane; tasks of one lane that overlap get rows of their own."""
    events: list[dict[str, Any]] = [_name("process_name", 0, f"aurad {job_id}")]
    for row, (label, members) in enumerate(_rows(tasks), 1):
        events.append(_name("thread_name", row, label))
        events.append({"ph": "M", "name": "thread_sort_index", "pid": PROCESS, "tid": row, "args": {"sort_index": row}})
        events.extend(_event(task, row) for task in members)
    return ("[\n" + ",\n".join(json.dumps(event, ensure_ascii=False) for event in events) + "\n]\n").encode()


def _rows(tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    lanes: dict[str, list[list[Task]]] = {}
    for task in sorted(tasks, key=lambda one: (float(one["start"]), float(one["end"]))):
        rows = lanes.setdefault(_lane(task), [])
        free = next((row for row in rows if float(row[-1]["end"]) <= float(task["start"])), None)
        if free is None:
            rows.append([task])
        else:
            free.append(task)
    return [
        (lane if len(rows) == 1 else f"{lane} {number}", row)
        for lane, rows in sorted(lanes.items(), key=lambda item: (item[0] == REUSED, item[0]))
        for number, row in enumerate(rows, 1)
    ]


def _lane(task: Task) -> str:
    return REUSED if task.get("reused") else str(task.get("lane") or task.get("plugin") or "core")


def _event(task: Task, row: int) -> dict[str, Any]:
    start = round(float(task["start"]) * MICROSECONDS)
    end = round(float(task["end"]) * MICROSECONDS)
    return {
        "ph": "X",
        "name": str(task["name"]),
        "cat": str(task.get("step", "")),
        "pid": PROCESS,
        "tid": row,
        "ts": start,
        "dur": max(end - start, SHORTEST),
        "args": dict(_arguments(task.items())),
    }


def _arguments(members: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return (
        (name, value) for name, value in members if name not in {"name", "start", "end"} and value not in ("", None)
    )


def _name(kind: str, row: int, label: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": PROCESS, "tid": row, "args": {"name": label}}

"""The trace that `--trace` writes."""

from __future__ import annotations

import json
from typing import Any

from aurad.client.cli.trace import SHORTEST, trace


def task(name: str, start: float, end: float, lane: str = "cpu-0", *, reused: bool = False) -> dict[str, Any]:
    return {"name": name, "step": "Voice", "plugin": "p", "start": start, "end": end, "lane": lane, "reused": reused}


def test_rows_never_hold_overlapping_tasks() -> None:
    tasks = [
        task("a", 0, 2),
        task("b", 1, 3),
        task("c", 2, 4),
        task("d", 0, 1, "net-0"),
        task("e", 0, 0, "", reused=True),
    ]
    events = json.loads(trace(tasks, "a-1"))
    names = {one["tid"]: one["args"]["name"] for one in events if one["name"] == "thread_name"}
    rows = [(names[one["tid"]], one["name"], one["ts"], one["dur"]) for one in events if one["ph"] == "X"]
    assert rows == [
        ("cpu-0 1", "a", 0, 2_000_000),
        ("cpu-0 1", "c", 2_000_000, 2_000_000),
        ("cpu-0 2", "b", 1_000_000, 2_000_000),
        ("net-0", "d", 0, 1_000_000),
        ("reused", "e", 0, SHORTEST),
    ]


def test_what_is_known_of_a_task_goes_along() -> None:
    events = json.loads(trace([{**task("a", 0, 1), "sceneId": "", "attempts": 2}], "a-1"))
    arguments = next(one["args"] for one in events if one["ph"] == "X")
    assert arguments == {"step": "Voice", "plugin": "p", "lane": "cpu-0", "reused": False, "attempts": 2}
    assert [one["args"]["name"] for one in events if one["name"] == "process_name"] == ["aurad a-1"]

"""What is foreseen is what happens: the same tasks, under the names, costs and slots they will have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aurad.engine.board import Board
from aurad.engine.coming import Coming
from aurad.engine.estimate import task_key
from aurad.engine.task import Task
from tests.engine.house import open_house

LATE = frozenset({"script", "profile"})  # run before or beside what is foreseen


@pytest.mark.parametrize("until", [None, "Visuals", "Voice", "Script"])
async def test_every_task_that_runs_was_foreseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str | None
) -> None:
    foreseen, begun = list[Coming](), list[Task]()
    forecast_scenes, start = Board.forecast_scenes, Board._start

    def listen(board: Board, coming: list[Coming]) -> None:
        foreseen.extend(coming)
        forecast_scenes(board, coming)

    def begin(board: Board, task: Task, attempt: int) -> None:
        begun.append(task)
        start(board, task, attempt)

    monkeypatch.setattr(Board, "forecast_scenes", listen)
    monkeypatch.setattr(Board, "_start", begin)
    async with open_house(tmp_path, finish=("mixer", "box")) as house:
        settings: dict[str, Any] = {"until": until} if until else {}
        await house.make(**settings)
    ran = [task for task in begun if task.name not in LATE and task.method != "preview"]
    assert {(o.name, o.method, o.key, o.slot, o.order) for o in foreseen} == {
        (task.name, task.method, task_key(task), task.slot, task.order) for task in ran
    }
    voices, others = ([o.order for o in foreseen if (o.method == "speak") is first] for first in (True, False))
    assert max(voices, default=0) <= min(others, default=0)  # their workers, the largest, are gone before many encode
    order = [task.name for task in ran]
    for one in foreseen:
        assert all(order.index(other) < order.index(one.name) for other in one.after), one

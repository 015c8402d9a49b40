"""The board as a fold over events, and its two pictures."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from aurad.client.cli.board import Board
from aurad.client.cli.view import Live, Plain, overall, short_time
from tests.client.fake_daemon import event, step

START = 1767225600.0  # the fake's first timestamp


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def progress(name: str, percent: float, done: int, *, overall: float, **more: Any) -> dict[str, Any]:
    items = {"done": done, "total": 12, "reused": 3}
    return event("step-progress", step=name, progressPct=percent, items=items, progress=overall, **more)


def test_the_board_folds_events() -> None:
    board = Board(clock=Clock(START))
    for one in (
        step("Voice", "Running", at=1.0),
        progress("Voice", 50.0, 6, overall=20.0, eta=30.0, detail="scene 7"),
        event("step-status", step="Voice", stepStatus="Succeeded", sceneId="s1"),
        event("job-status", progress=10.0),
        event("warning", detail="careful"),
        step("Voice", "Succeeded", at=3.5),
        event("of-the-future", progress=21.0),
    ):
        board.apply(one)
    voice = board.steps["Voice"]
    assert (voice.status, voice.percent, voice.done, voice.total, voice.reused) == ("Succeeded", 100.0, 6, 12, 3)
    assert voice.elapsed(now=START + 99) == 2.5
    assert (board.percent, board.final) == (21.0, None)
    assert [one["detail"] for one in board.warnings] == ["careful"]
    board.apply(event("job-completed", status="Succeeded", progress=100.0))
    assert board.final


def test_a_step_tells_what_is_left_of_it_once_its_pace_does() -> None:
    board = Board(clock=Clock(START))
    board.apply(step("Voice", "Running", at=0.0))
    board.apply(progress("Voice", 5.0, 1, overall=2.0))
    assert board.steps["Voice"].left(START + 10) is None
    board.apply(progress("Voice", 25.0, 3, overall=10.0, eta=8.0))
    assert board.steps["Voice"].left(START + 10) == 30.0
    board.apply(step("Voice", "Succeeded", at=12.0))
    assert board.steps["Voice"].left(START + 13) is None


def test_a_job_that_stops_early_shows_only_its_stages() -> None:
    assert list(Board(until="Voice").steps) == ["Script", "Voice"]


def test_plain_lines() -> None:
    said: list[str] = []
    clock, wall = Clock(0.0), Clock(START)
    board, view = Board(clock=wall), Plain(said.append, clock)
    board.apply(step("Voice", "Running"))
    view.show(board)
    board.apply(progress("Voice", 10.0, 1, overall=9.0))
    view.show(board)
    board.apply(progress("Voice", 20.0, 2, overall=10.0, eta=65.0))
    view.show(board)
    clock.now, wall.now = 4.9, START + 4.9
    view.show(board)
    clock.now = 5.1
    board.apply(step("Visuals", "Skipped"))
    board.apply(event("warning", detail="careful", eta=60.0))
    view.show(board)
    assert said == [
        "[0:00   0.0 %] Voice: running, by voice",
        "[0:00  10.0 %] about 1:05 left",
        "warning: careful",
        "[0:05  10.0 %] about 1:00 left",
    ]


def test_the_live_picture() -> None:
    screen = io.StringIO()
    view = Live("bees.md", Console(file=screen, force_terminal=True, width=100, color_system=None))
    board = Board(clock=Clock(START + 4))
    with view:
        view.show(board)
        board.apply(step("Voice", "Running"))
        board.apply(progress("Voice", 50.0, 6, overall=20.0, eta=30.0, detail="scene 7"))
        view.show(board)  # too soon for another frame; the last one is drawn at the end
    lines = [line.split() for line in screen.getvalue().splitlines()]
    voice = [line for line in lines if "Voice" in line][-1]
    assert voice[:2] == ["●", "Voice"]
    assert voice[-8:] == ["6/12,", "3", "reused", "4.0", "s", "~0:04", "scene", "7"]
    assert any("about 0:30 left" in line for line in screen.getvalue().splitlines())


def test_short_time() -> None:
    assert [short_time(seconds) for seconds in (0.4, 7, 750, 3723)] == ["0:00", "0:07", "12:30", "1:02:03"]


def test_a_pause_is_told_once_and_its_end() -> None:
    clock, said = Clock(START), list[str]()
    view, board = Plain(said.append, clock), Board(clock=clock, job_id="a-1")
    for status, progress in (("Queued", 0.0), ("Running", 5.0), ("Paused", 5.0), ("Running", 5.0)):
        board.apply(event("job-status", status=status, progress=progress))
        view.show(board)
        clock.now += 1.0
        view.show(board)
        if status == "Paused":
            assert overall(board).endswith("paused")
            clock.now += 3600.0
            view.show(board)
    assert [line.partition("] ")[2] for line in said[:3]] == [
        f"job a-1 is {now}" for now in ("queued", "paused", "running")
    ]

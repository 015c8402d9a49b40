"""What a job's board tells people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from aurad.engine.board import Board
from aurad.model.errors import AuradError
from aurad.model.job import Status


def test_a_warning_that_holds_for_every_scene_is_told_once() -> None:
    told: list[str] = []

    def emit(kind: Any, **fields: Any) -> None:
        told.append(fields["detail"])

    board = cast(Board, SimpleNamespace(_warnings=[], emit=emit))
    for detail in ("robotic", "robotic", "silent", "robotic"):
        Board.warn(board, "Voice", "voice", detail)
    assert told == ["robotic", "silent"]


def test_a_view_tells_the_first_errors_of_a_step_and_the_last() -> None:
    step = SimpleNamespace(errors=[])
    board = cast(
        Board,
        SimpleNamespace(
            _steps={"Voice": step}, log=SimpleNamespace(note=lambda *_: None), emit=lambda *_, **__: None,
            problem=lambda error: {"detail": error.detail, "details": error.details},
        ),
    )  # fmt: skip
    for number in range(100):
        error = AuradError("E300-CRASH", f"{number}", details={"stderr": "x" * 1000, "status": 1})
        Board.step_error(board, "Voice", error, 1, will_retry=True)
    assert [told["detail"] for told in step.errors] == [*map(str, range(19)), "99"]
    assert step.errors[0]["details"] == {"status": 1}


@pytest.mark.parametrize(("status", "told"), [(Status.RUNNING, ["E507-LOG"]), (Status.SUCCEEDED, [])])
def test_a_job_that_has_ended_says_nothing_more_not_even_of_its_log(status: Status, told: list[str]) -> None:
    warned: list[str] = []

    def warn(step: str, code: str, detail: str, remedy: str) -> None:
        warned.append(code)

    board = cast(Board, SimpleNamespace(_status=status, warn=warn))
    Board.log_failed(board, "no room")
    assert warned == told

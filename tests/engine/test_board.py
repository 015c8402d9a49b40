"""What a job's board tells people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from aurad.engine.board import Board


def test_a_warning_that_holds_for_every_scene_is_told_once() -> None:
    told: list[str] = []

    def emit(kind: Any, **fields: Any) -> None:
        told.append(fields["detail"])

    board = cast(Board, SimpleNamespace(_warnings=[], emit=emit))
    for detail in ("robotic", "robotic", "silent", "robotic"):
        Board.warn(board, "Voice", "voice", detail)
    assert told == ["robotic", "silent"]

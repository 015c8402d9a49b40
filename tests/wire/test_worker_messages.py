"""Errors of stages cross to the daemon by name and come back as what they were."""

from __future__ import annotations

import msgspec
import pytest

from aurad.model.errors import AuradError
from aurad.model.stage_errors import BadInput, RateLimited, Refused, Transient, Unavailable
from aurad.wire.worker import METHODS, NEWS, StageProblem, error_to_problem, problem_to_error

ERRORS = [
    Unavailable("no key", remedy="set one", details={"a": 1}),
    BadInput("too long"),
    RateLimited("slow down", retry_after=2.5),
    Refused("no"),
    Transient("later"),
    AuradError("E304-FFMPEG_RUNTIME", "cannot finish FFmpeg: x", details={"exitCode": 1}),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_crossing(error: AuradError) -> None:
    wire = msgspec.json.encode(error_to_problem(error))
    back = problem_to_error(msgspec.json.decode(wire, type=StageProblem))
    assert type(back) is type(error)
    assert (back.code, back.detail, back.remedy, back.details) == (
        error.code, error.detail, error.remedy, error.details,
    )  # fmt: skip


def test_a_foreign_code_counts_as_a_crash() -> None:
    problem = StageProblem(name="Whatever", code="E999-MINE", detail="x", traceback="line 1")
    error = problem_to_error(problem)
    assert error.code == "E300-CRASH"
    assert error.details == {"traceback": "line 1"}


def test_every_method_and_every_piece_of_news_has_a_schema() -> None:
    for method in METHODS.values():
        msgspec.json.schema(method.request)
        msgspec.json.schema(method.result)
    for news in NEWS.values():
        msgspec.json.schema(news)

"""Tells why a job failed: the step, every attempt, the cause, the end of the log and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aurad.client.cli import talk

if TYPE_CHECKING:
    from aurad.client.cli.board import Board

LOG_LINES = 12
FRAME = ("-" * 80, "Completed: ")  # what only ends a tool's section
SELF_EXPLAINING = ("E1", "E310-", "E311-", "E312-", "E313-")  # the cause is in the sentence, not in a log


def tell(board: Board) -> None:
    """Print the story of a failed job on stderr."""
    final = board.final or {}
    problem = cause(final)
    talk.error(
        str(problem.get("errorCode", "E500-INTERNAL")),
        str(problem.get("detail") or final.get("message") or "cannot finish the job: no reason given"),
        remedy(problem, final),
        facts=_facts(board, problem, final),
    )


def cause(final: Mapping[str, Any]) -> dict[str, Any]:
    """The problem that ended the job: the last one is it, those before led there."""
    return dict((final.get("errors") or [{}])[-1])


def remedy(problem: Mapping[str, Any], final: Mapping[str, Any]) -> str:
    actions = [str(problem.get("remedy") or ""), *map(str, final.get("suggestedActions") or ())]
    return " ".join(dict.fromkeys(filter(None, actions)))


def _facts(board: Board, problem: Mapping[str, Any], final: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    attempts = board.attempts
    if name := _failed_step(board, final):
        scene = f", scene {attempts[-1]['sceneId']}" if attempts and attempts[-1].get("sceneId") else ""
        plugin = board.steps[name].plugin if name in board.steps else ""
        yield "step", name + scene + (f", by {plugin}" if plugin else "")
    if len(attempts) > 1 or any(one.get("willRetry") or one.get("fallbackTo") for one in attempts):
        yield from ((f"attempt {one.get('attempt', '?')}", attempt(one)) for one in attempts)
    yield from (("log", line) for line in log_lines(final, attempts))
    yield "job", board.job_id
    yield "correlation id", str(problem.get("correlationId") or final.get("correlationId") or "")


def log_lines(final: Mapping[str, Any], attempts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The end of the log, where it says more than the errors do."""
    if str(cause(final).get("errorCode", "")).startswith(SELF_EXPLAINING):
        return []
    told = [str((one.get("problem") or {}).get("detail")) for one in attempts]
    log = [line for line in map(str, final.get("logTail") or ()) if not line.startswith(FRAME)]
    return [line for line in log if not any(detail in line for detail in told)][-LOG_LINES:]


def _failed_step(board: Board, final: Mapping[str, Any]) -> str:
    """Several steps run at once, so the job's current one need not be it."""
    if board.attempts:
        return str(board.attempts[-1].get("step", ""))
    failed = (step.name for step in board.steps.values() if step.status == "Failed")
    return next(failed, str(final.get("stage") or ""))


def attempt(event: Mapping[str, Any]) -> str:
    """Where, what, and what came of it."""
    problem = event.get("problem") or {}
    where = f"{event.get('step', '')} {event.get('sceneId') or ''}".strip()
    if event.get("willRetry"):
        then = ", tried again"
    elif event.get("fallbackTo"):
        then = f", went on with {event['fallbackTo']}"
    else:
        then = ""
    return f"{where}: {problem.get('errorCode', '')} {problem.get('detail', '')}{then}"

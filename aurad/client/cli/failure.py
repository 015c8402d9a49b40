"""Tells why a job failed: the step, every attempt, the cause, the end of the log and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aurad.client.cli import talk
from aurad.client.cli.session import Session

LOG_LINES = 12


def tell(session: Session) -> None:
    """Print the story of a failed job on stderr."""
    final = session.board.final or {}
    problem = cause(final)
    talk.error(
        str(problem.get("errorCode", "E500-INTERNAL")),
        str(problem.get("detail") or final.get("message") or "cannot finish the job: no reason given"),
        remedy(problem, final),
        facts=_facts(session, problem, final),
    )


def cause(final: Mapping[str, Any]) -> dict[str, Any]:
    """The problem that ended the job: the last one is it, those before led there."""
    errors = final.get("errors") or [{}]
    return dict(errors[-1])


def remedy(problem: Mapping[str, Any], final: Mapping[str, Any]) -> str:
    actions = [str(problem.get("remedy") or ""), *map(str, final.get("suggestedActions") or ())]
    return " ".join(dict.fromkeys(filter(None, actions)))


def _facts(session: Session, problem: Mapping[str, Any], final: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    step = session.board.steps.get(str(final.get("stage", "")))
    if final.get("stage"):
        yield "step", f"{final['stage']}, by {step.plugin}" if step and step.plugin else str(final["stage"])
    for attempt in session.board.attempts:
        yield f"attempt {attempt.get('attempt', '?')}", _attempt(attempt)
    for line in [str(line) for line in final.get("logTail") or ()][-LOG_LINES:]:
        yield "log", line
    yield "job", session.job_id
    yield "correlation id", str(problem.get("correlationId") or session.correlation_id)


def _attempt(event: Mapping[str, Any]) -> str:
    problem = event.get("problem") or {}
    where = f"{event.get('step', '')} {event.get('sceneId') or ''}".strip()
    if event.get("willRetry"):
        then = ", tried again"
    elif event.get("fallbackTo"):
        then = f", went on with {event['fallbackTo']}"
    else:
        then = ""
    return f"{where}: {problem.get('errorCode', '')} {problem.get('detail', '')}{then}"

"""How a request is refused, whatever of the HTTP edge does it: as a problem, with the id by which logs know it."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from aurad.engine.ids import LONGEST_OF_A_CALLER, OF_A_CALLER, new_id
from aurad.model.errors import AuradError, to_problem

CORRELATION = "X-Correlation-ID"
PROBLEM = "application/problem+json"
RETRY_AFTER = "5"  # seconds after which a full queue is worth another try
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_KEPT = re.compile(OF_A_CALLER)


class Refusal(NamedTuple):
    """An answer, for whatever sends it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def encoded(self) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI wants them."""
        return [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]


def correlation_of(asked: str | None) -> str:
    """The caller's own id if it can be kept, else one that we make."""
    return asked if asked and _is_kept(asked) else new_id("")


def check_correlation(asked: str | None) -> None:
    """Raises E100 for an id that cannot be kept."""
    if asked is not None and not _is_kept(asked):
        told = f"cannot keep {CORRELATION} {asked[:LONGEST_OF_A_CALLER]!r}: it is no printable ASCII, or"
        raise AuradError("E100-REQUEST", f"{told} not of 1 to {LONGEST_OF_A_CALLER} characters")


def _is_kept(asked: str) -> bool:
    return len(asked) <= LONGEST_OF_A_CALLER and _KEPT.fullmatch(asked) is not None


def refusal(error: AuradError, *, instance: str, correlation_id: str) -> Refusal:
    """The answer that an error is."""
    body = msgspec.json.encode(to_problem(error, instance=instance, correlation_id=correlation_id))
    headers = {"Content-Type": PROBLEM, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    return Refusal(error.kind.http, headers | SAFE | {CORRELATION: correlation_id} | _particulars(error), body)


def _particulars(error: AuradError) -> dict[str, str]:
    """What a status, or a code, has to come with."""
    if error.kind.http == 401:
        return {"WWW-Authenticate": "Bearer"}
    if error.kind.http == 429:
        return {"Retry-After": RETRY_AFTER}
    if error.code == "E114-RANGE":
        return {"Content-Range": f"bytes */{error.details['sizeBytes']}"}
    return {"Connection": "close"} if error.code == "E115-HTTP" else {}

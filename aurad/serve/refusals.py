"""How a request is refused, whatever of the HTTP edge does it: as a problem, with the id by which logs know it."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from aurad.engine.ids import new_id
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
_KEPT = re.compile(r"[\x21-\x7e]{1,128}")


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
    return asked if asked and _KEPT.fullmatch(asked) else new_id("")


def check_correlation(asked: str | None) -> None:
    """Raises E100 for an id that cannot be kept."""
    if asked is not None and not _KEPT.fullmatch(asked):
        raise AuradError("E100-REQUEST", f"cannot keep {CORRELATION} {asked[:128]!r}: it takes 1 to 128 of ASCII")


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

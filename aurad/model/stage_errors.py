"""What a stage raises on purpose, and what becomes of its task then."""

from __future__ import annotations

from typing import ClassVar

from aurad.model.errors import AuradError


class StageError(AuradError):
    """Base of what a stage raises on purpose; anything else that it raises counts as a crash."""

    CODE: ClassVar[str] = "E300-CRASH"

    def __init__(self, detail: str, *, remedy: str = "", details: dict[str, object] | None = None) -> None:
        super().__init__(self.CODE, detail, remedy=remedy, details=details)


class Unavailable(StageError):
    """This stage cannot work here: no key, no model, no GPU. The next provider is tried."""

    CODE = "E312-UNAVAILABLE"


class BadInput(StageError):
    """The request itself is the trouble. No retry."""

    CODE = "E310-INPUT"


class Refused(StageError):
    """A service refused the content. No retry."""

    CODE = "E311-REFUSED"


class Transient(StageError):
    """It may work in a moment. Tried again with back-off."""

    CODE = "E314-TRANSIENT"


class RateLimited(StageError):
    """Try again after `retry_after` seconds; meanwhile the task holds no slot."""

    CODE = "E313-RATE_LIMITED"

    def __init__(self, detail: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(detail, remedy=remedy, details={"retryAfter": retry_after})
        self.retry_after = retry_after

"""What may follow what in a job's life, and how its failures are told."""

from __future__ import annotations

import trio

from aurad.engine.board import EncoderFailed
from aurad.engine.providers import ProviderFailed
from aurad.engine.store import Damaged
from aurad.model.errors import AuradError
from aurad.model.job import NEXT, Status


def unwrap(error: BaseException) -> Exception:
    """The one real error in a group of errors; of several, the first that is told to people."""
    while isinstance(error, BaseExceptionGroup):
        _, real = error.split(trio.Cancelled)
        inside = (real or error).exceptions
        error = next((one for one in inside if isinstance(one, EncoderFailed)), None) or next(
            (one for one in inside if isinstance(one, (AuradError, ProviderFailed, Damaged))), inside[0]
        )
    if not isinstance(error, Exception):
        raise error
    return error


def for_people(error: Exception) -> AuradError:
    if isinstance(error, AuradError):
        return error
    return AuradError("E500-INTERNAL", f"cannot finish the job: {type(error).__name__}: {error}")


def check_move(old: Status, new: Status) -> None:
    if new not in NEXT.get(old, frozenset()):
        raise AuradError("E201-STATE", f"cannot move a {old.value} job to {new.value}")

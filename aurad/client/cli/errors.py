"""Where an error becomes words and an exit status."""

from __future__ import annotations

from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.cli import codes, talk
from aurad.model.errors import KINDS, AuradError

TOLD = (AuradError, RemoteError, ConnectionLost, TimeoutError, UnicodeEncodeError)
_NO_DAEMON = "E504-NO_DAEMON"


def tell(error: BaseException) -> int:
    """Say what went wrong, and what can be done; returns the exit status. `error` is one of `TOLD`."""
    match error:
        case AuradError():
            talk.error(error.code, error.detail, error.remedy)
            return codes.exit_code(error.code)
        case RemoteError():
            facts = [("correlation id", error.correlation_id)] if error.correlation_id else []
            talk.error(error.code, error.detail, error.remedy, facts=facts)
            return codes.exit_code(error.code)
        case UnicodeEncodeError(object=text, start=start, end=end):  # arguments and input may hold any bytes
            talk.error("E100-REQUEST", f"cannot use {text[start:end]!r}: it is no text in UTF-8", "Correct it.")
            return codes.USAGE
    talk.error(_NO_DAEMON, str(error) or "cannot hear the daemon", KINDS[_NO_DAEMON].remedy)
    return codes.TIMEOUT if isinstance(error, TimeoutError) else codes.NO_DAEMON

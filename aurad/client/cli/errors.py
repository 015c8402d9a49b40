"""Where an error becomes words and an exit status."""

from __future__ import annotations

from aurad.client.blocking import ConnectionLost, RemoteError
from aurad.client.cli import codes, talk
from aurad.model.errors import KINDS, AuradError

TOLD = (AuradError, RemoteError, ConnectionLost, TimeoutError)
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
    talk.error(_NO_DAEMON, str(error) or "cannot hear the daemon", KINDS[_NO_DAEMON].remedy)
    return codes.TIMEOUT if isinstance(error, TimeoutError) else codes.NO_DAEMON

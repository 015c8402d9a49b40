"""What auractl's exit status means, and which error leads to which."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
NO_DAEMON = 3
CANCELLED = 130  # as a shell reports a program ended by Ctrl-C

HELP = """\
Exit status: 0 done; 1 the job or the operation failed; 2 the command or its input cannot be used;
3 no daemon answers and none can be started; 130 cancelled.
"""

_BAD_INPUT = ("E1", "E503-", "E505-")  # requests, settings, and an output place: the caller's to correct
_NO_DAEMON = ("E502-", "E504-")


def exit_code(code: str) -> int:
    """The exit status for an error's code."""
    if code.startswith(_BAD_INPUT):
        return USAGE
    return NO_DAEMON if code.startswith(_NO_DAEMON) else FAILED

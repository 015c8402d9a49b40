"""What auractl's exit status means, and which error leads to which."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NO_DAEMON = 4
DENIED = 5
TIMEOUT = 6
CANCELLED = 7
LEFT = 130  # as shells have it for Ctrl-C

HELP = """\
Exit status: 0 done; 1 the job or the operation failed; 2 the command or its input cannot be used; 3 there is no
such job or file; 4 no daemon answers and none can be started; 5 not allowed; 6 not in time; 7 cancelled;
130 `watch` was left by Ctrl-C and jobs go on.
"""

_CODES = (
    # The first that fits. Requests, settings, and an output place are the caller's to correct.
    ("E110-", NOT_FOUND), ("E113-", TIMEOUT), ("E1", USAGE), ("E200-", NOT_FOUND), ("E204-", CANCELLED),
    ("E208-", TIMEOUT), ("E301-", TIMEOUT), ("E4", DENIED), ("E502-", NO_DAEMON), ("E503-", USAGE),
    ("E504-", NO_DAEMON), ("E505-", USAGE),
)  # fmt: skip


def exit_code(code: str) -> int:
    """The exit status for an error's code."""
    return next((status for start, status in _CODES if code.startswith(start)), FAILED)

"""How many connections there may be: what the process may have open, less what its work needs.

Whoever connects can be told to go; a worker that cannot be started costs a job.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress

KEPT = 56  # journal, store, logs, listening sockets, the event loop, and some in reserve
OF_LANE = 16  # for each core: three workers, warm ones too, with four ends each, and files on their way
MOST_KEPT = 0.7  # of all, however many cores there are
LEAST = 4  # connections of either kind, however few descriptors there are


def raise_limit() -> None:
    """All that we may have: the usual limit is low only for programs that use select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some sandboxes forbid it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def for_control(most: int) -> int:
    """Connections to the control socket: a third at most of what is left."""
    return min(most, max(_left() // 3, LEAST))


def for_web(most: int, control: int) -> int:
    """Connections over HTTP, beside `control` others: each may have a file open that it sends or takes."""
    return min(most, max((_left() - for_control(control)) // 2, LEAST))


def _left() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return 1 << 30
    return limit - min(KEPT + OF_LANE * (os.cpu_count() or 1), int(limit * MOST_KEPT))

"""What one worker and the tools it starts may take of the machine: limits that the kernel holds.

Each counts for one process, as rlimits do; under systemd the unit's own limits hold for all together.
"""

from __future__ import annotations

import math
import resource
from contextlib import suppress
from pathlib import Path

from aurad.wire.worker import Limits

OOM_SCORE = Path("/proc/self/oom_score_adj")
FIRST_TO_GO = 500  # proc(5): added to a process's badness, so that the kernel takes a stage before the daemon


def contain(limits: Limits) -> None:
    """Limit this process and whatever it starts from now on."""
    # RLIMIT_DATA counts what is really used; RLIMIT_AS fails healthy encoders at thrice their use.
    _cap(resource.RLIMIT_DATA, limits.memory_bytes)
    _cap(resource.RLIMIT_NOFILE, limits.open_files)
    _cap(resource.RLIMIT_FSIZE, limits.file_bytes)
    with suppress(OSError):  # sandboxes may forbid it
        OOM_SCORE.write_text(str(max(FIRST_TO_GO, int(OOM_SCORE.read_text()))))


def allow_processor_time(seconds: float | None) -> None:
    """So much from now on. The limit is of a process's whole life, and a warm worker has done tasks before."""
    if seconds is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), hard))


def _cap(what: int, most: int | None) -> None:
    """Lower a limit, for good; one that is lower already stays."""
    _, hard = resource.getrlimit(what)
    if most is not None and (hard == resource.RLIM_INFINITY or most < hard):
        resource.setrlimit(what, (most, most))

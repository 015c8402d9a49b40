"""Holds up the core's own tasks, as `witness` does with those of plugins.

Installed by a test as `sitecustomize`, which every Python below the daemon imports first; only the core's worker takes
notice. `hold-METHOD` in its cache folder says how: a thread that `looks` whether it was cancelled, as all of the core's
do between two blocks, or one that is `deaf`, as in native code.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

METHODS = ("sound", "preview", "listen", "join", "verify")
TICK = 0.01  # seconds


def held(real: Callable[..., Any]) -> Callable[..., Any]:
    import trio

    def wait(hold: Path) -> None:
        deaf = hold.read_text() == "deaf"
        hold.with_suffix(".reached").touch()
        while hold.exists():
            time.sleep(TICK)
            if not deaf:
                trio.from_thread.check_cancelled()

    @functools.wraps(real)
    async def aside(self: Any, request: Any, context: Any) -> Any:
        hold = context.cache / f"hold-{real.__name__}"
        if await trio.Path(hold).exists():
            await trio.to_thread.run_sync(wait, hold)
        return await real(self, request, context)

    return aside


if sys.orig_argv[-2:] == ["--plugin", "core"]:
    from aurad.worker.core import Core

    for method in METHODS:
        setattr(Core, method, held(getattr(Core, method)))

"""Signals become a cancel or a reload, in one task."""

from __future__ import annotations

import signal

import structlog
import trio

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.serve.reload import reload
from aurad.serve.systemd import Notify

log = structlog.get_logger()


async def obey_signals(
    scope: trio.CancelScope, engine: Engine, notify: Notify, *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:  # fmt: skip
    """SIGTERM and SIGINT stop the daemon, a second one at once; SIGHUP has the settings read again."""
    stopping = False
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async for number in signals:
            if number == signal.SIGHUP:
                await _reload(engine, notify)
            else:
                log.info("stopping", signal=signal.Signals(number).name)
                notify("STOPPING=1")
                engine.stop_soon(0.0)  # nobody waits for an answer
                if stopping:
                    scope.cancel()
                stopping = True


async def _reload(engine: Engine, notify: Notify) -> None:
    notify.reloading()
    try:
        await reload(engine)
    except AuradError as error:  # the settings of before stay in force
        log.error("cannot read the settings again", code=error.code, detail=error.detail)
    broken = engine.holds.broken
    notify("READY=1", f"STATUS={broken.detail if broken else 'serving'}")

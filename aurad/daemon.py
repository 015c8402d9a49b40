"""Composition root: what a daemon is made of, in the order in which it opens."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

import structlog
import trio
from msgspec.structs import replace

from aurad import __version__
from aurad.configuration import Usable, by_default, load_presets, load_settings, load_usable, stamp
from aurad.engine.engine import Engine, open_engine
from aurad.model.errors import AuradError
from aurad.model.folders import Folders, folders
from aurad.model.settings import Http
from aurad.serve.access import Rules
from aurad.serve.control import Control, open_control
from aurad.serve.descriptors import raise_limit
from aurad.serve.logging import open_log
from aurad.serve.memory import keep_little
from aurad.serve.ownfolders import check_folders
from aurad.serve.signals import obey_signals
from aurad.serve.statelock import is_awaited, locked
from aurad.serve.systemd import CONTROL, HTTP, take_notify, take_sockets
from aurad.serve.tokens import Tokens, open_tokens

log = structlog.get_logger()
IDLE_CHECK = 0.2  # seconds between two looks whether a private daemon is still needed
HANDOVER = 10.0  # seconds a private daemon waits for the one before it, which nobody can reach any more, to be gone
GLANCE = 1.0  # seconds a service waits for another to be gone: private daemons hold its lock when they look at it


async def serve(socket: Path, *, system: bool, private: bool) -> None:
    """Run a daemon until a signal or, if it is private, until nobody has needed it for a while."""
    keep_little()
    raise_limit()
    places = folders(system, os.environ)
    as_read = stamp(places)
    settings, presets, broken = _configured(places, private=private)
    check_folders(places)
    notify, passed = take_notify(os.environ), take_sockets(os.environ)

    def wait() -> None:
        log.info("waiting until a private daemon has no more to do", state=str(places.state))
        notify("STATUS=waiting until a private daemon has no more to do")

    with open_log(settings.log), trio.CancelScope() as scope:
        async with (
            locked(places.state, private=private, patience=HANDOVER if private else GLANCE, on_wait=wait),
            open_engine(settings, presets, places, private=private, stop=scope.cancel, broken=broken) as engine,
            open_tokens(places.state) as tokens,
            open_control(
                engine, socket, tokens, Rules(system, settings.control.readers), passed=passed.get(CONTROL, ())
            ) as control,
            nullcontext() if private else _open_web(engine, settings.http, tokens, passed.get(HTTP, ())),
            trio.open_nursery() as nursery,
        ):
            engine.settings_stamp = as_read
            nursery.start_soon(engine.figures.watch_loop)
            await nursery.start(obey_signals, scope, engine, notify)
            nursery.start_soon(notify.beat_forever)
            gc.collect()
            gc.freeze()  # what is there by now stays: with a thousand readers, looking at it again costs more than they
            broken = engine.holds.broken
            notify("READY=1", f"STATUS={broken.detail if broken else f'serving on {socket}'}")
            if broken:
                log.error("no job is started", code=broken.code, detail=broken.detail, remedy=broken.remedy)
            log.info("serving", version=__version__, pid=os.getpid(), socket=str(socket), private=private)
            if private:
                await _leave_when_idle(engine, control, settings.private.idle_seconds)
                scope.cancel()
            await trio.sleep_forever()


def _configured(places: Folders, *, private: bool) -> Usable:
    """A private daemon's user is there to read why it cannot start; a service had better be there to be asked."""
    if private:
        return Usable(load_settings(places, environ=os.environ).settings, load_presets(places))
    return load_usable(places, environ=os.environ)


@asynccontextmanager
async def _open_web(engine: Engine, http: Http, tokens: Tokens, passed: Sequence[int]) -> AsyncIterator[None]:
    """Where the settings say; if that is not safe or not possible, where the defaults say, so that it can be told.

    Imported here: a private daemon, which starts while somebody waits, has no use for a web server.
    """
    from aurad.serve.web import open_web

    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(open_web(engine, http, tokens, passed=passed))
        except AuradError as error:
            if http == Http():
                raise
            engine.holds.broken = engine.holds.broken or by_default(error)
            engine.started_with = replace(engine.started_with, http=Http())  # what is wanted waits for a restart
            await stack.enter_async_context(open_web(engine, Http(), tokens, passed=passed))
        yield


async def _leave_when_idle(engine: Engine, control: Control, idle: float) -> None:
    """Until nobody has needed us for `idle` seconds, and nobody can any more: who comes later starts another."""
    while True:
        await _wait_unneeded(engine, control, idle)
        await engine.housekeep_if_due()
        if not engine.jobs.busy and control.retire():
            return


async def _wait_unneeded(engine: Engine, control: Control, idle: float) -> None:
    """After a cancel at once, so that Ctrl-C leaves no process; and if a service waits for us to be gone."""
    while True:
        await trio.sleep(min(IDLE_CHECK, idle))
        patience = 0.0 if engine.jobs.given_up or is_awaited(engine.folders.state) else idle
        if not (engine.jobs.busy or control.connections or trio.current_time() - control.last_used < patience):
            return

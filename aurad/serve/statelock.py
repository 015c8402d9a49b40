"""One daemon for one state folder: the journal and the store have a single writer.

A service wins over private daemons, by a lock of its own. It holds that one for all its life; who has the other has the
state folder. A private daemon begins only while there is no service, and leaves early for one that waits.
"""

from __future__ import annotations

import fcntl
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import trio

from aurad.durable import make_folder
from aurad.model.errors import AuradError

NAME, SERVICE = "daemon.lock", "service.lock"
POLL = 0.02  # seconds between two looks at a lock that somebody holds


@asynccontextmanager
async def locked(
    state: Path, *, private: bool = False, patience: float = 0.0, on_wait: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Hold the state folder; raises E503 if another daemon still does after `patience` seconds.

    A service waits for a private daemon as long as that is needed, and says so by `on_wait`. The kernel lets go when
    we die.
    """
    with _file(state, SERVICE) as service, _file(state, NAME) as daemon:
        if private:
            await _wait(lambda: not is_awaited(state) and _held(daemon), state, patience)
        else:
            await _wait(lambda: _held(service), state, patience)
            if not _held(daemon):
                on_wait()
                await _wait(lambda: _held(daemon), state, math.inf)
        yield


def is_awaited(state: Path) -> bool:
    """Whether there is a service that has the state folder, or wants to. A folder that is gone has none."""
    try:
        with (state / SERVICE).open("rb") as service:
            return not _held(service, fcntl.LOCK_SH)
    except OSError:
        return False


async def _wait(got: Callable[[], bool], state: Path, patience: float) -> None:
    deadline = trio.current_time() + patience
    while not got():
        if trio.current_time() >= deadline:
            why = f"cannot use the state folder {state}: another daemon does"
            raise AuradError("E503-CONFIG", why, remedy="Stop it first.")
        await trio.sleep(POLL)


def _file(state: Path, name: str) -> BinaryIO:
    make_folder(state)
    return (state / name).open("ab")


def _held(file: BinaryIO, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

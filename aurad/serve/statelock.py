"""One daemon for one state folder: the journal and the store have a single writer."""

from __future__ import annotations

import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import trio

from aurad.durable import make_folder
from aurad.model.errors import AuradError

NAME = "daemon.lock"
POLL = 0.02  # seconds between two looks at a lock that somebody holds


@asynccontextmanager
async def locked(state: Path, *, patience: float = 0.0) -> AsyncIterator[None]:
    """Hold the state folder; raises E503 if another daemon still does after `patience` seconds.

    The kernel lets go when we die.
    """
    deadline = trio.current_time() + patience
    with _file(state) as file:
        while not _held(file):
            if trio.current_time() >= deadline:
                raise AuradError(
                    "E503-CONFIG", f"cannot use the state folder {state}: another daemon does", remedy="Stop it first."
                )
            await trio.sleep(POLL)
        yield


def _file(state: Path) -> BinaryIO:
    make_folder(state)
    return (state / NAME).open("ab")


def _held(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

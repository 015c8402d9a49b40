"""One daemon for one state folder: the journal and the store have a single writer."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aurad.model.errors import AuradError

NAME = "daemon.lock"


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the state folder; raises E503 if another daemon does. The kernel lets go when we die."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / NAME).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AuradError(
                "E503-CONFIG", f"cannot use the state folder {state}: another daemon does", remedy="Stop it first."
            ) from None
        yield

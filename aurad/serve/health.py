"""Whether the daemon lives, and whether jobs can be taken and made."""

from __future__ import annotations

import trio

from aurad import __version__
from aurad.engine.engine import Engine
from aurad.engine.room import REMEDY
from aurad.model.errors import AuradError
from aurad.serve.operations.table import Result

FRESH = 1.0  # seconds for which one look at what is installed is enough, however many ask
PATIENCE = 5.0  # seconds for the journal to answer; a disk that takes longer takes no job


class Live(Result, frozen=True, kw_only=True):
    """Somebody is there. It says no more: anybody may ask."""

    status: str = "live"


class Health(Result, frozen=True, kw_only=True):
    """Ready for jobs; `broken_plugins` could not be loaded, which is no reason not to be ready.

    While it is `draining` jobs are taken, and wait.
    """

    status: str
    version: str
    boot_id: str
    last_seq: int
    free_bytes: int
    draining: bool
    broken_plugins: tuple[str, ...]


async def health(engine: Engine) -> Health:
    """Raises E508 for whatever keeps jobs from being taken or made."""
    with trio.move_on_after(PATIENCE) as patience:
        await engine.events.pruned()
    if patience.cancelled_caught:
        raise AuradError("E508-UNREADY", f"cannot take jobs: the journal did not answer in {PATIENCE:g} s")
    room, free = engine.holds.room, engine.holds.room.free
    if free < room.reserve:
        what = (
            f"cannot start jobs: {engine.folders.state} has {free >> 20} MiB left, {room.reserve >> 20} are kept free"
        )
        raise AuradError("E508-UNREADY", what, remedy=REMEDY, details={"errorCode": "E501-DISK"})
    await engine.catalog.load(within=FRESH)
    if why := engine.holds.broken or engine.catalog.ffmpeg_error:
        what = f"cannot make videos: {why.detail}"
        raise AuradError("E508-UNREADY", what, remedy=why.remedy, details={"errorCode": why.code, **why.details})
    return Health(
        status="ready", version=__version__, boot_id=engine.boot_id, last_seq=engine.events.last, free_bytes=free,
        draining=engine.jobs.draining,        broken_plugins=tuple(sorted(engine.catalog.broken)),
    )  # fmt: skip

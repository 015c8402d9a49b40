"""Files that come with a brief: uploaded by their owner, or named in the settings."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from aurad.engine.journal import Journal
from aurad.engine.store import Store
from aurad.model.artifact import Artifact
from aurad.model.brief import BriefAsset
from aurad.model.errors import AuradError
from aurad.model.event import Owner
from aurad.model.recipe import Brand

BRAND_BYTES = 32 << 20  # of a logo or a font named in the settings; a font for all of Chinese has 20 MiB
Keep = Callable[[bytes, str], Awaitable[Artifact]]  # what is done with a file and its media type
OCTETS = "application/octet-stream"  # the stage looks inside: a name proves nothing


async def keep_asset(journal: Journal, store: Store, content: int | bytes, media_type: str, owner: Owner) -> Artifact:
    """A file of a user, copied and hashed into the store, and remembered as theirs. Raises E501 on a full disk."""
    journal.check_room()
    with store.pinned() as pins:
        if isinstance(content, bytes):
            artifact = await store.put_bytes(content, media_type, pins)
        else:
            artifact = await store.put(content, media_type, pins)
        row = (artifact.sha256, owner.uid, artifact.size_bytes, media_type, journal.ages.now())

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO assets VALUES (?, ?, ?, ?, ?)", row)

        await journal.commit(write)
    return artifact


async def look_at(content: bytes, media_type: str) -> Artifact:
    """What `keep_asset` would give, without keeping it."""
    found = await trio.to_thread.run_sync(hashlib.sha256, content)
    return Artifact(sha256=found.hexdigest(), size_bytes=len(content), media_type=media_type)


async def bring_file(role: Brand, name: str, keep: Keep) -> BriefAsset:
    """The brand's file at a path of the settings, read with the daemon's rights: no request names such paths."""
    try:
        data = await trio.to_thread.run_sync(_read, name)
    except OSError as error:
        cause = (error.strerror or str(error)).lower()
        raise AuradError("E102-OPTION", f"cannot read the {role} {name} of the settings: {cause}") from error
    if len(data) > BRAND_BYTES:
        limit = f"{BRAND_BYTES >> 20} MiB"
        raise AuradError("E105-TOO_LARGE", f"cannot use the {role} {name} of the settings: it is over {limit}")
    return BriefAsset(artifact=await keep(data, OCTETS), name=os.path.basename(name), role=role)


def _read(name: str) -> bytes:
    """A regular file's first bytes, one more than allowed; a pipe or device might never end."""
    descriptor = os.open(Path(name).expanduser(), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(BRAND_BYTES + 1)

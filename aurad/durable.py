"""Names that outlast a loss of power: to sync a file says nothing of its name, which is its folder's. Blocks."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def sync(path: Path) -> None:
    """A file's bytes stay as they are or, of a folder, what was made, renamed and removed in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """With its parents. One that is there is synced all the same: a daemon may have been killed just before it was."""
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    with suppress(PermissionError):  # the folder above is somebody else's, who made this one for us
        sync(folder.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """The file as it was is there until it is there as it will be, whoever reads or whatever happens meanwhile."""
    part, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(part, mode)
            os.fsync(part)
        os.replace(name, path)
        sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)

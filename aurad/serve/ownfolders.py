"""The folders a daemon writes to, tried before anything is opened in them. Blocks for a moment."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from aurad.durable import make_folder
from aurad.model.errors import AuradError
from aurad.model.folders import Folders

PASSING = (errno.ENOSPC, errno.EDQUOT)  # a full disk is no reason not to start: room is made while we run


def check_folders(places: Folders) -> None:
    """Make the state and the cache folder; raises E503 that names the one in which we cannot write."""
    _check("state", places.state)
    _check("cache", places.cache)


def _check(name: str, folder: Path) -> None:
    try:
        make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno in PASSING:
            return
        cause = (error.strerror or str(error)).lower()
        remedy = f"Make it yours to write, or name another in XDG_{name.upper()}_HOME."
        raise AuradError("E503-CONFIG", f"cannot use the {name} folder {folder}: {cause}", remedy=remedy) from error

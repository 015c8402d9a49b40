"""Where the setting stands that a job cannot be made with: its file and line, or its variable."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import trio

from aurad.configuration import load_settings
from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.wire.toml import DEFAULT


@asynccontextmanager
async def naming_origin(engine: Engine) -> AsyncIterator[None]:
    """An error that tells of a `setting` in its details also tells where somebody gave it, if anybody did."""
    try:
        yield
    except AuradError as error:
        if (origin := await _origin(engine, str(error.details.get("setting", "")))) == DEFAULT:
            raise
        detail = f"{error.detail}; see {origin}"
        raise AuradError(error.code, detail, remedy=error.remedy, details=error.details) from error


async def _origin(engine: Engine, key: str) -> str:
    with suppress(AuradError):
        loaded = await trio.to_thread.run_sync(lambda: load_settings(engine.folders, environ=os.environ))
        return loaded.origins.get(key, DEFAULT)
    return DEFAULT

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
    failure: AuradError | None = None
    try:
        yield
    except AuradError as error:
        failure = error
    if failure:
        raise await _placed(failure, engine) if "setting" in failure.details else failure


async def _placed(error: AuradError, engine: Engine) -> AuradError:
    origins: dict[str, str] = {}
    with suppress(AuradError):
        origins = (await trio.to_thread.run_sync(lambda: load_settings(engine.folders, environ=os.environ))).origins
    if (origin := origins.get(str(error.details.get("setting")), DEFAULT)) == DEFAULT:
        return error
    return AuradError(error.code, f"{error.detail}; see {origin}", remedy=error.remedy, details=error.details)

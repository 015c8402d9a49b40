"""The operation that shows what a theme looks like."""

from __future__ import annotations

import os
from typing import Annotated

import trio
from msgspec import Meta

from aurad.engine.sampling import sample
from aurad.model.brief import Aspect
from aurad.model.recipe import canvas_of
from aurad.model.stage import SampleRequest
from aurad.model.value import Value
from aurad.serve.operations.table import Call, Result, operation

SHORT_SIDE = 360  # pixels of one slide on a sheet of them: words can be read, and all fit on a screen


class SampleTheme(Value, frozen=True, kw_only=True):
    """A theme by name; without an aspect in that of the settings."""

    theme: Annotated[str, Meta(min_length=1, max_length=80)]
    aspect: Aspect | None = None


class SampleView(Result, frozen=True, kw_only=True):
    """The picture that came as a descriptor."""

    name: str
    size_bytes: int
    media_type: str


@operation("catalog.sample", SampleTheme, "operate")
async def show(call: Call, params: SampleTheme) -> SampleView:
    """A picture of every layout of a theme as a descriptor, open for reading."""
    engine = call.engine
    defaults = engine.settings.defaults
    canvas = canvas_of(params.aspect or defaults.aspect, SHORT_SIDE, defaults.fps)
    request = SampleRequest(theme=params.theme, canvas=canvas)
    with engine.store.pinned() as pins:
        picture = await sample(request, engine.catalog, engine.settings, engine.runner, pins)
        path = await engine.store.check(picture.sha256)
        call.reply_fds.append(await trio.to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC))
    return SampleView(name=f"{params.theme}.png", size_bytes=picture.size_bytes, media_type=picture.media_type)

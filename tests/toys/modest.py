"""A renderer that tells how far it and its tools step back for others."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import trio

from aurad.api import (
    Profile,
    ProfileRequest,
    RenderStage,
    Segment,
    SegmentRequest,
    Stage,
    StageContext,
    Unavailable,
    Value,
    hookimpl,
)

TELL = """
import os, pathlib
group = pathlib.Path("/proc/self/autogroup")
print(os.nice(0), *group.read_text().split()[-1:] if group.exists() else ())
"""


class Modest(RenderStage[Value]):
    """Renders nothing."""

    name = "modest"

    async def profile(self, request: ProfileRequest, context: StageContext[Value]) -> Profile:
        await trio.lowlevel.checkpoint()
        context.log(f"{os.nice(0)}")
        raise Unavailable("cannot encode: a toy")

    async def render_scene(self, request: SegmentRequest, context: StageContext[Value]) -> Segment:
        told = await context.run_tool([sys.executable, "-c", TELL])
        context.log(f"{os.nice(0)} {told.stdout.decode().strip()}")
        raise Unavailable("cannot encode: a toy")


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    return [Modest]

"""A theme's sample: drawn once by its stage in a worker, handed out as a descriptor."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurad.model.errors import AuradError
from aurad.model.stage import SampleRequest
from aurad.model.visual import Sample
from aurad.serve.operations import TABLE, Call
from aurad.wire import jsonrpc
from tests.engine.house import House, open_house
from tests.engine.toys import STAGES, Context, Pixel, keep
from tests.serve.edge import open_descriptors, somebody


class Painter(Pixel):
    """Has themes, and draws samples of them."""

    name = "painter"

    def describe(self) -> Mapping[str, Any]:
        return {"themes": [{"name": "dawn"}, {"name": "dusk"}]}

    async def sample(self, request: SampleRequest, context: Context) -> Sample:
        return Sample(image=keep(context, "sheet.png", f"{request.theme} {request.canvas}".encode(), "image/png"))


class Shy(Pixel):
    """Has a theme, and no samples."""

    name = "shy"

    def describe(self) -> Mapping[str, Any]:
        return {"themes": ["night"]}


async def sampled(house: House, **params: Any) -> tuple[dict[str, Any], bytes]:
    """The operation's answer and the file's content."""
    operation = TABLE["catalog.sample"]
    fds: list[int] = []
    call = Call(house.engine, somebody("operate"), [], fds)
    answer = await operation.perform(call, jsonrpc.parse(jsonrpc.raw(params), operation.params, "catalog.sample"))
    (fd,) = fds
    return msgspec.to_builtins(answer), _content(fd)


def _content(fd: int) -> bytes:
    with os.fdopen(fd, "rb") as file:
        return file.read()


async def test_a_theme_is_drawn_once_by_the_stage_that_has_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, stages=(*STAGES, Painter, Shy), visuals=("shy", "painter")) as house:
        answer, content = await sampled(house, theme="dusk")
        assert content.startswith(b"dusk")
        assert b"width=640, height=360" in content
        assert (answer["name"], answer["sizeBytes"]) == ("dusk.png", len(content))
        assert b"width=360, height=640" in (await sampled(house, theme="dusk", aspect="9:16"))[1]
        assert await sampled(house, theme="dusk") == (answer, content)
        assert house.ran.count("sample") == 2, "what is known is not drawn again"


@pytest.mark.parametrize(("theme", "cause"), [("neon", "there are night, dawn, dusk"), ("night", "draws no samples")])
async def test_a_theme_that_cannot_be_shown_is_told(tmp_path: Path, theme: str, cause: str) -> None:
    async with open_house(tmp_path, stages=(*STAGES, Painter, Shy), visuals=("shy", "painter")) as house:
        with pytest.raises(AuradError, match=cause):
            await sampled(house, theme=theme)
        assert open_descriptors(tmp_path / "state" / "store") == 0

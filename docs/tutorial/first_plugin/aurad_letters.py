"""Draws a scene's heading in big letters on a plain colour."""

from typing import Annotated

from msgspec import Meta
from PIL import Image, ImageDraw, ImageFont

from aurad.api import Stage, StageContext, Still, Value, Visual, VisualRequest, VisualsStage, hookimpl


class Options(Value, frozen=True, kw_only=True):
    """What people may set: `--set letters.background=#402060`."""

    background: Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$")] = "#204060"


class Letters(VisualsStage[Options]):
    """One still picture for each scene."""

    name = "letters"
    Options = Options

    def draw(self, request: VisualRequest, context: StageContext[Options]) -> Visual:
        size = request.canvas.width, request.canvas.height
        picture = Image.new("RGB", size, context.options.background)
        font = ImageFont.load_default(size=size[1] / 12)
        words = request.scene.slide.heading or " ".join(request.scene.words[:5])
        ImageDraw.Draw(picture).text((size[0] / 2, size[1] / 2), words, font=font, fill="white", anchor="mm")
        path = context.workspace / "letters.png"
        picture.save(path)
        image = context.keep(path, "image/png")
        return Visual(shots=(Still(image=image),), poster=image)


@hookimpl
def aurad_stages() -> list[type[Stage[Options]]]:
    """Called once, in a worker process."""
    return [Letters]

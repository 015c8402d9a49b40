"""Draws the pictures of `index.md` out of the samples of `auractl themes`: `python docs/gallery/draw.py`.

The card with a logo is a frame of a video and is not drawn here.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from PIL import Image

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.compose import Composition, compose
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.sheet import SAMPLES
from aurad_plugins.visuals_slides.themes import THEMES

HERE = Path(__file__).parent
WIDE, TALL = Canvas(width=1920, height=1080), Canvas(width=1080, height=1920)
PICTURES = {  # the name tells the kind, the theme and, if it is upright, the shape
    "title-midnight": "title", "cards-midnight": "cards", "statistic-midnight": "statistic", "steps-paper": "steps",
    "table-paper": "table", "chart-daylight": "bar-chart", "code-daylight": "code", "quote-ember": "quote",
    "line-ember": "line-chart", "cards-ember-9x16": "cards", "chart-paper-9x16": "bar-chart",
}  # fmt: skip


def sample(name: str, kind: str) -> Slide:
    """The first sample of the kind; one of the cards waits for its word, and one row of the table is being told."""
    slide = next(slide for slide in SAMPLES if slide.kind == kind)
    if name == "cards-midnight":
        return replace(slide, items=(*slide.items[:-1], replace(slide.items[-1], at=1)))
    return replace(slide, items=(Item(text="Honey bee", at=0),)) if kind == "table" else slide


def before_word(made: Composition, word: int) -> Image.Image:
    """What is seen until the word is said."""
    whole = Image.fromarray(made.base).convert("RGBA")
    for layer in made.layers:
        if (layer.reveal.at or 0) < word:
            whole.alpha_composite(Image.fromarray(layer.pixels), (layer.x, layer.y))
    return whole.convert("RGB")


def draw(name: str, kind: str) -> Image.Image:
    canvas, theme = TALL if name.endswith("9x16") else WIDE, THEMES[name.split("-")[1]]
    made = compose(prepared(sample(name, kind), 2).slide, frame_of(canvas), theme)
    return before_word(made, 1).resize((canvas.width // 2, canvas.height // 2), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    for name, kind in PICTURES.items():
        draw(name, kind).save(HERE / f"{name}.webp", quality=82, method=6)

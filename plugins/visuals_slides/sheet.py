"""A sheet of every layout of a theme, for people who choose or draw one.

Run as `python -m aurad_plugins.visuals_slides.sheet midnight -o sheet.png`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.compose import compose
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.themes import THEMES, theme_named

SIZES = {"16:9": (640, 360), "9:16": (360, 640), "1:1": (480, 480), "4:5": (432, 540)}
WIDEST = 2600  # px: as much as a screen shows
GAP = 8
CODE = "def frames(seconds, rate=30):\n    # one more for luck\n    return round(seconds * rate) + 1"


def _items(*told: tuple[str, str] | tuple[str, str, float]) -> tuple[Item, ...]:
    return tuple(Item(text=one[0], detail=one[1], value=one[2] if len(one) > 2 else None) for one in told)


SAMPLES = (
    Slide(kind="title", kicker="Field notes", heading="How Bees See the World", body="What they notice", icon="eye"),
    Slide(kind="section", kicker="Part two", heading="Ultraviolet signposts", body="Colours that we cannot see"),
    Slide(
        kind="bullets", heading="Five eyes, two kinds",
        items=_items(("Two compound eyes", ""), ("Three simple eyes on top", ""), ("Polarised light shows the sun", ""),
                     ("Motion is seen six times faster", "")),
    ),
    Slide(
        kind="cards", heading="Why flowers glow",
        items=_items(("Light", "Patterns lead to nectar"), ("Colour", "Violet is found first"),
                     ("Time", "Bees learn opening hours")),
    ),
    Slide(kind="statistic", heading="Lenses in one eye", items=_items(("lenses make up one eye", "", 6900.0))),
    Slide(kind="quote", body="The world looks different to every creature.", note="Karl von Frisch"),
    Slide(kind="steps", heading="The waggle dance",
          items=_items(("Find", "A scout meets food"), ("Dance", "The angle tells the way"), ("Follow", "Others fly"))),
    Slide(kind="comparison", heading="Bee and human",
          items=_items(("Bee", "Ultraviolet\nFast flicker"), ("Human", "Red\nSharp picture"))),
    Slide(kind="bar-chart", heading="Flicker fusion", unit="Hz",
          items=_items(("Human", "", 60.0), ("Honey bee", "", 200.0), ("Dragonfly", "", 300.0))),
    Slide(kind="line-chart", heading="A hive in spring", unit="kg",
          items=_items(("Mar", "", 18.0), ("Apr", "", 22.0), ("May", "", 34.0), ("Jun", "", 51.0), ("Jul", "", 47.0))),
    Slide(kind="table", heading="Eyes compared",
          rows=(("Animal", "Lenses", "Flicker"), ("Honey bee", "6,900", "200"), ("Dragonfly", "30,000", "300"))),
    Slide(kind="code", kicker="Python", heading="Counting frames", body=CODE),
    Slide(kind="closing", heading="Look again", body="The next flower is a signpost", icon="flower"),
)  # fmt: skip


def sheet(theme: str, aspect: str = "16:9") -> Image.Image:
    """Every layout in `theme`, in rows."""
    width, height = SIZES[aspect]
    frame, colours = frame_of(Canvas(width=width, height=height)), theme_named(theme)
    columns = max(1, (WIDEST + GAP) // (width + GAP))
    rows = -(-len(SAMPLES) // columns)
    whole = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), colours.soft)
    for place, slide in enumerate(SAMPLES):
        shown = Image.fromarray(compose(prepared(slide, 0).slide, frame, colours).poster)
        down, across = divmod(place, columns)
        whole.paste(shown, (GAP + across * (width + GAP), GAP + down * (height + GAP)))
    return whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the sheet of a theme."""
    parser = argparse.ArgumentParser(description="Draw every layout of a theme on one sheet.")
    parser.add_argument("theme", choices=sorted(THEMES))
    parser.add_argument("-o", "--output", type=Path, default=Path("sheet.png"))
    parser.add_argument("--aspect", choices=sorted(SIZES), default="16:9")
    told = parser.parse_args(arguments)
    sheet(told.theme, told.aspect).save(told.output)


if __name__ == "__main__":
    main()

"""A sheet of every layout of a theme, for people who choose or draw one."""

from __future__ import annotations

import math

from PIL import Image

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.compose import compose
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.themes import Theme

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
    Slide(kind="line-chart", heading="Two hives in spring", unit="kg",
          rows=(("Month", "Meadow", "Forest"), ("Mar", "18", "21"), ("Apr", "22", "23"), ("May", "34", "28"),
                ("Jun", "51", "39"), ("Jul", "47", "42"))),
    Slide(kind="bar-chart", heading="Honey by place", unit="kg",
          rows=(("Place", "2023", "2024"), ("Meadow", "31", "47"), ("Forest", "24", "42"), ("Town", "29", "33"))),
    Slide(kind="table", heading="Eyes compared",
          rows=(("Animal", "Lenses", "Flicker"), ("Honey bee", "6,900", "200"), ("Dragonfly", "30,000", "300"),
                ("Housefly", "4,000", "250"))),
    Slide(kind="code", kicker="Python", heading="Counting frames", body=CODE),
    Slide(kind="statistic", heading="A hive in numbers",
          items=_items(("workers", "", 40000.0), ("drones", "", 300.0), ("queen", "", 1.0))),
    Slide(kind="bullets", heading="What bees miss", items=_items(("Red looks black to them", "Poppies shine in UV"))),
    Slide(kind="closing", heading="Remember",
          items=_items(("Five eyes", "Two see shapes, three see light"), ("Ultraviolet", "Flowers are signposts"))),
    Slide(kind="closing", heading="Look again", body="The next flower is a signpost", icon="flower"),
)  # fmt: skip


def sheet(theme: Theme, canvas: Canvas) -> Image.Image:
    """Every layout in `theme`, in rows."""
    frame, width, height = frame_of(canvas), canvas.width, canvas.height
    columns = _columns(max(1, (WIDEST + GAP) // (width + GAP)))
    rows = math.ceil(len(SAMPLES) / columns)
    whole = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), theme.soft)
    for place, slide in enumerate(SAMPLES):
        shown = Image.fromarray(compose(prepared(slide, 0).slide, frame, theme).poster)
        down, across = divmod(place, columns)
        whole.paste(shown, (GAP + across * (width + GAP), GAP + down * (height + GAP)))
    return whole


def _columns(most: int) -> int:
    """Of the numbers of columns that fit, those over half, the one that leaves the fewest places empty."""
    return min(range(most, most // 2, -1), key=lambda count: -len(SAMPLES) % count)

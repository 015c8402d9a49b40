"""What a layout gives: a page of an optional header and a body that can be drawn at any scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aurad.api import Item, Slide
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.fonts import JOINT
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.themes import Mood, Theme

FIRST = 0.25  # seconds after the start until the first thing comes in: the transition goes first
STAGGER = 0.14  # seconds between things that come in with the same word


ROOMY = 1.4  # height to width: a page of words so tall leaves room above them


@dataclass(frozen=True, slots=True)
class Fit:
    """How much a body must give in: `scale` of all sizes, `lines` of a text (0: all), items to `keep` (0: all).

    `room` is the height there is, in units; `cut` says that the layout left something out by itself.
    """

    scale: float = 1.0
    lines: int = 0
    keep: int = 0
    room: float = 0.0
    cut: bool = False

    @property
    def shortens(self) -> bool:
        """Whether text or items are left out."""
        return bool(self.lines or self.keep or self.cut)

    @property
    def height(self) -> float:
        """The height there is for a body, in its own em."""
        return self.room / self.scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`body` draws the content; `largest` and `smallest` bound its scale. `count` is how many items it has.

    `cut` says that the slide holds more than the layout can show at any scale.
    """

    body: Callable[[Fit], Node]
    header: Node | None = None
    heading_lines: int = 2
    title_lines: int = 3
    largest: float = 1.0
    smallest: float = 0.5
    count: int = 1
    cut: bool = False
    mood: Mood = "calm"
    ornament: Node | None = None
    decor: Node | None = None
    gap: float = 2.2
    align: Literal["start", "center", "end"] = "center"


@dataclass(frozen=True, slots=True)
class Look:
    """All that a layout may look at."""

    slide: Slide
    frame: Frame
    theme: Theme

    @property
    def wide(self) -> bool:
        return self.frame.shape == "wide"

    @property
    def tall(self) -> bool:
        return self.frame.shape == "tall"

    def pick(self, wide: float, square: float, tall: float) -> float:
        """The value for the canvas's shape."""
        return {"wide": wide, "square": square, "tall": tall}[self.frame.shape]

    def icon(self, name: str, size: float, colour: str = "", *, stroke: float = 2.0) -> Node:
        """A shipped icon, `size` em wide, in the accent colour unless told otherwise."""
        return image(icons.svg(name, colour or self.theme.accent, stroke), size, size, flex_shrink=0)

    def mark(self, name: str, size: float) -> Node:
        """A solid icon turned round: Lucide's quotation marks are closing ones."""
        solid = icons.svg(name, self.theme.accent).replace(b'fill="none"', f'fill="{self.theme.accent}"'.encode())
        return image(solid, size, size, transform="rotate(180deg)", flex_shrink=0)

    def header(self, *, brief: bool = False) -> Node | None:
        """Kicker and heading as content slides wear them; the heading alone if `brief`."""
        slide = self.slide
        if not (slide.kicker.strip() or slide.heading.strip()):
            return None
        size = self.pick(4.2, 3.7, 4.2)
        above = None if brief and slide.heading.strip() else kicker(slide.kicker)
        return box("col", above, text("heading", slide.heading, size), gap="0.6em")

    def ornament(self, name: str | None) -> Node | None:
        """A large, faint icon that leaves the canvas at its far corner: the only decoration there is."""
        if name is None:
            return None
        side = self.pick(34, 30, 30) * self.frame.unit
        alpha = self.theme.ornament_alpha
        drawing = icons.svg(name, self.theme.accent, 0.7, alpha)
        style: dict[str, str | float] = {"position": "absolute", "width": f"{side}px", "height": f"{side}px"}
        # Wide canvases have room beside the words, very tall ones above them; elsewhere it must keep clear of them.
        frame = self.frame
        roomy = frame.inner_height > ROOMY * frame.width
        aside, up = (0.1, 0.13) if self.wide else (0.2, -0.08) if roomy else (0.3, 0.3)
        style["right"] = f"{-side * aside:.2f}px"
        style["bottom" if self.wide else "top"] = f"{-side * up:.2f}px"
        return Node(kind="image", image=drawing, style=style)


def filled(fit: Fit, share: float, most: float = math.inf) -> str:
    """The least height of a body that fills `share` of its room, but never more than `most` units, as CSS."""
    return f"{min(fit.room * share, most) / fit.scale:.3f}em"


def kicker(words: str, *, reveal: Reveal | None = None) -> Node | None:
    """The small line over a heading."""
    return text("kicker", words, 1.65, lines=1, reveal=reveal)


def together(words: str, most: int = 20) -> str:
    """Short words that must stay on one line, so that they shrink rather than break."""
    return words.replace(" ", JOINT) if len(words) <= most else words


def source(words: str) -> Node | None:
    """Where the numbers come from, below a chart or a table."""
    return text("lead", words, 1.15, margin_top="0.9em")


def entrances(items: tuple[Item, ...], *, first: float = FIRST, bleed: float = 0.35) -> list[Reveal]:
    """When each item comes in: with its word, one shortly after another where several share a word."""
    seen: dict[int | None, int] = {}
    made = []
    for item in items:
        place = seen[item.at] = seen.get(item.at, -1) + 1
        start = first if item.at is None else 0.0
        made.append(Reveal(at=item.at, delay=round(start + place * STAGGER, 3), bleed=bleed))
    return made

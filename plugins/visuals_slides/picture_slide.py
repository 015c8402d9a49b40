"""A slide that is a picture: moving gently, with its heading over a scrim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from aurad.api import Motion, Slide, View
from aurad_plugins.visuals_slides.compose import Composition, Sheet, assemble
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Look, Page, kicker
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.pictures import filled, read_picture, scrim
from aurad_plugins.visuals_slides.themes import MIDNIGHT, Theme, rgb

NEAR, SHIFT = 0.93, 0.5  # the narrower view of the move, and where it lies in the room that leaves
SCRIM = 0.80  # strength behind the words: white text keeps a contrast over 7 even on a white picture
SCRIM_FADE = 12.0  # units over which the scrim comes in above them
SCRIM_COLOUR = (4, 9, 14)


def picture_composition(slide: Slide, path: Path, frame: Frame, theme: Theme) -> Composition:
    """The picture as the base, scrim and words as layers. Words over pictures are always light on dark."""
    read = read_picture(path, (frame.width, frame.height), slide.picture.alt if slide.picture else path.name)
    base = filled(read, frame.width, frame.height, rgb(theme.ground[0]))
    if not (slide.kicker.strip() or slide.heading.strip() or slide.body.strip()):
        pixels = np.asarray(base)
        return Composition(pixels, (), pixels)
    dark = replace(MIDNIGHT, headings=theme.headings)
    painter = Painter(frame, dark)
    node, fit = fitted(_caption(Look(slide, frame, dark)), painter)
    top = min(rect[1] for part, rect in placed(node, painter) if part.reveal)
    shade = scrim(
        frame.width, frame.height, round(top), fade=max(1, round(SCRIM_FADE * frame.unit)),
        strength=SCRIM, colour=SCRIM_COLOUR,
    )  # fmt: skip
    veil = Sheet(shade, 0, frame.height - shade.shape[0], Reveal(effect="fade", seconds=0.6))
    return assemble(base.convert("RGBA"), node, painter, first=(veil,), shortened=bool(fit.lines or fit.keep))


def _caption(look: Look) -> Page:
    slide = look.slide
    size = look.pick(3.1, 2.9, 3.0)

    def body(fit: Fit) -> Node:
        return box(
            "col",
            kicker(slide.kicker, reveal=Reveal(delay=FIRST)),
            text("heading", slide.heading, size, reveal=Reveal(delay=FIRST + STAGGER)),
            text("lead", slide.body or slide.note, 1.5, reveal=Reveal(delay=FIRST + 2 * STAGGER)),
            gap="0.8em",
            max_width="82%" if look.wide else "100%",
        )

    return Page(body=body, largest=1.0, smallest=0.45, align="end")


def motion_of(slide: Slide) -> Motion:
    """Towards the picture or away from it, by the picture itself: the same picture always moves the same way."""
    room = 1 - NEAR
    whole, near = View(), View(x=room * SHIFT, y=room * 0.4, width=NEAR)
    inwards = slide.picture is None or int(slide.picture.artifact.sha256[-1:] or "0", 16) % 2 == 0
    return Motion(start=whole, end=near) if inwards else Motion(start=near, end=whole)

"""A slide that is a picture: filling the canvas under its words, or whole beside or above them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from aurad.api import Motion, Slide, View
from aurad_plugins.visuals_slides.compose import Composition, Sheet, assemble
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Look, Page, kicker
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.pictures import covers, filled, read_picture, scrim
from aurad_plugins.visuals_slides.themes import MIDNIGHT, Theme, rgb

NEAR = 0.93  # width of the narrower view of the move: more would show that the picture is enlarged
SCRIM = 0.80  # strength behind the words: white text keeps a contrast over 7 even on a white picture
SCRIM_FADE = 15.0  # units over which the scrim comes in above them
SCRIM_COLOUR = (4, 9, 14)
BESIDE, OVER = 0.52, 0.60  # share of the width, or of the height, that a whole picture may take
PHOTO_BLEED = 2.0  # units of shadow round it


def picture_composition(slide: Slide, path: Path, frame: Frame, theme: Theme) -> tuple[Composition, Motion | None]:
    """The slide, and how its base moves: only a picture that is the whole base does."""
    name = (slide.picture.alt if slide.picture else "") or path.name
    read = read_picture(path, (frame.width, frame.height), name)
    tone = rgb(theme.ground[0])
    if _worded(slide) and not covers(read, frame.width, frame.height):
        return _beside_words(slide, read, frame, theme), None
    base = filled(read, frame.width, frame.height, tone)
    if not _worded(slide):
        return Composition(np.asarray(base), (), np.asarray(base)), _motion(slide)
    return _under_words(slide, base, frame, theme), _motion(slide)


def _worded(slide: Slide) -> bool:
    return any(part.strip() for part in (slide.kicker, slide.heading, slide.body, slide.note))


def _under_words(slide: Slide, base: Image.Image, frame: Frame, theme: Theme) -> Composition:
    """Words over pictures are always light on dark, whatever the theme."""
    dark = replace(MIDNIGHT, headings=theme.headings)
    painter = Painter(frame, dark)
    look = Look(slide, frame, dark)
    page = Page(body=lambda fit: _words(look, look.pick(3.1, 2.9, 3.0), fit), smallest=0.45, align="end")
    node, fit = fitted(page, painter)
    top = min(rect[1] for part, rect in placed(node, painter) if part.reveal)
    fade = max(1, round(SCRIM_FADE * frame.unit))
    shade = scrim(frame.width, frame.height, round(top), fade=fade, strength=SCRIM, colour=SCRIM_COLOUR)
    veil = Sheet(shade, 0, frame.height - shade.shape[0], Reveal(effect="fade", seconds=0.6))
    return assemble(base.convert("RGBA"), node, painter, first=(veil,), shortened=fit.shortens)


def _words(look: Look, size: float, fit: Fit) -> Node:
    slide = look.slide
    return box(
        "col",
        kicker(slide.kicker, reveal=Reveal(delay=FIRST)),
        text("heading", slide.heading, size, reveal=Reveal(delay=FIRST + STAGGER)),
        text("lead", slide.body or slide.note, 1.5, reveal=Reveal(delay=FIRST + 2 * STAGGER)),
        gap="0.8em",
        max_width=f"{look.frame.columns * (0.82 if look.wide else 1) / fit.scale:.3f}em",
    )  # fmt: skip


def _beside_words(slide: Slide, read: Image.Image, frame: Frame, theme: Theme) -> Composition:
    """The whole picture as a print on the theme's ground: beside the words, or above them."""
    painter, look = Painter(frame, theme), Look(slide, frame, theme)
    beside = look.wide or (frame.shape == "square" and read.height > read.width)
    most = (BESIDE, 1.0) if beside else (1.0, OVER)
    room = (frame.inner_width * most[0], frame.inner_height * most[1])
    small = ImageOps.contain(read, (max(1, round(room[0])), max(1, round(room[1]))), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    small.save(packed, "PNG", compress_level=1)

    def body(fit: Fit) -> Node:
        em = fit.scale * frame.unit
        photo = image(
            packed.getvalue(), small.width / em, small.height / em, css="photo", flex_shrink=0,
            reveal=Reveal(effect="fade", seconds=0.7, bleed=PHOTO_BLEED),
        )  # fmt: skip
        words = _words(look, look.pick(3.4, 2.9, 3.1), fit)
        if beside:
            column = box("col", words, flex_grow=1, flex_shrink=1, flex_basis=0, justify_content="center")
            return box("row", column, photo, gap="4em" if look.wide else "2.4em", align_items="center")
        return box("col", box("row", photo), words, gap="2em")

    node, fit = fitted(Page(body=body, largest=1.15, smallest=0.45), painter)
    under = Image.fromarray(ground(theme, frame.width, frame.height, "hero")).convert("RGBA")
    return assemble(under, node, painter, shortened=fit.shortens)


def _motion(slide: Slide) -> Motion:
    """Towards the picture or away from it, by the picture itself: the same picture always moves the same way."""
    room = 1 - NEAR
    whole, near = View(), View(x=room * 0.5, y=room * 0.4, width=NEAR)
    inwards = slide.picture is None or int(slide.picture.artifact.sha256[-1:] or "0", 16) % 2 == 0
    return Motion(start=whole, end=near) if inwards else Motion(start=near, end=whole)

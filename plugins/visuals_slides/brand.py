"""What makes slides somebody's own: colours of the ground, a logo, cards, lines on the first and last slide."""

from __future__ import annotations

import colorsys
import io
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from aurad.api import Slide
from aurad_plugins.visuals_slides.compose import Composition, Sheet, assemble
from aurad_plugins.visuals_slides.decor import decoration
from aurad_plugins.visuals_slides.fit import fitted
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.logo import logo
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, image, text
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Page
from aurad_plugins.visuals_slides.painter import Painter
from aurad_plugins.visuals_slides.themes import (
    DAYLIGHT,
    MIDNIGHT,
    Glow,
    Theme,
    luminance,
    mix,
    readable,
    rgb,
    with_accent,
)  # fmt: skip

LOGO_PATTERN = r"^(data:image/(png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/=]+)?$"
LOGO_LETTERS = 48_000  # of a data URI: settings are small files, and a mark in the margin needs no more
LOGO_HIGH, LOGO_WIDE, LOGO_TOP = 2.5, 12.0, 1.1  # units; no text ever enters the top margin
CARD_LOGO = (13.0, 26.0)  # units: the most height and width of a logo on a card
CARD_SIZE = 3.4  # em
DARK = 0.18  # luminance at which white and black text are about equally readable
STEP = 0.03  # of lightness by which a colour gives way until text can be read on it
SHADE = 0.04  # difference of lightness between the ends of the ground
TINGE = {True: 0.32, False: 0.12}  # share of the accent in the light on a dark or light ground


def with_ground(theme: Theme, colour: str) -> Theme:
    """The theme on a ground of `colour`, darkened or lightened until all its text can be read."""
    dark = luminance(rgb(colour)) < DARK
    shade = colour
    while not _readable(made := _grounded(theme, shade, dark)):
        shade = _lighter(shade, -STEP if dark else STEP)
    return with_accent(made, theme.accent)


def _readable(theme: Theme) -> bool:
    return all(readable(tone, theme) for tone in (theme.ink, theme.soft, theme.second))


def _grounded(theme: Theme, shade: str, dark: bool) -> Theme:
    look = MIDNIGHT if dark else DAYLIGHT
    light = "#{:02x}{:02x}{:02x}".format(*mix(rgb(shade), rgb(theme.accent), TINGE[dark]))
    glows = tuple(Glow(one.x, one.y, one.radius, light, one.hero, one.calm) for one in look.glows)
    return replace(
        theme, ground=(shade, _lighter(shade, SHADE if dark else -SHADE)), glows=glows, ink=look.ink, soft=look.soft,
        second=look.second, panel=look.panel, panel_alpha=look.panel_alpha, line=look.line, line_alpha=look.line_alpha,
        shadow=look.shadow, ornament_alpha=look.ornament_alpha,
    )  # fmt: skip


def _lighter(colour: str, step: float) -> str:
    hue, light, vivid = colorsys.rgb_to_hls(*(part / 255 for part in rgb(colour)))
    parts = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, light + step)), vivid)
    return "#{:02x}{:02x}{:02x}".format(*(round(part * 255) for part in parts))


def signed(slide: Slide, intro: str, outro: str) -> Slide:
    """The first slide with the brand's line over it, the last with its address or thanks."""
    if slide.kind == "title" and intro.strip() and not slide.kicker.strip():
        return msgspec.structs.replace(slide, kicker=intro)
    if slide.kind == "closing" and outro.strip():
        bare = not slide.body.strip() and not slide.items
        return msgspec.structs.replace(slide, **({"body": outro} if bare else {"kicker": outro}))
    return slide


def with_logo(made: Composition, source: Path | str, frame: Frame) -> Composition:
    """The slide with the logo in its upper margin, above everything and there from the start."""
    room = round(LOGO_WIDE * frame.unit), max(1, round(LOGO_HIGH * frame.unit))
    small = logo(source, room)
    left = round(frame.left) if frame.from_right else frame.width - round(frame.left) - small.width
    sheet = Sheet(np.asarray(small), left, round(LOGO_TOP * frame.unit), Reveal(effect="none", seconds=0.0))
    whole = Image.fromarray(made.poster).convert("RGBA")
    whole.alpha_composite(small, (sheet.x, sheet.y))
    return replace(made, layers=(*made.layers, sheet), poster=np.asarray(whole.convert("RGB")))


def card(line: str, source: Path | str, frame: Frame, theme: Theme) -> Composition:
    """A card before or after the video: the logo, if there is one, over a line, in the middle of the canvas."""
    painter = Painter(frame, theme)
    high, wide = CARD_LOGO[0] * frame.unit, min(CARD_LOGO[1] * frame.unit, frame.inner_width)
    mark = logo(source, (round(wide), max(1, round(high)))) if source else None
    packed = io.BytesIO()
    if mark:
        mark.save(packed, "PNG", compress_level=1)

    def body(fit: Fit) -> Node:
        em = fit.scale * frame.unit
        drawn = image(
            packed.getvalue(), mark.width / em, mark.height / em, flex_shrink=0,
            reveal=Reveal(effect="fade", delay=FIRST, seconds=0.8),
        ) if mark else box("rule", width="4em", height="0.36em")  # fmt: skip
        come = Reveal(delay=FIRST + 2 * STAGGER, seconds=0.7, bleed=1.8)
        words = text("heading", line, CARD_SIZE if mark else CARD_SIZE * 1.5, text_align="center", reveal=come)
        return box("col", drawn, words, gap="1.8em", align_items="center")

    page = Page(body=body, largest=1.0, smallest=0.3, mood="hero", decor=decoration(Slide(kind="title"), frame, theme))
    node, fit = fitted(page, painter)
    under = Image.fromarray(ground(theme, frame.width, frame.height, "hero")).convert("RGBA")
    return assemble(under, node, painter, shortened=fit.shortens)

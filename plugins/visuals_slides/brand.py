"""What makes slides somebody's own: colours of the ground, a logo in the margin, lines on the first and last slide."""

from __future__ import annotations

import base64
import binascii
import colorsys
import io
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
from PIL import Image, ImageOps

from aurad.api import BadInput, Slide
from aurad_plugins.visuals_slides.compose import Composition, Sheet
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Reveal
from aurad_plugins.visuals_slides.pictures import read_picture
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

LOGO_PATTERN = r"^(data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+)?$"
LOGO_LETTERS = 48_000  # of a data URI: settings are small files, and a mark in the margin needs no more
LOGO_HIGH, LOGO_WIDE, LOGO_TOP = 2.5, 12.0, 1.1  # units; no text ever enters the top margin
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


@lru_cache(maxsize=1)
def _logo(uri: str) -> Image.Image:
    try:
        data = base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as error:
        raise BadInput(f"cannot read the logo: {error}", remedy="Give it as data:image/png;base64,...") from error
    return read_picture(io.BytesIO(data), (512, 512), "of the option logo")


def with_logo(made: Composition, uri: str, frame: Frame) -> Composition:
    """The slide with the logo in its upper margin, above everything and there from the start."""
    room = round(LOGO_WIDE * frame.unit), max(1, round(LOGO_HIGH * frame.unit))
    small = ImageOps.contain(_logo(uri), room, Image.Resampling.LANCZOS)
    left = round(frame.left) if frame.from_right else frame.width - round(frame.left) - small.width
    sheet = Sheet(np.asarray(small), left, round(LOGO_TOP * frame.unit), Reveal(effect="none", seconds=0.0))
    whole = Image.fromarray(made.poster).convert("RGBA")
    whole.alpha_composite(small, (sheet.x, sheet.y))
    return replace(made, layers=(*made.layers, sheet), poster=np.asarray(whole.convert("RGB")))

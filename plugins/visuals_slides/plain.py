"""The plain fall-back: words on the theme's ground, set with Pillow when the designed way fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aurad.api import Slide
from aurad_plugins.visuals_slides.compose import Composition
from aurad_plugins.visuals_slides.fonts import FOLDER, JOINT, PLAIN, STRONG, presentable
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.scripts import font_file
from aurad_plugins.visuals_slides.themes import Theme

HEADING, BODY = 3.4, 1.7  # units
LEAST = 0.25  # smallest scale tried before lines are left out
GAP = 0.5  # of a line's height between paragraphs


def plain_composition(slide: Slide, frame: Frame, theme: Theme) -> Composition:
    """Heading and text one under another, all there from the start."""
    paragraphs = _paragraphs(slide, theme)
    scale = 1.0
    while (block := _set(paragraphs, frame, scale))[-1][1] > frame.inner_height and scale > LEAST:
        scale *= 0.88
    picture = Image.fromarray(ground(theme, frame.width, frame.height, "calm").copy())
    drawing = ImageDraw.Draw(picture)
    shortened = False
    for words, bottom, font, colour in block:
        if bottom > frame.inner_height:
            shortened = True
            break
        drawing.text((frame.left, frame.top + bottom), words, font=font, fill=colour, anchor="ld")
    pixels = np.asarray(picture)
    return Composition(pixels, (), pixels, shortened)


def _paragraphs(slide: Slide, theme: Theme) -> list[tuple[str, str, float, str]]:
    made = [(slide.kicker.upper(), PLAIN, 1.1, theme.accent), (slide.heading, STRONG, HEADING, theme.ink)]
    made += [(line, PLAIN, BODY, theme.ink) for line in slide.body.splitlines()]
    made += [
        (" — ".join(part for part in (item.text, item.detail) if part), PLAIN, BODY, theme.ink) for item in slide.items
    ]
    made += [("   ".join(row), PLAIN, BODY, theme.ink) for row in slide.rows]
    made += [(slide.note, PLAIN, BODY * 0.8, theme.soft)]
    return [paragraph for paragraph in made if paragraph[0].strip()] or [(" ", PLAIN, BODY, theme.ink)]


def _set(
    paragraphs: list[tuple[str, str, float, str]], frame: Frame, scale: float
) -> list[tuple[str, float, ImageFont.FreeTypeFont, str]]:
    """Lines with the bottom of each, from the top of the frame."""
    lines, bottom = [], 0.0
    for words, name, size, colour in paragraphs:
        font = ImageFont.truetype(_file_for(words, name), max(4.0, size * scale * frame.unit))
        height = font.size * 1.3
        for line in _wrapped(words.replace(JOINT, " "), font, frame.inner_width):
            bottom += height
            lines.append((line, bottom, font, colour))
        bottom += height * GAP
    return lines


def _file_for(words: str, name: str) -> Path:
    """The shipped font, or that of an installed package if the words are of its script: Pillow has no fall-backs."""
    scripts = presentable(words).scripts
    found = font_file(min(scripts).module) if scripts else None
    return found or FOLDER / name


def _wrapped(words: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}".strip()
        if font.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines += [piece for piece in _pieces(word, font, width) if piece]
    return [line for line in lines if line]


def _pieces(word: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """A word cut into pieces that fit, if it is too wide on its own."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and font.getlength(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces

"""Burned-in captions: each state of a cue drawn once with Pillow, then blended in its box. Text is only ever data."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aurad.api import Canvas, Cue
from aurad_plugins.render_ffmpeg.planes import Box, Planes
from aurad_plugins.render_ffmpeg.sprites import Sprite, rgba_to_sprite

FONT = Path(__file__).parent / "fonts" / "Inter-Bold.ttf"
TEXT, ACCENT, OUTLINE = (255, 255, 255, 255), (255, 209, 71, 255), (0, 0, 0, 235)
BACK = (8, 10, 16, 168)  # enough contrast over a white slide: 4.5 to 1 with white text
BOTTOM = 0.97  # of the height: with two lines a caption stays within the lowest 0.16, which slides leave free
HIGH, WIDE = 0.04, 0.062  # a letter's size as a part of the height and of the width; the smaller one counts
LINE, PAD_X, PAD_Y = 1.22, 0.55, 0.25  # in sizes of a letter
WIDEST = 0.88  # of the canvas, so that nothing touches an edge
SMALLEST = 6  # pixels of a letter: below, letters are blots
State = tuple[int, int]  # which cue, and which of its words is said (-1: none)


class Captions:
    """The captions of a scene. `state` names what is seen at a frame, `draw` puts it there."""

    def __init__(self, cues: tuple[Cue, ...], style: str, canvas: Canvas, font: Path = FONT) -> None:
        self._cues, self._highlight, self._canvas, self._font = cues, style == "highlight", canvas, font
        self._starts = [cue.start for cue in cues]
        self._drawn: tuple[State, Sprite | None] | None = None

    def state(self, frame: int) -> State | None:
        time = (frame + 0.5) / self._canvas.fps
        index = bisect_right(self._starts, time) - 1
        if index < 0 or time >= self._cues[index].end:
            return None
        return index, self._word(self._cues[index], time)

    def draw(self, state: State, out: Planes) -> None:
        if self._drawn is None or self._drawn[0] != state:
            self._drawn = state, self._sprite(state, out.box)
        if self._drawn[1] is not None:
            self._drawn[1].blend(out)

    def _word(self, cue: Cue, time: float) -> int:
        if not self._highlight or len(cue.words) != sum(len(line.split()) for line in cue.lines):
            return -1
        return bisect_right([word.start for word in cue.words], time) - 1

    def _sprite(self, state: State, canvas: Box) -> Sprite | None:
        cue, word = self._cues[state[0]], state[1]
        picture = draw_cue(cue.lines, word, self._highlight, self._canvas, self._font)
        left = (self._canvas.width - picture.width) // 2
        top = round(self._canvas.height * BOTTOM) - picture.height
        return rgba_to_sprite(np.asarray(picture), left, top, canvas)


def draw_cue(lines: tuple[str, ...], word: int, highlight: bool, canvas: Canvas, font_file: Path) -> Image.Image:
    """Lines centred over a box; word number `word` in the accent colour."""
    look = Look(_fitting(tuple(lines), canvas, str(font_file)), highlight)
    picture = _unmarked(tuple(lines), look)
    first = 0
    for number, line in enumerate(lines):
        words = line.split()
        if 0 <= word - first < len(words):
            before = " ".join(words[: word - first]) + " " * (word > first)
            left, middle = look.place(picture, number, line)
            picture = picture.copy()
            look.write(picture, (left + look.font.getlength(before), middle), words[word - first], ACCENT)
        first += len(words)
    return picture


class Look(NamedTuple):
    """How text is set."""

    font: ImageFont.FreeTypeFont
    outlined: bool

    def place(self, picture: Image.Image, number: int, line: str) -> tuple[float, float]:
        """The left end of a line's middle."""
        size = self.font.size
        return (picture.width - self.font.getlength(line)) / 2, size * (PAD_Y + LINE * (number + 0.5))

    def write(
        self, picture: Image.Image, place: tuple[float, float], text: str, colour: tuple[int, int, int, int]
    ) -> None:
        outline = max(round(self.font.size / 22), 1) if self.outlined else 0
        pen = ImageDraw.Draw(picture)
        pen.text(place, text, colour, self.font, "lm", stroke_width=outline, stroke_fill=OUTLINE)


@lru_cache(maxsize=2)  # a cue is drawn anew for each of its words, one after the other
def _unmarked(lines: tuple[str, ...], look: Look) -> Image.Image:
    size = look.font.size
    width = max((look.font.getlength(line) for line in lines), default=0)
    picture = Image.new("RGBA", (round(width + 2 * PAD_X * size), round(size * (LINE * len(lines) + 2 * PAD_Y))))
    box = (0, 0, picture.width - 1, picture.height - 1)
    ImageDraw.Draw(picture).rounded_rectangle(box, size * 0.28, fill=BACK)
    for number, line in enumerate(lines):
        look.write(picture, look.place(picture, number, line), line, TEXT)
    return picture


@lru_cache(maxsize=8)
def _fitting(lines: tuple[str, ...], canvas: Canvas, font_file: str) -> ImageFont.FreeTypeFont:
    """The font at the usual size, or smaller where a line would be too wide."""
    size = round(min(canvas.height * HIGH, canvas.width * WIDE))
    font = ImageFont.truetype(font_file, max(size, SMALLEST))
    widest = max((font.getlength(line) for line in lines), default=0) / (canvas.width * WIDEST)
    return font if widest <= 1 else ImageFont.truetype(font_file, max(int(font.size / widest), SMALLEST))


def missing_letters(cues: tuple[Cue, ...], font_file: Path = FONT) -> str:
    """Letters of the captions that the font cannot draw."""
    font = ImageFont.truetype(str(font_file), 24)
    unknown = _shape(font, "\U000fffff")
    letters = {letter for cue in cues for line in cue.lines for letter in line if not letter.isspace()}
    return "".join(sorted(letter for letter in letters if _shape(font, letter) == unknown))


def _shape(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    mask = font.getmask(letter)
    return bytes(mask) if mask.size[0] else b""

"""Burned-in captions: each state of a cue drawn once with Pillow, then blended in its box. Text is only ever data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from aurad.api import BadInput, Canvas, Cue
from aurad_plugins.render_ffmpeg import lettering
from aurad_plugins.render_ffmpeg.lettering import Token
from aurad_plugins.render_ffmpeg.planes import Box, Planes
from aurad_plugins.render_ffmpeg.sprites import Sprite, rgba_to_sprite

TEXT, ACCENT, OUTLINE = (255, 255, 255, 255), (255, 209, 71, 255), (0, 0, 0, 235)
ON_ACCENT = (16, 18, 26, 255)
BACK = (8, 10, 16, 168)  # enough contrast over a white slide: 4.5 to 1 with white text
WIDEST = 0.88  # of the canvas, so that nothing touches an edge
SMALLEST = 6  # pixels of a letter: below, letters are blots
LINE, PAD_X, PAD_Y, ROUND = 1.28, 0.55, 0.3, 0.28  # of the letters' size
PILL, PILL_PAD = 0.6, 0.1  # half of its height, and what it is wider than its word at each side
SHORTEST = 1.0  # seconds that a line of its own is shown at least
# Word for word as the slides say it, which show the same typeface: it is credited once.
FONT_CREDIT = {"title": "Inter", "author": "The Inter Project Authors", "licence": "OFL-1.1"}
State = tuple[int, int]  # which cue, and which of its words is said (-1: none)


class Style(NamedTuple):
    """How captions look. `outline` and `size` are in parts of the usual letters' size."""

    description: str
    boxed: bool = False
    mark: Literal["", "colour", "pill"] = ""
    outline: float = 0.0
    size: float = 1.0
    one_line: bool = False


STYLES = {
    "plain": Style("white letters with a dark outline", outline=0.1),
    "box": Style("white letters on a dark box", boxed=True),
    "highlight": Style("on a dark box, the spoken word in colour", boxed=True, mark="colour", outline=0.045),
    "pill": Style("with a dark outline, the spoken word on a coloured ground", mark="pill", outline=0.1),
    "pop": Style("large, phrase by phrase, the spoken word in colour", False, "colour", 0.13, 1.3, one_line=True),
}


def style_of(name: str, canvas: Canvas) -> Style:
    """The style of that name; "" is left to us: upright pictures are watched without sound, so words are marked."""
    chosen = name or ("highlight" if canvas.height > canvas.width else "box")
    if chosen not in STYLES:
        raise BadInput(f"cannot draw captions in the style {chosen!r}: there are {', '.join(STYLES)}")
    return STYLES[chosen]


def styles() -> list[dict[str, str]]:
    """What people can choose from."""
    return [{"name": name, "description": style.description} for name, style in STYLES.items()]


class Captions:
    """The captions of a scene. `state` names what is seen at a frame, `draw` puts it there."""

    def __init__(self, cues: tuple[Cue, ...], style: str, canvas: Canvas) -> None:
        self._style, self._canvas = style_of(style, canvas), canvas
        self._cues = tuple(line_by_line(cues)) if self._style.one_line else cues
        self._starts = [cue.start for cue in self._cues]
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
        if not self._style.mark or not tells_words(cue):
            return -1
        return bisect_right([word.start for word in cue.words], time) - 1

    def _sprite(self, state: State, canvas: Box) -> Sprite | None:
        picture = draw_cue(self._cues[state[0]], state[1], self._style, self._canvas)
        left = (self._canvas.width - picture.width) // 2
        top = round(self._canvas.height * _bottom(self._canvas)) - picture.height
        return rgba_to_sprite(np.asarray(picture), left, top, canvas)


def missing_letters(cues: Iterable[Cue]) -> str:
    """Letters of the captions that no font here can draw."""
    return lettering.missing_letters([line for cue in cues for line in cue.lines])


# ---------------------------------------------------------------- words of lines


def tokens_of(cue: Cue) -> list[list[Token]]:
    """The words of each line, as the cue tells them if it does; parts of a word are glued to each other."""
    if not tells_words(cue):
        return [[Token(word) for word in line.split()] for line in cue.lines]
    words, lines = iter(cue.words), []
    for line in cue.lines:
        tokens: list[Token] = []
        at = 0
        while at < len(line):
            text = next(words).text
            spaced = line[at:].startswith(" ")
            tokens.append(Token(text, glued=bool(tokens) and not spaced))
            at += spaced + len(text)
        lines.append(tokens)
    return lines


def tells_words(cue: Cue) -> bool:
    """Whether the cue's words are those of its lines, and no word's text hides a space."""
    told = [word.text for word in cue.words]
    return bool(told) and "".join(told) == "".join(cue.lines).replace(" ", "") and all(told)


def line_by_line(cues: Iterable[Cue]) -> Iterable[Cue]:
    """Each line for itself, from its first word on; unless one of them were only flashed."""
    for cue in cues:
        counts = [len(tokens) for tokens in tokens_of(cue)]
        if len(counts) != 2 or not tells_words(cue):
            yield cue
            continue
        cut = cue.words[counts[0]].start
        if min(cut - cue.start, cue.end - cut) < SHORTEST:
            yield cue
            continue
        upper, lower = cue.words[: counts[0]], cue.words[counts[0] :]
        yield msgspec.structs.replace(cue, end=cut, lines=cue.lines[:1], words=upper)
        yield msgspec.structs.replace(cue, start=cut, lines=cue.lines[1:], words=lower)


# ---------------------------------------------------------------- drawing


class Placed(NamedTuple):
    """A token on its line: its left edge and width, and how its letters run."""

    token: Token
    left: float
    width: float
    direction: str


class Block(NamedTuple):
    """Lines of letters of one size, ready to be drawn; `order` of the tokens is that of speech."""

    size: int
    width: float
    lines: tuple[tuple[Placed, ...], ...]


def draw_cue(cue: Cue, word: int, style: Style, canvas: Canvas) -> Image.Image:
    """Centred lines; word number `word` is marked."""
    block = _fitted(tuple(map(tuple, tokens_of(cue))), style, canvas)
    size, edge = block.size, round(block.size * style.outline)
    step = size * LINE
    pad = size * (PAD_Y if style.boxed else style.outline)
    picture = Image.new("RGBA", (round(block.width + 2 * size * PAD_X), round(step * len(block.lines) + 2 * pad)))
    pen = ImageDraw.Draw(picture)
    if style.boxed and any(block.lines):
        pen.rounded_rectangle((0, 0, picture.width - 1, picture.height - 1), size * ROUND, fill=BACK)
    said = 0
    for number, line in enumerate(block.lines):
        middle = pad + step * (number + 0.5)
        ordered = [(placed, said + place == word) for place, placed in enumerate(line)]
        said += len(line)
        shift = picture.width / 2 - (max((p.left + p.width for p in line), default=0.0)) / 2
        for placed, marked in sorted(ordered, key=lambda pair: pair[1]):  # the marked one on top
            _draw_token(pen, placed, shift, middle, size, edge, style.mark if marked else "")
    return picture


def _draw_token(
    pen: ImageDraw.ImageDraw, placed: Placed, shift: float, middle: float, size: int, edge: int, mark: str
) -> None:
    ascent, descent = lettering.font_of(str(lettering.FONT), size).getmetrics()
    x, base = shift + placed.left, middle + (ascent - descent) / 2
    colour = TEXT
    if mark == "pill":
        box = (x - size * PILL_PAD, middle - size * PILL, x + placed.width + size * PILL_PAD, middle + size * PILL)
        pen.rounded_rectangle(box, size * ROUND, fill=ACCENT)
        colour, edge = ON_ACCENT, 0
    elif mark == "colour":
        colour = ACCENT
    for text, font, width in _runs(placed.token.text, placed.direction, size):
        way = placed.direction if lettering.SHAPES else None
        pen.text((x, base), text, colour, font, "ls", stroke_width=edge, stroke_fill=OUTLINE, direction=way)
        x += width


def _runs(text: str, direction: str, size: int) -> list[tuple[str, ImageFont.FreeTypeFont, float]]:
    """Letters by font from left to right, with their widths."""
    runs = list(lettering.runs_of(text))
    made = []
    for run in runs if direction == "ltr" else runs[::-1]:
        font = lettering.font_of(run.font, size)
        shown = run.text if lettering.SHAPES or direction == "ltr" else run.text[::-1]
        made.append((shown, font, font.getlength(shown, direction=direction if lettering.SHAPES else None)))
    return made


@lru_cache(maxsize=8)
def _fitted(lines: tuple[tuple[Token, ...], ...], style: Style, canvas: Canvas) -> Block:
    """At the usual size; a phrase of its own that is too wide then becomes two lines, and any line smaller letters."""
    size = max(round(min(canvas.height * 0.047, canvas.width * 0.062) * style.size), SMALLEST)
    room = canvas.width * WIDEST
    block = _block(lines, size)
    if style.one_line and len(lines) == 1 and block.width > room:
        lines = _halved(lines[0], size)
        block = _block(lines, size)
    if block.width > room:
        block = _block(lines, max(int(size * room / block.width), SMALLEST))
    return block


def _halved(line: Sequence[Token], size: int) -> tuple[tuple[Token, ...], ...]:
    """Two lines as even as the words allow."""
    cuts = [(tuple(line[:cut]), tuple(line[cut:])) for cut in range(1, len(line))]
    return min(cuts, key=lambda two: _block(two, size).width, default=(tuple(line),))


def _block(lines: tuple[tuple[Token, ...], ...], size: int) -> Block:
    text = " ".join(token.text for line in lines for token in line)
    base = lettering.direction_of(text) or "ltr"
    placed = tuple(_place(line, base, size) for line in lines)
    return Block(size, max((p.left + p.width for line in placed for p in line), default=0.0), placed)


def _place(line: tuple[Token, ...], base: str, size: int) -> tuple[Placed, ...]:
    """Tokens in the order of speech, each at its place from the left edge."""
    space = lettering.font_of(str(lettering.FONT), size).getlength(" ")
    placed: dict[int, Placed] = {}
    x, last = 0.0, None
    for place in lettering.visual_order(line, base):
        later = place if last is None else max(place, last)  # of two neighbours, who says if there is a space
        if last is not None and not (line[later].glued and abs(place - last) == 1):
            x += space
        direction = lettering.direction_of(line[place].text) or "ltr"
        width = sum(width for *_, width in _runs(line[place].text, direction, size))
        placed[place] = Placed(line[place], x, width, direction)
        x, last = x + width, place
    return tuple(placed[place] for place in range(len(line)))


def _bottom(canvas: Canvas) -> float:
    """Where the box ends, as a part of the height: upright players cover the lower fifth with their buttons."""
    return 0.80 if canvas.height > canvas.width * 1.4 else 0.95

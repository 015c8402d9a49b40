"""Letters of captions: which font draws what, and in which order words stand on a line. Text is only ever data.

The shipped font knows Latin, Greek and Cyrillic. For other scripts a font of this machine is taken, one that is
made for captions before one that is made for everything. Words are placed one by one, from right to left where
they are read so; shaping within a word is Raqm's, which comes with Pillow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from PIL import ImageFont, features

FONT = Path(__file__).parent / "fonts" / "Inter-Bold.ttf"
FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
FALLBACKS = (
    "NotoSans-Bold.ttf", "NotoSansArabic-Bold.ttf", "NotoSansHebrew-Bold.ttf", "NotoSansDevanagari-Bold.ttf",
    "NotoSansThai-Bold.ttf", "NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc",
    "DejaVuSans-Bold.ttf", "Arial Unicode.ttf", "PingFang.ttc", "msyhbd.ttc", "malgunbd.ttf", "arialbd.ttf",
)  # fmt: skip
PACKAGES = (  # those of the extra `scripts`
    "fontpkg_noto_sans_arabic", "fontpkg_heebo", "fontpkg_noto_sans_devanagari", "fontpkg_noto_sans_tamil",
    "fontpkg_noto_sans_telugu", "fontpkg_noto_sans_thai", "fontpkg_noto_sans_khmer",
)  # fmt: skip
SHAPES = features.check("raqm")  # without it only scripts whose letters never join are right
NOWHERE = "\U000fffff"  # a private letter that no font has: how a font draws what it lacks
PROBE = 24  # pixels: enough to tell letters apart
Direction = str  # "ltr" or "rtl"


class Run(NamedTuple):
    """Letters of one font."""

    text: str
    font: str


class Token(NamedTuple):
    """A word, or a part of one that follows without a space; drawn as a whole."""

    text: str
    glued: bool = False


@cache
def fallback_fonts() -> tuple[str, ...]:
    """Fonts for other scripts, best first: those of installed packages, then those of this machine."""
    packaged = (font for name in PACKAGES if (font := _packaged(name)))
    return (*packaged, *_system_fonts())


def _packaged(module: str) -> str | None:
    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec else None
    files = (path for folder in folders or () for path in sorted((Path(folder) / "files").glob("*.[ot]tf")))
    return next((str(path) for path in files if "Italic" not in path.name), None)


def _system_fonts() -> tuple[str, ...]:
    wanted = {name: rank for rank, name in enumerate(FALLBACKS)}
    found: dict[int, str] = {}
    for folder in map(Path, FOLDERS):
        for path in sorted(folder.rglob("*.[to]t[fc]")) if folder.is_dir() else ():
            if path.name in wanted:
                found.setdefault(wanted[path.name], str(path))
    return tuple(found[rank] for rank in sorted(found))


def fonts_fingerprint() -> str:
    """Which fallback fonts captions would be drawn with."""
    return " ".join(f"{Path(path).name}:{Path(path).stat().st_size}" for path in fallback_fonts())


@lru_cache(maxsize=64)
def font_of(path: str, size: int) -> ImageFont.FreeTypeFont:
    """In bold, where the font has many weights."""
    font = ImageFont.truetype(path, size)
    if path != str(FONT):
        with suppress(OSError, ValueError):  # a font of one weight
            font.set_variation_by_name("Bold")
    return font


@lru_cache(maxsize=8192)
def home_of(letter: str) -> str | None:
    """The font that draws a letter; None if there is none."""
    return next((path for path in (str(FONT), *fallback_fonts()) if _has(path, letter)), None)


def _has(path: str, letter: str) -> bool:
    return _shape(path, letter) != _shape(path, NOWHERE)


@lru_cache(maxsize=8192)
def _shape(path: str, letter: str) -> bytes:
    mask = font_of(path, PROBE).getmask(letter)
    return bytes(mask) if mask.size[0] else b""


def _needs_font(letter: str) -> bool:
    """Not for white space, invisible marks and those that sit on a letter of any font."""
    return not letter.isspace() and unicodedata.category(letter)[0] not in "MC"


def missing_letters(texts: Sequence[str]) -> str:
    """Letters that no font can draw."""
    letters = {letter for text in texts for letter in text if _needs_font(letter)}
    return "".join(sorted(letter for letter in letters if home_of(letter) is None))


def runs_of(text: str) -> Iterator[Run]:
    """The letters in order, each in its font; what no font has is left out."""
    homes: list[tuple[str, str]] = []
    for letter in text:
        home = home_of(letter) if _needs_font(letter) else (homes[-1][1] if homes else str(FONT))
        if home is not None:
            homes.append((letter, home))
    used = {home for _, home in homes}
    if len(used) == 2 and str(FONT) in used:  # a word in one other font draws its digits and dots as well
        (other,) = used - {str(FONT)}
        if all(_has(other, letter) for letter, _ in homes if _needs_font(letter)):
            homes = [(letter, other) for letter, _ in homes]
    for home, letters in groupby(homes, key=lambda pair: pair[1]):
        yield Run("".join(letter for letter, _ in letters), home)


# ---------------------------------------------------------------- directions


def direction_of(text: str) -> Direction | None:
    """Of the first letter that has one."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next(("ltr" if kind == "L" else "rtl" for kind in kinds if kind in ("L", "R", "AL")), None)


def visual_order(tokens: Sequence[Token], base: Direction) -> list[int]:
    """Indices of the tokens from left to right. What has no direction goes with the words around it."""
    known = [direction_of(token.text) for token in tokens]
    ways = [way or _around(known, tokens, place, base) for place, way in enumerate(known)]
    runs = [[place for place, _ in run] for _, run in groupby(enumerate(ways), key=lambda pair: pair[1])]
    ordered = [run if ways[run[0]] == "ltr" else run[::-1] for run in runs]
    return [place for run in (ordered if base == "ltr" else ordered[::-1]) for place in run]


def _around(known: Sequence[Direction | None], tokens: Sequence[Token], place: int, base: Direction) -> Direction:
    """Numbers go with what comes before them, everything else with what surrounds it, as Unicode has it."""
    before = next((way for way in reversed(known[:place]) if way), base)
    after = next((way for way in known[place + 1 :] if way), base)
    number = any(unicodedata.bidirectional(letter) in ("EN", "AN") for letter in tokens[place].text)
    return before if number or before == after else base

"""The fonts that ship with the plugin (all under the OFL), and which characters they can draw."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from aurad_plugins.visuals_slides.scripts import ScriptFont, font_file, script_of

FOLDER = Path(__file__).parent / "fonts"
FILES = tuple(sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".otf", ".ttf", ".woff2"}))
PLAIN, STRONG, CODE = "Inter-Medium.otf", "InterDisplay-ExtraBold.otf", "JetBrainsMono-Regular.ttf"

# Blocks that Inter draws completely enough for running text; everything else is judged by category.
_DRAWN = (
    (0x0020, 0x052F), (0x1D00, 0x1DBF), (0x1E00, 0x1FFF), (0x2010, 0x2027), (0x202F, 0x205E),
    (0x2070, 0x209C), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218B), (0x2190, 0x21A9),
    (0x2200, 0x22A5), (0x2500, 0x25FF), (0xFB01, 0xFB02),
)  # fmt: skip
JOINERS = "\u200c\u200d"  # Persian and Indic spelling needs them; alone they draw nothing
JOINT = "\u00a0\u2060"  # a space that holds its words together: after U+00A0 alone takumi may break a line
_SYMBOLS = frozenset("✓✔✗✘★☆♥❤⌘⌥⌃⇧⌫⏎")

CREDITS = (  # as they stand in OFL.txt and beside the icons
    {"title": "Inter", "author": "The Inter Project Authors", "licence": "OFL-1.1"},
    {"title": "Source Serif 4", "author": "Adobe", "licence": "OFL-1.1"},
    {"title": "JetBrains Mono", "author": "The JetBrains Mono Project Authors", "licence": "OFL-1.1"},
    {"title": "Lucide icons", "author": "Lucide Icons and Contributors", "licence": "ISC"},
)


@cache
def font_bytes(name: str) -> bytes:
    """A shipped font's file."""
    return (FOLDER / name).read_bytes()


@lru_cache(4096)  # characters; a text has some dozens
def drawable(char: str) -> bool:
    """Whether the shipped fonts have a glyph for `char`."""
    return char in _SYMBOLS or any(low <= ord(char) <= high for low, high in _DRAWN)


class Presentable(NamedTuple):
    """`scripts`: those drawn by other packages' fonts. `missing`: letters that no font here has."""

    text: str
    scripts: frozenset[ScriptFont]
    missing: str


def presentable(words: str) -> Presentable:
    """`words` without what would be an empty box (emoji, controls), and what its scripts need.

    Letters that are `missing` are still in the text: a brand's font may have them; see `without`.
    """
    kept, missing, scripts = [], [], set()
    for char in unicodedata.normalize("NFC", words):
        category = unicodedata.category(char)
        if char.isspace() or drawable(char):
            kept.append(char)
        elif category[0] in "LMN" or (category[0] == "P"):
            kept.append(char)
            script = script_of(char)
            if script and font_file(script.module):
                scripts.add(script)
            elif category[0] == "L":
                missing.append(char)
        elif char in JOINERS and kept:
            kept.append(char)
    return Presentable("".join(kept), frozenset(scripts), "".join(missing))


def without(words: str, missing: str) -> str:
    """`words` without letters that would be boxes; nothing at all if those are half of it or more."""
    letters = sum(unicodedata.category(char)[0] == "L" for char in words)
    if 2 * len(missing) >= letters:
        return ""
    lost = set(missing)
    return "".join(
        char for char in words if char not in lost and (drawable(char) or unicodedata.category(char)[0] != "M")
    )


def families() -> list[str]:
    """The font files that ship, by name, for people."""
    return [name.rpartition(".")[0] for name in FILES]

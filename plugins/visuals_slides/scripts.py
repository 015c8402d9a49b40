"""Scripts that the shipped fonts lack: which installed font package draws each, and which run from right to left."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

EXTRA = "scripts"  # the extra of our distribution that installs the packages below
RIGHT_TO_LEFT = frozenset({"R", "AL"})  # Unicode bidirectional classes


class ScriptFont(NamedTuple):
    """A script's code blocks and the module that holds a font for it, in its folder `files` or beside its code."""

    name: str
    module: str
    blocks: tuple[tuple[int, int], ...]


FONTS = (
    ScriptFont("Arabic", "fontpkg_noto_sans_arabic", ((0x600, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC))),
    ScriptFont("Hebrew", "fontpkg_heebo", ((0x590, 0x5FF), (0xFB1D, 0xFB4F))),
    ScriptFont("Devanagari", "fontpkg_noto_sans_devanagari", ((0x900, 0x97F), (0xA8E0, 0xA8FF))),
    ScriptFont("Tamil", "fontpkg_noto_sans_tamil", ((0xB80, 0xBFF),)),
    ScriptFont("Telugu", "fontpkg_noto_sans_telugu", ((0xC00, 0xC7F),)),
    ScriptFont("Thai", "fontpkg_noto_sans_thai", ((0xE00, 0xE7F),)),
    ScriptFont("Khmer", "fontpkg_noto_sans_khmer", ((0x1780, 0x17FF),)),
    ScriptFont(
        "Chinese, Japanese and Korean", "manimgx_fonts_cjk",
        ((0x1100, 0x11FF), (0x2E80, 0x31FF), (0x3200, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
         (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x20000, 0x323AF)),
    ),
)  # fmt: skip


def script_of(char: str) -> ScriptFont | None:
    """The script of `char`, if one of the packages has it."""
    code = ord(char)
    return next((font for font in FONTS if any(low <= code <= high for low, high in font.blocks)), None)


@cache
def font_file(module: str) -> Path | None:
    """The upright font file of an installed package; None if it is not installed."""
    spec = find_spec(module)
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or () for path in sorted(Path(folder).rglob("*.[ot]t[cf]"))]
    return next((path for path in files if "Italic" not in path.name), None)


def versions() -> dict[str, str]:
    """The installed packages: another font is another picture."""
    return {font.module: metadata.version(font.module.replace("_", "-")) for font in FONTS if find_spec(font.module)}


def reads_from_right(texts: Iterable[str]) -> bool:
    """Whether most letters run from right to left."""
    balance = 0
    for text in texts:
        for char in text:
            kind = unicodedata.bidirectional(char)
            balance += 1 if kind in RIGHT_TO_LEFT else -1 if kind == "L" else 0
    return balance > 0

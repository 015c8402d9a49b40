"""Takumi, kept warm: measures and paints trees of nodes. Knows fonts and style sheets, no layouts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aurad_plugins.visuals_slides.fonts import FILES, font_bytes
from aurad_plugins.visuals_slides.frame import Frame
from aurad_plugins.visuals_slides.nodes import Node, as_takumi
from aurad_plugins.visuals_slides.scripts import ScriptFont, font_file
from aurad_plugins.visuals_slides.takumi import CompiledStyleSheet, MeasuredNode, Renderer
from aurad_plugins.visuals_slides.themes import Theme

Pixels = npt.NDArray[np.uint8]
HERE = Path(__file__).parent
DISPLAY = ".heading,.quote,.figure,.strong,.number,.value"  # classes of what is set large
GAUGE = 100.0  # px of the font size at which words are measured
CACHE_BYTES = 16 * 1024 * 1024  # icons are tiny; a bigger cache would only hold old slides


@lru_cache(maxsize=1)
def renderer() -> Renderer:
    """The one renderer of this process, with every shipped font."""
    made = Renderer(load_default_fonts=False, cache_max_bytes=CACHE_BYTES)
    for name in FILES:
        made.register_font(font_bytes(name))
    return made


def provide(scripts: Iterable[ScriptFont]) -> None:
    """Make the fonts of these scripts known; the renderer falls back to them letter by letter."""
    for script in scripts:
        _provided(script)


@cache
def _provided(script: ScriptFont) -> None:
    path = font_file(script.module)
    if path is not None:
        renderer().register_font(path.read_bytes())


@lru_cache(maxsize=8)
def _sheets(theme: Theme) -> tuple[CompiledStyleSheet, ...]:
    files = ["slides.css", *(["serif.css"] if theme.headings == "serif" else [])]
    parts = [(HERE / name).read_text(encoding="utf-8") for name in files]
    if theme.family:
        parts.append(f'{DISPLAY}{{font-family:"{theme.family}","Inter Display"}}')
    return tuple(renderer().compile_stylesheet(part) for part in (*parts, theme.variables()))


class Painter:
    """Measures and paints for one frame and theme."""

    def __init__(self, frame: Frame, theme: Theme) -> None:
        self.frame, self.theme = frame, theme
        self._common: dict[str, Any] = {
            "stylesheets": _sheets(theme), "font_size": frame.unit, "lang": frame.language or None,
        }  # fmt: skip
        self._widths: dict[tuple[str, str], float] = {}

    def measure(self, node: Node, *, height: int | None = None) -> MeasuredNode:
        """Boxes of the tree, in canvas pixels, laid out as wide as the canvas."""
        compiled = renderer().compile_node(as_takumi(node))
        return renderer().measure_compiled(compiled, width=self.frame.width, height=height, **self._common)

    def paint(self, node: Node, show: frozenset[int] | None = None) -> Pixels:
        """The tree as RGBA (straight alpha) on nothing; see `as_takumi` for `show`."""
        width, height = self.frame.width, self.frame.height
        compiled = renderer().compile_node(as_takumi(node, show))
        raw = renderer().render_compiled(compiled, width=width, height=height, format="raw", **self._common)
        return np.frombuffer(raw, np.uint8).reshape(height, width, 4)

    def word_width(self, css: str, word: str) -> float:
        """Width of an unbroken `word` in em of its own font size."""
        key = (css, word)
        if key not in self._widths:
            one = Node(kind="text", css=css, text=word, style={"white-space": "nowrap"})
            row = Node(
                children=(one,),
                css=self.frame.shape,
                style={"display": "flex", "align-items": "flex-start", "font-size": f"{GAUGE}px"},
            )
            compiled = renderer().compile_node(as_takumi(row))
            made = renderer().measure_compiled(compiled, width=100_000, height=None, **self._common)
            self._widths[key] = made.children[0].width / GAUGE
        return self._widths[key]

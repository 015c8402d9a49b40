"""The tree that a layout builds: boxes, texts and images, and which of them come in with a word.

Text stays data: it is handed to the renderer as a node's content and never becomes markup. Font sizes
are told in Python, in em of the tree's scale, because fitting and the plain fall-back must know them;
colours, weights and spacing are the style sheets' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

Effect = Literal["none", "fade", "rise", "slide", "grow", "wipe"]  # as in a Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """How a node comes in. `bleed` (in units) is how far its shadow reaches beyond its box."""

    at: int | None = None
    effect: Effect = "rise"
    delay: float = 0.0
    seconds: float = 0.55
    bleed: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One box. A text has `text` and `size` (em), an image `image` (SVG or PNG bytes), a box `children`."""

    kind: str = "container"
    css: str = ""
    children: tuple[Node, ...] = ()
    text: str = ""
    size: float = 1.0
    lines: int = 0
    image: bytes = b""
    style: dict[str, str | float] = field(default_factory=dict)
    reveal: Reveal | None = None


def box(css: str, *children: Node | None, reveal: Reveal | None = None, **style: str | float) -> Node:
    """A container; children that are None are left out. `style` spells `flex-grow` as `flex_grow`."""
    kept = tuple(child for child in children if child is not None)
    return Node(css=css, children=kept, style=_style(style), reveal=reveal)


def text(
    css: str, content: str, size: float, *, lines: int = 0, reveal: Reveal | None = None, **style: str | float
) -> Node | None:
    """A paragraph of at most `lines` lines (0: any number), or None if there is nothing to say."""
    if not content.strip():
        return None
    return Node(kind="text", css=css, text=content, size=size, lines=lines, style=_style(style), reveal=reveal)


def image(
    data: bytes, width: float, height: float, *, css: str = "", reveal: Reveal | None = None, **style: str | float
) -> Node:
    """A picture drawn `width` by `height` em."""
    sides = {"width": f"{width:.4f}em", "height": f"{height:.4f}em"}
    return Node(kind="image", css=css, image=data, style={**sides, **_style(style)}, reveal=reveal)


def _style(style: dict[str, str | float]) -> dict[str, str | float]:
    return dict(style)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, parents first."""
    yield node
    for child in node.children:
        yield from walk(child)


def texts(node: Node) -> list[Node]:
    """Every text of the tree, in reading order."""
    return [part for part in walk(node) if part.kind == "text"]


def clamp(node: Node, lines: int) -> Node:
    """The same tree with no text longer than `lines` lines."""
    children = tuple(clamp(child, lines) for child in node.children)
    limit = min(node.lines, lines) if node.lines else lines
    return replace(node, children=children, lines=limit if node.kind == "text" else 0)


_HIDDEN = {"visibility": "hidden"}
# A revealed node's parents are kept for their place only: what they paint belongs to the base.
_BARE = {"background": "none", "background-color": "transparent", "border-color": "transparent", "box-shadow": "none"}


def as_takumi(node: Node, show: frozenset[int] | None = None) -> dict[str, Any]:
    """The renderer's form of the tree.

    `show` None shows everything. Otherwise it holds the `id` of revealed nodes: with an empty set all
    but the revealed nodes is painted, else only those named.
    """
    if show is None:
        return _plain(node, {}, None)
    if show:
        return _only(node, show)
    return _without_revealed(node)


def _plain(node: Node, extra: dict[str, str], children: list[dict[str, Any]] | None) -> dict[str, Any]:
    style: dict[str, str | float] = {**node.style, **extra}
    made: dict[str, Any] = {"type": node.kind, "tagName": "div", "className": node.css}
    if node.kind == "text":
        made["text"] = node.text
        style["font-size"] = f"{node.size:.4f}em"
        if node.lines:
            style |= {"-webkit-line-clamp": node.lines, "text-overflow": "ellipsis", "overflow": "hidden"}
    elif node.kind == "image":
        made["src"] = node.image
    else:
        made["children"] = [_plain(child, {}, None) for child in node.children] if children is None else children
    made["style"] = {_camel(name): value for name, value in style.items()}
    return made


@cache  # there are some dozens
def _camel(name: str) -> str:
    """The renderer's spelling of an inline property: it silently ignores `font_size` and `font-size`."""
    first, *others = name.replace("-", "_").strip("_").split("_")
    joined = first + "".join(other.capitalize() for other in others)
    return joined if first != "webkit" else joined[0].upper() + joined[1:]


def _without_revealed(node: Node) -> dict[str, Any]:
    if node.reveal is not None:
        return _plain(node, _HIDDEN, None)
    return _plain(node, {}, [_without_revealed(child) for child in node.children])


def _only(node: Node, show: frozenset[int]) -> dict[str, Any]:
    if id(node) in show:
        return _plain(node, {}, None)
    if not any(id(part) in show for part in walk(node)):
        return _plain(node, _HIDDEN, None)
    return _plain(node, _BARE, [_only(child, show) for child in node.children])

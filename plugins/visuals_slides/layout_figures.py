"""The layout of figures: one as the picture of its slide, or several in cards."""

from __future__ import annotations

import re

from aurad.api import Item
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.layout_words import BLEED, staged
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.numbers import number
from aurad_plugins.visuals_slides.page import Fit, Look, Page, entrances, filled, together

DIGIT = 0.64  # em: a figure's letter is about so wide
SHORT = 7  # letters of a figure that may be as large as can be without filling the whole width
SMALLEST = 0.4  # of the largest size; a figure that is longer still is no figure
CARD = 15.0  # units of height for one card at most, where they stand one above another
MEANING = 2.0  # em of what a figure that stands alone means
SHARE = re.compile(r"^~?(\d+(?:\.\d+)?)\s?%$")
SHARE_THICK = 1.0  # em of the bar that shows a share


def statistic(look: Look) -> Page:
    """One figure as the picture, and what it means; several stand in cards."""
    figures = look.slide.items
    single = len(figures) == 1
    come = entrances(figures, bleed=BLEED)
    longest = max((len(_amount(look, one)) for one in figures), default=0)

    def body(fit: Fit) -> Node:
        kept = list(zip(figures[: fit.keep or None], come, strict=False))
        made = _alone(look, *kept[0], longest) if single else _cards(look, kept, longest, fit)
        return box("col", made, text("lead", look.slide.body, 2.1, reveal=staged(2)), gap="1.8em")

    page_icon = look.slide.icon or icons.pick_certain(*_words(look)) if single else None
    return Page(
        header=look.header(), body=body, largest=1.9, smallest=0.35, count=len(figures),
        mood="hero" if single else "calm", ornament=look.ornament(page_icon),
    )  # fmt: skip


def _words(look: Look) -> tuple[str, ...]:
    """What a figure that stands alone is about."""
    return (look.slide.heading, *(item.detail for item in look.slide.items), look.slide.body, look.slide.kicker)


def _alone(look: Look, item: Item, reveal: Reveal, longest: int) -> Node:
    """The figure as large as can be, and below it what it means, there before it; a share is drawn as well."""
    # A long figure is set smaller by itself: as part of the whole it would make the words below it small, too.
    narrow = 8 * max(SMALLEST, min(1.0, SHORT / max(longest, 1)))
    size = look.pick(9.5 if longest <= SHORT else 7.5, narrow, narrow)
    figure = text("figure", together(_amount(look, item)), size, reveal=reveal)
    return box("col", figure, *_meaning(item, MEANING), _share(item, reveal), gap=f"{size * 0.13:.2f}em")


def _share(item: Item, reveal: Reveal) -> Node | None:
    """The bar of what is a share `of` something: other per cent, such as growth, are no part of a whole."""
    match = SHARE.match(item.text)
    part = float(match[1]) / 100 if match and item.value is None and item.detail.lower().startswith("of ") else 0.0
    if not 0 < part <= 1:
        return None
    bar = box(
        "bar", flex_grow=part, flex_shrink=1, flex_basis=0,
        reveal=Reveal(at=reveal.at, effect="wipe", delay=reveal.delay, seconds=0.9),
    )  # fmt: skip
    rest = box("", flex_grow=round(1 - part, 6), flex_shrink=1, flex_basis=0)
    return box("row lane", bar, rest, align_items="stretch", height=f"{SHARE_THICK}em", margin_top="0.2em")


def _meaning(item: Item, size: float) -> tuple[Node | None, Node | None]:
    return text("strong", "" if item.value is None else item.text, 1.75), text("lead", item.detail, size)


def _cards(look: Look, figures: list[tuple[Item, Reveal]], longest: int, fit: Fit) -> Node:
    """Side by side on one line, however long what is told of them; one above another on narrow canvases."""
    size = look.pick(5.6 if len(figures) == 2 else 3.6, 4.6, 4.6)
    if look.wide:
        cards = [_card_upright(item, _amount(look, item), size, reveal) for item, reveal in figures]
        return box("row", *cards, gap="1.6em", min_height=filled(fit, 0.6))
    cards = [_card_across(item, _amount(look, item), size, longest, reveal) for item, reveal in figures]
    return box("col", *cards, gap="1.2em", min_height=filled(fit, look.pick(0.9, 0.9, 0.72), CARD * len(cards)))


def _card_upright(item: Item, amount: str, size: float, reveal: Reveal) -> Node:
    figure = text("figure", together(amount), size, reveal=reveal)
    told = box("col", figure, *_meaning(item, 1.7), gap=f"{size * 0.13:.2f}em")
    return box("card", told, flex_grow=1, flex_shrink=1, flex_basis=0, padding="2.4em 1.6em 1.6em 1.6em")


def _card_across(item: Item, amount: str, size: float, longest: int, reveal: Reveal) -> Node:
    """The figure with its meaning beside it, or below it where the figures are long."""
    figure = text("figure", together(amount), size, reveal=reveal)
    if longest <= SHORT:
        column = box("", figure, width=f"{size * DIGIT * longest:.2f}em", flex_shrink=0)
        meant = box("col", *_meaning(item, 1.7), gap="0.4em", flex_grow=1, flex_shrink=1, flex_basis=0)
        told = box("row", column, meant, gap="1.2em", align_items="center")
    else:
        told = box("col", figure, *_meaning(item, 1.7), gap=f"{size * 0.13:.2f}em")
    return box(
        "card", told, flex_grow=1, flex_shrink=1, flex_basis="auto", justify_content="center", padding="1.3em 1.6em"
    )


def _amount(look: Look, item: Item) -> str:
    return item.text if item.value is None else number(item.value, look.slide.unit)

"""Layouts made of words: title, section, closing and quote."""

from __future__ import annotations

from aurad.api import Item
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.nodes import Node, Reveal, box, text
from aurad_plugins.visuals_slides.page import FIRST, STAGGER, Fit, Look, Page, entrances, kicker

HERO_WIDTH = 0.86  # of the inner width on wide canvases: longer lines are tiring to read
LEAD_WIDTH = 0.62
LONG_TITLE = 28  # letters of a heading that would leave the lines below it little room
BLEED = 1.8  # units that tall scripts reach beyond the tight lines of large headings


def staged(step: int) -> Reveal:
    """The step-th thing of a hero slide, all of which come in one after another at the start."""
    return Reveal(delay=round(FIRST + step * STAGGER, 3), seconds=0.7, bleed=BLEED)


def _hero(look: Look, heading: float, css: str = "heading title") -> Page:
    slide = look.slide
    heading *= 1.3 if len(slide.heading) <= 14 else 1.1 if len(slide.heading) <= 28 else 1.0
    lead_size = look.pick(2.0, 1.9, 2.1)
    limit = look.frame.columns * (HERO_WIDTH if look.wide else 1.0)
    lead_limit = look.frame.columns * (LEAD_WIDTH if look.wide else 0.96)

    def body(fit: Fit) -> Node:
        top = box(
            "col",
            box("rule", width="4em", height="0.36em", margin_bottom="0.5em"),
            kicker(slide.kicker),
            gap="0.9em",
            align_items="flex-start",
        )
        lead = text(
            "lead", slide.body or slide.note, lead_size, max_width=_em(lead_limit, fit, lead_size), reveal=staged(2)
        )
        main = text(css, slide.heading, heading, max_width=_em(limit, fit, heading), reveal=staged(1))
        return box("col", top, main, lead, gap="1.35em", align_items="flex-start")

    picked = slide.icon or icons.pick_certain(slide.heading, slide.body, slide.kicker)
    lines = round(look.pick(3, 4, 5))
    return Page(
        body=body, largest=1.25, smallest=0.38, title_lines=lines, mood="hero", ornament=look.ornament(picked)
    )  # fmt: skip


def _em(units: float, fit: Fit, size: float) -> str:
    """A width that does not shrink with the text: `units` told in em of a text of `size` at this fit."""
    return f"{units / (fit.scale * size):.3f}em"


def title(look: Look) -> Page:
    """The first slide: one heading, as large as it can be."""
    return _hero(look, look.pick(5.9, 5.2, 5.4))


def section(look: Look) -> Page:
    """Opens a part of the video; with a paragraph it may also carry one thought."""
    return _hero(look, look.pick(5.0, 4.5, 4.8))


def closing(look: Look) -> Page:
    """The last slide; items, if any, stand below as a few short lines."""
    slide = look.slide
    if not slide.items:
        return _hero(look, look.pick(5.2, 4.6, 5.0))
    heading = look.pick(4.4, 4.0, 4.3) * (1.0 if len(slide.heading) <= LONG_TITLE else 0.78)
    come = entrances(slide.items, first=FIRST + 2 * STAGGER)

    def body(fit: Fit) -> Node:
        items = slide.items[: fit.keep or None]
        rows = [_summed_up(look, item, reveal) for item, reveal in zip(items, come, strict=False)]
        return box(
            "col",
            kicker(slide.kicker),
            text("heading title", slide.heading, heading, reveal=staged(1)),
            text("lead", slide.body, 1.6, reveal=staged(2)),
            box("col", *rows, gap="0.95em", margin_top="1.1em"),
            gap="1.2em",
        )

    return Page(
        body=body,
        largest=1.6,
        smallest=0.42,
        mood="hero",
        count=len(slide.items),
        ornament=look.ornament(slide.icon or None),
    )


def _summed_up(look: Look, item: Item, reveal: Reveal) -> Node:
    """A ticked line; with what is told of it below, if something is."""
    words = box(
        "col",
        text("strong" if item.detail else "text", item.text, 1.6),
        text("lead", item.detail, 1.4),
        gap="0.2em", flex_shrink=1, flex_grow=1, flex_basis=0,
    )  # fmt: skip
    tick = look.icon("circle-check", 1.7)
    return box("row", tick, words, gap="0.9em", align_items="flex-start", reveal=reveal)


def quote(look: Look) -> Page:
    """Somebody's words, set large, with their name below."""
    slide = look.slide
    words = slide.body or slide.heading
    size = look.pick(3.0, 2.75, 2.8)

    def body(fit: Fit) -> Node:
        source = box(
            "row",
            box("rule", width="2.2em", height="0.16em", flex_shrink=0),
            text("lead", slide.note, 1.45, flex_shrink=1),
            gap="1em",
            align_items="center",
            max_width="100%",
            reveal=staged(3),
        )
        return box(
            "col",
            box("row", look.mark("quote", 4.4)),
            text(
                "quote",
                _unquoted(words),
                size,
                max_width=_em(look.frame.columns * (0.88 if look.wide else 1), fit, size),
                reveal=staged(1),
            ),
            source if slide.note.strip() else None,
            gap="1.7em",
            align_items="flex-start",
        )

    return Page(body=body, largest=2.0, smallest=0.4, mood="hero")


def _unquoted(words: str) -> str:
    """The words without the marks around them: the large mark above says it already."""
    bare = words.strip()
    return bare[1:-1].strip() if len(bare) > 2 and bare[0] in "\"“„«‘'" and bare[-1] in "\"”“»’'" else bare

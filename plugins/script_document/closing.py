"""The last scene: the document's last words are said while its slide sums up what came before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from aurad.api import Item, Scene, Slide
from aurad_plugins.script_document.labels import tidy
from aurad_plugins.script_document.pairing import is_image
from aurad_plugins.script_document.points import condensed
from aurad_plugins.script_document.units import Section, Unit, make_said_scene, size
from aurad_plugins.script_document.wording import Wording

FEWEST_FOR_CLOSING = 6  # units; a shorter video needs no farewell
FEWEST_CLOSING_WORDS = 8  # about three seconds
MOST_CLOSING_WORDS = 40
LISTS = frozenset(("bullets", "cards", "steps"))
MOST_LEFT = 3  # words before the last ones that have no scene of their own
SHOWN_LAST = 18  # words of a last sentence that has no shorter form
FEWEST_CHAPTERS, MOST_CHAPTERS = 2, 3  # summed up; more cannot be read in the time of a sentence


def split_closing(sections: Sequence[Section]) -> tuple[list[Section], tuple[Unit, ...]]:
    """Take the last sentence or two off to end on, if they are prose and enough is said before them."""
    if sum(len(section.units) for section in sections) < FEWEST_FOR_CLOSING:
        return list(sections), ()
    *before, section = sections
    pictured = {unit.paragraph for unit in section.units if is_image(unit)}
    prose = 0
    while prose < len(section.units) and is_free_prose(section.units[-1 - prose], pictured):
        prose += 1
    count = next((n for n in range(1, prose + 1) if size(section.units[-n:]) >= FEWEST_CLOSING_WORDS), 0)
    if prose == len(section.units) and size(section.units[: len(section.units) - count]) <= MOST_LEFT:
        count = prose  # a word or two alone would flash by
    if not count or size(section.units[-count:]) > MOST_CLOSING_WORDS:
        return list(sections), ()
    rest, last = section.units[:-count], section.units[-count:]
    if rest and not size(rest):  # code or a picture that is shown over the last words
        return list(sections), ()
    return [*before, msgspec.structs.replace(section, units=rest)], last


def is_free_prose(unit: Unit, pictured: set[int]) -> bool:
    """Prose that no picture is shown over."""
    return unit.kind == "prose" and unit.paragraph not in pictured


def make_closing_scene(
    units: Sequence[Unit], title: str, sections: Sequence[Section], *, starts: bool, wording: Wording
) -> Scene:
    """The document's last words over its title and what its chapters told; over their own gist if there are none."""
    section = sections[-1]
    items = recap(sections, title, wording)
    kicker = section.title if section.title != title and not items else ""
    body = "" if items else gist(units, section.units, title, wording)
    slide = Slide(kind="closing", kicker=kicker, heading=title, body=body, items=items)
    said = (*(section.opening if starts else ()), *units)
    return make_said_scene(said, slide, section.chapter if starts else "")


def gist(units: Sequence[Unit], before: Sequence[Unit], title: str, wording: Wording) -> str:
    """What the last words come down to; if they are as short as can be, the best of what was told right before."""
    sentences = [unit.sentence for unit in units if unit.sentence]
    phrases = [found.text for s in reversed(sentences) if (found := wording.phrase(s, title)) and found.says]
    texts = [*phrases, *(condensed(sentence, SHOWN_LAST, wording) for sentence in sentences)]
    said = {tidy(sentence.text).lower() for sentence in sentences}
    told = (text for text in texts if text and text.lower() not in said)
    return next(told, "") or takeaway(before, title, wording)


def recap(sections: Sequence[Section], title: str, wording: Wording) -> tuple[Item, ...]:
    """The weightiest chapters in their order, each with the best thing that it says; nothing if there is only one.

    Sentences are counted, not words: a sentence that is changed leaves the last scene as it was.
    """
    told = [
        (Item(text=head, detail=takeaway(units, f"{title} {head}", wording)), len(units))
        for head, units in chapters(sections)
        if head != title and units
    ]
    telling = [chapter for chapter in told if chapter[0].detail]
    if len(telling) < FEWEST_CHAPTERS:
        entries = {head: first_entry(units) for head, units in chapters(sections)}
        told = [(with_detail(item, entries[item.text]), length) for item, length in told]
    else:
        told = telling
    weightiest = sorted(told, key=lambda chapter: (not chapter[0].detail, -chapter[1]))[:MOST_CHAPTERS]
    return (
        tuple(item for item, _ in told if item in [kept for kept, _ in weightiest])
        if len(weightiest) >= FEWEST_CHAPTERS
        else ()
    )


def chapters(sections: Sequence[Section]) -> Iterator[tuple[str, list[Unit]]]:
    """Each chapter's heading with all that is said in it, subsections too."""
    head, units = "", list[Unit]()
    for section in sections:
        if section.chapter:
            if head:
                yield head, units
            head, units = section.chapter.split(" — ")[0], []
        units += section.units
    if head:
        yield head, units


def takeaway(units: Sequence[Unit], shown: str, wording: Wording) -> str:
    """The best short statement of some sentences, rather not of `It is ...`; empty if none stands alone."""
    phrases = [(not unit.leans, wording.phrase(unit.sentence, shown)) for unit in units if unit.sentence]
    said = [(alone, phrase.score, phrase.text) for alone, phrase in phrases if phrase and phrase.says]
    return max(said, key=lambda found: found[:2], default=(False, 0.0, ""))[2]


def with_detail(item: Item, entry: str) -> Item:
    return item if item.detail else msgspec.structs.replace(item, detail=entry)


def first_entry(units: Sequence[Unit]) -> str:
    """What the first of their lists begins with: for a chapter that makes no statement."""
    listed = (item.text for unit in units if unit.slide and unit.slide.kind in LISTS for item in unit.slide.items)
    return next((text for text in listed if not text[:1].isdigit()), "")

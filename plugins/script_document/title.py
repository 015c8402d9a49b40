"""The first scene and the last: both made only from the document's own words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aurad.api import Scene, Slide
from aurad_plugins.script_document.sentences import end_sentence, make_sentence
from aurad_plugins.script_document.units import Section, Unit
from aurad_plugins.script_document.wording import Wording

OPENING_WORDS = 30  # said over the title, with the title: about ten seconds
SUBTITLE = 9
FEWEST_FOR_CLOSING = 3  # sections; a shorter document needs no farewell
CLOSING_WORDS = 45


def take_opening(sections: Sequence[Section], title: str) -> tuple[tuple[Unit, ...], list[Section]]:
    """The first sentences, if the document opens with prose, and the sections without them."""
    if not sections or sections[0].level > 1:
        return (), list(sections)
    units = sections[0].units
    count, words = 0, len(title.split())
    while count < len(units) and units[count].kind == "prose":
        words += len(units[count].spoken)
        if count and words > OPENING_WORDS:
            break
        count += 1
    first = msgspec.structs.replace(sections[0], units=units[count:])
    return units[:count], [*([first] if first.units else []), *sections[1:]]


def make_title_scene(title: str, opening: Sequence[Unit], description: str, wording: Wording) -> Scene:
    name = make_sentence(end_sentence(title))
    said = [word for unit in opening for word in unit.spoken]
    bare = [word.strip(".,:;!?").lower() for word in name.spoken]
    repeats = [word.strip(".,:;!?").lower() for word in said[: len(bare)]] == bare
    words = said if repeats else [*name.spoken, *said]
    if not words:
        words = ["…"]
    body = subtitle(opening, title, wording)
    slide = Slide(kind="title", heading=title, body=body or short(description))
    return Scene(text=" ".join(words), chapter=title, slide=slide)


def subtitle(opening: Sequence[Unit], title: str, wording: Wording) -> str:
    for unit in opening:
        if unit.sentence and (phrase := wording.phrase(unit.sentence, title, SUBTITLE)):
            return phrase.text
    return ""


def short(description: str) -> str:
    words = description.split()
    return description if len(words) <= 2 * SUBTITLE else ""


def take_closing(sections: list[Section]) -> tuple[list[Section], bool]:
    """Cut the document's last sentences off as a section of their own, if they can end a video."""
    if len(sections) < FEWEST_FOR_CLOSING or not sections[-1].units:
        return sections, False
    last = sections[-1]
    return sections, all(unit.kind == "prose" for unit in last.units[-2:])

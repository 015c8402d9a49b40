"""Units: the smallest things that are said and shown together, and the sections they belong to.

A unit is a sentence of prose, or a list, table, quotation, picture or piece of code with all that is said
about it. Its items count words from the unit's own first word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aurad.api import Item, Scene, Slide, Value
from aurad_plugins.script_document.sentences import Sentence

UnitKind = Literal["prose", "rich", "picture"]
ItemsKind = Literal["bullets", "cards", "steps", "comparison"]


class Unit(Value, frozen=True, kw_only=True):
    """`spoken` is what is said, `slide` what a rich unit shows; `sentence` is there for prose only."""

    kind: UnitKind
    spoken: tuple[str, ...] = ()
    written: dict[str, str] = {}  # what captions show in place of some of it
    sentence: Sentence | None = None
    slide: Slide | None = None
    paragraph: int = 0
    leans: bool = False  # makes no sense without the unit before it

    @property
    def text(self) -> str:
        return self.sentence.text if self.sentence else " ".join(self.spoken)


class Section(Value, frozen=True, kw_only=True):
    """What stands under one heading. `level` 1 is the document's own, 2 its sections, and so on."""

    title: str
    level: int
    parent: str = ""
    chapter: str = ""
    opening: tuple[Unit, ...] = ()  # headings said before the first unit, where the text needs them
    units: tuple[Unit, ...] = ()


class Speech:
    """Builds what a rich unit says, and knows where its items are."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._written: dict[str, str] = {}

    def say(self, sentence: Sentence) -> int:
        """Add a sentence; the place of its first word."""
        start = len(self.words)
        self.words += sentence.spoken
        self._written |= sentence.written
        return start

    def lead(self, sentence: Sentence, *, ended: bool = False) -> None:
        """Say what announces the rest, colon and all; a heading gets a full stop, or all if `ended`."""
        words = list(sentence.spoken)
        if ended and words:
            words[-1] = words[-1].rstrip(":")
        if words and words[-1][-1] not in ".!?:…":
            words[-1] += "."
        self.words += words
        self._written |= sentence.written

    def unit(self, slide: Slide, *, leans: bool = False) -> Unit:
        if self.words and self.words[-1].endswith((":", ";", ",")):  # nothing followed that it could announce
            self.words[-1] = self.words[-1][:-1] + "."
        last = len(self.words) - 1
        items = tuple(place_item(item, last) for item in slide.items)
        return Unit(
            kind="rich", spoken=tuple(self.words), written=self._written, slide=with_items(slide, items), leans=leans
        )


def say(sentence: Sentence) -> Unit:
    return Unit(kind="prose", spoken=sentence.spoken, written=sentence.written, sentence=sentence)


def make_said_scene(units: Sequence[Unit], slide: Slide, chapter: str) -> Scene:
    """The slide over all that the units say."""
    written = {said: word for unit in units for said, word in unit.written.items()}
    text = " ".join(word for unit in units for word in unit.spoken)
    return Scene(text=text, written=written, slide=slide, chapter=chapter)


def place_item(item: Item, last: int) -> Item:
    return item if item.at is None else moved(item, min(item.at, max(last, 0)) - item.at)


def moved(item: Item, by: int) -> Item:
    """The item, named `by` words later."""
    if item.at is None or not by:
        return item
    return Item(text=item.text, detail=item.detail, icon=item.icon, value=item.value, at=item.at + by)


def with_items(slide: Slide, items: tuple[Item, ...]) -> Slide:
    import msgspec

    return msgspec.structs.replace(slide, items=items)


def size(units: Sequence[Unit]) -> int:
    return sum(len(unit.spoken) for unit in units)

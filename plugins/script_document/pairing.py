"""Which paragraph a picture belongs to: each is shown over words about it, and their order is never changed."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from aurad_plugins.script_document.units import Unit

ANYWHERE = -1  # the paragraph of a picture that the document does not tie to one


def is_image(unit: Unit) -> bool:
    return unit.kind == "picture" and unit.slide is not None and unit.slide.kind == "image"


def tied_paragraph(units: Sequence[Unit], *, inside: bool) -> int:
    """The paragraph that the next picture stands in, or that announces it with a colon."""
    before = next((unit for unit in reversed(units) if not is_image(unit)), None)
    if before and before.sentence and (inside or before.sentence.text.endswith(":")):
        return before.paragraph
    return ANYWHERE


def pair_pictures(units: Sequence[Unit]) -> list[Unit]:
    """The units with each picture right before the sentences it is shown over.

    A picture belongs to the paragraph after it, or to the one before it where none follows. Where that one has its
    picture already, it goes with the paragraph before it: so do pictures that all stand after their paragraphs.
    """
    sentences: dict[int, list[int]] = {}
    for place, unit in enumerate(units):
        if unit.kind == "prose":
            sentences.setdefault(unit.paragraph, []).append(place)
    shown: dict[int, list[int]] = {}  # the pictures of a paragraph, last one first
    next_place, next_home = len(units), len(units) + max(sentences, default=0)
    for place in reversed([place for place, unit in enumerate(units) if is_image(unit)]):
        wanted = wanted_paragraph(units, place)
        home = wanted if wanted is None or wanted < next_home else next_home
        if home is not None and home == next_home:
            before = neighbour(units, range(place - 1, -1, -1))
            is_free = len(shown[home]) < len(sentences[home])
            beside = place + 1 == next_place
            if before is not None and before < home and not (beside and is_free):
                home = before
        if home is not None and len(shown.setdefault(home, [])) < len(sentences[home]):
            shown[home].append(place)
            next_place, next_home = place, home
    return put_before(units, sentences, shown)


def put_before(units: Sequence[Unit], sentences: dict[int, list[int]], shown: dict[int, list[int]]) -> list[Unit]:
    """Pictures of one paragraph share its sentences."""
    starts = {}
    for home, pictures in shown.items():
        for number, place in enumerate(reversed(pictures)):
            starts[sentences[home][number * len(sentences[home]) // len(pictures)]] = replace(
                units[place], paragraph=home
            )
    placed = []
    for place, unit in enumerate(units):
        if place in starts:
            placed.append(starts[place])
        if not is_image(unit):
            placed.append(unit)
    return placed


def wanted_paragraph(units: Sequence[Unit], place: int) -> int | None:
    """The paragraph a picture is tied to; else the one next to it, rather after than before; else the nearest."""
    if units[place].paragraph != ANYWHERE:
        return units[place].paragraph
    after, before = range(place + 1, len(units)), range(place - 1, -1, -1)
    found = [neighbour(units, way, far=far) for far in (False, True) for way in (after, before)]
    return next((paragraph for paragraph in found if paragraph is not None), None)


def neighbour(units: Sequence[Unit], way: range, *, far: bool = False) -> int | None:
    """The first paragraph on the way, past other pictures; past anything if `far`."""
    for place in way:
        if units[place].kind == "prose":
            return units[place].paragraph
        if not far and not is_image(units[place]):
            return None
    return None

"""From a group of units to a scene: the narration, and a slide that shows its points as they are named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from aurad.api import Item, Scene, Slide
from aurad_plugins.script_document.figures import find_figures
from aurad_plugins.script_document.points import MOST_POINTS, Point, condensed, fill_silence, find_points, topic
from aurad_plugins.script_document.scenes import Group
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.units import Section, Unit, make_said_scene, moved, size
from aurad_plugins.script_document.wording import Wording

LONG_TITLE = 36  # characters; more do not fit the small line over a heading
HEADING_WORDS = 9
CARD_PHRASE = 4
READ_ALONG = 7  # words
TELLING = 3  # words of a heading that may say what a sentence says
MOST_SENTENCES = 3  # over a number that fills the slide
LONGEST_ALONE = 24  # words said after the last number came
WHOLE_WORDS = 20  # of a sentence that a slide shows as it is, for want of a shorter form


class Place(NamedTuple):
    """Where a scene stands in its document."""

    title: str
    section: Section
    first: bool  # of its section
    after_figure: bool  # the scene before shows a number already


def make_scene(group: Group, place: Place, wording: Wording) -> Scene:
    """The group's scene."""
    opening = place.section.opening if place.first else ()
    starts = list(itertools.accumulate((len(unit.spoken) for unit in group.units[:-1]), initial=size(opening)))
    rich = next((index for index, unit in enumerate(group.units) if unit.slide), None)
    if rich is not None:
        slide = rich_slide(group, rich, starts, place, wording)
    else:
        slide = prose_slide(group.units, starts, place, wording)
    return make_said_scene((*opening, *group.units), slide, chapter(place))


def chapter(place: Place) -> str:
    return place.section.chapter if place.first else ""


def headings(place: Place) -> tuple[str, str]:
    """Kicker and heading of a scene that brings no heading of its own; the heading may be empty."""
    section = place.section
    if place.first and section.level > 1:
        return section.parent or short_title(place.title), section.title
    return (section.title if section.level > 1 else place.title), ""


def short_title(title: str) -> str:
    """What stands before a colon or dash in a long title."""
    return re.split(r": | — ", title, maxsplit=1)[0] if len(title) > LONG_TITLE else title


# ---------------------------------------------------------------- lists, tables, pictures


def rich_slide(group: Group, rich: int, starts: list[int], place: Place, wording: Wording) -> Slide:
    unit = group.units[rich]
    slide = unit.slide or Slide()
    kicker, heading = headings(place)
    if not heading:
        is_one_series = slide.kind in ("bar-chart", "line-chart") and not slide.rows  # then its note is its name
        heading = slide.note if is_one_series else announced(group.units[: rich if unit.spoken else None], wording)
    if not heading:
        kicker, heading = (short_title(place.title) if place.section.level > 1 else ""), kicker
    items = tuple(moved(item, starts[rich]) for item in slide.items)
    return msgspec.structs.replace(
        slide,
        kicker=kicker if kicker != heading else "",
        heading=heading,
        note=slide.note if slide.note != heading else "",
        items=items,
    )


def announced(units: Sequence[Unit], wording: Wording) -> str:
    """A heading from the prose that is said over the slide, unless something else is said first."""
    for unit in units:
        if unit.sentence and (phrase := wording.phrase(unit.sentence)):
            return phrase.text
    return ""


# ---------------------------------------------------------------- prose


def prose_slide(units: tuple[Unit, ...], starts: list[int], place: Place, wording: Wording) -> Slide:
    kicker, heading = headings(place)
    sentences = [unit.sentence for unit in units if unit.sentence]
    points = find_points(sentences, starts, heading, wording)
    if not heading:
        if points and is_heading(points, starts):
            heading = points.pop(0).text
        else:
            kicker, heading = (short_title(place.title) if place.section.level > 1 else ""), kicker
    kicker = "" if kicker == heading else kicker
    length = starts[-1] + len(sentences[-1].spoken)
    figures = [] if place.after_figure or len(sentences) > MOST_SENTENCES else find_figures(sentences, starts, wording)
    if figures and length - figures[-1].at <= LONGEST_ALONE:
        if any(figure.text.strip("~+") in heading for figure in figures):
            kicker, heading = (short_title(place.title) if place.section.level > 1 else ""), headings(place)[0]
        items = tuple(Item(text=figure.text, detail=figure.detail, at=figure.at) for figure in figures)
        return Slide(kind="statistic", kicker=kicker, heading=heading, items=items)
    points = [point for point in points if point.text != heading][:MOST_POINTS]
    points = fill_silence(points, sentences, starts, f"{heading} {kicker} {place.title}", length, wording)
    if kicker and points and not any(point.says for point in points[:2]) and len(points) == 1:
        points = []  # a lone name below a statement says nothing
    if len(points) > 1:
        return points_slide(points, kicker, heading)
    named = points[0].text if points else ""
    body = named if points and points[0].says else whole(sentences, heading, wording) or named
    if not body and heading == place.section.title:
        body = topic(sentences, f"{heading} {kicker} {place.title}", wording)
    if kicker and is_shorter(heading, body):  # said once is enough
        kicker, heading = (short_title(place.title) if place.section.level > 1 else ""), kicker
    return Slide(kind="section", kicker=kicker if kicker != heading else "", heading=heading, body=body)


def is_heading(points: list[Point], starts: list[int]) -> bool:
    """Whether the first point can stand over the others: said at once, short, no member of an enumeration."""
    first = points[0]
    siblings = sum(point.number == first.number for point in points)
    return first.number == 0 and first.says and siblings <= 2 and len(first.text.split()) <= HEADING_WORDS


def points_slide(points: list[Point], kicker: str, heading: str) -> Slide:
    """Years over what happened then, short names on cards, statements under one another."""
    dated = all(point.year and point.year not in point.text for point in points)
    if dated and len({point.year for point in points}) == len(points):
        items = tuple(Item(text=point.year, detail=point.text, at=point.at) for point in points)
        return Slide(kind="cards", kicker=kicker, heading=heading, items=items)
    items = tuple(Item(text=point.text, at=point.at) for point in points)
    brief = len(points) <= 4 and all(len(point.text.split()) <= CARD_PHRASE for point in points)
    return Slide(kind="cards" if brief else "bullets", kicker=kicker, heading=heading, items=items)


def whole(sentences: list[Sentence], heading: str, wording: Wording) -> str:
    """A sentence or part of one that must not be shortened, since half of it would say something else.

    A scene's only sentence is never shown as it is: that would be read along.
    """
    texts = [condensed(sentence, WHOLE_WORDS, wording) for sentence in sentences]
    if len(sentences) == 1 and len(texts[0].split()) == len(sentences[0].words) > READ_ALONG:
        return ""
    return next((text for text in reversed(texts) if text and not repeats(heading, text)), "")


def repeats(heading: str, text: str) -> bool:
    """Whether the heading says what the text says; a name alone does not."""
    return len(heading.split()) >= TELLING and heading.lower() in text.lower()


def is_shorter(heading: str, text: str) -> bool:
    """Whether the heading is the text with some words left out."""
    words = iter(text.lower().split())
    return len(heading.split()) >= TELLING and all(word in words for word in heading.lower().split())

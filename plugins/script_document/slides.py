"""From a group of units to a scene: the narration, and a slide that shows its points as they are named."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from aurad.api import Item, Scene, Slide
from aurad_plugins.script_document.phrases import MOST_WORDS, Phrase
from aurad_plugins.script_document.scenes import Group
from aurad_plugins.script_document.sentences import POINTER, Sentence
from aurad_plugins.script_document.units import ItemsKind, Section, Unit, moved
from aurad_plugins.script_document.vocabulary import word_set
from aurad_plugins.script_document.wording import Wording

HEADING_WORDS = 8
CARD_PHRASE = 4
FIGURE = re.compile(r"^[\"“(]*(?P<figure>[-−]?[$€£¥]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:%|x|×|°)?)[,.;:!?)\"”]*$")
YEAR = re.compile(r"^(?:1[0-9]|20|21)\d\d$")
SCALES = word_set("thousand million billion trillion percent times")
BOUNDS = word_set("within under below")  # the number alone would say something else
NEARLY = word_set("about around roughly nearly almost approximately some circa")
STRIKING = 2  # what a number needs to fill a slide
AFTER_FIGURE = 6  # words that may say what a number counts


class Figure(NamedTuple):
    """A number worth a slide: as shown, what it counts, where it is said."""

    text: str
    detail: str
    at: int
    score: int


class Place(NamedTuple):
    """Where a scene stands in its document."""

    title: str
    section: Section
    first: bool  # of its section
    after_figure: bool  # the scene before shows a number already


def make_scene(group: Group, place: Place, wording: Wording) -> Scene:
    """The group's scene."""
    spoken = list(place.section.spoken_title) if place.first else []
    starts = []
    for unit in group.units:
        starts.append(len(spoken))
        spoken += unit.spoken
    rich = next((index for index, unit in enumerate(group.units) if unit.slide), None)
    if rich is not None:
        slide = rich_slide(group, rich, starts, place, wording)
    else:
        slide = prose_slide(group.units, starts, place, wording)
    return Scene(text=" ".join(spoken), chapter=chapter(place), slide=slide)


def chapter(place: Place) -> str:
    return place.section.chapter if place.first else ""


def headings(place: Place) -> tuple[str, str]:
    """Kicker and heading of a scene that brings no heading of its own; the heading may be empty."""
    section = place.section
    if place.first and section.level > 1:
        return section.parent or place.title, section.title
    return (section.title if section.level > 1 else place.title), ""


# ---------------------------------------------------------------- lists, tables, pictures


def rich_slide(group: Group, rich: int, starts: list[int], place: Place, wording: Wording) -> Slide:
    unit = group.units[rich]
    slide = unit.slide or Slide()
    kicker, heading = headings(place)
    if not heading:
        heading = slide.note if slide.kind in ("bar-chart", "line-chart") else announced(group, wording)
    if not heading:
        kicker, heading = (place.title if place.section.level > 1 else ""), kicker
    items = tuple(moved(item, starts[rich]) for item in slide.items)
    return msgspec.structs.replace(
        slide,
        kicker=kicker if kicker != heading else "",
        heading=heading,
        note=slide.note if slide.note != heading else "",
        items=items,
    )


def announced(group: Group, wording: Wording) -> str:
    """A heading from the prose that is said over the slide."""
    for unit in group.units:
        if unit.sentence and (phrase := wording.phrase(unit.sentence)):
            return phrase.text
    return ""


# ---------------------------------------------------------------- prose


def prose_slide(units: tuple[Unit, ...], starts: list[int], place: Place, wording: Wording) -> Slide:
    kicker, heading = headings(place)
    sentences = [unit.sentence for unit in units if unit.sentence]
    figure = best_figure(sentences, starts, wording)
    points = find_points(sentences, starts, heading, wording)
    if not heading:
        if points and points[0][0] == 0:
            heading = points.pop(0)[1].text
        else:
            kicker, heading = (place.title if place.section.level > 1 else ""), kicker
    kicker = "" if kicker == heading else kicker
    if figure and figure.score >= STRIKING and not place.after_figure and len(sentences) <= 3:
        item = Item(text=figure.text, detail=figure.detail, at=figure.at)
        return Slide(kind="statistic", kicker=kicker, heading=heading, items=(item,))
    items = tuple(Item(text=phrase.text, at=at) for _, phrase, at in points if phrase.says and phrase.text != heading)
    if len(items) > 1:
        alike = len(items) == 3 and all(len(item.text.split()) <= CARD_PHRASE for item in items)
        kind: ItemsKind = "cards" if alike else "bullets"
        return Slide(kind=kind, kicker=kicker, heading=heading, items=items)
    names = [phrase.text for _, phrase, _ in points if phrase.text != heading]
    body = items[0].text if items else names[0] if names else ""
    return Slide(kind="section", kicker=kicker, heading=heading, body=body)


Point = tuple[int, Phrase, int]  # sentence number, phrase, word at which it is named


def find_points(sentences: list[Sentence], starts: list[int], heading: str, wording: Wording) -> list[Point]:
    points: list[Point] = []
    shown = heading
    for number, sentence in enumerate(sentences):
        if POINTER.match(sentence.text):
            continue
        phrase = wording.phrase(sentence, shown, MOST_WORDS if heading or number else HEADING_WORDS)
        if phrase:
            points.append((number, phrase, starts[number] + sentence.starts[phrase.start]))
            shown += " " + phrase.text
    return points


def best_figure(sentences: list[Sentence], starts: list[int], wording: Wording) -> Figure | None:
    found = [
        figure
        for sentence, start in zip(sentences, starts, strict=True)
        for figure in figures(sentence, start, wording)
    ]
    return max(found, key=lambda figure: figure.score, default=None)


def figures(sentence: Sentence, start: int, wording: Wording) -> list[Figure]:
    """The sentence's numbers that are amounts, with what they count."""
    found = []
    for index, word in enumerate(sentence.words):
        match = FIGURE.match(word)
        is_bound = index > 0 and sentence.words[index - 1].lower() in BOUNDS
        if match and not is_bound and not YEAR.match(match["figure"]):
            found.append(make_figure(sentence, index, match["figure"], start, wording))
    return [figure for figure in found if figure.detail]


def make_figure(sentence: Sentence, index: int, text: str, start: int, wording: Wording) -> Figure:
    words = sentence.words
    scale = words[index + 1].strip(".,;:!?").lower() if index + 1 < len(words) and not word_ends(words[index]) else ""
    value = float(re.sub(r"[^\d.]", "", text.replace("−", "-")) or 0)
    score = (
        3
        if text.endswith("%")
        else 2
        if text.endswith(("x", "×")) or text[0] in "$€£¥" or value >= 1000
        else 1
        if value >= 20
        else 0
    )
    after = index + 1
    if scale in SCALES:
        text, score, after = f"{text} {scale}", 3, index + 2
    detail = counted(sentence, after, wording)
    return Figure(hedged(words, index, text), detail, start + sentence.starts[index], score)


def is_striking(text: str, value: float) -> bool:
    return text.endswith(("x", "×")) or text[0] in "$€£¥" or value >= 1000


def hedged(words: tuple[str, ...], index: int, text: str) -> str:
    """The number with what the sentence says about its exactness."""
    before = [word.lower() for word in words[max(0, index - 2) : index]]
    if before and before[-1] in NEARLY:
        return f"~{text}"
    if before[-1:] == ["over"] or before in (["more", "than"], ["at", "least"]):
        return f"{text}+"
    if before in (["up", "to"], ["less", "than"], ["fewer", "than"], ["at", "most"]):
        return f"{' '.join(before).capitalize()} {text}"
    return text


def word_ends(word: str) -> bool:
    return word.endswith((".", ",", ";", ":", "!", "?", ")"))


def counted(sentence: Sentence, after: int, wording: Wording) -> str:
    """The words after a number up to the end of their phrase: `lenses in each eye`."""
    if after and word_ends(sentence.words[after - 1]):
        return ""
    tags = wording.grammar.tags(sentence.words)
    kept: list[str] = []
    for index in range(after, min(len(sentence.words), after + AFTER_FIGURE)):
        word, tag = sentence.words[index], tags[index]
        if kept[:1] == ["of"] and word.lower() in ("are", "is", "were", "was"):  # `47% of riders are women`
            kept.append(word)
            continue
        if (
            word.startswith("(")
            or word.lower() == "for"
            or tag in ("VBZ", "VBD", "VBP", "MD", "WDT", "CC", "WP", "WRB")
        ):
            break
        kept.append(word.strip("()").rstrip(".,;:!?"))
        if word_ends(word):
            break
    ended = bool(kept) and word_ends(sentence.words[after + len(kept) - 1])
    while kept and not ended and tags[after + len(kept) - 1] in ("IN", "TO", "DT", "PRP$", "RB", "JJ", "VBG"):
        kept.pop()
    return " ".join(kept)

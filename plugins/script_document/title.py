"""The first scene, made only from the document's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from aurad.api import Scene, Slide
from aurad_plugins.script_document.labels import tidy
from aurad_plugins.script_document.phrases import Phrase
from aurad_plugins.script_document.sentences import Sentence, end_sentence, make_sentence
from aurad_plugins.script_document.units import Section, Unit, make_said_scene, say, size
from aurad_plugins.script_document.wording import Wording, joined

OPENING_WORDS = 30  # said over the title, with the title: about ten seconds
NOTHING = Phrase("", 0, 0.0)
SUBTITLE = 10
LONGEST_DEFINITION, LONGEST_KIND, FEWEST_DEFINING = 12, 15, 4
ASIDE = re.compile(r" \([^()]*\)")
KIND = re.compile(r"(?:kind|type|sort|form) of ")  # says nothing without what follows
ARTICLE = re.compile(r"^(?:the|an?) ")
DEFINES = re.compile(r"^(?P<name>[^,;:]{1,40}?)(?: \([^)]*\))? (?:is|are|was) (?P<what>an?|the) (?P<rest>[^,;:(]+)")
FEWEST_OPENING_WORDS = 5
MOST_CHAPTERS = 3  # named where nothing else opens the video


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


def give_back(
    opening: tuple[Unit, ...], sections: Sequence[Section], is_silent: Callable[[Sentence], bool]
) -> tuple[tuple[Unit, ...], list[Section]]:
    """Fewer sentences over the title, if those left of the same section would have nothing to show."""
    rest = list(sections)
    while len(opening) > 1 and rest and rest[0].level == 1 and all(is_empty(unit, is_silent) for unit in rest[0].units):
        rest[0] = msgspec.structs.replace(rest[0], units=(opening[-1], *rest[0].units))
        opening = opening[:-1]
    return opening, rest


def is_empty(unit: Unit, is_silent: Callable[[Sentence], bool]) -> bool:
    return unit.kind == "prose" and (unit.sentence is None or is_silent(unit.sentence))


def make_title_scene(
    title: str, opening: Sequence[Unit], description: str, sections: Sequence[Section], wording: Wording
) -> Scene:
    body = short(description) or subtitle(opening, title, wording)
    if not body and sections and not opening:
        body = definition(make_sentence(sections[0].units[0].text), title, wording) or " · ".join(contents(sections))
    slide = Slide(kind="title", heading=title, body=body)
    return make_said_scene(opening_units(title, opening, sections), slide, title)


def opening_units(title: str, opening: Sequence[Unit], sections: Sequence[Section]) -> list[Unit]:
    """The title and the first sentences; what comes, where a title alone would flash by."""
    units = [*say_title(title, opening), *opening]
    names = contents(sections)
    if size(units) < FEWEST_OPENING_WORDS and names:
        more = ["more"] if sum(bool(section.chapter) for section in sections) > len(names) else []
        units.append(say(make_sentence(end_sentence(joined([*names, *more])))))
    return units


def contents(sections: Sequence[Section]) -> list[str]:
    """The first chapters, if there are several."""
    chapters = [section.chapter.split(" — ")[0] for section in sections if section.chapter]
    return chapters[:MOST_CHAPTERS] if len(chapters) > 1 else []


def say_title(title: str, opening: Sequence[Unit]) -> tuple[Unit, ...]:
    """The title as it is said; nothing if the first sentence begins with it anyway."""
    name = say(make_sentence(end_sentence(title)))
    first = opening[0].spoken[: len(name.spoken)] if opening else ()
    repeated = [bare(word) for word in first] == [bare(word) for word in name.spoken]
    return () if repeated else (name,)


def bare(word: str) -> str:
    return word.strip(".,:;!?").lower()


def subtitle(opening: Sequence[Unit], title: str, wording: Wording) -> str:
    """The document's tagline, else what it says it is, else its strongest phrase."""
    sentences = [unit.sentence for unit in opening if unit.sentence]
    if not sentences:
        return ""
    if line := tagline(sentences):
        return line
    if defined := definition(sentences[0], title, wording):
        return defined
    phrases = [wording.phrase(sentence, title, SUBTITLE) for sentence in sentences]
    return max((phrase for phrase in phrases if phrase), key=lambda phrase: phrase.score, default=NOTHING).text


def tagline(sentences: Sequence[Sentence]) -> str:
    """The short sentences that it opens with."""
    kept: list[str] = []
    for sentence in sentences:
        if len(" ".join([*kept, sentence.text]).split()) > SUBTITLE:
            break
        kept.append(sentence.text)
    return tidy(kept[0]) if len(kept) == 1 else " ".join(kept)


def definition(sentence: Sentence, title: str, wording: Wording) -> str:
    """`A small tool that watches files` of `Watcher is a small tool that watches files, ...`."""
    match = DEFINES.match(ASIDE.sub("", sentence.text))
    if not match or ARTICLE.sub("", match["name"].lower()) not in title.lower():
        return ""
    most = LONGEST_KIND if KIND.match(match["rest"]) else LONGEST_DEFINITION
    found = wording.label(f"{match['what'].capitalize()} {match['rest']}", most).text
    return "" if found.endswith("…") or len(found.split()) < FEWEST_DEFINING else found


def short(description: str) -> str:
    words = description.split()
    return description.rstrip(".") if len(words) <= 2 * SUBTITLE else ""

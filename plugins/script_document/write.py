"""The whole way from a document to a script, within the time that the brief allows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from aurad.api import WORDS_PER_MINUTE, BadInput, Brief, Scene, Script
from aurad_plugins.script_document.blocks import Block, Document, Entry, Heading, Listing, Paragraph, Quote, Table, Text
from aurad_plugins.script_document.closing import make_closing_scene, split_closing
from aurad_plugins.script_document.fragments import PRONOUNS
from aurad_plugins.script_document.grammar import NOUNS, Grammar
from aurad_plugins.script_document.pictures import Pictures
from aurad_plugins.script_document.points import is_silent
from aurad_plugins.script_document.rank import STOP, fold, key_phrases, text_rank, word_weights
from aurad_plugins.script_document.read import read_document
from aurad_plugins.script_document.scenes import group_units, join_silent
from aurad_plugins.script_document.sections import (
    make_sections,
    open_with_tagline,
    split_title,
    split_units,
)
from aurad_plugins.script_document.select import keep_most_important, weigh
from aurad_plugins.script_document.slides import Place, make_scene
from aurad_plugins.script_document.title import (
    DEFINES,
    give_back,
    make_title_scene,
    opening_units,
    take_opening,
)
from aurad_plugins.script_document.units import Section, size
from aurad_plugins.script_document.wording import Wording, abridge

LONGEST_VIDEO = 3600.0  # seconds; the longest that a brief may ask for
TRIES = 6  # rounds in which the words kept are brought near the time asked for
GRID = 12  # other budgets tried after those, where units are long and time is short
NEAR = 0.03  # of the budget; well inside the promised 10 %
EARLY, NAME_WORDS = 4, 3  # sentences that may say what a document without a heading is about, and how long its name is
CLOSE = 0.06  # of the budget; enough once others were tried
MOST_TAGS = 8
TAGGED = 40_000  # characters that are looked at for tags; enough to know a word
DESCRIPTION = 280  # characters
SMALL = re.compile(r"(?<![\w.])[a-z][\w'’-]+")
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]+")
COMMAND = re.compile(r"([a-z]\w*) --?[A-Za-z]")  # with a flag: `curl -I`

Warn = Callable[[str, str], None]


def write_document(brief: Brief, grammar: Grammar, warn: Warn) -> Script:
    """The script of `brief.source`; raises `BadInput` where there is nothing to say."""
    document = read_document(brief.source or "", brief.source_format)
    if document.unknown:
        warn("unknown-front-matter", document.unknown)
    title, blocks = split_title(document)
    blocks = open_with_tagline(blocks) if title else blocks
    texts = block_texts(blocks)
    wording = make_wording(brief, grammar, [*texts, title])
    pictures = Pictures(brief.assets)
    sections = make_sections(blocks, title, wording, pictures)
    if not sections or not any(isinstance(block, Paragraph | Listing | Quote | Table) for block in blocks):
        sections = outline_sections(blocks, title, wording, warn)
    for code, detail in pictures.warnings():
        warn(code, detail)
    title = title or derive_title(sections, wording)
    scenes = fit(sections, title, document, brief, wording, warn)
    return Script(
        title=title,
        language=brief.language,
        description=describe(document, sections),
        tags=document.tags or tuple(key_phrases(texts, MOST_TAGS, noun_test(texts, grammar))),
        pronounce=document.pronounce,
        scenes=tuple(scenes),
    )


def make_wording(brief: Brief, grammar: Grammar, texts: Sequence[str]) -> Wording:
    whole = "\n".join(texts)
    names, small = frozenset(NAME.findall(whole)), frozenset(SMALL.findall(whole))
    starts = {text.split(maxsplit=1)[0].rstrip(",;:") for text in texts if text[:1].islower()}
    uncapped = frozenset(word for word in starts if grammar.knows and not grammar.is_common(word.lower()))
    uncapped |= {match[1] for text in texts if (match := COMMAND.match(text)) and match[1] not in STOP}
    return Wording(brief.language, brief.density, grammar, word_weights(texts), names - small, small, uncapped)


def noun_test(texts: Sequence[str], grammar: Grammar) -> Callable[[str], bool]:
    """Whether a word is mostly a noun here: only those make tags. Judged on the first part of a long document."""
    if not grammar.knows:
        return bool
    nouns: Counter[str] = Counter()
    for text in " \n".join(texts)[:TAGGED].split("\n"):
        words = [word.strip(".,:;!?()\"'“”").lower() for word in text.split()]
        for word, tag in zip(words, grammar.tags(text.split()), strict=True):
            nouns[fold(word)] += 1 if tag in NOUNS else -1
    return lambda word: nouns[word] > 0


def block_texts(blocks: Sequence[Block]) -> list[str]:
    texts = []
    for block in blocks:
        if isinstance(block, Paragraph):
            texts.append(block.text.text)
        elif isinstance(block, Listing):
            texts += [entry.text.text for entry in block.entries]
        elif isinstance(block, Heading):
            texts.append(block.text)
    return texts


def outline_sections(blocks: Sequence[Block], title: str, wording: Wording, warn: Warn) -> list[Section]:
    """A document of headings alone still has an outline; one heading alone has nothing to say."""
    heads = [block.text for block in blocks if isinstance(block, Heading)]
    if len(heads) < 2:
        what = f"it holds only the heading “{title or heads[0]}”" if title or heads else "it holds no sentence"
        raise BadInput(
            f"cannot write a script: {what}, so there is nothing to say",
            remedy="Give a document with some sentences; code, pictures and links alone cannot be told.",
        )
    warn("headings-only", "the document has headings but no sentences below them, so the video only names them")
    listing = Listing(ordered=False, entries=tuple(Entry(text=Text(text=head)) for head in heads))
    return make_sections([listing], title, wording, Pictures(()))


# ---------------------------------------------------------------- time


def fit(
    sections: list[Section], title: str, document: Document, brief: Brief, wording: Wording, warn: Warn
) -> list[Scene]:
    """All scenes if they fit the time; else the most important units, tried until the words are right."""
    rate = WORDS_PER_MINUTE[brief.pacing] / 60
    words = count_words(sections, title)
    budget = int((brief.duration_seconds or LONGEST_VIDEO) * rate)
    if brief.duration_seconds and words < budget * 0.9:
        warn(
            "shorter-than-asked",
            f"the document gives {words / rate:.0f} s of speech, {brief.duration_seconds:.0f} s were asked for;"
            " give more text",
        )
    if not brief.duration_seconds and words > budget:
        warn("document-too-long", f"the document needs {words / rate:.0f} s; the video keeps the most important hour")
        budget = int(budget * (1 - NEAR))
    kept = sections if words <= budget else shorten(sections, title, budget)
    seconds = count_words(kept, title) / rate
    if brief.duration_seconds and seconds > brief.duration_seconds * 1.1:
        warn(
            "longer-than-asked",
            f"the shortest whole sentences take {seconds:.0f} s, {brief.duration_seconds:.0f} s were asked for",
        )
    if seconds > LONGEST_VIDEO:
        raise BadInput(
            f"cannot write a script: one sentence alone takes {seconds:.0f} s, the longest video {LONGEST_VIDEO:.0f} s",
            remedy="Give the text its full stops; sentences are never cut.",
        )
    return make_scenes(kept, title, document, wording)


def shorten(sections: list[Section], title: str, budget: int) -> list[Section]:
    """Adjusts what may be kept until all that is said around it, too, comes close to the budget."""
    weights = weigh(sections)
    best, nearest = keep_most_important(sections, weights, budget), float("inf")
    allowed = float(budget)
    for number in range(TRIES + GRID):
        kept = keep_most_important(sections, weights, int(allowed))
        missed = budget - count_words(kept, title)
        if abs(missed) < nearest:
            best, nearest = kept, abs(missed)
        if nearest <= budget * (NEAR if number < TRIES else CLOSE):
            return best
        allowed = max(5.0, allowed + missed * 0.9) if number < TRIES else budget * (0.7 + 0.6 * (number - TRIES) / GRID)
    return without_one(best, title, budget)


def without_one(sections: list[Section], title: str, budget: int) -> list[Section]:
    """Without the unit that makes it come nearest to the budget; all if none does."""
    best, nearest = sections, abs(budget - count_words(sections, title))
    for place, section in enumerate(sections):
        for number in range(len(section.units)):
            if (not place and not number) or any(unit.leans for unit in section.units[number + 1 : number + 2]):
                continue
            units = section.units[:number] + section.units[number + 1 :]
            rest = [replace(section, units=units)] if any(unit.spoken for unit in units) else []
            tried = [*sections[:place], *rest, *sections[place + 1 :]]
            if (missed := abs(budget - count_words(tried, title))) < nearest:
                best, nearest = tried, missed
    return best


def count_words(sections: Sequence[Section], title: str) -> int:
    """All that will be said: units, headings that are spoken, and the title."""
    opening, rest = take_opening(sections, title)
    opened = size(opening_units(title, opening, rest))
    return opened + sum(size(section.units) + size(section.opening if section.level > 1 else ()) for section in rest)


# ---------------------------------------------------------------- scenes


def make_scenes(sections: Sequence[Section], title: str, document: Document, wording: Wording) -> list[Scene]:
    sections = [replace(section, units=split_units(section.units)) for section in sections]
    opening, rest = take_opening(sections, title)
    opening, rest = give_back(opening, rest, lambda sentence: is_silent(sentence, wording))
    rest, last = split_closing(rest)
    scenes = [make_title_scene(title, opening, document.description, rest, wording)]
    for section in rest:
        groups = join_silent(group_units(section.units, wording.density), lambda s: is_silent(s, wording))
        for number, group in enumerate(groups):
            place = Place(title, section, not number and section.level > 1, scenes[-1].slide.kind == "statistic")
            scenes.append(make_scene(group, place, wording))
    if last:
        scenes.append(make_closing_scene(last, title, rest, starts=not rest[-1].units, wording=wording))
    return scenes


def derive_title(sections: Sequence[Section], wording: Wording) -> str:
    """For a document without a heading: what its weightiest sentence is about."""
    units = [unit for section in sections for unit in section.units if unit.spoken]
    for unit in units[:EARLY]:
        found = DEFINES.match(unit.sentence.text if unit.sentence else unit.text)
        if found and len(found["name"].split()) <= NAME_WORDS and found["name"].lower() not in PRONOUNS:
            return found["name"]
    ranks = text_rank([unit.text for unit in units])
    for _, unit in sorted(zip(ranks, units, strict=True), key=lambda pair: -pair[0])[:20]:
        if unit.sentence and (phrase := wording.phrase(unit.sentence)):
            return abridge(phrase.text)
    return abridge(units[0].text)


def describe(document: Document, sections: Sequence[Section]) -> str:
    """The front matter's description, else the first sentences."""
    if document.description:
        return document.description
    description = ""
    for unit in (unit for section in sections for unit in section.units if unit.sentence):
        longer = f"{description} {unit.text}".strip()
        if len(longer) > DESCRIPTION:
            break
        description = longer
    return description

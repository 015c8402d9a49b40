"""The whole way from a document to a script, within the time that the brief allows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from aurad.api import WORDS_PER_MINUTE, BadInput, Brief, Scene, Script
from aurad_plugins.script_document.blocks import Block, Document, Entry, Heading, Listing, Paragraph, Text
from aurad_plugins.script_document.grammar import NOUNS, Grammar
from aurad_plugins.script_document.pictures import Pictures
from aurad_plugins.script_document.rank import fold, key_phrases, text_rank, word_weights
from aurad_plugins.script_document.read import read_document
from aurad_plugins.script_document.scenes import group_units
from aurad_plugins.script_document.sections import make_sections, split_title
from aurad_plugins.script_document.select import keep_most_important
from aurad_plugins.script_document.slides import Place, make_scene
from aurad_plugins.script_document.title import make_closing_scene, make_title_scene, split_closing, take_opening
from aurad_plugins.script_document.units import Section
from aurad_plugins.script_document.wording import Wording

LONGEST_VIDEO = 3600.0  # seconds; the longest that a brief may ask for
TRIES = 6  # rounds in which the words kept are brought near the time asked for
NEAR = 0.04  # of the budget; well inside the promised 10 %
MOST_TAGS = 8
TAGGED = 400  # paragraphs that are looked at for tags; enough to know a word
DESCRIPTION = 280  # characters
SMALL = re.compile(r"(?<![\w.])[a-z][\w'’-]+")
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w'’-]+")

Warn = Callable[[str, str], None]


def write_document(brief: Brief, grammar: Grammar, warn: Warn) -> Script:
    """The script of `brief.source`; raises `BadInput` where there is nothing to say."""
    document = read_document(brief.source or "", brief.source_format)
    title, blocks = split_title(document)
    texts = block_texts(blocks)
    wording = make_wording(brief, grammar, [*texts, title])
    pictures = Pictures(brief.assets)
    sections = make_sections(blocks, title, wording, pictures)
    if not sections:
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
        scenes=tuple(scenes),
    )


def make_wording(brief: Brief, grammar: Grammar, texts: Sequence[str]) -> Wording:
    whole = " ".join(texts)
    names, small = frozenset(NAME.findall(whole)), frozenset(SMALL.findall(whole))
    return Wording(brief.language, brief.density, grammar, word_weights(texts), names - small, small)


def noun_test(texts: Sequence[str], grammar: Grammar) -> Callable[[str], bool]:
    """Whether a word is mostly a noun here: only those make tags. Judged on the first part of a long document."""
    if not grammar.knows:
        return bool
    nouns: Counter[str] = Counter()
    for text in texts[:TAGGED]:
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
    warn("headings-only", "the document has headings but no text below them, so the video only names them")
    listing = Listing(ordered=False, entries=tuple(Entry(text=Text(text=head)) for head in heads))
    return make_sections([listing], title, wording, Pictures(()))


# ---------------------------------------------------------------- time


def fit(
    sections: list[Section], title: str, document: Document, brief: Brief, wording: Wording, warn: Warn
) -> list[Scene]:
    """All scenes if they fit the time; else the most important units, tried until the words are right."""
    rate = WORDS_PER_MINUTE[brief.pacing] / 60
    budget = int((brief.duration_seconds or LONGEST_VIDEO) * rate)
    total = sum(len(unit.spoken) for section in sections for unit in section.units)
    scenes = make_scenes(sections, title, document, wording) if total <= budget * 1.2 else []
    words = count_words(scenes) if scenes else total
    if brief.duration_seconds and words < budget * 0.9:
        warn(
            "shorter-than-asked",
            f"the document gives {words / rate:.0f} s of speech, {brief.duration_seconds:.0f} s were asked for;"
            " give more text",
        )
    if scenes and words <= budget:
        return scenes
    if not brief.duration_seconds:
        warn("document-too-long", f"the document needs {words / rate:.0f} s; the video keeps the most important hour")
    return shorten(sections, title, document, wording, budget)


def shorten(sections: list[Section], title: str, document: Document, wording: Wording, budget: int) -> list[Scene]:
    """Adjusts what may be kept until the scenes, with all that is said around it, come close to the budget."""
    best: list[Scene] = []
    allowed = float(budget)
    for _ in range(TRIES):
        scenes = make_scenes(keep_most_important(sections, int(allowed)), title, document, wording)
        words = count_words(scenes)
        if not best or abs(words - budget) < abs(count_words(best) - budget):
            best = scenes
        if abs(words - budget) <= budget * NEAR:
            break
        allowed = max(5.0, allowed + (budget - words) * 0.9)
    return best


def count_words(scenes: Sequence[Scene]) -> int:
    return sum(len(scene.text.split()) for scene in scenes)


# ---------------------------------------------------------------- scenes


def make_scenes(sections: Sequence[Section], title: str, document: Document, wording: Wording) -> list[Scene]:
    opening, rest = take_opening(sections, title)
    rest, last = split_closing(rest)
    scenes = [make_title_scene(title, opening, document.description, wording)]
    for section in rest:
        for number, group in enumerate(group_units(section.units, wording.density)):
            place = Place(title, section, not number and section.level > 1, scenes[-1].slide.kind == "statistic")
            scenes.append(make_scene(group, place, wording))
    if last:
        scenes.append(make_closing_scene(last, title, rest[-1], starts=not rest[-1].units, wording=wording))
    return scenes


def derive_title(sections: Sequence[Section], wording: Wording) -> str:
    """For a document without a heading: what its weightiest sentence is about."""
    units = [unit for section in sections for unit in section.units if unit.spoken]
    ranks = text_rank([unit.text for unit in units])
    for _, unit in sorted(zip(ranks, units, strict=True), key=lambda pair: -pair[0])[:20]:
        if unit.sentence and (phrase := wording.phrase(unit.sentence)):
            return phrase.text
    words = units[0].text.split()
    return " ".join(words[:8]).rstrip(" ,;:.") + ("…" if len(words) > 8 else "")


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

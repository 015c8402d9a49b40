"""Lists as people say them: names in one sentence, statements one by one, steps with `first` and `then`."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

from msgspec.structs import replace

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Entry, Listing
from aurad_plugins.script_document.labels import tidy
from aurad_plugins.script_document.sentences import Sentence, end_sentence
from aurad_plugins.script_document.units import ItemsKind, Speech, Unit
from aurad_plugins.script_document.wording import (
    MOST_ITEMS,
    SHORT,
    Wording,
    chunks,
    joined,
    split_apposition,
    split_label,
)

ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
COUNTED = re.compile(r"(?:the\s+)?(?:first|second|third|next|then|finally|last)\b", re.IGNORECASE)  # counts itself
LINKS = ("Then", "Next", "After that")
ORDINAL_LIMIT = 5  # beyond this nobody counts along
MOST_SPOKEN = 60  # words on one slide; a longer list goes over several
MOST_STEPS = 6  # steps are best seen together
MOST_SHORT, FEW_WORDS = 8, 2  # names so short that more of them are seen at once
CARD_WORDS = 3
BOLD_WORDS = 8  # of a beginning in bold that is an entry's label
MOST_UNDER = 4
MOSTLY = 0.6  # of the steps are commands as far as the tagger sees; the rest then are, too


class Told(NamedTuple):
    """What is said of an entry; its label and the rest of it, if it has a label."""

    text: str
    label: str = ""
    rest: str = ""


def list_units(listing: Listing, lead: Sentence | None, title: str, wording: Wording) -> list[Unit]:
    """The list in as many units as it needs; `lead` is the sentence that announces it."""
    told = [tell(entry) for entry in listing.entries]
    told = [entry for entry in told if any(character.isalnum() for character in entry.text)]
    if not told:
        return []
    if lead is None and title and not repeats(title, told[0].text):
        lead = wording.sentence(title)
    runs = spoken_runs([entry.text for entry in told], wording, ordered=listing.ordered)
    names = not listing.ordered and not any(wording.is_statement(entry.text) or entry.label for entry in told)
    leads = [lead, *[None] * len(runs)]
    if names:
        texts = [entry.text for entry in told]
        return [say_names(texts, run, lead, wording) for run, lead in zip(runs, leads, strict=False)]
    return [say_statements(told, run, lead, listing.ordered, wording) for run, lead in zip(runs, leads, strict=False)]


def tell(entry: Entry) -> Told:
    """The entry with its label: what is bold at its beginning, or stands before a dash or colon."""
    text = entry_text(entry)
    bold = entry.text.strong[0] if entry.text.strong else ""
    if bold and text.startswith(bold) and len(bold.split()) <= BOLD_WORDS and len(bold) < len(text):
        label, rest = bold, text[len(bold) :]
        rest = rest.lstrip(" :—–-") if rest[:1] in " :—–-" and rest.lstrip()[:1] != "(" else ""
    else:
        label, rest = split_label(text)
    if not label or not rest:
        return Told(text)
    is_apart = text[len(label) :].lstrip(":").startswith(" — ")
    return Told(f"{label.rstrip(':')}: {rest}" if is_apart else text, label.rstrip(":.") if bold else label, rest)


def repeats(title: str, text: str) -> bool:
    """Whether the heading would be said twice: `Fixed. Fixed a crash.`"""
    return title.split(maxsplit=1)[0].lower() == text.split(maxsplit=1)[0].lower()


def entry_text(entry: Entry) -> str:
    """An entry with what is nested below it said after a colon."""
    text = entry.text.text
    if not entry.under:
        return text
    under = list(entry.under)
    if all(len(part.split()) <= SHORT for part in under) and len(under) <= MOST_UNDER:
        named = joined([part.rstrip(".;,") for part in under])
        return end_sentence(f"{text.rstrip(':.')}: {named}") if text else named
    return " ".join(end_sentence(part) for part in ([text] if text else []) + under)


def spoken_runs(texts: list[str], wording: Wording, *, ordered: bool) -> list[range]:
    """Runs of entries, none too many to see or too long to hear, and of about the same length."""
    most = MOST_STEPS if ordered else MOST_ITEMS[wording.density]
    sizes = [len(text.split()) for text in texts]
    if max(sizes) <= FEW_WORDS:
        most = MOST_SHORT
    count = max(-(-len(texts) // most), -(-sum(sizes) // MOST_SPOKEN))
    even = chunks(len(texts), -(-len(texts) // count))
    if all(sum(sizes[run.start : run.stop]) <= MOST_SPOKEN for run in even):
        return even
    bounds, filled = [0], 0
    for number, size in enumerate(sizes):
        if number > bounds[-1] and (filled + size > MOST_SPOKEN or number - bounds[-1] == most):
            bounds.append(number)
            filled = 0
        filled += size
    return [range(a, b) for a, b in itertools.pairwise([*bounds, len(texts)])]


def say_names(texts: list[str], run: range, lead: Sentence | None, wording: Wording) -> Unit:
    """`Their eyes have three receptors: ultraviolet, blue, and green.`"""
    speech = Speech()
    names = [re.sub(r"^(?:and|or)\s+", "", texts[index].rstrip(".,;:")) for index in run]
    softened = [wording.soften(name) for name in names]
    if not any(soft[:1].isupper() for soft in softened):  # either all are plain words, or the capitals mean something
        names = softened
    opening = f"{lead.text.rstrip(' :.,;')}:" if lead else "Also:" if run.start else ""
    if not opening:
        names[0] = names[0][:1].upper() + names[0][1:]
    sentence = wording.sentence(f"{opening} {joined(names)}")
    speech.say(sentence)
    items, place = [], len(opening.split())
    for name in names:
        place = place + (1 if sentence.words[place : place + 1] == ("and",) else 0)
        items.append(Item(text=wording.label(name).text, at=sentence.starts[place]))
        place += len(name.split())
    short = all(len(item.text.split()) <= CARD_WORDS for item in items)
    kind: ItemsKind = "cards" if short and len(items) == 3 else "bullets"
    return speech.unit(Slide(kind=kind, items=tuple(items)), leans=bool(run.start))


def say_statements(told: list[Told], run: range, lead: Sentence | None, ordered: bool, wording: Wording) -> Unit:
    """Each entry a sentence; steps are counted or linked."""
    speech = Speech()
    if lead:
        speech.lead(lead)
    if all(is_apposition(entry.text, wording) for entry in told):
        told = [Told(entry.text, *split_apposition(entry.text)) for entry in told]
    items = [say_entry(told, index, speech, ordered, wording) for index in run]
    if ordered and run.start:  # a slide of steps counts from one; these go on counting
        numbered = [replace(item, text=f"{index + 1}. {item.text}") for index, item in zip(run, items, strict=True)]
        return speech.unit(Slide(kind="bullets", items=tuple(numbered)), leans=True)
    return speech.unit(Slide(kind=statement_kind(items, ordered), items=tuple(items)), leans=bool(run.start))


def say_entry(told: list[Told], index: int, speech: Speech, ordered: bool, wording: Wording) -> Item:
    text, label, rest = told[index]
    opening = link_word(told, index, wording) if ordered else ""
    soft = text[:1].lower() + text[1:] if opening and wording.is_command(text) else wording.soften(text)
    said = f"{opening}, {soft}" if opening else wording.raised(text)
    start = len(speech.words)
    for sentence in wording.sentences(end_sentence(said)):
        speech.say(sentence)
    at = start + len(opening.split())
    if label:
        first = wording.sentences(end_sentence(rest))
        detail = first[0].text if len(first) > 1 else rest
        return Item(text=wording.raised(tidy(label)), detail=wording.label(detail).text, at=at)
    head = wording.sentences(end_sentence(text))
    phrase = wording.label(head[0].text if head else text)
    return Item(text=phrase.text, at=at + (head[0].starts[phrase.start] if head else 0))


def is_apposition(text: str, wording: Wording) -> bool:
    """Whether an entry is `Name, what it is` rather than a sentence with a comma."""
    name, _ = split_apposition(text)
    tags = wording.grammar.tags(text.split())[: len(name.split())]
    return bool(name) and bool(tags[0]) and all(tag.startswith(("NN", "JJ", "DT", "CD")) for tag in tags)


def link_word(told: list[Told], index: int, wording: Wording) -> str:
    count = len(told)
    if any(COUNTED.match(entry.text) for entry in told):
        return ""
    commands = sum(wording.is_command(entry.rest or entry.text) for entry in told)
    if commands > count * MOSTLY:
        if index == 0:
            return "First" if count > 1 else ""
        if index == count - 1:
            return "Finally" if count > 2 else "Then"
        return LINKS[(index - 1) % 3]
    return ORDINALS[index] if count <= ORDINAL_LIMIT else ""


def statement_kind(items: list[Item], ordered: bool) -> ItemsKind:
    if ordered:
        return "steps"
    return "cards" if 2 <= len(items) <= 4 and all(item.detail for item in items) else "bullets"

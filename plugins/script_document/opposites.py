"""Two lists, or two paragraphs, that stand against each other: advantages and disadvantages, before and after.

They are one block, so that both are seen while either is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from aurad.api import Item, Slide
from aurad_plugins.script_document.blocks import Block, Entry, Heading, Listing, Paragraph, Side, Text, Versus
from aurad_plugins.script_document.labels import capitalise
from aurad_plugins.script_document.lists import entry_text
from aurad_plugins.script_document.sentences import Sentence, end_sentence
from aurad_plugins.script_document.units import Speech, Unit
from aurad_plugins.script_document.wording import Wording, joined, split_label

MOST_ENTRIES = 5  # of a side: more are read one list after the other
MOST_SAID = 75  # words of both, which share a slide
MOST_PARTS = 3  # sentences of a paragraph that its side shows
PAIRS = frozenset(
    frozenset(pair.strip().split("/"))
    for line in """
        advantages/disadvantages|advantages/drawbacks|advantages/limitations|pros/cons|pro/con|pro/contra
        benefits/drawbacks|benefits/risks|benefits/costs|benefits/limitations|strengths/weaknesses
        strengths/limitations|opportunities/risks|opportunities/threats|upsides/downsides|upside/downside
        pluses/minuses|do/don't|do/do not|dos/don'ts|good/bad|likes/dislikes|for/against|in favour/against
        in favor/against|before/after|then/now|old/new|past/present|yesterday/today|with/without|myth/fact
        problem/solution|supported/not supported|supported/unsupported|included/not included
        what works/what does not|what works/what doesn't|what worked/what did not|what worked/what didn't
        what went well/what went wrong|what went well/what did not|what we liked/what we did not like
        use it if/avoid it if|when to use it/when not to use it
        """.splitlines()
    for pair in line.split("|")
    if pair.strip()
)
AROUND = re.compile(r"^(?:the |main |its )+|[\s:.!]+$", re.IGNORECASE)
SUBJECT = re.compile(r"^(?P<label>\S+(?: \S+)?) (?P<subject>(?:of|for|to|in) .+)$")


class Found(NamedTuple):
    """A side, how many blocks it takes, and the level of its heading (0: it has none)."""

    side: Side
    blocks: int
    level: int


def pair_opposites(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with opposites put together."""
    paired: list[Block] = []
    at = 0
    while at < len(blocks):
        one = side_at(blocks, at)
        other = side_at(blocks, at + one.blocks) if one else None
        if one and other and one.level == other.level and are_opposite((one.side, other.side)):
            paired += headed(one, other, paired)
            at += one.blocks + other.blocks
        else:
            paired.append(versus_of(blocks[at]) or blocks[at])
            at += 1
    return paired


def side_at(blocks: Sequence[Block], at: int) -> Found | None:
    """The label and list, or labelled paragraph, that stand there."""
    match list(blocks[at : at + 2]):
        case [Heading() as head, Listing(ordered=False) as listing]:
            return Found(Side(label=head.text, entries=listing.entries), 2, head.level)
        case [Paragraph() as label, Listing(ordered=False) as listing] if label.text.text.endswith(":"):
            return Found(Side(label=label.text.text, entries=listing.entries), 2, 0)
        case [Paragraph() as paragraph, *_]:
            label_text, rest = split_label(paragraph.text.text)
            text = replace(paragraph.text, text=rest, strong=paragraph.text.strong[1:])
            return Found(Side(label=label_text, entries=(Entry(text=text),)), 1, 0) if label_text else None
    return None


def versus_of(block: Block) -> Versus | None:
    """A list of only two entries that are opposites."""
    if not isinstance(block, Listing) or len(block.entries) != 2:
        return None
    sides = tuple(side_of(entry) for entry in block.entries)
    return Versus(sides=sides) if are_opposite(sides) else None


def side_of(entry: Entry) -> Side:
    if entry.under:
        return Side(label=entry.text.text, entries=tuple(Entry(text=Text(text=part)) for part in entry.under))
    label, rest = split_label(entry.text.text)
    return Side(label=label, entries=(Entry(text=Text(text=rest)),))


def headed(one: Found, other: Found, before: Sequence[Block]) -> list[Block]:
    """Both sides, under a heading of their own unless they had none or stand right below another one."""
    versus = Versus(sides=tuple(replace(side, label=name_of(side.label)) for side in (one.side, other.side)))
    is_below = bool(before) and isinstance(last := before[-1], Heading) and last.level < one.level
    if not one.level or is_below:
        return [versus]
    subject = f" {found['subject']}" if (found := SUBJECT.match(one.side.label)) else ""
    first, second = (side.label for side in versus.sides)
    return [Heading(level=one.level, text=f"{first} and {second[:1].lower()}{second[1:]}{subject}"), versus]


def are_opposite(sides: Sequence[Side]) -> bool:
    if any(not side.label or not side.entries or len(side.entries) > MOST_ENTRIES for side in sides):
        return False
    words = sum(len(entry.text.text.split()) for side in sides for entry in side.entries)
    return words <= MOST_SAID and frozenset(name_of(side.label).lower() for side in sides) in PAIRS


def name_of(label: str) -> str:
    """`Advantages` of `The advantages of heat pumps:`."""
    bare = AROUND.sub("", label.replace("’", "'").replace("**", ""))
    match = SUBJECT.match(bare)
    return capitalise(AROUND.sub("", match["label"] if match else bare))


def versus_unit(versus: Versus, lead: Sentence | None, title: str, wording: Wording) -> Unit:
    """Each side is named and told; it comes in with its name."""
    speech = Speech()
    names = {word.lower() for side in versus.sides for word in side.label.split()} | {"and"}
    if lead:
        speech.lead(lead)
    elif not names.issuperset(title.lower().split()):
        speech.lead(wording.sentence(title))
    items = tuple(item for side in versus.sides for item in say_side(side, speech, wording))
    return speech.unit(Slide(kind="comparison", items=items))


def say_side(side: Side, speech: Speech, wording: Wording) -> list[Item]:
    """A side's name comes in with its first entry, each other entry when it is said."""
    texts = [entry_text(entry) for entry in side.entries]
    if len(texts) == 1:
        texts = [sentence.text for sentence in wording.sentences(end_sentence(texts[0]))] or texts
        places = say_parts(f"{side.label}:", texts, " ".join(texts), speech, wording)
    elif any(wording.is_statement(text) for text in texts):
        start = speech.say(wording.sentence(side.label))
        _, *others = [speech.say(wording.sentence(wording.raised(text))) for text in texts]
        places = [start, *others]
    else:
        names = [wording.soften(text.rstrip(".,;")) for text in texts]
        places = say_parts(f"{side.label}:", names, joined(names), speech, wording)
    shown = texts[: max(MOST_PARTS, len(side.entries))]
    return [
        Item(text=side.label, detail=wording.label(text).text.rstrip(".").replace(";", ","), at=at)
        for text, at in zip(shown, places, strict=False)
    ]


def say_parts(head: str, parts: Sequence[str], listed: str, speech: Speech, wording: Wording) -> list[int]:
    """Say the parts as they are listed behind their head; where each is said, the first with the head."""
    sentence = wording.sentence(f"{head} {listed}")
    start = speech.say(sentence)
    places, place = [start], len(f"{head} {parts[0]}".split())
    for part in parts[1:]:
        place += sentence.words[place : place + 1] == ("and",)
        places.append(start + sentence.starts[min(place, len(sentence.words) - 1)])
        place += len(part.split())
    return places

"""Sections of links and citations: nobody listens to those. What else stands under such a heading is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurad_plugins.script_document.blocks import (
    Block,
    Code,
    Heading,
    Image,
    Listing,
    Paragraph,
    Quote,
    Table,
    Text,
    Versus,
)

LINKED_MATTER = re.compile(
    r"^(?:(?:notes|sources|literature|works) (?:and|&) )?(?:references\b.{0,20}|bibliography|external links|see also"
    r"|further reading|footnotes|citations?|sources|(?:project |useful |quick )?links)$",
    re.IGNORECASE,
)
CITED = re.compile(
    r"https?://|www\.|\bdoi\b|\bISBN\b|\barXiv\b|\bet al\b|\b(?:[Rr]etrieved|[Aa]ccessed) (?:on )?[\dA-Z]|\bpp?\.\s?\d"
    r"|\bvol\.|^\[?\d+\]|^[^()]{2,80}\((?:1[5-9]|20)\d\d[a-z]?\)[.,:]? [A-Z“\"]"  # Frisch (1967). The Dance ...
    r"|^[A-Z][\w’'-]+, [A-Z]\w*\.?(?:,| and| &|\s*\()|^[^.]{2,40}\b[A-Z][\w’'-]+, [A-Z]\."  # Seeley, Thomas
    r"|[.,] (?:1[5-9]|20)\d\d\.?$|\b(?:University Press|Press\.|Verlag|Journal of|Proceedings of|Publish(?:ing|ers))"
)
FEWEST_WORDS = 6  # a shorter entry is the name of something to look up


def without_citations(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, where sections of references hold only what tells something, and are gone if nothing does."""
    kept: list[Block] = []
    at = 0
    while at < len(blocks):
        block, end = blocks[at], at + 1
        kept.append(block)
        if isinstance(block, Heading) and LINKED_MATTER.search(block.text.strip(" :.")):
            end = section_end(blocks, end, block.level)
            told = [part for part in blocks[at + 1 : end] if tells(part)]
            kept = [*kept, *told] if told else kept[:-1]
        at = end
    return kept


def section_end(blocks: Sequence[Block], start: int, level: int) -> int:
    """Where the section of that level ends whose first block is at `start`."""
    for place, block in enumerate(blocks[start:], start):
        if isinstance(block, Heading) and block.level <= level:
            return place
    return len(blocks)


def tells(block: Block) -> bool:
    """Whether it is more than where to look."""
    match block:
        case Paragraph(text=text):
            return is_prose(text)
        case Listing(entries=entries):
            return 2 * sum(is_prose(entry.text) for entry in entries) > len(entries)
        case Quote() | Table() | Code() | Versus():
            return True
        case Image() | Heading():
            return False


def is_prose(text: Text) -> bool:
    """Whether it is a sentence of its own and neither cites nor only announces something."""
    words = text.text.split()
    is_whole = len(words) >= FEWEST_WORDS and words[-1].rstrip('"”’)')[-1:] in (".", "!", "?", "…")
    return is_whole and not text.linked and not CITED.search(text.text)

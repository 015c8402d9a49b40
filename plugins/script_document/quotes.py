"""What stands in a quotation: the words, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurad_plugins.script_document.blocks import Block, Listing, Paragraph, Quote, Text

# The last line of a quotation that names its source: "— Karl von Frisch, 1914".
SIGNED = re.compile(r"^(?P<text>.*?)\s*(?:—|–|―|--|~)\s+(?P<source>[^—.!?]{2,80})\.?$", re.DOTALL)
ENDED = re.compile(r"[.!?…\"”’']$")
ALERT = re.compile(r"^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*", re.IGNORECASE)
NOTE = re.compile(r"^(?:note|tip|hint|warning|important|caution|attention|info)\s?[:.!—]", re.IGNORECASE)
LABELLED = re.compile(r"^(note|tip|hint|warning|important|caution|attention|info)\s+(\S.*)$", re.IGNORECASE | re.DOTALL)
MARKS = '"“”„«»'


def make_quote(blocks: Sequence[Block]) -> Paragraph | Quote:
    """A quotation of the blocks' text; a GitHub alert (`[!NOTE]`) is a paragraph instead."""
    parts = []
    for block in blocks:
        if isinstance(block, Paragraph):
            parts.append(block.text.text)
        elif isinstance(block, Quote):
            parts.append(block.text)
        elif isinstance(block, Listing):
            parts += [entry.text.text for entry in block.entries]
    whole = " ".join(parts)
    if NOTE.match(whole):
        return Paragraph(text=Text(text=whole))
    if label := LABELLED.match(whole):
        first = next(block.text for block in blocks if isinstance(block, Paragraph))
        if first.strong[:1] == (label[1],):
            return Paragraph(text=Text(text=f"{label[1]}: {label[2]}"))
    if alert := ALERT.match(whole):
        text = next(block.text for block in blocks if isinstance(block, Paragraph))
        return Paragraph(text=type(text)(text=whole[alert.end() :], strong=text.strong))
    return split_source(whole, signed_apart=len(parts) > 1 and parts[-1].startswith(("—", "–", "--")))


def split_source(whole: str, *, signed_apart: bool) -> Quote:
    match = SIGNED.match(whole)
    if match and (signed_apart or not match["text"] or ENDED.search(match["text"])):
        return Quote(text=bare(match["text"]), source=match["source"].strip())
    return Quote(text=bare(whole))


def bare(text: str) -> str:
    """Without the quotation marks around the whole; those inside stay."""
    text = text.strip()
    inner = text[1:-1]
    if len(text) > 1 and text[0] in MARKS and text[-1] in MARKS and not any(mark in inner for mark in MARKS):
        return inner.strip()
    return text

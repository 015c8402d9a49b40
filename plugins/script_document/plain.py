"""Plain text into blocks: paragraphs, lists and headings as people type them."""

from __future__ import annotations

import re

from aurad_plugins.script_document.blocks import Block, Entry, Heading, Listing, Paragraph, Text
from aurad_plugins.script_document.inline import clean

BLANK = re.compile(r"\n[ \t]*\n+")
BULLET = re.compile(r"^\s*(?:[-*•‣▪]|(?P<number>\d{1,3})[.)])\s+(?P<text>.+)$")
RULE = re.compile(r"^\s*([=\-~*_])\1{2,}\s*$")
SENTENCE_END = re.compile(r"[.!?…:;,][\"”’)\]]*$")
LONGEST_HEADING = 80  # characters; a longer line on its own is a sentence


def read_plain(source: str) -> list[Block]:
    """The blocks of a text file. The first lone short line counts as the title."""
    blocks: list[Block] = []
    parts = [part.strip("\n") for part in BLANK.split(source) if part.strip()]
    for number, part in enumerate(parts):
        blocks += read_part(part.split("\n"), first=number == 0, last=number == len(parts) - 1)
    return blocks


def read_part(lines: list[str], *, first: bool, last: bool) -> list[Block]:
    level = 1 if first else 2
    kept = [line for line in lines if not RULE.match(line)]
    if len(lines) > 1 and RULE.match(lines[1]) and is_heading(lines[0]):
        return [Heading(level=level, text=clean(lines[0])), *read_part(lines[2:], first=False, last=True)]
    if not kept:
        return []
    if len(kept) == 1 and not last and is_heading(kept[0]):
        return [Heading(level=level, text=clean(kept[0]))]
    return read_lines(kept)


def read_lines(lines: list[str]) -> list[Block]:
    """Prose lines join into a paragraph; runs of bullets become a list."""
    blocks: list[Block] = []
    prose: list[str] = []
    entries: list[str] = []
    ordered = False
    for line in lines:
        bullet = BULLET.match(line)
        if bullet:
            ordered = ordered or bool(bullet["number"])
            entries.append(bullet["text"])
        elif entries and line.startswith((" ", "\t")):
            entries[-1] += " " + line
        else:
            prose.append(line)
        if bullet and prose:
            blocks.append(Paragraph(text=Text(text=clean(" ".join(prose)))))
            prose = []
    if entries:
        blocks.append(Listing(ordered=ordered, entries=tuple(Entry(text=Text(text=clean(text))) for text in entries)))
    if prose and clean(" ".join(prose)):
        blocks.append(Paragraph(text=Text(text=clean(" ".join(prose)))))
    return blocks


def is_heading(line: str) -> bool:
    line = line.strip()
    return 0 < len(line) <= LONGEST_HEADING and not SENTENCE_END.search(line) and not BULLET.match(line)

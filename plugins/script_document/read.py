"""From a brief's source to a document: which format it is in, what makes it unusable, what is not content."""

from __future__ import annotations

import re

from aurad.api import BadInput
from aurad_plugins.script_document import front
from aurad_plugins.script_document.blocks import Block, Document, Heading, Image, Listing, Paragraph, Text
from aurad_plugins.script_document.html import read_page
from aurad_plugins.script_document.markdown import read_markdown
from aurad_plugins.script_document.plain import read_plain
from aurad_plugins.script_document.wording import abridge

SOURCE_LIMIT = 1024 * 1024  # bytes, as the brief's own limit; parsing time and memory grow with it
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
PAGE = re.compile(
    r"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|body|article|main)\b", re.I | re.S
)
MARKS = re.compile(
    r"^\s{0,3}#{1,6}\s|^\s{0,3}(?:```|~~~|>\s)|^\|.*\||\]\(|\*\*\S|^.+\n(?:=+|-{3,})\s*$|<img\b",
    re.MULTILINE,
)

# Sections that a reader skips and a listener should not hear.
BACK_MATTER = re.compile(
    r"^(?:table of )?contents$|^toc$|^licen[cs]e|^licensing$|^copyright|^references$|^bibliography$|^external links$"
    r"|^see also$|^further reading$|^footnotes$|^badges?$|^sponsors?$|^contributors$|^citations?$|^sources$",
    re.IGNORECASE,
)
LEGAL = re.compile(
    r"^(?:copyright\b|©|\(c\)\s|all rights reserved|licensed under\b|released under\b|distributed under\b"
    r"|(?:this|the) (?:project|software|package|work|code|library|document) is"
    r" (?:licensed|released|distributed|available) under\b"
    r"|permission is hereby granted\b|spdx-license)"
    r"|\bis licensed under (?:the|a)\b",
    re.IGNORECASE,
)
BADGE = re.compile(
    r"shields\.io|badge|/workflows/|travis-ci|codecov|coveralls|readthedocs\.org/projects", re.IGNORECASE
)
LONGEST_HEADING = 160  # characters; what is longer is prose with a mark before it
SHORT_LEGAL = 60  # words; a longer paragraph that names a licence is more than boilerplate


def read_document(source: str, format_: str | None) -> Document:
    """The document without what nobody would say; raises `BadInput` if it is no text."""
    check_text(source)
    settings, body = front.split_front_matter(source.replace("\r\n", "\n").replace("\r", "\n"))
    title, blocks = read_blocks(body, format_ or guess_format(body))
    return Document(
        blocks=tuple(drop_boilerplate(blocks)),
        title=front.one(settings, "title") or title,
        description=front.one(settings, "description"),
        tags=front.tags(settings),
        pronounce=front.pronounce(settings),
    )


def check_text(source: str) -> None:
    size = len(source.encode("utf-8", "replace"))
    if size > SOURCE_LIMIT:
        raise BadInput(
            f"cannot read the document: it has {size:,} bytes, the limit is {SOURCE_LIMIT:,}",
            remedy="Give a part of it; a document of this size is a book, not a video.",
        )
    if not source.strip():
        raise BadInput("cannot read the document: it is empty", remedy="Give a document with some sentences.")
    if found := CONTROL.search(source):
        raise BadInput(
            f"cannot read the document: it holds the control character U+{ord(found[0]):04X}"
            f" at character {found.start()}, so it is not text",
            remedy="Give Markdown, plain text or HTML as UTF-8, not a binary file.",
        )


def guess_format(source: str) -> str:
    if PAGE.match(source):
        return "html"
    return "markdown" if MARKS.search(source) else "text"


def read_blocks(body: str, format_: str) -> tuple[str, list[Block]]:
    if format_ == "html":
        return read_page(body)
    return "", read_markdown(body) if format_ == "markdown" else read_plain(body)


def drop_boilerplate(blocks: list[Block]) -> list[Block]:
    """Without back matter, badges, licence notes and lists that are nothing but links."""
    kept: list[Block] = []
    skipping = 0  # the level of the section being left out
    for block in blocks:
        if isinstance(block, Heading):
            if skipping and block.level > skipping:
                continue
            skipping = block.level if BACK_MATTER.search(block.text.strip(" :.")) else 0
        if not skipping and not is_boilerplate(block):
            kept += split_heading(block)
    return kept


def split_heading(block: Block) -> list[Block]:
    """An endless heading as its beginning, with all of it as the paragraph below."""
    if not isinstance(block, Heading) or len(block.text) <= LONGEST_HEADING:
        return [block]
    if len(block.text.split()) == 1:
        return [Heading(level=block.level, text=abridge(block.text))]
    return [Heading(level=block.level, text=abridge(block.text)), Paragraph(text=Text(text=block.text))]


def is_boilerplate(block: Block) -> bool:
    match block:
        case Heading():
            return not has_words(block.text)
        case Image():
            return bool(BADGE.search(block.src))
        case Listing():
            return len(block.entries) > 1 and all(entry.text.linked for entry in block.entries)
        case Paragraph(text=text):
            is_legal = bool(LEGAL.search(text.text)) and len(text.text.split()) < SHORT_LEGAL
            return is_legal or not has_words(text.text) or (text.linked and len(text.text.split()) < 40)
        case _:
            return False


def has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)

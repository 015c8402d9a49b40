"""From a brief's source to a document: which format it is in, and what makes it unusable."""

from __future__ import annotations

import re

from aurad.api import BadInput
from aurad_plugins.script_document import front
from aurad_plugins.script_document.blocks import Block, Document, Heading
from aurad_plugins.script_document.boilerplate import drop_boilerplate
from aurad_plugins.script_document.headings import tidy_headings
from aurad_plugins.script_document.html import read_page
from aurad_plugins.script_document.markdown import read_markdown
from aurad_plugins.script_document.plain import read_plain

SOURCE_LIMIT = 1024 * 1024  # bytes, as the brief's own limit; parsing time and memory grow with it
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
PAGE = re.compile(
    r"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|body|article|main)\b", re.I | re.S
)
MARKS = re.compile(
    r"^\s{0,3}#{1,6}\s|^\s{0,3}(?:```|~~~|>\s)|^\|.*\||\]\(|\*\*\S|^.+\n(?:=+|-{3,})\s*$|<img\b",
    re.MULTILINE,
)


def read_document(source: str, format_: str | None) -> Document:
    """The document without what nobody would say; raises `BadInput` if it is no text."""
    check_text(source)
    settings, body = front.split_front_matter(source.replace("\r\n", "\n").replace("\r", "\n"))
    title, blocks = read_blocks(body, format_ or guess_format(body))
    return Document(
        blocks=tuple(drop_boilerplate(tidy_headings(blocks))),
        title=front.one(settings, "title") or title,
        description=front.one(settings, "description"),
        tags=front.tags(settings),
        pronounce=front.pronounce(settings),
        unknown=front.unknown(settings),
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
        title, blocks = read_page(body)
        heads = [block.text for block in blocks if isinstance(block, Heading)]
        return "" if heads and heads[0].lower() in title.lower() else title, blocks  # `Bees - Some Site` is `Bees`
    return "", read_markdown(body) if format_ == "markdown" else read_plain(body)

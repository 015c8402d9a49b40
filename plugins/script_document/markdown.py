"""Markdown into blocks, by markdown-it. Raw HTML inside goes through the HTML reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aurad_plugins.script_document.blocks import Block, Code, Entry, Heading, Image, Listing, Paragraph, Table, Text
from aurad_plugins.script_document.html import read_html
from aurad_plugins.script_document.inline import CHECKBOX, FOOTNOTE_TEXT, clean
from aurad_plugins.script_document.quotes import make_quote
from aurad_plugins.script_document.vocabulary import word_set

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

IMG_TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
BARE_TAG = re.compile(r"</?([a-z][\w-]*)\s*/?>", re.IGNORECASE)
TAGS = word_set(  # those that format text or lay it out; `<int>` and `<script>` in a sentence are its words
    """
    a abbr acronym article aside b bdi bdo big blockquote br center cite code data dd del details dfn div dl dt em
    figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav nobr ol p picture pre q rb
    rp rt rtc ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr
    tt u ul var video audio wbr
    """
)
NESTING = 12  # levels of lists and quotes; deeper is not something that can be said


def read_markdown(source: str) -> list[Block]:
    """The document's blocks in order."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    parser = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable(["table", "strikethrough"])
    return read_nodes(SyntaxTreeNode(parser.parse(source)).children)


def read_nodes(nodes: Sequence[SyntaxTreeNode]) -> list[Block]:
    return [block for node in nodes for block in read_node(node)]


def read_node(node: SyntaxTreeNode) -> list[Block]:
    match node.type:
        case "heading":
            inline = read_inline(node.children)
            return [Heading(level=int(node.tag[1]), text=inline.text), *inline.images]
        case "paragraph":
            return read_paragraph(node)
        case "bullet_list" | "ordered_list":
            return read_list(node)
        case "table":
            return read_table(node)
        case "fence" | "code_block":
            language = node.info.strip().split(" ")[0].strip("{}.") if node.type == "fence" else ""
            return [Code(language=language, text=node.content.rstrip("\n"))]
        case "blockquote":
            return [make_quote(read_nodes(node.children))] if node.children else []
        case "html_block":
            return read_html(node.content)
        case _:
            return []


def read_paragraph(node: SyntaxTreeNode) -> list[Block]:
    inline = read_inline(node.children)
    if FOOTNOTE_TEXT.match(inline.raw.strip()):
        return []
    if not inline.text:
        return [*inline.images]
    return [Paragraph(text=inline.as_text()), *(replace(image, inside=True) for image in inline.images)]


def read_list(node: SyntaxTreeNode) -> list[Block]:
    """The list, followed by what its entries hold besides text: code, tables, pictures.

    Where most of them tell about their own code it is no list: each stays with its code.
    """
    entries: list[Entry] = []
    rest: list[Block] = []
    items = [read_nodes(item.children) for item in node.children]
    coded = sum(any(isinstance(block, Code) for block in blocks) for blocks in items)
    if coded > len(items) / 2:
        return [block for blocks in items for block in blocks]
    for blocks in items:
        texts = [block.text for block in blocks if isinstance(block, Paragraph)]
        nested = [entry.text for block in blocks if isinstance(block, Listing) for entry in block.entries]
        rest += [block for block in blocks if not isinstance(block, Paragraph | Listing | Heading)]
        texts += [Text(text=block.text) for block in blocks if isinstance(block, Heading)]
        if texts or nested:
            entries.append(make_entry(texts, nested))
    listing: list[Block] = [Listing(ordered=node.type == "ordered_list", entries=tuple(entries))] if entries else []
    return [*listing, *rest]


def make_entry(texts: list[Text], nested: list[Text]) -> Entry:
    whole = " ".join(CHECKBOX.sub("", text.text) for text in texts)
    strong = tuple(phrase for text in texts for phrase in text.strong)
    linked = bool(texts) and all(text.linked for text in [*texts, *nested])
    return Entry(text=Text(text=whole, strong=strong, linked=linked), under=tuple(text.text for text in nested))


def read_table(node: SyntaxTreeNode) -> list[Block]:
    rows = [
        tuple(read_inline(cell.children).text for cell in row.children)
        for part in node.children
        for row in part.children
        if row.type == "tr"
    ]
    return [Table(header=rows[0], rows=tuple(rows[1:]))] if len(rows) > 1 else []


class Inline:
    """Gathers the text of inline nodes, with pictures and emphasis taken aside."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.strong: list[str] = []
        self.images: list[Image] = []
        self.links: list[str] = []
        self.outside = 0  # letters that stand outside of links

    @property
    def raw(self) -> str:
        return "".join(self.parts)

    @property
    def text(self) -> str:
        return clean(self.raw)

    def as_text(self) -> Text:
        return Text(text=self.text, strong=tuple(self.strong), linked=not self.outside, links=tuple(self.links))

    def add(self, text: str, *, linked: bool) -> None:
        self.parts.append(text)
        if not linked:
            self.outside += sum(character.isalnum() for character in text)


def read_inline(nodes: Sequence[SyntaxTreeNode]) -> Inline:
    inline = Inline()
    for node in nodes:
        gather(node, inline, linked=False)
    return inline


def gather(node: SyntaxTreeNode, into: Inline, *, linked: bool) -> None:
    match node.type:
        case "text":
            into.add(node.content, linked=linked)
        case "code_inline":
            is_sign = not any(character.isalnum() for character in node.content)
            into.add(f"“{node.content}”" if is_sign else node.content, linked=linked)
        case "softbreak" | "hardbreak":
            into.add(" ", linked=linked)
        case "image":
            into.images.append(read_image(node))
        case "html_inline":
            read_inline_html(node.content, into, linked=linked)
        case _:
            start = len(into.parts)
            is_link = linked or node.type == "link"
            for child in node.children:
                gather(child, into, linked=is_link)
            inside = "".join(into.parts[start:])
            if node.type == "link" and inside.startswith("^"):  # a footnote that looked like a reference
                del into.parts[start:]
            elif node.type == "link" and inside.strip():
                into.links.append(clean(inside))
            if node.type == "strong" and inside.strip():
                into.strong.append(clean(inside))


def read_image(node: SyntaxTreeNode) -> Image:
    alt = "".join(child.content for child in node.walk() if child.type in ("text", "code_inline"))
    return Image(
        src=str(node.attrs.get("src", "")), alt=clean(alt), caption=clean(str(node.attrs.get("title", "") or ""))
    )


def read_inline_html(content: str, into: Inline, *, linked: bool) -> None:
    """Tags vanish; a picture is taken; a bare one that formats no text was meant as text."""
    if IMG_TAG.fullmatch(content):
        into.images += [block for block in read_html(content) if isinstance(block, Image)]
    elif content.lower().startswith("<br"):
        into.parts.append(" ")
    elif (name := BARE_TAG.fullmatch(content)) and name[1].lower() not in TAGS:
        into.add(content, linked=linked)

"""The one block model that Markdown, plain text and HTML are read into. Values only.

Text in blocks is plain: no marks, no addresses. Emphasised runs are kept beside it, since an author who
writes something bold says what matters.
"""

from __future__ import annotations

from aurad.api import Value


class Text(Value, frozen=True, kw_only=True):
    """A run of prose. `strong` are its emphasised phrases, `linked` whether it is nothing but links,
    `links` what the links in it say."""

    text: str
    strong: tuple[str, ...] = ()
    linked: bool = False
    links: tuple[str, ...] = ()


class Heading(Value, frozen=True, kw_only=True, tag=True):
    """A heading of level 1 to 6."""

    level: int
    text: str


class Paragraph(Value, frozen=True, kw_only=True, tag=True):
    """One paragraph."""

    text: Text


class Entry(Value, frozen=True, kw_only=True):
    """One entry of a list; `under` are the entries nested below it, flattened."""

    text: Text
    under: tuple[str, ...] = ()


class Listing(Value, frozen=True, kw_only=True, tag=True):
    """A list. Definition lists become entries of the form `term: definition`."""

    ordered: bool
    entries: tuple[Entry, ...]


class Table(Value, frozen=True, kw_only=True, tag=True):
    """A table; every row is as long as `header`."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Code(Value, frozen=True, kw_only=True, tag=True):
    """A block of code."""

    language: str
    text: str


class Quote(Value, frozen=True, kw_only=True, tag=True):
    """A quotation and, where the document tells, whose it is."""

    text: str
    source: str = ""


class Image(Value, frozen=True, kw_only=True, tag=True):
    """A picture as the document refers to it; `inside` if it stands among the words of the paragraph before it."""

    src: str
    alt: str = ""
    caption: str = ""
    inside: bool = False


class Side(Value, frozen=True, kw_only=True):
    """One of two lists that stand against each other."""

    label: str
    entries: tuple[Entry, ...]


class Versus(Value, frozen=True, kw_only=True, tag=True):
    """Two lists that are opposites."""

    sides: tuple[Side, ...]


Block = Heading | Paragraph | Listing | Table | Code | Quote | Image | Versus


class Document(Value, frozen=True, kw_only=True):
    """A document: what its front matter says, and its blocks in order. `unknown` tells what it says in vain."""

    blocks: tuple[Block, ...]
    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    pronounce: dict[str, str] = {}
    unknown: str = ""

"""HTML into blocks, by the standard library's tolerant parser. Nothing is run or fetched."""

from __future__ import annotations

from html.parser import HTMLParser

from aurad_plugins.script_document.blocks import Block, Code, Entry, Heading, Image, Listing, Paragraph, Table, Text
from aurad_plugins.script_document.inline import clean
from aurad_plugins.script_document.quotes import make_quote
from aurad_plugins.script_document.vocabulary import word_set

HEADINGS = {f"h{level}": level for level in range(1, 7)}
# What is on a page without being part of the text.
SILENT = word_set(
    """
    script style template noscript svg math nav aside footer form button select textarea iframe object title
    audio video canvas
    """
)
BREAKS = word_set(
    """
    p div section article main header ul ol dl table blockquote pre figure figcaption details summary address
    tr td th li dt dd hr body html center
    """
) | frozenset(HEADINGS)
VOID = word_set("area base br col embed hr img input link meta source track wbr")


class Frame:
    """An open list, quotation or table and what it has gathered so far."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.blocks: list[Block] = []
        self.entries: list[Entry] = []
        self.rows: list[list[str]] = []


class Reader(HTMLParser):
    """Keeps a stack of frames; text gathers in one run until a block element ends it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.frames = [Frame("")]
        self.run: list[str] = []
        self.strong: list[str] = []
        self.strong_from: int | None = None
        self.links = 0
        self.outside = 0
        self.silent: list[str] = []
        self.pre: list[str] | None = None
        self.language = ""
        self.level = 0
        self.in_title = False
        self.caption = False

    # ------------------------------------------------ the parser's calls

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "title":
            self.in_title = True
        signs_quote = tag == "footer" and any(frame.tag == "blockquote" for frame in self.frames)
        if self.silent or (tag in SILENT and not signs_quote) or "hidden" in values:
            if tag not in VOID:
                self.silent.append(tag)
            return
        if tag in BREAKS:
            is_over = self.level and tag not in HEADINGS and clean("".join(self.run))
            self.flush()
            self.level = 0 if is_over else self.level  # the heading was never closed
        self.open(tag, values)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID or tag in SILENT:
            if tag in VOID:
                self.handle_starttag(tag, attrs)
            return
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False
        if self.silent:
            if tag in self.silent:
                del self.silent[self.silent.index(tag) :]
            return
        if tag == "pre" and self.pre is not None:
            self.put(Code(language=self.language, text="".join(self.pre).strip("\n")))
            self.pre = None
            return
        if tag in BREAKS:
            self.flush()
        self.shut(tag)

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title += data
        elif self.silent:
            return
        elif self.pre is not None:
            self.pre.append(data)
        else:
            self.run.append(data)
            if not self.links:
                self.outside += sum(character.isalnum() for character in data)

    # ------------------------------------------------ elements

    def open(self, tag: str, values: dict[str, str]) -> None:
        if tag in ("ul", "ol", "dl", "blockquote", "table", "li", "dt", "dd"):
            self.close_open_entries(tag)
            self.frames.append(Frame(tag))
        elif tag == "tr":
            self.frames[-1].rows.append([])
        elif tag == "pre":
            self.pre, self.language = [], language_of(values)
        elif tag == "code" and self.pre is not None:
            self.language = self.language or language_of(values)
        elif tag in HEADINGS:
            self.level = HEADINGS[tag]
        elif tag == "summary":  # what is folded away below it is a section
            self.level = max(HEADINGS.values())
        elif tag == "a":
            self.links += 1
        elif tag in ("strong", "b"):
            self.strong_from = len(self.run)
        elif tag == "br":
            self.run.append(" ")
        elif tag == "img":
            self.put(
                Image(
                    src=values.get("src", ""), alt=clean(values.get("alt", "")), caption=clean(values.get("title", ""))
                )
            )
        elif tag == "figcaption":
            self.caption = True

    def close_open_entries(self, tag: str) -> None:
        """`<li>` without `</li>` is legal: the next entry ends the one before."""
        if tag in ("li", "dt", "dd") and self.frames[-1].tag in ("li", "dt", "dd"):
            self.shut(self.frames[-1].tag)

    def shut(self, tag: str) -> None:
        if tag in HEADINGS or tag == "summary":
            self.level = 0
        elif tag == "a":
            self.links = max(0, self.links - 1)
        elif tag in ("strong", "b") and self.strong_from is not None:
            if phrase := clean("".join(self.run[self.strong_from :])):
                self.strong.append(phrase)
            self.strong_from = None
        elif tag == "figcaption":
            self.caption = False
        elif tag in [frame.tag for frame in self.frames[1:]]:
            while self.frames[-1].tag != tag:
                self.fold(self.frames.pop())
            self.fold(self.frames.pop())

    def flush(self) -> None:
        """End the run of text: it becomes a heading, a caption, a cell or a paragraph."""
        text = clean("".join(self.run))
        strong, linked = tuple(self.strong), not self.outside
        self.run, self.strong, self.outside, self.strong_from = [], [], 0, None
        if not text:
            return
        frame = self.frames[-1]
        if self.level:
            self.put(Heading(level=self.level, text=text))
        elif self.caption and frame.blocks and isinstance(frame.blocks[-1], Image):
            image = frame.blocks[-1]
            frame.blocks[-1] = Image(src=image.src, alt=image.alt, caption=text)
        elif frame.tag == "table" and frame.rows:
            frame.rows[-1].append(text)
        else:
            self.put(Paragraph(text=Text(text=text, strong=strong, linked=linked)))

    def put(self, block: Block) -> None:
        self.frames[-1].blocks.append(block)

    def fold(self, frame: Frame) -> None:
        """Hand a finished frame to the one around it."""
        outer = self.frames[-1]
        if frame.tag in ("li", "dt", "dd"):
            self.fold_entry(frame, outer)
        elif frame.tag in ("ul", "ol", "dl"):
            if frame.entries:
                outer.blocks.append(Listing(ordered=frame.tag == "ol", entries=tuple(frame.entries)))
            outer.blocks += frame.blocks
        elif frame.tag == "blockquote":
            if frame.blocks:
                outer.blocks.append(make_quote(frame.blocks))
        elif rows := [tuple(row) for row in frame.rows if row]:
            outer.blocks += [block for block in frame.blocks if not isinstance(block, Paragraph)]
            if table := make_table(rows):
                outer.blocks.append(table)

    def fold_entry(self, frame: Frame, outer: Frame) -> None:
        texts = [block.text for block in frame.blocks if isinstance(block, Paragraph)]
        under = [entry.text.text for block in frame.blocks if isinstance(block, Listing) for entry in block.entries]
        outer.blocks += [block for block in frame.blocks if not isinstance(block, Paragraph | Listing | Heading)]
        if not texts and not under:
            return
        whole = " ".join(text.text for text in texts)
        linked = bool(texts) and all(text.linked for text in texts) and not under
        if frame.tag == "dd" and outer.entries:
            term = outer.entries.pop().text
            whole, linked = f"{term.text.rstrip(':')}: {whole}", False
        strong = tuple(phrase for text in texts for phrase in text.strong)
        outer.entries.append(Entry(text=Text(text=whole, strong=strong, linked=linked), under=tuple(under)))

    def finish(self) -> list[Block]:
        self.close()
        self.flush()
        while len(self.frames) > 1:
            self.fold(self.frames.pop())
        return self.frames[0].blocks


def language_of(values: dict[str, str]) -> str:
    names = [name for name in values.get("class", "").split() if name.startswith(("language-", "lang-"))]
    return names[0].split("-", 1)[1] if names else ""


def make_table(rows: list[tuple[str, ...]]) -> Table | None:
    width = max(len(row) for row in rows)
    if width < 2 or len(rows) < 2:
        return None
    padded = [row + ("",) * (width - len(row)) for row in rows]
    return Table(header=padded[0], rows=tuple(padded[1:]))


def read_html(source: str) -> list[Block]:
    """The blocks of a page or a piece of one."""
    reader = Reader()
    reader.feed(source)
    return reader.finish()


def read_page(source: str) -> tuple[str, list[Block]]:
    """The page's `<title>` and its blocks."""
    reader = Reader()
    reader.feed(source)
    blocks = reader.finish()
    return clean(reader.title), blocks

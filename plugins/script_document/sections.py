"""From blocks to sections of units: what belongs to which heading, and what announces what."""

from __future__ import annotations

from collections.abc import Sequence

from aurad.api import Slide
from aurad_plugins.script_document.blocks import Block, Code, Document, Heading, Image, Listing, Paragraph, Quote, Table
from aurad_plugins.script_document.codes import code_unit
from aurad_plugins.script_document.lists import list_units
from aurad_plugins.script_document.pictures import Pictures
from aurad_plugins.script_document.sentences import Sentence, end_sentence
from aurad_plugins.script_document.tables import table_unit
from aurad_plugins.script_document.units import Section, Speech, Unit
from aurad_plugins.script_document.wording import Wording

LEANING = frozenset(
    "it they he she this that these those but however so then therefore also and or such both its their his her "
    "instead meanwhile otherwise similarly likewise still yet here there because".split()
)
SHOWN_QUOTE = 34  # words of a quotation on a slide; of a longer one its best sentence is shown


def split_title(document: Document) -> tuple[str, list[Block]]:
    """The document's title, and its blocks without the heading that says it."""
    blocks = list(document.blocks)
    headings = [block for block in blocks if isinstance(block, Heading)]
    if headings and not (document.title and headings[0].text != document.title and blocks[0] is not headings[0]):
        top = headings[0]
        alone = sum(heading.level <= top.level for heading in headings) == 1
        before = blocks[: blocks.index(top)]
        if (alone or top.level == 1) and not any(isinstance(block, Paragraph | Listing) for block in before):
            blocks.remove(top)
            return document.title or top.text, blocks
    return document.title, blocks


def make_sections(blocks: Sequence[Block], title: str, wording: Wording, pictures: Pictures) -> list[Section]:
    """Sections in order; the first may be the text before any heading."""
    levels = sorted({block.level for block in blocks if isinstance(block, Heading)})
    sections: list[Section] = []
    parents: dict[int, str] = {}
    head, level, gathered = title, 1, list[Block]()
    waiting: list[str] = []  # headings without a text of their own

    def close() -> None:
        units = make_units(gathered, head if level > 1 else "", wording, pictures)
        if not units:
            if level > 1:
                waiting.append(head)
            return
        said = [word for text in waiting for word in wording.sentence(text).spoken]
        if level > 1 and head.endswith("?"):
            said += wording.sentence(head).spoken
        sections.append(
            Section(
                title=head, level=level, parent=parents.get(level - 1, ""), spoken_title=tuple(said), units=tuple(units)
            )
        )
        waiting.clear()

    for block in blocks:
        if isinstance(block, Heading):
            close()
            head, level, gathered = block.text.rstrip(" :"), levels.index(block.level) + 2, []
            parents = {key: value for key, value in parents.items() if key < level} | {level: head}
            while len(waiting) and waiting[-1] not in parents.values():
                waiting.pop()  # an empty section beside this one has nothing to say
        else:
            gathered.append(block)
    close()
    return sections


def make_units(blocks: Sequence[Block], title: str, wording: Wording, pictures: Pictures) -> list[Unit]:
    """Units of one section. A sentence that ends with a colon is said with what it announces."""
    units: list[Unit] = []
    for number, block in enumerate(blocks):
        lead = take_lead(units, block)
        made = block_units(block, lead, title if not units else "", wording, pictures, number)
        if lead is not None and not made:
            units.append(prose_unit(lead, number, first=False))
        units += made
    return units


def take_lead(units: list[Unit], block: Block) -> Sentence | None:
    """The sentence just before, if it announces this block."""
    if isinstance(block, Paragraph | Image) or not units or units[-1].sentence is None:
        return None
    return units.pop().sentence if units[-1].sentence.text.endswith(":") else None


def block_units(
    block: Block, lead: Sentence | None, title: str, wording: Wording, pictures: Pictures, number: int
) -> list[Unit]:
    match block:
        case Paragraph(text=text):
            return [
                prose_unit(sentence, number, first=place == 0)
                for place, sentence in enumerate(wording.sentences(text.text, text.strong))
            ]
        case Listing():
            return list_units(block, lead, title, wording)
        case Quote():
            return quote_units(block, lead, wording)
        case Table():
            unit = table_unit(block, lead, title, wording)
        case Code():
            unit = code_unit(block, lead, title, wording)
        case Image():
            slide = pictures.slide(block)
            unit = Unit(kind="picture", slide=slide) if slide else None
        case _:
            unit = None
    return [unit] if unit else []


def prose_unit(sentence: Sentence, paragraph: int, *, first: bool) -> Unit:
    spoken = sentence.spoken
    if sentence.text.endswith(":"):  # nothing came that it could announce
        spoken = (*spoken[:-1], end_sentence(spoken[-1]))
    leans = spoken[0].lower().strip(',.:;"“(') in LEANING
    return Unit(kind="prose", spoken=spoken, sentence=sentence, paragraph=paragraph, leans=leans)


def quote_units(quote: Quote, lead: Sentence | None, wording: Wording) -> list[Unit]:
    sentences = wording.sentences(end_sentence(quote.text))
    if not sentences:
        return []
    speech = Speech()
    if lead:
        speech.say(wording.sentence(lead.text))
    elif quote.source:
        speech.say(make_opening(quote.source, wording))
    for sentence in sentences:
        speech.say(sentence)
    body = quote.text
    if len(body.split()) > SHOWN_QUOTE:
        body = min((s.text for s in sentences), key=lambda text: abs(len(text.split()) - SHOWN_QUOTE // 2))
    return [speech.unit(Slide(kind="quote", body=body, note=quote.source))]


def make_opening(source: str, wording: Wording) -> Sentence:
    from aurad_plugins.script_document.sentences import make_sentence

    return make_sentence(f"In the words of {source.split(',')[0]}:")

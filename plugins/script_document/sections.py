"""From blocks to sections of units: what belongs to which heading, and what announces what."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from aurad.api import Slide
from aurad_plugins.script_document.blocks import (
    Block,
    Code,
    Document,
    Heading,
    Image,
    Listing,
    Paragraph,
    Quote,
    Table,
    Text,
    Versus,
)
from aurad_plugins.script_document.codes import code_unit, is_command, join_codes
from aurad_plugins.script_document.comparing import turned
from aurad_plugins.script_document.lists import list_units
from aurad_plugins.script_document.opposites import pair_opposites, versus_unit
from aurad_plugins.script_document.pairing import pair_pictures, tied_paragraph
from aurad_plugins.script_document.pictures import Pictures
from aurad_plugins.script_document.scenes import LONGEST
from aurad_plugins.script_document.sentences import POINTER, Sentence, end_sentence, split_endless
from aurad_plugins.script_document.speech import MAIL
from aurad_plugins.script_document.tables import table_units
from aurad_plugins.script_document.units import Section, Speech, Unit, say
from aurad_plugins.script_document.vocabulary import word_set
from aurad_plugins.script_document.wording import Wording

LEANING = word_set(
    """
    it they he she this that these those but however so then therefore also and or such both its their his her
    instead meanwhile otherwise similarly likewise still yet here there because
    """
)
DETERMINERS = word_set("the a an one our my your his her their some several many")
CHAPTER_LEVEL = 2  # the document's main sections, whichever mark it gives them
POINTER_WORDS = 5  # beside the address
LONG_LEAD = 20  # words of a sentence that announces a list but takes a scene of its own
EMPTY_LEAD = re.compile(r"(?:for (?:example|instance)|e\.g|like (?:this|so)|example|or|and)\b", re.IGNORECASE)
EMPTY_WORDS = 4
OPEN_WORDS = 4  # of a paragraph without an end; fewer are a label
TAGLINE = 20  # words of a line that says what the document is about
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


def open_with_tagline(blocks: Sequence[Block]) -> list[Block]:
    """A short quotation without a source right below the title is what the document says of itself."""
    first = next((number for number, block in enumerate(blocks) if not isinstance(block, Image)), 0)
    if len(blocks) > first + 1 and isinstance(line := blocks[first], Heading):
        following = blocks[first + 1]
        has_text = any(not isinstance(block, Heading | Image) for block in blocks)
        if has_text and isinstance(following, Heading) and following.level <= line.level:  # a heading over nothing
            return [*blocks[:first], Paragraph(text=Text(text=line.text)), *blocks[first + 1 :]]
    if blocks and isinstance(quote := blocks[first], Quote) and not quote.source and len(quote.text.split()) <= TAGLINE:
        return [*blocks[:first], Paragraph(text=Text(text=quote.text)), *blocks[first + 1 :]]
    return list(blocks)


def make_sections(blocks: Sequence[Block], title: str, wording: Wording, pictures: Pictures) -> list[Section]:
    """Sections in order; the first may be the text before any heading."""
    blocks = pair_opposites(blocks)
    levels = sorted({block.level for block in blocks if isinstance(block, Heading)})
    sections: list[Section] = []
    parents: dict[int, str] = {}
    head, level, gathered = title, 1, list[Block]()
    waiting: list[str] = []  # headings without a text of their own

    def close() -> None:
        is_question = head.endswith("?")  # those are said before anything else, so no list needs them
        units = make_units(gathered, head if level > 1 and not is_question else "", wording, pictures)
        if not units:
            if level > 1:
                waiting.append(head)
            return
        said = [*waiting, *([head] if level > 1 and is_question else [])]
        chapter = waiting[0] if waiting else head if level == CHAPTER_LEVEL else ""
        sections.append(
            Section(
                title=head,
                level=level,
                parent=parents.get(max((key for key in parents if key < level), default=0), ""),
                chapter=chapter,
                opening=tuple(say(wording.sentence(text)) for text in said),
                units=tuple(units),
            )
        )
        waiting.clear()

    for block in blocks:
        if isinstance(block, Heading):
            close()
            head, level, gathered = block.text.rstrip(" :"), levels.index(block.level) + 2, []
            parents = {key: value for key, value in parents.items() if key < level} | {level: head}
            while waiting and waiting[-1] not in parents.values():
                waiting.pop()  # an empty section beside this one has nothing to say
        else:
            gathered.append(turned(block, head))
    close()
    return sections


def make_units(blocks: Sequence[Block], title: str, wording: Wording, pictures: Pictures) -> list[Unit]:
    """Units of one section. A sentence that ends with a colon is said with what it announces."""
    units: list[Unit] = []
    for number, block in enumerate(blocks):
        lead = take_lead(units, block)
        if lead and isinstance(block, Code) and EMPTY_LEAD.match(lead.text) and len(lead.words) <= EMPTY_WORDS:
            lead = None  # what was said before is about the code
        if lead and isinstance(block, Listing) and len(lead.words) > LONG_LEAD:  # nothing would be shown meanwhile
            units.append(prose_unit(lead, number, first=False))
            lead = None
        whole = with_colon(block, blocks[number + 1 : number + 2])
        made = block_units(whole, lead, title if not units else "", wording, pictures, number)
        if (
            isinstance(block, Code)
            and lead is None
            and made
            and not is_command(block)
            and (
                has_prose(blocks[number + 1 : number + 3], wording) or follows_prose(units, blocks[number - 1 : number])
            )
        ):
            made = [Unit(kind="picture", slide=made[0].slide)]  # the prose beside it tells more than we could
        if lead is not None and not made:
            units.append(prose_unit(lead, number, first=False))
        if isinstance(block, Image) and not made:
            drop_announcement(units)
        if isinstance(block, Image):
            made = [replace(unit, paragraph=tied_paragraph(units, inside=block.inside)) for unit in made]
        units += made
    drop_announcement(units)
    return pair_pictures(join_codes(units))


def drop_announcement(units: list[Unit]) -> None:
    """Without a last sentence that announces what is not there: a picture that is missing, a list of links."""
    if units and units[-1].sentence and units[-1].sentence.text.endswith(":"):
        units.pop()


def with_colon(block: Block, following: Sequence[Block]) -> Block:
    """A paragraph that stops in mid-sentence before a quotation, list, table or code announces it."""
    if not isinstance(block, Paragraph) or not any(
        isinstance(other, Quote | Listing | Table | Code) for other in following
    ):
        return block
    text = block.text.text.rstrip(", ")
    is_open = text[-1:].isalnum() and (len(text.split()) >= OPEN_WORDS or text != block.text.text)
    return Paragraph(text=replace(block.text, text=text + ":")) if is_open else block


def has_prose(following: Sequence[Block], wording: Wording) -> bool:
    """Whether the next paragraph is about what stands here, not about what follows it, and is said."""
    if not following or not isinstance(following[0], Paragraph):
        return False
    if not kept_sentences(following[0], wording):
        return False
    return not (following[0].text.text.endswith(":") and len(following) > 1)


def follows_prose(units: Sequence[Unit], before: Sequence[Block]) -> bool:
    return bool(units) and units[-1].kind == "prose" and any(isinstance(block, Paragraph) for block in before)


def take_lead(units: list[Unit], block: Block) -> Sentence | None:
    """The sentence just before, if it announces this block."""
    if isinstance(block, Paragraph | Image) or not units or units[-1].sentence is None:
        return None
    return units.pop().sentence if units[-1].sentence.text.endswith(":") else None


def block_units(
    block: Block, lead: Sentence | None, title: str, wording: Wording, pictures: Pictures, number: int
) -> list[Unit]:
    match block:
        case Paragraph():
            kept = kept_sentences(block, wording)
            return [prose_unit(sentence, number, first=place == 0) for place, sentence in enumerate(kept)]
        case Listing() if any(len(entry.text.text.split()) > LONGEST for entry in block.entries):
            paragraphs = [Paragraph(text=entry.text) for entry in block.entries]  # essays with a mark before them
            announced = [prose_unit(lead, number, first=True)] if lead else []
            return [
                *announced,
                *(unit for p in paragraphs for unit in block_units(p, None, "", wording, pictures, number)),
            ]
        case Listing():
            return list_units(block, lead, title, wording)
        case Versus():
            return [versus_unit(block, lead, title, wording)]
        case Quote():
            return quote_units(block, lead, wording)
        case Table():
            return table_units(block, lead, title, wording)
        case Code():
            unit = code_unit(block, lead, title, wording)
        case Image():
            slide = pictures.slide(block)
            unit = Unit(kind="picture", slide=slide) if slide else None
        case _:
            unit = None
    return [unit] if unit else []


def kept_sentences(paragraph: Paragraph, wording: Wording) -> list[Sentence]:
    """What is said of a paragraph. `Released in May` gets its full stop."""
    text = paragraph.text
    ended = text.text if text.text.endswith(":") else end_sentence(text.text)
    return without_pointers(wording.sentences(ended, text.strong), text.links)


def split_units(units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Sentences that no single scene should hold in parts; done last, so that none is ever kept in part only."""
    return tuple(part for unit in units for part in unit_parts(unit))


def unit_parts(unit: Unit) -> list[Unit]:
    parts = split_endless(unit.sentence, LONGEST) if unit.sentence else []
    return [prose_unit(part, unit.paragraph, first=False) for part in parts] if len(parts) > 1 else [unit]


def without_pointers(sentences: Sequence[Sentence], links: tuple[str, ...]) -> list[Sentence]:
    """Without sentences that only say where to look, and the `Questions?` before them."""
    kept: list[Sentence] = []
    for sentence in sentences:
        if not is_pointer(sentence, links):
            kept.append(sentence)
        elif kept and kept[-1].text.endswith("?") and len(kept[-1].words) < OPEN_WORDS:
            kept.pop()
    return kept


def is_pointer(sentence: Sentence, links: tuple[str, ...]) -> bool:
    """A sentence that only says where to click: `See the documentation`, `Full changelog: https://...`."""
    addresses = sum("://" in word for word in sentence.words)
    addresses += sum(bool(MAIL.match(word.strip("(),;.<>"))) for word in sentence.words)
    if addresses and len(sentence.words) - addresses <= POINTER_WORDS:
        return True
    return bool(POINTER.match(sentence.text)) and any(link in sentence.text for link in links)


def prose_unit(sentence: Sentence, paragraph: int, *, first: bool) -> Unit:
    spoken = sentence.spoken
    if sentence.text.endswith(":"):  # nothing came that it could announce
        spoken = (*spoken[:-1], end_sentence(spoken[-1]))
    leans = spoken[0].lower().strip(',.:;"“(') in LEANING
    return replace(say(sentence), spoken=spoken, paragraph=paragraph, leans=leans)


def quote_units(quote: Quote, lead: Sentence | None, wording: Wording) -> list[Unit]:
    sentences = wording.sentences(end_sentence(quote.text))
    if not sentences:
        return []
    speech = Speech()
    if lead:
        speech.lead(lead)
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

    return make_sentence(f"In the words of {named(wording.soften(source.split(',', maxsplit=1)[0]))}:")


def named(source: str) -> str:
    """`a customer from Leeds` of `customer from Leeds`; names stay as they are."""
    first = source.split(maxsplit=1)[0]
    is_one = first[:1].islower() and first not in DETERMINERS and not first.endswith("s")
    return f"{'an' if first[0] in 'aeiou' else 'a'} {source}" if is_one else source

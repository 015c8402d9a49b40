"""Headings as they are shown and said: without numbers, emoji and shouting; and bold lines that are headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from aurad_plugins.script_document.blocks import Block, Heading, Paragraph, Text
from aurad_plugins.script_document.wording import abridge

LONGEST_HEADING = 160  # characters; what is longer is prose with a mark before it
BOLD_WORDS = 8  # of a bold line that stands for a heading
DEEPEST = 6
SAYABLE, FEWEST = 60, 3  # characters of a heading that is left whole, and words of the beginning of a longer one
JOINTS = (  # where it may end, the best first
    re.compile(r"[:;] | [—–(]"),
    re.compile(r",? (?:and|or|but) (?=(?:what|how|why|when|where|who|which)\b)|, "),
    re.compile(r" (?:before|after|because|while|when|so that|in order|although|though) "),
)
SYMBOLS = re.compile(r"^(?:[^\w\s\"“‘'(<\[$€£¥#@~+.-]|[\ufe0f\u200d])+\s+(?=\S)")
NUMBERED = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})*[.)]|\d{1,2}(?:\.\d{1,2})+)\s+(?=[^\W\d])")
RELEASE = re.compile(r"^\[?(?P<number>\d+\.\d+(?:\.\w+)*)\]?(?=\s*(?:$|—|\())")
SHOUTED = re.compile(r"[^\W\d_]{4,}")


def tidy_headings(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with headings made ready to be shown and spoken."""
    found: list[Block] = []
    for number, block in enumerate(blocks):
        if isinstance(block, Heading):
            found += split_heading(replace(block, text=tidy_heading(block.text)))
        elif isinstance(block, Paragraph) and number and (split := split_bold(block.text)):
            found += [part for part in split if not isinstance(part, Paragraph) or part.text.text]
        else:
            found.append(block)
    return found


def tidy_heading(text: str) -> str:
    text = NUMBERED.sub("", SYMBOLS.sub("", text))
    text = shortened(RELEASE.sub(r"Version \g<number>", text))
    if text.isupper() and len(text.split()) > 1:
        return SHOUTED.sub(lambda match: match[0].capitalize(), text)
    return text


def shortened(text: str) -> str:
    """`What went wrong` of a heading that nobody says in one breath: it ends before what only goes on."""
    if not SAYABLE < len(text) <= LONGEST_HEADING:
        return text
    for joint in JOINTS:
        ends = [match.start() for match in joint.finditer(text) if len(text[: match.start()].split()) >= FEWEST]
        if ends and ends[0] <= SAYABLE:
            return text[: ends[0]].rstrip(" ,;:") + ("?" if text.endswith("?") else "")
    return text


def split_bold(text: Text) -> tuple[Heading, Paragraph] | None:
    """`**Does it run?** It does.` and bold lines of their own are headings in disguise."""
    head = text.strong[0] if text.strong else ""
    if not head or not text.text.startswith(head) or len(head.split()) > BOLD_WORDS * 2:
        return None
    rest = text.text[len(head) :].strip()
    is_title = not rest and len(head.split()) <= BOLD_WORDS and head[-1] not in ".!:;,"
    if not is_title and not (rest and head.endswith("?")):
        return None
    return Heading(level=DEEPEST, text=head), Paragraph(text=Text(text=rest, strong=text.strong[1:], links=text.links))


def split_heading(block: Block) -> list[Block]:
    """An endless heading as its beginning, with all of it as the paragraph below."""
    if not isinstance(block, Heading) or len(block.text) <= LONGEST_HEADING:
        return [block]
    if len(block.text.split()) == 1:
        return [Heading(level=block.level, text=abridge(block.text))]
    return [Heading(level=block.level, text=abridge(block.text)), Paragraph(text=Text(text=block.text))]

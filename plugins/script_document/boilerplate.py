"""What is in a document without being said: back matter, badges, licence notes, lists of links, preambles."""

from __future__ import annotations

import re

from msgspec.structs import replace

from aurad_plugins.script_document.blocks import Block, Heading, Image, Listing, Paragraph
from aurad_plugins.script_document.citations import without_citations

# Sections that a reader skips and a listener should not hear.
BACK_MATTER = re.compile(
    r"^(?:table of )?contents$|^toc$|^licen[cs]e|^licensing$|^copyright|^badges?$|^sponsors?$|^contributors$"
    r"|^acknowledge?ments?$|^credits$|^(?:special )?thanks$|^authors?$|^maintainers?$|^star history$"
    r"|^show your support$|^donat(?:e|ions?)$",
    re.IGNORECASE,
)
# What every changelog says of itself before it begins.
PREAMBLE = re.compile(
    r"^(?:all notable changes to\b|the format is based on\b|(?:and )?this project adheres to\b)"
    r"[^.]*(?:\.\d[^.]*)*\.?\s*",
    re.IGNORECASE,
)
LEGAL = re.compile(
    r"^(?:table of contents\b"
    r"|copyright\b|©|\(c\)\s|all rights reserved|licensed under\b|released under\b|distributed under\b"
    r"|(?:this|the) (?:project|software|package|work|code|library|document) is"
    r" (?:licensed|released|distributed|available) under\b"
    r"|permission is hereby granted\b|spdx-license)"
    r"|\bis licensed under (?:the|a)\b|^\W*[\w-]+ is \S+[ -]licensed\b",
    re.IGNORECASE,
)
BADGE = re.compile(
    r"shields\.io|badge|/workflows/|travis-ci|codecov|coveralls|readthedocs\.org/projects", re.IGNORECASE
)
MOSTLY = 0.7  # of a list's entries are links, so that it is there to be clicked
SHORT_LEGAL = 60  # words; a longer paragraph that names a licence is more than boilerplate
BYLINE = re.compile(r"^(?:written |posted |published )?by [A-Z][^.!?]{2,80}$", re.IGNORECASE)
BYLINE_WORDS = 14
DETAILS = re.compile(r"\s+[·•|]\s+")


def drop_boilerplate(blocks: list[Block]) -> list[Block]:
    """Without back matter, badges, licence notes and lists that are nothing but links."""
    kept: list[Block] = []
    skipping = 0  # the level of the section being left out
    for block in without_citations(blocks):
        if isinstance(block, Heading):
            if skipping and block.level > skipping:
                continue
            skipping = block.level if BACK_MATTER.search(block.text.strip(" :.")) else 0
        if not skipping and not is_boilerplate(block):
            kept += [block] if not isinstance(block, Paragraph) else without_preamble(block)
    return kept


def is_boilerplate(block: Block) -> bool:
    match block:
        case Heading():
            return not has_words(block.text)
        case Image():
            return bool(BADGE.search(block.src))
        case Listing():
            linked = sum(entry.text.linked for entry in block.entries)
            return len(block.entries) > 1 and linked >= len(block.entries) * MOSTLY
        case Paragraph(text=text):
            if BYLINE.match(text.text) and len(text.text.split()) <= BYLINE_WORDS:
                return True
            is_legal = bool(LEGAL.search(text.text)) and len(text.text.split()) < SHORT_LEGAL
            return is_legal or not has_words(text.text) or (text.linked and len(text.text.split()) < 40)
        case _:
            return False


def has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def without_preamble(block: Paragraph) -> list[Block]:
    """Without what every changelog says of itself, and without links in a line of details: `2025-06-17 · Changelog`."""
    text = block.text.text
    while match := PREAMBLE.match(text):
        text = text[match.end() :]
    parts = DETAILS.split(text)
    if len(parts) > 1 and block.text.links:
        text = ", ".join(part for part in parts if part not in block.text.links)
    return [replace(block, text=replace(block.text, text=text))] if has_words(text) else []

"""How words are written as a label on a slide: a capital first, no stray marks around them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aurad_plugins.script_document.clauses import Words

TRAILING_SIGNS = re.compile(r"\s+[^\w\s\"”’')>%°+#.!?…]+$")
LONGEST_WORD = 40  # characters; a longer one is no word
LEADING_DASH = re.compile(r"^[-.]+(?=\s|$)\s*")
OPEN_QUOTE = re.compile(r"^['‘]\w[^'’]*$")
LEADING_SIGNS = re.compile(r"^[^\w\s\"“‘'(<$€£¥#@~+.-]+\s+")  # an emoji before a label


def render(words: Words, kept: Sequence[int]) -> str:
    """The words as a label: a capital first, no punctuation at the end, quotation marks only in pairs."""
    parts = []
    for place, index in enumerate(kept):
        is_last, follows = place == len(kept) - 1, place + 1 < len(kept) and kept[place + 1] == index + 1
        keeps_mark = not is_last and follows
        word = words.raw[index].strip("()[]") if keeps_mark else words.cores[index]
        parts.append(word if is_last or follows else word + mark_after_aside(words, index, kept[place + 1]))
    text = tidy(" ".join(parts))
    begins = kept[0] == 0 or "." in words.trails[kept[0] - 1]  # written as its sentence begins
    return text if begins else capitalise(text)


def mark_after_aside(words: Words, index: int, following: int) -> str:
    """The comma of `inotify (Linux), FSEvents` once the aside is gone."""
    aside = words.raw[index + 1 : following]
    is_aside = bool(aside) and aside[0].startswith("(") and ")" in aside[-1]
    return aside[-1][-1] if is_aside and aside[-1][-1] in ",;" else ""


def tidy(text: str) -> str:
    text = " ".join(word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD] + "…" for word in text.split(" "))
    text = text.rstrip(" ,;:.—-").lstrip(" ,;:—")  # a first dash or dot may be that of `--help` or `.env`
    text = TRAILING_SIGNS.sub("", LEADING_SIGNS.sub("", LEADING_DASH.sub("", text)))
    if sum(text.count(mark) for mark in '"“”') % 2:
        text = re.sub('["“”]', "", text)
    return text[1:] if OPEN_QUOTE.match(text) else text


def capitalise(text: str) -> str:
    first = text.split(" ", 1)[0].rstrip(",")
    is_word = re.sub("[-'’]", "", first).isalpha() and first.islower()
    return text[:1].upper() + text[1:] if is_word else text

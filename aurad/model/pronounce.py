"""How words are said that a voice would get wrong: the dictionary of settings, presets and documents.

A word is written as it stands in the text, its sound as plain words that anybody would read aloud the
right way: `kubectl = "cube control"`. A word in small letters means all ways to write it, one with
capitals only itself, so that `US` leaves `us` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated

from msgspec import Meta

from aurad.model.shapes import shape

Written = Annotated[str, Meta(pattern=shape(r"^\S{1,60}(?!\n)$", "a word of at most 60 letters"))]
Said = Annotated[str, Meta(pattern=shape(r"\S", "a text that is not empty"), max_length=120)]
Pronounce = dict[Written, Said]


def occurring(text: str, pronounce: Mapping[str, str]) -> dict[str, str]:
    """The entries that `text` needs, in their own order: what else there is must not change its digest."""
    if not pronounce:
        return {}
    found = {key for match in _pattern(tuple(pronounce)).finditer(text) if (key := _key(match[0], pronounce))}
    return {key: said for key, said in pronounce.items() if key in found}


def respelled(words: Sequence[str], pronounce: Mapping[str, str]) -> list[str]:
    """For each word what is to be read in its place; punctuation and endings such as `'s` stay."""
    if not pronounce:
        return list(words)
    pattern = _pattern(tuple(pronounce))
    return [pattern.sub(lambda match: pronounce.get(_key(match[0], pronounce), match[0]), word) for word in words]


def _key(found: str, pronounce: Mapping[str, str]) -> str:
    return next((key for key in (found, found.lower()) if key in pronounce), "")


@lru_cache(maxsize=64)
def _pattern(keys: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the words where it stands alone, the longest first (`C++` before `C`)."""
    words = sorted(map(re.escape, keys), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)

"""Texts of a certain shape, and the words that errors have for it: nobody shall have to read a regular expression."""

from __future__ import annotations

import re

_WORDS: dict[str, str] = {}  # by the pattern as msgspec quotes it
_QUOTED = re.compile(r"`str` matching regex (.+?)(?= - at `|$)")


def shape(pattern: str, words: str) -> str:
    """`pattern`, known by `words` from now on: "a language tag, as in en or pt-BR"."""
    _WORDS[repr(pattern)] = words
    return pattern


def words_of(pattern: str) -> str:
    """What a text of this pattern is."""
    return _WORDS[repr(pattern)]


def in_words(error: Exception) -> str:
    """What a `msgspec.ValidationError` says, with words for patterns."""
    return _QUOTED.sub(lambda found: _WORDS.get(found[1], found[0]), str(error))

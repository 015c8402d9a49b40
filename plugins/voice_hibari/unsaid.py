"""Words that the voice has no sounds for, and how long they stand to be read instead.

Owns which words those are and the time people need for them. Pure; knows nothing of sound.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence

from aurad_plugins.voice_hibari.text import Sentence, Symbol

READING = 14.0  # columns a second that people read then, in captions and on the slide
SILENCE = 1.2  # seconds at least, where a scene has nothing that can be said
GLANCE = 0.8  # seconds at least for words left to be read among others that are said
NOTICED = 0.6  # seconds of reading within a sentence that is spoken; a shorter gap would only sound like a stumble


def reading_times(words: Sequence[str], least: float) -> list[float]:
    """Seconds at which each word begins, and the last one ends, for somebody who reads them in silence."""
    wide = [sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in word) + 1 for word in words]
    seconds = max(sum(wide) / READING, least)
    return [seconds * upto / max(sum(wide), 1) for upto in (0, *itertools.accumulate(wide))]


def pieces(sentence: Sentence, symbols: Sequence[Symbol]) -> Iterator[list[Symbol] | range]:
    """The sentence's symbols, cut where words are left to be read; those come as the range of their numbers."""
    at = 0
    for run in unsaid_runs(sentence, heard(symbols)):
        before, after = (_place(symbols, word) for word in (run.start, run.stop))
        yield _trimmed(symbols[at:before])
        yield run
        at = after
    yield _trimmed(symbols[at:])


def heard(symbols: Sequence[Symbol]) -> set[int]:
    return {word for char, word in symbols if char.isalpha()}


def unsaid_runs(sentence: Sentence, heard: set[int]) -> list[range]:
    """The words in a row that are not heard and take a while to read; at its end, where it rests anyway, all do."""
    first, whole = sentence.first, range(sentence.first, sentence.first + len(sentence.words))
    silent = [number not in heard and is_foreign(sentence.words[number - first]) for number in whole]
    found = []
    for key, group in itertools.groupby(whole, lambda number: silent[number - first]):
        numbers = list(group)
        run = range(numbers[0], numbers[-1] + 1)
        words = sentence.words[run.start - first : run.stop - first]
        if key and _is_text(words, last=run.stop == whole.stop):
            found.append(run)
    return found


def is_foreign(word: str) -> bool:
    """Whether nothing in it is a letter or digit that every English voice knows."""
    return not any(char.isascii() and char.isalnum() for char in word)


def _is_text(words: Sequence[str], *, last: bool) -> bool:
    """Whether there is something to read: marks alone are not, and one picture after a sentence is not either."""
    if last and any(char.isalpha() for word in words for char in word):
        return True
    drawn = any(unicodedata.category(char)[0] in "LNS" for word in words for char in word)
    return drawn and reading_times(words, 0.0)[-1] >= NOTICED


def _place(symbols: Sequence[Symbol], word: int) -> int:
    return next((place for place, symbol in enumerate(symbols) if symbol.word >= word), len(symbols))


def _trimmed(symbols: Sequence[Symbol]) -> list[Symbol]:
    ends = [place for place, symbol in enumerate(symbols) if symbol.char != " "]
    return list(symbols[ends[0] : ends[-1] + 1]) if ends else []

"""From written words to phonemes that remember which word they belong to.

Owns sentence ends, the alignment of a normalised reading with what is written ("1,250" is read as five
words and stays one), and cutting what is too long for the model. Pure; knows nothing of sound.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from aurad_plugins.voice_hibari.written import readable

MAX_SYMBOLS = 400  # phonemes the model was trained to take at once
MAX_WORDS = 80  # in a sentence: reading and aligning take longer than its share beyond, and a cancel waits for them
MAX_WORD = 90  # letters: nobody says a longer "word" (a hash, a key), and the engine takes seconds over it
MAX_DIGITS = 15  # a longer number is read digit by digit; Python refuses to read 4,301 digits at all

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*$")
_INITIAL = re.compile(r"^[(\"'“‘]*(?:[A-Z]\.)+$")
_ABBREVIATION = re.compile(r"^[(\"'“‘]*(?:\w+\.)+$")
_NUMBERED = re.compile(
    r"^(?:ca?|[Cc]hap|Bldg|Figs?|Eqs?|Nos?|Sec|Tab|Vols?|Ch|App|Art|Refs?|pp?|RFC)$"
)  # before a number
_DIGITS = re.compile(rf"\d{{{MAX_DIGITS + 1},}}")
_CLAUSE_END = frozenset(",;:—.!?…")
_KEY = re.compile(r"[^\w%$€£]+")


class Symbol(NamedTuple):
    """A phoneme character and the written word it belongs to; -1 for the space between words."""

    char: str
    word: int


class Sentence(NamedTuple):
    """Consecutive written words that are said in one breath, and what ends with them."""

    first: int
    words: tuple[str, ...]
    end: Literal["clause", "sentence", "paragraph"]


Reading = Sequence[tuple[str, str]]  # (normalised word, its phonemes)
Read = Callable[[str], Reading]


def sentences(text: str, abbreviations: frozenset[str] = frozenset()) -> list[Sentence]:
    """Cut `text.split()` into sentences; a blank line ends a paragraph."""
    found: list[Sentence] = []
    at = 0
    for paragraph in _PARAGRAPH.split(text):
        words = paragraph.split()
        start = 0
        for i, word in enumerate(words):
            final = i + 1 == len(words)
            if final or _ends_sentence(word, words[i + 1], abbreviations):
                found += _breaths(at + start, words[start : i + 1], final=final)
                start = i + 1
        at += len(words)
    return found


def _breaths(first: int, words: Sequence[str], *, final: bool) -> Iterator[Sentence]:
    """One sentence; an endless one in parts that end at clauses where they can."""
    while len(words) > MAX_WORDS:
        clauses = [i for i in range(MAX_WORDS // 4, MAX_WORDS) if words[i - 1][-1] in _CLAUSE_END]
        cut = clauses[-1] if clauses else MAX_WORDS
        yield Sentence(first, tuple(words[:cut]), "clause")
        first, words = first + cut, words[cut:]
    yield Sentence(first, tuple(words), "paragraph" if final else "sentence")


def _ends_sentence(word: str, following: str, abbreviations: frozenset[str]) -> bool:
    if not _SENTENCE_END.search(word) or following[0].islower():
        return False
    if _INITIAL.match(word):
        return False
    if not _ABBREVIATION.match(word):
        return True
    short = word.lstrip("(\"'“‘").rstrip(".")
    return short not in abbreviations and not (_NUMBERED.match(short) and following.lstrip("([")[:1].isdigit())


def speakable(word: str) -> str:
    """A written word as the engine can take it: no markup of its own, nothing endless."""
    short = word[:MAX_WORD].replace("](", "] (")
    return _DIGITS.sub(lambda run: " ".join(run.group()), short)


def phonemes(words: Sequence[str], first: int, read: Read, pronounce: Mapping[str, str]) -> list[Symbol]:
    """The sentence's phonemes, each owned by a written word. `first` is the number of its first word."""
    said = [(part, i) for i, whole in enumerate(readable(words, pronounce)) for part in whole.split()]
    reading = _safe_reading([part for part, _ in said], read)
    owners = [said[i][1] for i in align([part for part, _ in said], [spoken for spoken, _ in reading])]
    symbols: list[Symbol] = []
    for (_, chars), owner in zip(reading, owners, strict=True):
        if chars:
            symbols += [Symbol(" ", -1)] if symbols else []
            symbols += [Symbol(char, -1 if char == " " else first + owner) for char in chars]
    return symbols


def _safe_reading(words: Sequence[str], read: Read) -> Reading:
    """Read a whole sentence (context decides pronunciation); word by word if the engine stumbles."""
    spoken = [speakable(word) for word in words]
    try:
        return read(" ".join(spoken))
    except Exception:  # a word that the engine's rules did not foresee must not cost the scene
        return [pair for word in spoken for pair in _read_or_skip(word, read)]


def _read_or_skip(word: str, read: Read) -> Reading:
    try:
        return read(word)
    except Exception:
        return ()


def align(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each spoken word the index of the written word it stands for; never falling."""
    left, right = [_key(word) for word in written], [_key(word) for word in spoken]
    owners: list[int] = []
    for _, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if a == b:  # said but not written ("million dollars"): it belongs to what was just said
            owners += [max(a - 1, 0)] * (d - c)
        else:
            owners += [a + (i * (b - a)) // (d - c) for i in range(d - c)]
    return owners


def _key(word: str) -> str:
    return _KEY.sub("", word).casefold() or word


def chunks(symbols: list[Symbol], limit: int = MAX_SYMBOLS) -> Iterator[list[Symbol]]:
    """Cut at clauses, else between words, else anywhere, so that no part is over the limit."""
    while len(symbols) > limit:
        cut = _cut(symbols, limit)
        yield symbols[:cut]
        symbols = symbols[cut:]
        if symbols and symbols[0].char == " ":
            symbols = symbols[1:]
    if symbols:
        yield symbols


def _cut(symbols: Sequence[Symbol], limit: int) -> int:
    spaces = [i for i in range(limit // 4, limit + 1) if symbols[i].char == " "]
    clauses = [i for i in spaces if symbols[i - 1].char in _CLAUSE_END]
    return (clauses or spaces or [limit])[-1]

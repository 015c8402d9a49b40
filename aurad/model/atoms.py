"""The smallest parts a caption may be cut into: words, and parts of words where a script knows no spaces.

Chinese and Japanese part between characters by the rules of East Asian typesetting (kinsoku): nothing
closing starts a line, nothing opening ends one, Latin words and numbers stay whole. A word that is wider
than a line, such as an address, parts after its punctuation, and if need be anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from aurad.model.breaks import ANYWHERE, BOUND, PREPOSITION
from aurad.model.narration import Word

NO_START = frozenset(
    "、。，．・：；？！）］｝〕〉》」』】〙〗〟’”»ゝゞ々ー～…‥%％℃°,.:;?!)]}ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ〜"
)
NO_END = frozenset("（［｛〔〈《「『【〘〖〝‘“«([{$€¥￥£＄")
LOOSE = frozenset("/\\.-_?&=#:@,;)+|~")  # after these an address may part
ZWJ = "\N{ZERO WIDTH JOINER}"


class Atom(NamedTuple):
    """A word, or a part of one that follows the part before without a space (`glued`)."""

    word: Word
    glued: bool = False


def atoms_of(words: Sequence[Word], columns: int) -> list[Atom]:
    """All words in order; those that must part, with their time shared out by width."""
    starts = [*(word.start for word in words[1:]), None]
    return [
        atom
        for word, following in zip(words, starts, strict=True)
        for atom in _timed(word, parts_of(word.text, columns), following)
    ]


def width(text: str) -> int:
    """Columns that a text takes: two for wide characters, none for marks that sit on others."""
    return len(text) if text.isascii() else sum(_columns(char) for char in text)


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def parts_of(text: str, columns: int) -> list[str]:
    """The text in parts no wider than a line, parted where its script allows."""
    if text.isascii() and len(text) <= columns:
        return [text]
    parts = _parted(text, _east_asian)
    if any(width(part) > columns for part in parts):
        parts = [piece for part in parts for piece in _fitting(part, columns)]
    return parts


def glued_cost(before: str, after: str) -> float:
    """How much it hurts to part a word here. Japanese phrases end where kana gives way to what is no kana."""
    one, other = _kind(before[-1]), _kind(after[0])
    if one == "hiragana" and other in ("han", "katakana"):
        return PREPOSITION
    return ANYWHERE if one == other == "han" else BOUND


def _timed(word: Word, parts: list[str], following: float | None) -> Iterator[Atom]:
    if len(parts) == 1:
        yield Atom(word)
        return
    end = max(word.end if following is None else min(word.end, following), word.start)
    whole, done, clock = sum(map(width, parts)) or 1, 0, word.start
    for number, part in enumerate(parts):
        done += width(part)
        until = min(word.start + (end - word.start) * done / whole, end)
        yield Atom(Word(text=part, start=clock, end=until), glued=number > 0)
        clock = until


def _parted(text: str, may_part: Callable[[str, str], bool]) -> list[str]:
    """Clusters put together again wherever no line may break between them."""
    clusters = list(_clusters(text))
    parts = clusters[:1]
    for cluster in clusters[1:]:
        if may_part(parts[-1][-1], cluster[0]):
            parts.append(cluster)
        else:
            parts[-1] += cluster
    return parts


def _fitting(part: str, columns: int) -> Iterator[str]:
    """A part that is too wide: after loose punctuation, and else wherever a line is full."""
    if width(part) <= columns:
        yield part
        return
    for piece in _parted(part, lambda before, after: before in LOOSE and after not in LOOSE):
        line, used = "", 0
        for cluster in _clusters(piece):
            if line and used + width(cluster) > columns:
                yield line
                line, used = "", 0
            line, used = line + cluster, used + width(cluster)
        yield line


def _clusters(text: str) -> Iterator[str]:
    """Characters with the marks that sit on them."""
    cluster = ""
    for char in text:
        if cluster and not (_columns(char) == 0 or cluster.endswith(ZWJ)):
            yield cluster
            cluster = ""
        cluster += char
    yield cluster


def _east_asian(before: str, after: str) -> bool:
    """Whether a line may end between two characters that stand together."""
    if after in NO_START or before in NO_END:
        return False
    kinds = {_kind(before), _kind(after)}
    return kinds not in ({"narrow"}, {"katakana"})


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    """What line breaking needs to know of a character. Korean writes spaces, so its letters count as narrow."""
    name = unicodedata.name(char, "")
    if name.startswith("HANGUL") or _columns(char) < 2:
        return "narrow"
    for prefix, kind in (("HIRAGANA", "hiragana"), ("KATAKANA", "katakana"), ("CJK UNIFIED", "han")):
        if name.startswith(prefix):
            return kind
    return "wide"

"""Takes a sentence apart: clauses without asides, enumerations in one piece, noun phrases; indexes of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aurad_plugins.script_document.abbreviations import EXPLAINING, NUMBERED, announces, is_date, is_inside
from aurad_plugins.script_document.grammar import FINITE, NOUNS, Grammar, split_edges
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.vocabulary import word_set

SUBORDINATORS = word_set(
    """
    because although though while since if unless until whereas whether so when where
    """
)
BREAKS = re.compile(r"[;:.!?…]")
LONGEST_LISTED = 9  # words of one member of an enumeration


class Words(NamedTuple):
    """A sentence as the search sees it."""

    cores: list[str]
    lower: list[str]
    tags: list[str]
    trails: list[str]
    raw: Sequence[str]


def analyse(sentence: Sentence, grammar: Grammar) -> Words:
    edges = [split_edges(word) for word in sentence.words]
    cores = [core for _, core, _ in edges]
    lower = [core.lower() for core in cores]
    followers = [*sentence.words[1:], ""]
    trails = [
        "" if is_inside(word, following) or is_date(word, following) else trail
        for word, following, (_, _, trail) in zip(sentence.words, followers, edges, strict=True)
    ]
    tags = grammar.tags(sentence.words)
    if begins_with_command(tags, grammar.tags([sentence.words[0].lower(), *sentence.words[1:]])):
        tags[0] = "VB"
    return Words(cores, lower, corrected(lower, tags), trails, sentence.words)


def begins_with_command(tags: list[str], small: list[str]) -> bool:
    """The tagger takes `Mix 50 g of flour` for a name because of its capital, `Peel 3 onions` for a noun."""
    is_name = tags[0] == "NNP" and small[0] == "VB" and tags[1:2] and tags[1] in ("CD", "DT", "PRP", "PRP$")
    return bool(is_name) or (tags[:3] == ["NN", "CD", "NNS"] and FINITE.isdisjoint(tags))


def corrected(lower: list[str], tags: list[str]) -> list[str]:
    """The tagger takes `Sales improved by 5%` for `sales that were improved`."""
    tags = ["IN" if lower[n : n + 2] == ["thanks", "to"] else tag for n, tag in enumerate(tags)]
    return [
        "VBD" if tag == "VBN" and is_change(lower, tags, index) and tags[index - 1] in NOUNS else tag
        for index, tag in enumerate(tags)
    ]


def is_change(lower: list[str], tags: list[str], index: int) -> bool:
    return lower[index + 1 : index + 2] in (["by"], ["from"], ["to"]) and tags[index + 2 : index + 3] == ["CD"]


def clauses(words: Words) -> Iterator[list[int]]:
    """Stretches without asides and subordinate clauses; indexes of words."""
    pieces = join_enumerations(words, split_punctuation(words))
    for number, piece in enumerate(pieces):
        if number and lists_subjects(words, piece):
            continue  # only the last of the subjects stands here
        yield from split_subordinate(words, piece)
        if number + 2 < len(pieces) and is_subject(words, piece) and words.tags[pieces[number + 2][0]] in FINITE:
            yield piece + next(split_subordinate(words, pieces[number + 2]))


def is_subject(words: Words, piece: list[int]) -> bool:
    """Whether the piece only names something, whose verb comes after an aside: `The tower, built in 1699, ...`."""
    tags = [words.tags[index] for index in piece]
    return tags[-1] in NOUNS and tags[0] != "IN" and not any(tag in FINITE or tag.startswith("VB") for tag in tags)


def lists_subjects(words: Words, piece: list[int]) -> bool:
    """Whether it is the end of `Wind, rain, and snow wore it down`."""
    tags = [words.tags[index] for index in piece]
    verb = next((place for place, tag in enumerate(tags) if tag in FINITE), 0)
    subject = tags[:verb]
    if "CC" not in subject or not set(subject) <= NOUNS | {"CC", "DT", "JJ", "CD", "IN", "VBN"}:
        return False
    return words.tags[piece[0] - 1] in NOUNS and FINITE.isdisjoint(words.tags[: piece[0]])


def split_punctuation(words: Words) -> list[tuple[list[int], str]]:
    """Pieces between punctuation with the mark that ended each; what is in brackets is left out."""
    pieces: list[tuple[list[int], str]] = []
    piece: list[int] = []
    depth = 0
    for index, raw in enumerate(words.raw):
        opened, closed = raw.count("(") + raw.count("["), raw.count(")") + raw.count("]")
        if not depth and not opened and words.cores[index]:
            piece.append(index)
        depth = max(0, depth + opened - closed)
        trail = words.trails[index]
        is_break = BREAKS.search(trail) or (not words.cores[index] and not is_sign(raw))
        mark = "" if depth else ";" if is_break else "," if "," in trail else ""
        if mark and piece:
            pieces.append((piece, mark))
            piece = []
    return [*pieces, (piece, ";")] if piece else pieces


def is_sign(word: str) -> bool:
    """Whether it is a drawn sign, such as the star of `4.6 ★ on average`, and no dash."""
    return all(unicodedata.category(character) == "So" for character in word.strip(".,"))


def join_enumerations(words: Words, pieces: list[tuple[list[int], str]]) -> list[list[int]]:
    """Put `red, green and blue` and `small, simple eyes` together again."""
    joined: list[list[int]] = []
    mark_before = ";"
    for number, (piece, mark) in enumerate(pieces):
        rest = [part for part, _ in pieces[number : number + 4]]
        if joined and mark_before == "," and continues(words, joined[-1], piece, rest):
            joined[-1] = joined[-1] + piece
        else:
            joined.append(list(piece))
        mark_before = mark
    return joined


def continues(words: Words, before: list[int], piece: list[int], rest: list[list[int]]) -> bool:
    tags = [words.tags[index] for index in piece]
    if tags[0] == "CC" and len(piece) > 2 and not any("," in words.trails[index] for index in before[:-1]):
        return False  # `..., and the leaf falls` is a clause of its own
    if tags[0] == "JJ" and words.tags[before[-1]] == "JJ":
        return True
    if any(tag in FINITE for tag in tags) or len(piece) > LONGEST_LISTED:
        return False
    starts = ("NN", "JJ", "CD", "DT", "CC", "VBG")
    ends_with_and = any(words.tags[index] == "CC" for part in rest[:4] for index in part[:4])
    return tags[0].startswith(starts) and ends_with_and


def split_subordinate(words: Words, piece: list[int]) -> Iterator[list[int]]:
    start = 0
    for place in range(1, len(piece)):
        if begins_clause(words, piece, place):
            yield piece[start:place]
            start = place
    yield piece[start:]


def begins_clause(words: Words, piece: list[int], place: int) -> bool:
    index = piece[place]
    tag, lower = words.tags[index], words.lower[index]
    ahead = [words.tags[other] for other in piece[place + 1 : place + 7]]
    if tag in ("WDT", "WP", "WRB") or (lower in SUBORDINATORS and any(t in FINITE for t in ahead)):
        return True
    if lower == "that" and tag == "IN":
        return True
    if tag == "CC" and ahead and any(words.tags[other] in FINITE for other in piece[:place]):
        next_is_verb = ahead[0] in FINITE or ahead[0] == "VB"
        is_clause = ahead[0] in NOUNS and any(t in FINITE for t in ahead[1:3])
        return next_is_verb or is_clause or (ahead[0] in ("PRP", "DT", "EX") and any(t in FINITE for t in ahead))
    return False


def noun_chunks(words: Words) -> Iterator[list[int]]:
    """Runs such as `two large compound eyes` or `speed of light`."""
    chunk: list[int] = []
    depth = 0
    inner = ("JJ", "NN", "CD", "VBN", "VBG", "POS", "JJR", "JJS", "NNP", "$", "HYPH")
    for index, tag in enumerate(words.tags):
        is_part = (
            bool(words.cores[index])
            and words.lower[index] not in EXPLAINING
            and (tag.startswith(inner) or (words.lower[index] == "of" and bool(chunk)))
        )
        raw = words.raw[index]
        depth += raw.count("(") + raw.count("[")
        if is_part and not depth:
            chunk.append(index)
        is_end = not is_part or depth > 0 or bool(words.trails[index]) or index == len(words.tags) - 1
        depth = max(0, depth - raw.count(")") - raw.count("]"))
        if is_end and chunk:
            while chunk and not ends_chunk(words, chunk[-1]):
                chunk.pop()
            if chunk:
                yield chunk
            chunk = []


def ends_chunk(words: Words, index: int) -> bool:
    following = words.lower[index + 1] if index + 1 < len(words.raw) and not words.trails[index] else ""
    if following in NUMBERED:  # `measure no. 3`
        return False
    return words.tags[index] in NOUNS and not announces(words.raw[index], "".join(words.raw[index + 1 : index + 2]))

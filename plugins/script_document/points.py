"""What a slide shows while prose is spoken: statements, members of enumerations, and names where nothing else fits.

Each point stands with the word that names it, and no two share words of a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from aurad_plugins.script_document.abbreviations import EXPLAINING
from aurad_plugins.script_document.clauses import Words, analyse, noun_chunks, split_punctuation, split_subordinate
from aurad_plugins.script_document.figures import figures
from aurad_plugins.script_document.fragments import BE, VAGUE
from aurad_plugins.script_document.grammar import FINITE, NOUNS
from aurad_plugins.script_document.labels import capitalise, render, tidy
from aurad_plugins.script_document.phrases import (
    CONDITIONAL,
    WAITING,
    Phrase,
    is_negative,
    ranked_phrases,
)
from aurad_plugins.script_document.rank import STOP, fold
from aurad_plugins.script_document.rating import CRISP, MOST_WORDS
from aurad_plugins.script_document.sentences import POINTER, Sentence
from aurad_plugins.script_document.vocabulary import MONTHS
from aurad_plugins.script_document.wording import LONGEST_LABEL, Wording

MOST_POINTS = 5
SILENCE = 15  # words, about six seconds, after which a slide should show something new
LONG_SENTENCE = 16  # words from which one sentence may make two points
FEWEST_LISTED, MOST_LISTED = 3, 5  # members of an enumeration worth a list of its own
MEMBER, NAMED = 9, 6  # words of a member that says something, and of one that only names
MEMBER_LEAST = 2  # words
SHORTEST = 3  # letters of a member that is a single word
NAME = 5  # words of a name
KEY_WORDS = 14  # of a statement that has no shorter form
REPEATED = 0.6  # how much more than ordinary words those of a name must weigh
YEAR = re.compile(r"^\(?((?:1[0-9]|20)\d\d)[.,;:)]*$")
ASIDE = re.compile(r"\s*\([^()]*\)")
PARTS = re.compile(r"[;:](?= )|, (?:and|so|which|where|hence)\b")
ADDS = re.compile(r"\d.* | by ")  # to a name: how many of them, or what was done
NEGATED = re.compile(r"n['’]t\b")  # the tagger takes `isn't` for a noun
FEWEST_WORDS = 5  # of a part that says something
SUBJECTS = frozenset(("DT", "PRP", "PRP$", "JJ", "CD"))  # what they begin with
VERBS = ("VBZ", "VBD", "VBP", "VB")


class Point(NamedTuple):
    """A few words for a slide; `at` and `end` are spoken words of the scene, `number` is the sentence's."""

    text: str
    at: int
    end: int
    number: int
    says: bool = True
    year: str = ""


def find_points(sentences: list[Sentence], starts: list[int], heading: str, wording: Wording) -> list[Point]:
    """The points of a scene in the order in which they are spoken."""
    points: list[Point] = []
    shown = heading
    for number, (sentence, start) in enumerate(zip(sentences, starts, strict=True)):
        if POINTER.match(sentence.text):
            continue
        for point in sentence_points(sentence, number, start, shown, wording):
            points.append(point)
            shown += " " + point.text
    return with_members_joined(points, wording)


def with_members_joined(points: list[Point], wording: Wording) -> list[Point]:
    """An enumeration of names as one point where other sentences have points of their own."""
    if len({point.number for point in points}) == 1 or all(not point.says for point in points):
        return points
    joined: list[Point] = []
    for _, group in groupby(points, key=lambda point: (point.number, point.says)):
        members = list(group)
        text = ", ".join(wording.soften(point.text) if n else point.text for n, point in enumerate(members))
        if members[0].says or len(members) < FEWEST_LISTED or len(text.split()) > MEMBER:
            joined += members
        else:
            joined.append(members[0]._replace(text=text, end=members[-1].end))
    return joined


def sentence_points(sentence: Sentence, number: int, start: int, shown: str, wording: Wording) -> list[Point]:
    words = analyse(sentence, wording.grammar) if wording.grammar.knows and sentence.words else None
    year = only_year(sentence)

    def point(text: str, first: int, last: int, says: bool) -> Point:
        if sentence.words[first] in wording.uncapped:
            text = text[:1].lower() + text[1:]
        return Point(text, start + sentence.starts[first], start + sentence.starts[last + 1], number, says, year)

    if words and (members := listed(words)):
        return [point(capitalise(tidy(render(words, kept))), kept[0], kept[-1], says) for kept, says in members]
    if words is None or is_short_question(sentence):
        phrase = wording.phrase(sentence, shown)
        return [point(phrase.text, phrase.start, phrase.end, phrase.says)] if phrase else []
    chosen: list[Point] = []
    most = 2 if len(words.raw) >= LONG_SENTENCE else 1
    for phrase in statements(sentence, shown, wording):
        made = point(phrase.text, phrase.start, phrase.end, says=True)
        if len(chosen) < most and all(made.at >= other.end or made.end <= other.at for other in chosen):
            chosen.append(made)
    return sorted(chosen, key=lambda found: found.at)


def is_silent(sentence: Sentence, wording: Wording) -> bool:
    """Whether a slide for this sentence alone would have nothing to show."""
    return not wording.phrase(sentence) and not sentence_points(sentence, 0, 0, "", wording)


def statements(sentence: Sentence, shown: str, wording: Wording) -> Iterator[Phrase]:
    """What the sentence says, in few words if it can be said in few; of a long one whole clauses, too."""
    tags, is_said = wording.grammar.tags(sentence.words), False
    for most, loose in ((MOST_WORDS, False), (KEY_WORDS, False), (KEY_WORDS, True)):
        found = ranked_phrases(sentence, wording.grammar, wording.weights, shown, most, loose=loose)
        says = [phrase for phrase in found if phrase.says]
        yield from (phrase for phrase in says if not is_said or is_clause(phrase, tags))
        is_said = is_said or bool(says)
        if is_said and len(sentence.words) < LONG_SENTENCE:
            return


def is_clause(phrase: Phrase, tags: list[str]) -> bool:
    """Whether it is worth standing below a shorter statement: neither torn off nor only `It is there`."""
    return phrase.end - phrase.start >= CRISP and tags[phrase.start] in NOUNS | SUBJECTS


def condensed(sentence: Sentence, most: int, wording: Wording) -> str:
    """The sentence, or the first of its parts that stand beside one another, where no shorter form says the same."""
    text = ASIDE.sub("", sentence.text)
    for match in [*PARTS.finditer(text), None]:
        part = text[: match.start()] if match else text
        size = len(part.split())
        tags = [*wording.grammar.tags(part.split()), "VB" if NEGATED.search(part) else ""]
        says = not wording.grammar.knows or not (FINITE | {"VB"}).isdisjoint(tags)
        if FEWEST_WORDS <= size <= most and len(part) <= LONGEST_LABEL and says:
            return tidy(part)
    return ""


def is_short_question(sentence: Sentence) -> bool:
    return sentence.words[-1].endswith("?")


def only_year(sentence: Sentence) -> str:
    years = {match[1] for word in sentence.words if (match := YEAR.match(word))}
    return years.pop() if len(years) == 1 else ""


# ---------------------------------------------------------------- silence


def fill_silence(
    points: list[Point], sentences: list[Sentence], starts: list[int], shown: str, size: int, wording: Wording
) -> list[Point]:
    """The points with names from the sentences where nothing would be shown for long."""
    filled = list(points)
    told = Counter(point.number for point in points)
    pairs = [pair for pair in enumerate(zip(sentences, starts, strict=True)) if told[pair[0]] < FEWEST_LISTED]
    names = [name for pair in pairs for name in short_form(*pair, told, wording) or find_names(*pair, wording)]
    seen = {fold(word) for text in (shown, *(point.text for point in points)) for word in text.lower().split()}
    for name in names:
        edges = sorted([0, size, *(point.at for point in filled)])
        before = max((edge for edge in edges if edge <= name.at), default=0)
        after = min((edge for edge in edges if edge > name.at), default=size)
        own = {fold(word) for word in name.text.lower().split()} - STOP
        is_inside = any(point.at <= name.at < point.end for point in filled)
        if points and not name.says and not ADDS.search(name.text):  # a name alone beside statements says nothing
            continue
        if after - before > SILENCE and not is_inside and not own & seen and len(filled) < MOST_POINTS:
            filled.append(name)
            seen |= own
    return sorted(filled, key=lambda point: point.at)


def short_form(number: int, pair: tuple[Sentence, int], told: Mapping[int, int], wording: Wording) -> list[Point]:
    """A sentence that has no point yet, if it is short: a name says less."""
    sentence, start = pair
    text = "" if told.get(number) else condensed(sentence, KEY_WORDS, wording)
    return [Point(capitalise(text), start, start + len(sentence.spoken), number)] if text else []


def find_names(number: int, pair: tuple[Sentence, int], wording: Wording) -> list[Point]:
    """What a sentence is about: its noun phrases, those that tell something."""
    sentence, start = pair
    if not wording.grammar.knows or not sentence.words:
        return []
    words = analyse(sentence, wording.grammar)
    found = [Point(f"{f.text} {f.detail}", f.at, f.end, number, says=False) for f in figures(sentence, start, wording)
             if f.counts and f.score and " " in f.detail and "but" not in sentence.words]  # fmt: skip
    for chunk in noun_chunks(words):
        if tells(words, chunk, wording.weights):
            kept = with_deed(words, chunk)
            at, end = (start + sentence.starts[index] for index in (kept[0], kept[-1] + 1))
            found.append(Point(capitalise(render(words, kept)), at, end, number, says=False))
    return found


def topic(sentences: list[Sentence], shown: str, wording: Wording) -> str:
    """The weightiest name in what must not be shortened: better than a heading alone. Empty if there is none."""
    seen = {fold(word) for word in shown.lower().split()}
    found: list[tuple[float, str]] = []
    for sentence in sentences if wording.grammar.knows else []:
        words = analyse(sentence, wording.grammar)
        for chunk in noun_chunks(words):
            own, following = [words.lower[n] for n in chunk], words.lower[chunk[-1] + 1 : chunk[-1] + 2]
            is_known = not seen.isdisjoint(map(fold, own)) or not (VAGUE | WAITING | MONTHS).isdisjoint(own)
            may_be_verb = not chunk[0] or following == ["from"]  # `takes limits`, `the company benefits from`
            is_name = words.tags[chunk[0]] in NOUNS | {"JJ"} and not any("/" in word for word in own)
            if MEMBER_LEAST <= len(chunk) <= NAME and is_name and not is_known and not may_be_verb:
                weight = sum(wording.weights.get(word, 0.0) for word in own)
                found.append((weight, capitalise(render(words, chunk))))
    return max(found, default=(0.0, ""))[1]


def with_deed(words: Words, chunk: list[int]) -> list[int]:
    """`Designed by James Finley` rather than the name alone."""
    begin = chunk[0] - 2
    is_deed = begin >= 0 and words.tags[begin] == "VBN" and words.lower[begin + 1] == "by"
    return [begin, begin + 1, *chunk] if is_deed else chunk


def tells(words: Words, chunk: list[int], weights: Mapping[str, float]) -> bool:
    """Whether a name is worth showing: of somebody or some place, with a number, or what the document keeps saying."""
    lower = [words.lower[index] for index in chunk]
    tags = [words.tags[index] for index in chunk]
    if (
        len(chunk) > NAME
        or not (VAGUE | WAITING).isdisjoint(lower)
        or any("'" in word or "’" in word for word in lower)
    ):
        return False
    around = (*words.lower[max(0, chunk[0] - 1) : chunk[0]], *words.lower[chunk[-1] + 1 : chunk[-1] + 2])
    if "and" in around or "or" in around:  # one of several
        return False
    if tags[0] == "VBG" or not MONTHS.isdisjoint(lower):
        return False
    if any("$" in word or (len(chunk) == 1 and not word.isalpha()) for word in lower):
        return False
    is_proper = tags[-1].startswith("NNP") and (chunk[0] > 0 or len(chunk) > 1) and not lower[0].startswith("@")
    if "CD" in tags:
        return tags[0] == "CD" and tags[-1] == "NNS" and lower[0][:1].isdigit() and len(chunk) > 2
    repeated = [weights.get(word, 1.0) - 1.0 for word in lower if word not in STOP]
    return is_proper or (len(repeated) > 1 and min(repeated) > 0 and sum(repeated) >= REPEATED)


# ---------------------------------------------------------------- enumerations


def listed(words: Words) -> list[tuple[list[int], bool]]:
    """The members of a sentence's enumeration, and whether they say something; nothing if there is none."""
    if not CONDITIONAL.isdisjoint(words.lower):
        return []
    for members in enumerations(words):
        for cut, says in ((verb_members, True), (noun_members, False)):
            found = cut(words, members)
            if found and FEWEST_LISTED <= len(found) <= MOST_LISTED and not is_negative(words, found[0][0]):
                return [(kept, says) for kept in found]
    return []


def enumerations(words: Words) -> Iterator[list[list[int]]]:
    """Runs of pieces between commas that end with `and ...`, the joining word taken away."""
    run: list[list[int]] = []
    for piece, mark in split_punctuation(words):
        if words.lower[piece[0]] in EXPLAINING:  # of what stands before it
            run = []
            continue
        if run and words.tags[piece[0]] == "CC" and len(piece) > 1:
            yield [*run, piece[1:]]
            run = []
            continue
        if run and words.lower[piece[-1]] == "etc":
            yield [*run, piece[:-1]] if len(piece) > 1 else run
        joint = next((n for n in range(1, len(piece) - 1) if words.lower[piece[n]] in ("and", "or")), 0)
        joint = 0 if "between" in [words.lower[index] for index in piece[:joint]] else joint
        if run and joint and mark == ";":
            yield [*run, piece[:joint], piece[joint + 1 :]]
        run = [*run, piece] if mark == "," else []


def verb_members(words: Words, members: list[list[int]]) -> list[list[int]]:
    """`Reads files`, `skips what is ignored`, `prints the rest`: the first without its subject."""
    first, *others = [after_how(words, part) for part in members]
    tags = {words.tags[part[0]] for part in others}
    form = next((tag for tag in VERBS if tag in tags), "")
    ambiguous = {form, "NNS" if form == "VBZ" else "", "VBD", "VBN", "NN" if form in ("VB", "VBP") else ""}
    if not form or not tags <= ambiguous:
        return []
    begins = [n for n, index in enumerate(first) if words.tags[index] in (form, "VBP" if form == "VB" else form)]
    if not begins:
        return []
    kept = [next(split_subordinate(words, part)) for part in (first[begins[-1] :], *others)]
    kept = [without_be(words, before_circumstance(words, part)) for part in kept]
    return kept if all(MEMBER_LEAST <= len(part) <= MEMBER for part in kept) else []


def without_be(words: Words, part: list[int]) -> list[int]:
    """`Written in Rust`, `First mentioned in 1230`."""
    is_passive = words.lower[part[0]] in BE and "VBN" in [words.tags[index] for index in part[1:3]]
    return part[1:] if is_passive and len(part) > MEMBER_LEAST else part


def after_how(words: Words, part: list[int]) -> list[int]:
    """`Store data` of `how to store data`."""
    ends = [n for n in range(1, len(part) - 1) if words.lower[part[n]] == "to" and words.lower[part[n - 1]] == "how"]
    return part[ends[-1] + 1 :] if ends else part


def before_circumstance(words: Words, part: list[int]) -> list[int]:
    return part[
        : next((n for n, i in enumerate(part) if n > 1 and words.lower[i] in ("before", "after", "while")), None)
    ]


def noun_members(words: Words, members: list[list[int]]) -> list[list[int]]:
    """`Spring`, `summer`, `autumn`: the first from where it begins to be like the others."""
    first, *others = members
    stops = [
        n + 1
        for n, i in enumerate(first)
        if words.tags[i] in FINITE | {"IN", "TO", "VB", "VBG"} or words.lower[i] == "both"
    ]
    of = [n for n in stops if words.lower[first[n - 1]] == "of" and n > 1 and words.tags[first[n - 2]] in NOUNS]
    counts = [n for n, i in enumerate(first) if words.tags[i] == "CD"]
    if all(words.tags[part[0]] == "CD" for part in others) and counts:
        begin = counts[-1]
    else:
        begin = max((n for n in stops if n not in of), default=0)
    placed = any(words.tags[index] == "IN" for part in others[:-1] or [first[begin:]] for index in part)
    kept = [first[begin:], *(others[:-1]), until_verb(words, others[-1], placed=placed)]
    return kept if all(is_named(words, part) for part in kept) else []


def until_verb(words: Words, part: list[int], *, placed: bool) -> list[int]:
    """The last member ends where the sentence goes on; `placed`: the members are like `five in Rome`."""
    stops = FINITE | {"TO", "VBG", "WDT"} | (set() if placed else {"IN"})
    kept = ("of", "for") if len(part) <= NAMED else ("of",)  # `better support for Greek`
    ends = [n for n, i in enumerate(part) if n and words.tags[i] in stops and words.lower[i] not in kept]
    return part[: ends[0]] if ends else part


def is_named(words: Words, part: list[int]) -> bool:
    tags = [words.tags[index] for index in part]
    if len(part) == 1 and len(words.cores[part[0]]) < SHORTEST:
        return False
    if tags[:1] == ["RB"] and tags[1:2] != [] and tags[1].startswith(("JJ", "RBR")):  # `much faster start-up`
        tags = tags[1:]
    has_noun = bool(tags) and tags[-1] in NOUNS | {"VBG"} and tags[0] not in ("VBG", "VBN", "PRP$", "IN", "RB")
    return has_noun and len(part) <= NAMED and not any(tag in FINITE or tag in ("PRP", "VB") for tag in tags)

"""A few words for what a sentence says: what a slide shows while the sentence is spoken.

A phrase is a stretch of the sentence's own words that stands alone: a clause without its asides, or the
end of one; never a promise that the sentence does not make (no cut before "unless" or "without") and
never ending on a word that waits for more.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aurad_plugins.script_document.clauses import SUBORDINATORS, Words, analyse, clauses, noun_chunks
from aurad_plugins.script_document.fragments import BE, PRONOUNS, SPEAKERS, VAGUE, fits
from aurad_plugins.script_document.grammar import FINITE, NOUNS, Grammar
from aurad_plugins.script_document.labels import render, tidy
from aurad_plugins.script_document.rating import MOST_WORDS, rate
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.vocabulary import word_set

LONGEST_QUESTION = 9
LONGEST_SEARCHED = 400  # words; a longer sentence is no sentence, and the search would be slow
WEAKEST = 0.2  # below this a phrase says less than an empty line

CONTRACTED = word_set("it's they're that's there's you're we're i'm he's she's here's this's")
DISCOURSE = word_set(
    """
    however then also so thus therefore instead meanwhile indeed moreover still yet furthermore besides hence
    consequently first second third next finally now today here otherwise rather nevertheless additionally
    """
)
FILLERS = word_set(
    """
    really actually simply basically quite also even indeed
    """
)
# Before these a cut would turn the statement into another one, or leave a word that needs them.
GLUE = word_set(
    """
    of than as per unless except without if until like but or that not n't versus vs
    """
)
# Nouns, adjectives and verbs that ask for what follows.
WAITING = word_set(
    """
    ability way need right time attempt chance number part kind type range amount set lack difference access
    response able different similar close due such same based likely ready used known made more most less
    least two three up both either neither only each every all any some no other another much many few several
    same
    """
)
LOOSE = 0.5  # makes up for the pronoun at the beginning
NOUNS_ALONE = -1.2  # a noun phrase tells what a sentence is about, not what it says
CIRCUMSTANCES = word_set("if unless until whether what when while where although though whereas since how why")
CONDITIONAL = word_set("if unless")
OPENINGS = SUBORDINATORS | word_set("as once before after")
NARROWING = word_set("with for in on at from under over within inside between among")
NEGATIONS = word_set("no not never neither nor without nobody nothing hardly cannot")
KEPT_ADVERBS = word_set("no not never now still also only always often then")
CODED = re.compile(r"[./_\\-]\w|\w[._/\\]\w|^[“\"]")  # names in code


class Phrase(NamedTuple):
    """The words to show, the written word at which they begin, and how good they are."""

    text: str
    start: int
    score: float
    says: bool = True  # a statement; else only the name of something, which makes a heading but no point
    end: int = 0  # its last written word


def find_phrase(
    sentence: Sentence, grammar: Grammar, weights: Mapping[str, float], shown: str = "", most: int = MOST_WORDS
) -> Phrase | None:
    """The best phrase, or None where any would be a fragment. `shown` is on the slide already."""
    if not 0 < len(sentence.words) <= LONGEST_SEARCHED:
        return None
    if sentence.words[-1].endswith("?") and len(sentence.words) <= LONGEST_QUESTION:
        return Phrase(sentence.text, 0, 1.0)
    if not grammar.knows:
        return punctuation_phrase(sentence, most)
    found = ranked_phrases(sentence, grammar, weights, shown, most)
    return found[0] if found else None


def ranked_phrases(
    sentence: Sentence,
    grammar: Grammar,
    weights: Mapping[str, float],
    shown: str = "",
    most: int = MOST_WORDS,
    *,
    loose: bool = False,
) -> list[Phrase]:
    """All phrases worth showing, the best first."""
    words = analyse(sentence, grammar)
    shown_words = {word.strip(".,:;!?").lower() for word in shown.split()}
    found: dict[tuple[int, ...], Phrase] = {}
    for kept, complete in candidates(words, most, loose=loose):
        score = rate(words, kept, complete, weights, shown_words, sentence.strong)
        known = found.get(tuple(kept))
        if score > max(WEAKEST, known.score if known else WEAKEST):
            says = any(is_saying(words.tags[index]) or words.lower[index].endswith(("n't", "n’t")) for index in kept)
            found[tuple(kept)] = Phrase(render(words, kept), kept[0], score, says=says, end=kept[-1])
    return sorted(found.values(), key=lambda phrase: (-phrase.score, phrase.start))


def is_saying(tag: str) -> bool:
    return tag in FINITE or tag == "VB"


def punctuation_phrase(sentence: Sentence, most: int) -> Phrase | None:
    """For languages without a grammar: the first clause that is short enough."""
    start = 0
    for index, word in enumerate(sentence.words):
        if re.search(r"[,;:.!?。、，；：！？]$", word) or index == len(sentence.words) - 1:
            clause = sentence.words[start : index + 1]
            if 2 <= len(clause) <= most:
                return Phrase(tidy(" ".join(clause)), start, 0.5)
            start = index + 1
    return None


# ---------------------------------------------------------------- candidates


def candidates(words: Words, most: int, *, loose: bool = False) -> Iterator[tuple[list[int], float]]:
    """Word indexes to show and how complete they are."""
    if all(words.cores) and len(words.raw) <= min(most, MOST_WORDS) and not any("(" in word for word in words.raw):
        whole, bonus = trim_start(words, list(range(len(words.raw))))
        if fits(words, whole, most, loose=loose):
            yield whole, 1.0 + bonus
    found = list(clauses(words))
    if is_conditional(words, found):  # half of a condition is another statement
        return
    main, opening = main_start(words), opening_end(words)
    for clause in found:
        if clause[0] < main or (0 < opening <= clause[0] and (is_negative(words) or words.tags[clause[0]] == "VB")):
            continue  # what is denied, or to be done, only then
        trimmed, bonus = trim_start(words, clause)
        starts = [
            (trimmed, 0.0),
            *after_adverbial(words, trimmed),
            *([(without_joint(words, clause), LOOSE)] if loose else []),
        ]
        for start, cost in starts:
            for kept, complete in shorten(words, start, most):
                if fits(words, kept, most, loose=loose):
                    yield kept, complete + bonus + cost
    for chunk in noun_chunks(words):
        if fits(words, chunk, most) and len(chunk) > 1:
            yield chunk, NOUNS_ALONE


def without_joint(words: Words, clause: list[int]) -> list[int]:
    return clause[1:] if len(clause) > 1 and words.lower[clause[0]] in ("that", "so") else clause


def is_conditional(words: Words, found: list[list[int]]) -> bool:
    """Whether `if` stands in what is said, not only in an aside."""
    return any(words.lower[index] in CONDITIONAL for clause in found for index in clause)


def main_start(words: Words) -> int:
    """The word after an opening such as `When Sun, Moon and Earth form a line,`: what holds only then is no point."""
    if words.lower[0] not in OPENINGS:
        return 0
    for index, trail in enumerate(words.trails):
        if "," in trail and any(words.tags[before] in FINITE for before in range(index)):
            return index + 1
    return 0


def opening_end(words: Words) -> int:
    """The word after an opening such as `On Windows,`; 0 if there is none."""
    if words.tags[0] != "IN":
        return 0
    return next((index + 1 for index, trail in enumerate(words.trails[:8]) if "," in trail), 0)


def after_adverbial(words: Words, clause: list[int]) -> list[tuple[list[int], float]]:
    """The clause without a beginning such as `before dawn` or `in summer`, where a subject follows."""
    if not clause or words.tags[clause[0]] != "IN" or is_negative(words):
        return []
    for place in range(2, min(len(clause), 7)):
        tag = words.tags[clause[place]]
        if tag in FINITE:
            return []
        if tag in ("PRP", "DT") and words.tags[clause[place - 1]] in NOUNS | {"DT", "CD"}:
            rest, bonus = trim_start(words, clause[place:])
            return [(rest, bonus - 0.1)]
    return []


def trim_start(words: Words, clause: list[int]) -> tuple[list[int], float]:
    """Without joining words and without a pronoun subject; the second value says what that costs."""
    bonus = 0.0
    rest = list(clause)
    if rest and rest[0] and words.tags[rest[0]] == "CC" and words.tags[rest[1 % len(rest)]] in FINITE | {"VB"}:
        bonus -= 0.3  # the subject stands before it
        if any(words.tags[index] in ("WDT", "WP") for index in range(rest[0])):
            bonus -= 1.0  # or may be that of a relative clause
    if rest and words.lower[rest[0]] in SUBORDINATORS | {"that", "which", "who", "what", "how", "why"}:
        bonus -= subordinate_cost(words, rest)
        rest = rest[1:]
    while rest and (words.tags[rest[0]] == "CC" or words.lower[rest[0]] in DISCOURSE):
        rest = rest[1:]
    if rest and words.lower[rest[0]] in CONTRACTED:
        return rest[1:], bonus - 0.2
    if len(rest) > 1 and words.lower[rest[0]] in PRONOUNS and words.tags[rest[1]] in FINITE | {"RB", "VB", "VBN"}:
        subject = words.lower[rest[0]]
        if subject in SPEAKERS and words.lower[rest[1]] not in ("can", "will"):
            return rest, bonus - 0.1
        rest = rest[1:]
        bonus -= 0.2
        if subject in SPEAKERS and len(rest) > 1:
            rest = rest[1:]
            rest = rest[1:] if words.lower[rest[0]] in FILLERS | {"now"} and len(rest) > 1 else rest
        if words.lower[rest[0]] in BE and len(rest) > 1 and words.lower[rest[1]] not in ("not", "no"):
            rest = rest[1:]
    return rest, bonus


def is_negative(words: Words, until: int | None = None) -> bool:
    """What does not hold may well hold elsewhere: `On Windows, it doesn't work`."""
    return any(is_denied(word) for word in words.lower[:until])


def is_denied(word: str) -> bool:
    return word in NEGATIONS or word.endswith(("n't", "n’t"))


def subordinate_cost(words: Words, clause: list[int]) -> float:
    """What showing a subordinate clause as a statement costs: little for `says that ...`, too much after `if`."""
    first = clause[0]
    if words.lower[first] in CIRCUMSTANCES:
        return 9.0
    if words.lower[first] == "that" and words.tags[first] == "IN":
        return 0.1
    is_relative = words.tags[first] in ("WDT", "WP")
    verbs = sum(words.tags[index] in FINITE for index in clause)
    return 9.0 if is_relative and verbs > 1 else 1.2  # a second verb belongs to the sentence around it


def shorten(words: Words, clause: list[int], most: int) -> Iterator[tuple[list[int], float]]:
    """The clause, and what is left of it when asides, articles and ends are taken away."""
    verb = next((place for place, index in enumerate(clause) if is_verb(words, index, place)), None)
    for kept, cost in thin(words, clause, verb, most):
        yield kept, cost
        for end in range(min(len(kept) - 1, most), 1, -1):
            if is_cut(words, kept, end, clause, verb):
                yield kept[:end], cost - 0.25


def is_verb(words: Words, index: int, place: int) -> bool:
    tag = words.tags[index]
    if place == 0:
        return tag in FINITE or tag in ("VB", "VBG", "VBN")
    # The tagger often takes a plural's verb for an infinitive ("the eyes contain") or participle ("they set one").
    follows = words.tags[index + 1] if index + 1 < len(words.tags) else ""
    after_noun = words.tags[index - 1] in NOUNS
    return tag in FINITE or (after_noun and (tag == "VB" or (tag == "VBN" and follows in ("DT", "CD", "PRP$"))))


def thin(words: Words, clause: list[int], verb: int | None, most: int) -> Iterator[tuple[list[int], float]]:
    complete = 0.8 if verb is not None else -0.3
    yield clause, complete
    without_fillers = [index for index in clause if words.lower[index] not in FILLERS]
    if len(without_fillers) < len(clause):
        yield without_fillers, complete - 0.05
    if verb:
        inner = next((place for place in range(1, verb) if words.tags[clause[place]] == "IN"), None)
        if inner and words.tags[clause[inner - 1]] in NOUNS and words.lower[clause[inner - 1]] not in WAITING | VAGUE:
            rest = after_nouns(words, clause, inner, verb)
            if rest and not is_particular(words, clause, inner, rest):
                yield clause[:inner] + clause[rest:], complete - 0.3
    if verb is None and len(without_fillers) > most and words.lower[without_fillers[0]] in ("the", "a", "an"):
        yield without_fillers[1:], complete - 0.3  # a name may do without its article, a statement may not


def is_particular(words: Words, clause: list[int], inner: int, rest: int) -> bool:
    """Whether what would be left out says of which one it is told: `Settings in .oldrc are no longer read`."""
    names = [words.cores[index] for index in clause[inner:rest]]
    return any(CODED.search(name) for name in names) or any(words.lower[index] in NEGATIONS for index in clause[rest:])


def after_nouns(words: Words, clause: list[int], inner: int, verb: int) -> int:
    """Where to go on after the nouns at place `inner`: their verb with what belongs to it. 0: another subject came."""
    between = [words.tags[index] for index in clause[inner:verb]]
    nouns = [place for place, tag in enumerate(between) if tag in NOUNS | {"CD"}]
    if words.tags[clause[0]] == "IN" or "PRP" in between or not nouns:
        return 0
    rest = inner + nouns[-1] + 1
    is_loose = words.tags[clause[rest]].startswith(("RB", "JJ")) and words.lower[clause[rest]] not in KEPT_ADVERBS
    counts = any(word[:1].isdigit() for word in (words.cores[index] for index in clause[inner:rest]))
    is_measure = counts and words.tags[clause[0]] != "DT"  # `doses of 5 g can be fatal`, not all of them
    return 0 if is_loose or is_measure else rest


def is_cut(words: Words, kept: list[int], end: int, clause: list[int], verb: int | None) -> bool:
    """Whether the words before place `end` stand alone, though the clause goes on."""
    index, before = kept[end], kept[end - 1]
    tag, lower = words.tags[index], words.lower[index]
    if lower == "of":  # the noun may lose a second "of", never its first
        return words.tags[before] in NOUNS and words.tags[kept[end - 2]] != "CD" and follows_of(words, kept[:end])
    if "but" in (words.lower[other] for other in kept[:end]):  # half of what is set against the rest
        return False
    if lower in NARROWING and any(is_denied(words.lower[other]) for other in kept[:end]):  # it may hold elsewhere
        return False
    if tag == "VBN" and words.tags[index + 1 : index + 2] == ["VB"]:  # a command's name: `with tool token renew`
        return False
    if lower in GLUE or tag not in ("IN", "TO", "VBG", "VBN", "RB", "CC"):
        return False
    if tag == "CC" and not (end + 1 < len(kept) and words.tags[kept[end + 1]] in FINITE | {"VB"}):
        return False
    if tag in ("VBG", "VBN", "RB") and (words.tags[before] not in NOUNS or lower in ("never", "only")):
        return False
    if words.tags[before].startswith(("VB", "RB", "IN", "JJR")) or words.lower[before] in WAITING:
        return False
    if (tag == "TO" and words.tags[before].startswith("JJ")) or goes_in_parallel(words, kept, end):
        return False
    if verb is None:
        return words.tags[before] in NOUNS
    after_verb = [i for i in kept[:end] if i > clause[verb]]
    return any(words.tags[i] in NOUNS | {"JJ", "CD", "NNP"} for i in after_verb)


def goes_in_parallel(words: Words, kept: list[int], end: int) -> bool:
    """Whether half of a pair would be cut off: `tension in the cables and compression in the towers`."""
    same = [place for place, index in enumerate(kept) if words.lower[index] == words.lower[kept[end]]]
    for one, other in itertools.pairwise(same):
        between = {words.tags[index] for index in kept[one:other]}
        if end in (one, other) and "CC" in between and FINITE.isdisjoint(between):
            return True
    return False


def follows_of(words: Words, kept: list[int]) -> bool:
    """Whether the last noun came after an `of` already."""
    for index in reversed(kept[-4:]):
        if words.lower[index] == "of":
            return True
        if words.tags[index] in FINITE:
            return False
    return False

"""How good some words of a sentence are as a phrase for a slide: the best says most in the fewest words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aurad_plugins.script_document.clauses import Words
from aurad_plugins.script_document.fragments import SPEAKERS
from aurad_plugins.script_document.grammar import FINITE, NOUNS
from aurad_plugins.script_document.vocabulary import word_set

MOST_WORDS = 9  # more is read instead of listened to
CRISP, WORDY = 7, 0.15  # words beyond which a phrase repeats the narration, and what each of them costs
CONCEDED = 3.0
TORN = 1.0  # from the noun that a pronoun stands for
RELATIVES = word_set("who that which whose")


def rate(
    words: Words,
    kept: list[int],
    complete: float,
    weights: Mapping[str, float],
    shown: set[str],
    strong: Sequence[str],
) -> float:
    """Much said in few words, from the main clause, preferably with a number or what the author stressed."""
    said = sum(weights.get(words.lower[index], 0.0) * (0.3 if words.lower[index] in shown else 1.0) for index in kept)
    score = complete + 2.2 * said / (len(kept) + 2)
    text = " ".join(words.cores[index] for index in kept)
    if any(words.tags[index] == "CD" for index in kept):
        score += 0.35
    if any(phrase.lower() in text.lower() for phrase in strong):
        score += 0.8
    if len(kept) < 3:
        score -= 0.5
    if words.tags[kept[0]] == "IN":
        score -= 0.5 if any(words.tags[index] in FINITE for index in kept) else 2.0
    if has_torn_pronoun(words, kept):
        score -= TORN
    if any(
        words.tags[index] == "PRP" and words.lower[index] not in SPEAKERS for index in kept
    ):  # a slide does not tell who "they" are
        score -= 0.5
    score -= WORDY * max(0, min(len(kept), MOST_WORDS + 1) - CRISP)
    if CRISP <= len(kept) == len(words.raw):  # the whole sentence, read along
        score -= 0.4 if len(kept) <= MOST_WORDS else 1.0
    following = words.lower[kept[-1] + 1] if kept[-1] + 1 < len(words.lower) else ""
    if following in RELATIVES and not words.trails[kept[-1]]:  # which of them?
        score -= 0.8
    if words.tags[kept[-1]].startswith(("JJ", "VB")) and len(kept) < 5:
        score -= 0.6
    if following == "but":  # it may only be admitted: `the pump works, but ...`
        score -= CONCEDED
    return score - 0.02 * kept[0]


def has_torn_pronoun(words: Words, kept: list[int]) -> bool:
    """Whether what it speaks of stands before it: `resume it on another machine` of `pause a backup and resume it`."""
    place = next((n for n, index in enumerate(kept) if n and words.lower[index] in ("it", "them")), 0)
    nouns = NOUNS.intersection(words.tags[index] for index in kept[:place])
    return bool(place) and not nouns and not NOUNS.isdisjoint(words.tags[: kept[0]])

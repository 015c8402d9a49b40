"""Caption cues; how they are cut out of timed words is below, pure and total.

Cues are the cheapest way through a run of words: each costs by how badly it breaks a phrase, how fast
it must be read and how its lines sit. The small words that bind to their neighbours are English; other
languages break at punctuation and by length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from aurad.model.narration import Word
from aurad.model.value import Value

COLUMNS = 42  # characters of a line: what subtitle guides agree on for a wide picture
LINES = 2
PAUSE = 0.8  # seconds; whoever is silent for longer has finished the thought, and its caption with it
SHORTEST = 1.0  # seconds; less is a flash
LONGEST = 6.0  # seconds; more is read twice
LINGER = 0.3  # seconds that a caption stays after the last word, if nothing else comes
READING = 20.0  # characters a second that people read without hurry

# What a cue costs. Only ratios matter: never a flash, hardly ever a rush, then good breaks, then few cues.
FLASH, RUSH, CHOPPED, CUE, MIXED, SECOND_LINE, IMBALANCE = 1000.0, 40.0, 60.0, 6.0, 6.0, 1.0, 1.5
SENTENCE, CLAUSE, CONJUNCTION, PREPOSITION, ANYWHERE, BOUND = 0.0, 2.0, 4.0, 6.0, 10.0, 16.0


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOSERS = "\"'”’»)]}*_"
CONJUNCTIONS = _words("""
    and but or nor yet so because that which who whose while when where if although though than unless until
""")
PREPOSITIONS = _words("""
    about above across after against along among around as at before behind below beneath beside between beyond by
    down during for from in inside into near of off on onto out outside over past since through to toward towards
    under up upon via with within without
""")
ARTICLES = _words("a an the my your his her its our their this these those no every each very")
BINDING = ARTICLES | CONJUNCTIONS | PREPOSITIONS


class Cue(Value, frozen=True, kw_only=True):
    """One caption: at most two `lines`, shown from `start` to `end` seconds, with its timed words."""

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[Word, ...] = ()


def cues_of(words: Sequence[Word], *, until: float | None = None, columns: int = COLUMNS) -> tuple[Cue, ...]:
    """All words, in order, as captions that do not overlap.

    `until` is when the words' scene ends: the last caption may stay that long. Without it none stays
    beyond the last word.
    """
    if not words:
        return ()
    last = max(word.end for word in words) if until is None else until
    spans = [span for run in _runs(words) for span in _cut(words, *run, last, columns)]
    return tuple(
        Cue(
            start=words[first].start,
            end=_shown_until(words, first, beyond, last),
            lines=_layout(tuple(word.text for word in words[first:beyond]), columns)[1],
            words=tuple(words[first:beyond]),
        )
        for first, beyond in spans
    )


def shift(cues: Iterable[Cue], seconds: float) -> tuple[Cue, ...]:
    """The same cues, `seconds` later."""
    return tuple(
        Cue(
            start=cue.start + seconds,
            end=cue.end + seconds,
            lines=cue.lines,
            words=tuple(Word(text=w.text, start=w.start + seconds, end=w.end + seconds) for w in cue.words),
        )
        for cue in cues
    )


def _runs(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Stretches without a long pause, as half-open ranges."""
    first = 0
    for here in range(1, len(words)):
        if words[here].start - words[here - 1].end > PAUSE:
            yield first, here
            first = here
    yield first, len(words)


def _cut(words: Sequence[Word], first: int, beyond: int, last: float, columns: int) -> list[tuple[int, int]]:
    """The cheapest cues for one run: `best[k]` covers its words up to `k`."""
    best: list[tuple[float, int]] = [(0.0, first)]
    for end in range(first + 1, beyond + 1):
        options: list[tuple[float, int]] = []
        for start in range(end - 1, first - 1, -1):
            cost = _cost(words, start, end, last, columns)
            if options and math.isinf(cost):
                break  # one that starts earlier fits even less
            options.append((best[start - first][0] + cost, start))
        best.append(min(options))
    spans = []
    while beyond > first:
        start = best[beyond - first][1]
        spans.append((start, beyond))
        beyond = start
    return spans[::-1]


def _cost(words: Sequence[Word], first: int, beyond: int, last: float, columns: int) -> float:
    """Infinite if these words do not fit into one cue; a word alone always does."""
    texts = tuple(word.text for word in words[first:beyond])
    seconds = _shown_until(words, first, beyond, last) - words[first].start
    layout = _layout(texts, columns)[0] if len(texts) > 1 else 0.0
    if math.isinf(layout) or (seconds > LONGEST and len(texts) > 1):
        return math.inf
    ending = _break_cost(texts[-1], words[beyond].text if beyond < len(words) else "")
    mixed = ending > SENTENCE and any(_break_cost(*pair) == SENTENCE for pair in pairwise(texts))
    rush = max(0.0, len(" ".join(texts)) / max(seconds, 0.001) - READING)
    return CUE + layout + ending + MIXED * mixed + RUSH * rush + FLASH * max(0.0, SHORTEST - seconds)


def _shown_until(words: Sequence[Word], first: int, beyond: int, last: float) -> float:
    """Until the next caption if that is near; else long enough to be read."""
    start, spoken = words[first].start, max(words[beyond - 1].end, words[first].start)
    limit = words[beyond].start if beyond < len(words) else max(last, start)
    if limit - spoken <= PAUSE:
        return limit
    length = sum(len(word.text) + 1 for word in words[first:beyond]) - 1
    wanted = max(spoken + LINGER, start + SHORTEST, start + length / READING)
    return min(limit, max(spoken, min(wanted, start + LONGEST)))


@lru_cache(maxsize=4096)  # the winners are laid out once more
def _layout(texts: tuple[str, ...], columns: int) -> tuple[float, tuple[str, ...]]:
    """The best lines and their cost; infinite if more than two are needed."""
    whole = " ".join(texts)
    if len(whole) <= columns:
        return 0.0, (whole,)
    best = (CHOPPED if _choppable(texts, columns) else math.inf, _chopped(whole, columns))
    for cut in range(1, len(texts)):
        upper, lower = " ".join(texts[:cut]), " ".join(texts[cut:])
        if len(upper) <= columns and len(lower) <= columns:
            imbalance = abs(len(upper) - len(lower)) / columns
            cost = SECOND_LINE + IMBALANCE * imbalance + _break_cost(texts[cut - 1], texts[cut]) / 4
            best = min(best, (cost, (upper, lower)))
    return best


def _choppable(texts: tuple[str, ...], columns: int) -> bool:
    """Whether there is a word longer than a line, and cutting hides no other."""
    *before, last = map(len, texts)
    return max(*before, last, 0) > columns and (
        sum(before) + len(before) + min(last, columns + 1) < LINES * columns or not before
    )


def _chopped(text: str, columns: int) -> tuple[str, ...]:
    """A word longer than a line, such as an address, is cut for display; what two lines cannot hold is left out."""
    if len(text) > LINES * columns:
        text = text[: LINES * columns - 1] + "…"
    return tuple(text[at : at + columns] for at in range(0, len(text), columns))


@lru_cache(maxsize=4096)
def _break_cost(word: str, following: str) -> float:
    """How much it hurts to part `word` from what follows."""
    bare = word.rstrip(CLOSERS)
    if not following or (bare.endswith((".", "!", "?", "…", "。", "！", "？")) and not following[0].islower()):
        return SENTENCE if not _is_initial(bare) else BOUND
    if bare.endswith((",", ";", ":", "—", "–", "、", "，")) or following.startswith(("—", "–", "(", "“", "«")):
        return CLAUSE
    if bare.lower() in BINDING:
        return BOUND
    if following.lower() in CONJUNCTIONS:
        return CONJUNCTION
    return PREPOSITION if following.lower() in PREPOSITIONS else ANYWHERE


def _is_initial(bare: str) -> bool:
    """`J.` of a name and the like: no end of a sentence."""
    return len(bare) == 2 and bare[0].isupper() and bare[0] != "I"

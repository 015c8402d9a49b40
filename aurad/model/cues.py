"""Caption cues; how they are cut out of timed words is below, pure and total.

Cues are the cheapest way through a run of words: each costs by how badly it breaks a phrase, how fast
it must be read and how its lines sit. The small words that bind to their neighbours are English; other
languages break at punctuation and by length; `aurad.model.atoms` knows where a word itself may part.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import msgspec

from aurad.model.atoms import Atom, atoms_of, glued_cost, width
from aurad.model.breaks import ANYWHERE, BOUND, CLAUSE, CONJUNCTION, PREPOSITION, SENTENCE
from aurad.model.narration import Word
from aurad.model.value import Value

COLUMNS = 42  # of a line, a wide character counting two: what subtitle guides agree on for a wide picture
PAUSE = 0.8  # seconds; whoever is silent for longer has finished the thought, and its caption with it
SHORTEST = 1.0  # seconds; less is a flash
LONGEST = 6.0  # seconds; more is read twice
LINGER = 0.3  # seconds that a caption stays after the last word, if nothing else comes
READING = 20.0  # columns a second that people read without hurry
EPSILON = 1e-6  # what sums of times may be off
LOAN = 0.3  # seconds that a caption may come before, or stay after, what it says: nobody notices less

# What a cue costs. Only ratios matter: never a flash, hardly ever a rush, then good breaks, then few cues.
FLASH, CUE, MIXED, SECOND_LINE, IMBALANCE = 1000.0, 6.0, 6.0, 1.0, 1.5
RUSH = (40.0, 400.0, 4000.0)  # the second where the first leaves a caption too fast to read, and so on


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLOSERS = "\"'”’»)]}*_」』）】"
CONJUNCTIONS = _words("""
    and but or nor yet so because that which who whose while when where if although though than unless until
""")
PREPOSITIONS = _words("""
    about above across after against along among around as at before behind below beneath beside between beyond by
    down during for from in inside into near of off on onto out outside over past since through to toward towards
    under up upon via with within without
""")
ARTICLES = _words("a an the my your his her its our their this these those no every each very")
BINDING = _words("i") | ARTICLES | CONJUNCTIONS | PREPOSITIONS
SHORTENED = _words(
    "bldg c ca cf dr e.g fig figs i.e mr mrs ms mt no nos p pp prof st vs vol approx"
)  # for what follows
UNIT_LETTERS = 3  # of what is counted: `38 s`, `12 MB`
FEW = 3  # letters with the full stop; what is as short rarely ends a sentence before a small letter
MID_SENTENCE = _words("etc. inc. ltd. dept. univ.")


class Cue(Value, frozen=True, kw_only=True):
    """One caption: at most two `lines`, shown from `start` to `end` seconds, with its timed words.

    Where a script knows no spaces, or a word is wider than a line, `words` are parts of words.
    """

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
    atoms = atoms_of(words, columns)
    tries = []
    for rush in RUSH:
        run = _Speech(atoms, last, columns, rush)
        tries.append(_unhurried([run.cue(*span) for first, beyond in run.runs() for span in run.cut(first, beyond)]))
        if _hurry(tries[-1]) <= 0:
            break
    return min(tries, key=_hurry)


def _hurry(cues: Iterable[Cue]) -> float:
    """By how many columns a second the fastest caption is too fast; not more than 0 if none is."""
    return max((_columns(cue) / max(cue.end - cue.start, 0.001) for cue in cues), default=0.0) - READING - EPSILON


def _columns(cue: Cue) -> int:
    return sum(map(width, cue.lines)) + len(cue.lines) - 1


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


def _unhurried(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """Where somebody speaks faster than people read, the neighbours lend the time that they can spare."""
    needed = [max(_columns(cue), SHORTEST * READING) / READING for cue in cues]
    starts, ends = [cue.start for cue in cues], [cue.end for cue in cues]
    for here, enough in enumerate(needed):
        after, before = here + 1, here - 1
        if after < len(cues) and (short := enough - (ends[here] - starts[here])) > 0:
            spare = max(0.0, ends[after] - needed[after] - ends[here])
            ends[here] += min(short, LOAN, spare)
            starts[after] = max(starts[after], ends[here])
        if before >= 0 and (short := enough - (ends[here] - starts[here])) > 0:
            spare = max(0.0, starts[here] - needed[before] - starts[before])
            starts[here] -= min(short, LOAN, spare)
            ends[before] = min(ends[before], starts[here])
    times = zip(cues, starts, ends, strict=True)
    return tuple(msgspec.structs.replace(cue, start=start, end=end) for cue, start, end in times)


def bare(text: str) -> str:
    """Text without white space: what captions and script must agree on, wherever their lines break."""
    return "".join(text.split())


class _Layout(NamedTuple):
    """What lines cost, and before which atom the second one starts, if there is one."""

    cost: float
    cut: int | None = None


NONE = _Layout(math.inf)


class _Speech:
    """Timed atoms with running sums, so that no candidate's text is put together before it has won."""

    def __init__(self, atoms: Sequence[Atom], last: float, columns: int, rush: float) -> None:
        self._atoms, self._last, self._columns, self._rush = atoms, last, columns, rush
        to = [0, *accumulate(width(atom.word.text) for atom in atoms)]
        gaps = [0, *accumulate(not atom.glued for atom in atoms)]
        self._ending = [text + gap for text, gap in zip(to, gaps, strict=True)]  # width up to an atom ...
        self._starting = [text + gap for text, gap in zip(to, [*gaps[1:], gaps[-1]], strict=True)]  # ... less this
        self._breaks = [SENTENCE, *(_between(*pair) for pair in pairwise(atoms)), SENTENCE]
        self._ends = [0, *accumulate(cost == SENTENCE for cost in self._breaks)]

    def runs(self) -> Iterator[tuple[int, int]]:
        """Stretches without a long pause, as half-open ranges."""
        first = 0
        for here in range(1, len(self._atoms)):
            if self._atoms[here].word.start - self._atoms[here - 1].word.end > PAUSE:
                yield first, here
                first = here
        yield first, len(self._atoms)

    def cut(self, first: int, beyond: int) -> list[tuple[int, int]]:
        """The cheapest cues for one run: `best[k]` covers its atoms up to `k`."""
        best: list[tuple[float, int]] = [(0.0, first)]
        for end in range(first + 1, beyond + 1):
            options: list[tuple[float, int]] = []
            for start in range(end - 1, first - 1, -1):
                cost = self._cost(start, end)
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

    def cue(self, first: int, beyond: int) -> Cue:
        cut = self._layout(first, beyond).cut
        spans = [(first, beyond)] if cut is None else [(first, cut), (cut, beyond)]
        return Cue(
            start=self._atoms[first].word.start,
            end=self._shown_until(first, beyond),
            lines=tuple(self._line(*span) for span in spans),
            words=tuple(atom.word for atom in self._atoms[first:beyond]),
        )

    def _line(self, first: int, beyond: int) -> str:
        pieces = (atom.word.text if atom.glued else " " + atom.word.text for atom in self._atoms[first:beyond])
        return "".join(pieces).lstrip(" ")

    def _width(self, first: int, beyond: int) -> int:
        return self._ending[beyond] - self._starting[first]

    def _cost(self, first: int, beyond: int) -> float:
        """Infinite if these atoms do not fit into one cue; one alone always does."""
        seconds = self._shown_until(first, beyond) - self._atoms[first].word.start
        layout = self._layout(first, beyond).cost
        if math.isinf(layout) or (seconds > LONGEST and beyond - first > 1):
            return math.inf
        ending = self._breaks[beyond]
        mixed = ending > SENTENCE and self._ends[beyond] > self._ends[first + 1]
        rush = max(0.0, self._width(first, beyond) / max(seconds, 0.001) - READING)
        return CUE + layout + ending + MIXED * mixed + self._rush * rush + FLASH * max(0.0, SHORTEST - seconds)

    def _shown_until(self, first: int, beyond: int) -> float:
        """Until the next caption if that is near; else long enough to be read."""
        start = self._atoms[first].word.start
        spoken = max(self._atoms[beyond - 1].word.end, start)
        limit = self._atoms[beyond].word.start if beyond < len(self._atoms) else max(self._last, start)
        if limit - spoken <= PAUSE:
            is_last = beyond == len(self._atoms)  # after it nothing comes that a gap would make flicker
            return min(limit, max(spoken, start + LONGEST)) if is_last else limit
        wanted = max(spoken + LINGER, start + SHORTEST, start + self._width(first, beyond) / READING)
        return min(limit, max(spoken, min(wanted, start + LONGEST)))

    def _layout(self, first: int, beyond: int) -> _Layout:
        """The best lines; infinite if more than two are needed."""
        if self._width(first, beyond) <= self._columns:
            return _Layout(0.0)
        least = bisect_left(self._starting, self._ending[beyond] - self._columns, first + 1, beyond)
        most = bisect_right(self._ending, self._starting[first] + self._columns, first + 1, beyond)
        return min((_Layout(self._parting(first, cut, beyond), cut) for cut in range(least, most)), default=NONE)

    def _parting(self, first: int, cut: int, beyond: int) -> float:
        imbalance = abs(self._width(first, cut) - self._width(cut, beyond)) / self._columns
        return SECOND_LINE + IMBALANCE * imbalance + self._breaks[cut] / 4


def _between(one: Atom, other: Atom) -> float:
    """How much it hurts to part two neighbours."""
    cost = _break_cost(one.word.text, other.word.text)
    return min(cost, glued_cost(one.word.text, other.word.text)) if other.glued and cost > CLAUSE else cost


@lru_cache(maxsize=4096)
def _break_cost(word: str, following: str) -> float:
    """How much it hurts to part `word` from what follows."""
    bare_word = word.rstrip(CLOSERS)
    if _announces(bare_word.lstrip("(“\"'"), following):
        return BOUND
    is_word = len(bare_word) > FEW and bare_word.lower() not in MID_SENTENCE
    may_end = is_word or not following[:1].islower()  # a name in small letters may begin one
    if may_end and bare_word.endswith((".", "!", "?", "…", "。", "！", "？", "؟", "۔", "।")):
        return SENTENCE
    if bare_word.endswith((",", ";", ":", "—", "–", "、", "，", "；", "：", "،", "؛")) or _opens(following):
        return CLAUSE
    if bare_word.lower() in BINDING:
        return BOUND
    if following.lower() in CONJUNCTIONS:
        return CONJUNCTION
    return PREPOSITION if following.lower() in PREPOSITIONS else ANYWHERE


def _announces(word: str, following: str) -> bool:
    """Whether what follows has to stand beside it: an initial, `St.`, `e.g.`, a number before its unit."""
    if word.endswith("."):
        is_initial = len(word) == 2 and word[0].isupper() and word[0] != "I"
        return is_initial or word[:-1].lower() in SHORTENED
    unit = following.rstrip(CLOSERS + ".,;:!?")
    is_unit = 0 < len(unit) <= UNIT_LETTERS and unit.isalpha() and unit.lower() not in BINDING
    return is_unit and word[-1:].isdigit()


def _opens(word: str) -> bool:
    """Whether an aside begins here; one of a single word stays with what it is about."""
    return word.startswith(("—", "–", "(", "“", "«", "「", "（")) and not (word[0] == "(" and ")" in word)

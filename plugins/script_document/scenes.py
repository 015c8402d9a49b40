"""Cuts a section into scenes: each long enough to be looked at, short enough to stay lively."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aurad_plugins.script_document.pairing import is_image
from aurad_plugins.script_document.rank import shifts
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.units import Unit

TARGET = {"sparse": 26, "balanced": 36, "dense": 48}  # words, 10 to 18 s
MOST_SENTENCES = {"sparse": 2, "balanced": 3, "dense": 4}
LONGEST = 68  # words, 25 s; only a longer sentence makes a longer scene
SMALL = 24  # words of prose that join the list, table or picture after them
FULL = 12  # words that make a scene of their own
LINE = 12  # words, 4 s, while one line of code is looked at
TINY = 8  # words; a scene this short flashes by
SHIFT_COST = 500.0  # how much a topic that goes on counts against cutting there
PARAGRAPH_GAIN = 250.0


class Group(NamedTuple):
    """The units of one scene."""

    units: tuple[Unit, ...]

    @property
    def size(self) -> int:
        return sum(len(unit.spoken) for unit in self.units)


def group_units(units: Sequence[Unit], density: str) -> list[Group]:
    """The section's scenes in order. A list, table, quotation or picture has a scene of its own."""
    groups: list[Group] = []
    prose: list[Unit] = []
    for unit in units:
        if unit.kind == "prose":
            if not prose and groups and is_shown_over(groups[-1], unit):
                groups[-1] = Group((*groups[-1].units, unit))
            else:
                prose.append(unit)
            continue
        done, joins = split_joining(prose, unit)
        groups += group_prose(done, density)
        groups.append(Group((*joins, unit)))
        prose = []
    groups += group_prose(prose, density)
    return join_tiny([group for group in settle_pictures(groups) if group.size])


def join_tiny(groups: list[Group]) -> list[Group]:
    """A last word of prose is said over the slide before it instead of flashing by."""
    joined: list[Group] = []
    for group in groups:
        if joined and is_brief_code(joined[-1]) and group.size <= SMALL and is_prose(group):
            joined[-1] = Group(joined[-1].units + group.units)
            continue
        is_tiny = group.size <= TINY and is_prose(group)
        if joined and is_tiny and joined[-1].size + group.size <= LONGEST:
            joined[-1] = Group(joined[-1].units + group.units)
        else:
            joined.append(group)
    return joined


def join_silent(groups: list[Group], is_silent: Callable[[Sentence], bool]) -> list[Group]:
    """A lone sentence with nothing to show is said over the slide of the prose beside it."""
    kept = list(groups)
    place = 0
    while place < len(kept):
        group = kept[place]
        sentence = group.units[0].sentence if len(group.units) == 1 else None
        if sentence and is_silent(sentence):
            for first in (place - 1, place):  # rather to what was said before
                pair = kept[max(first, 0) : first + 2]
                if len(pair) == 2 and all(map(is_prose, pair)) and sum(part.size for part in pair) <= LONGEST:
                    kept[first : first + 2] = [Group(pair[0].units + pair[1].units)]
                    break
        place += 1
    return kept


def is_prose(group: Group) -> bool:
    return all(unit.kind == "prose" for unit in group.units)


def is_brief_code(group: Group) -> bool:
    """Code that is gone before it can be read; what is said next goes with it."""
    return group.size <= TINY and any(unit.slide and unit.slide.kind == "code" for unit in group.units)


def split_joining(prose: list[Unit], unit: Unit) -> tuple[list[Unit], list[Unit]]:
    """Which sentences right before a rich unit are said over its slide: all if few, none if it stands alone."""
    if is_image(unit):  # its sentences follow
        return prose, []
    if unit.kind == "picture":  # of code: the end of the paragraph next to it
        near = [other for other in prose if other.paragraph == prose[-1].paragraph]
        while len(near) > 1 and sum(len(other.spoken) for other in near) > reading(unit):
            near.pop(0)
        return prose[: len(prose) - len(near)], near
    size = sum(len(other.spoken) for other in prose)
    last = len(prose[-1].spoken) if prose else 0
    if prose and size <= SMALL and size + len(unit.spoken) <= LONGEST and unit.slide and unit.slide.kind != "quote":
        return [], prose
    if prose and (size <= TINY or (len(unit.spoken) <= TINY and size - last >= FULL)):
        return prose[:-1], prose[-1:]
    return prose, []


def reading(unit: Unit) -> int:
    """Words that may be said over a piece of code: longer than that nobody looks at it."""
    lines = unit.slide.body.count("\n") + 1 if unit.slide else 0
    return max(SMALL, lines * LINE)


def is_shown_over(group: Group, unit: Unit) -> bool:
    """Whether the sentence is of the paragraph that the group's picture belongs to, and there is time for it."""
    image = group.units[0]
    is_own = is_image(image) and image.paragraph == unit.paragraph
    return is_own and (not group.size or group.size + len(unit.spoken) <= LONGEST)


def settle_pictures(groups: list[Group]) -> list[Group]:
    """A picture of code over which nothing is said goes with the prose after it; another is not shown."""
    settled: list[Group] = []
    waiting: tuple[Unit, ...] = ()
    for group in groups:
        if not group.size:
            waiting += tuple(unit for unit in group.units if not is_image(unit))
        elif waiting and all(unit.kind == "prose" for unit in group.units):
            settled.append(Group(waiting[:1] + group.units))
            waiting = waiting[1:]
        else:
            settled.append(group)
    return settled


def group_prose(units: Sequence[Unit], density: str) -> list[Group]:
    """The cheapest way to cut a run of sentences (dynamic programming over its gaps)."""
    if not units:
        return []
    sizes = [len(unit.spoken) for unit in units]
    gaps = gap_costs(units)
    best: list[tuple[float, int]] = [(0.0, 0)]
    reach = MOST_SENTENCES[density] + 1
    for end in range(1, len(units) + 1):
        options = []
        for start in range(max(0, end - reach), end):
            cost = best[start][0] + size_cost(sizes[start:end], density) + (gaps[start - 1] if start else 0.0)
            options.append((cost, start))
        best.append(min(options))
    cuts = [len(units)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    return [Group(tuple(units[a:b])) for a, b in itertools.pairwise(cuts)]


def gap_costs(units: Sequence[Unit]) -> list[float]:
    """What a cut costs in each gap: little where the topic changes or a paragraph ends."""
    changes = shifts([unit.text for unit in units])
    costs = []
    for gap, change in enumerate(changes):
        following = units[gap + 1]
        cost = SHIFT_COST * (1.0 - change)
        if following.paragraph != units[gap].paragraph:
            cost -= PARAGRAPH_GAIN
        if following.leans:
            cost += SHIFT_COST / 2
        costs.append(cost)
    return costs


def size_cost(sizes: Sequence[int], density: str) -> float:
    words = sum(sizes)
    cost = float((words - TARGET[density]) ** 2)
    if words > LONGEST and len(sizes) > 1:
        cost += 10_000.0
    if words <= TINY:
        cost += 600.0
    if len(sizes) > MOST_SENTENCES[density]:
        cost += 400.0
    return cost

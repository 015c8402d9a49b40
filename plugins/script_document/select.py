"""Which units are kept when the time is short: the weightiest, in order, with what they lean on."""

from __future__ import annotations

from collections.abc import Sequence

from aurad_plugins.script_document.rank import text_rank
from aurad_plugins.script_document.units import Section, Unit

FIRST = 1.35  # a section's first unit says what it is about
RICH = 1.15  # a list, table or quotation is what the author worked on
OPENING = 1.5  # the document's first words
COVERAGE = 0.6  # part of the time that is spread over sections before the rest goes by weight alone

Place = tuple[int, int]  # section, unit


def weigh(sections: Sequence[Section]) -> dict[Place, float]:
    """How much each unit matters."""
    places = [(s, u) for s, section in enumerate(sections) for u in range(len(section.units))]
    ranks = text_rank([unit_at(sections, place).text for place in places])
    return {place: rank * bonus(sections, place) for place, rank in zip(places, ranks, strict=True)}


def keep_most_important(sections: Sequence[Section], weights: dict[Place, float], budget: int) -> list[Section]:
    """The sections with at most about `budget` spoken words; none is cut inside a unit."""
    places = list(weights)
    chosen: set[Place] = set()
    spent = cover(sections, weights, chosen, int(budget * COVERAGE))
    order = sorted(places, key=lambda place: (-weights[place], place))
    for place in order:
        spent += add(sections, place, chosen, budget - spent)
    if not chosen and order:  # everything is longer than the time: the shortest is better than nothing
        chosen.add(min(places, key=lambda place: (len(unit_at(sections, place).spoken) or 10**9, place)))
    return rebuild(sections, chosen)


def cover(sections: Sequence[Section], weights: dict[Place, float], chosen: set[Place], budget: int) -> int:
    """One unit of each section, the weightiest sections first."""
    best = []
    for s, section in enumerate(sections):
        own = [(weights[s, u], -u) for u in range(len(section.units)) if section.units[u].spoken]
        if own:
            weight, u = max(own)
            best.append((-weight / (1 if section.level < 3 else 2), s, -u))
    spent = 0
    for _, s, u in sorted(best):
        spent += add(sections, (s, u), chosen, budget - spent)
    return spent


def add(sections: Sequence[Section], place: Place, chosen: set[Place], room: int) -> int:
    """Keep a unit together with those it leans on, if they fit; the words that took."""
    if place in chosen:
        return 0
    section, unit = place
    group, cost = [place], len(unit_at(sections, place).spoken)
    while cost <= room and sections[section].units[unit].leans and unit > 0 and (section, unit - 1) not in chosen:
        unit -= 1
        group.append((section, unit))
        cost += len(unit_at(sections, group[-1]).spoken)
    if cost > room:
        return 0
    chosen.update(group)
    return cost


def bonus(sections: Sequence[Section], place: Place) -> float:
    section, unit = place
    factor = RICH if unit_at(sections, place).kind == "rich" else 1.0
    if unit == 0:
        factor *= OPENING if section == 0 else FIRST
    return factor


def unit_at(sections: Sequence[Section], place: Place) -> Unit:
    return sections[place[0]].units[place[1]]


def rebuild(sections: Sequence[Section], chosen: set[Place]) -> list[Section]:
    import msgspec

    kept = []
    for s, section in enumerate(sections):
        units = tuple(unit for u, unit in enumerate(section.units) if (s, u) in chosen)
        if any(unit.spoken for unit in units):
            kept.append(msgspec.structs.replace(section, units=units))
    return kept

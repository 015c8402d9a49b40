"""What is kept of a document that is longer than its time."""

from __future__ import annotations

from typing import Any

from aurad_plugins.script_document.select import add
from aurad_plugins.script_document.units import Section, Unit


class Counted(tuple[Unit, ...]):
    """Counts how often it is looked into."""

    looks = 0

    def __getitem__(self, key: Any) -> Any:
        Counted.looks += 1
        return super().__getitem__(key)


def chain(length: int) -> list[Section]:
    """Units of two words that each lean on the one before."""
    units = Counted(Unit(kind="prose", spoken=("two", "words"), leans=number > 0) for number in range(length))
    return [Section(level=2, title="Chain", units=units)]


def test_a_unit_comes_with_those_it_leans_on_or_not_at_all() -> None:
    chosen: set[tuple[int, int]] = set()
    assert add(chain(4), (0, 2), chosen, room=5) == 0
    assert chosen == set()
    assert add(chain(4), (0, 2), chosen, room=6) == 6
    assert chosen == {(0, 0), (0, 1), (0, 2)}
    assert add(chain(4), (0, 3), chosen, room=2) == 2


def test_a_chain_is_followed_no_further_than_there_is_room() -> None:
    sections, before = chain(20_000), Counted.looks
    assert add(sections, (0, 19_999), set(), room=100) == 0
    assert Counted.looks - before < 200

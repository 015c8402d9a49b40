"""Numbers as people read them on a slide."""

from __future__ import annotations

from collections.abc import Iterable

MOST_PLACES = 2
CURRENCIES = "$€£¥"
_SIGNS = "-−+~<>≈≥≤±"


def number(value: float, unit: str = "", places: int = 0) -> str:
    """A value as people write it: 1,250 or 0.5, with `%` and currency signs where they belong.

    `places` after the point are always written, as beside other numbers that have them.
    """
    digits = f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"
    digits = f"{value:,.{places}f}" if places else digits
    sign, digits = ("−", digits[1:]) if digits.startswith("-") else ("", digits)
    if unit and unit in CURRENCIES:
        return f"{sign}{unit}{digits}"
    return f"{sign}{digits}{'' if unit == '%' or not unit else ' '}{unit}"


def places_of(values: Iterable[float]) -> int:
    """The places after the point that numbers beside one another all get: 3.9 and 4.0; none among large ones."""
    shown = [number(value) for value in values]
    places = max((len(one.partition(".")[2]) for one in shown), default=0)
    return 0 if places > MOST_PLACES or any("," in one for one in shown) else places


def is_number(cell: str) -> bool:
    """Whether a table cell holds a number, or nothing."""
    bare = cell.strip().lstrip(_SIGNS + CURRENCIES).strip()
    return not bare or bare[0].isdigit()

"""Numbers as people read them on a slide."""

from __future__ import annotations

CURRENCIES = "$€£¥"
_SIGNS = "-−+~<>≈≥≤±"


def number(value: float, unit: str = "") -> str:
    """A value as people write it: 1,250 or 0.5, with `%` and currency signs where they belong."""
    digits = f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"
    sign, digits = ("−", digits[1:]) if digits.startswith("-") else ("", digits)
    if unit and unit in CURRENCIES:
        return f"{sign}{unit}{digits}"
    return f"{sign}{digits}{'' if unit == '%' or not unit else ' '}{unit}"


def is_number(cell: str) -> bool:
    """Whether a table cell holds a number, or nothing."""
    bare = cell.strip().lstrip(_SIGNS + CURRENCIES).strip()
    return not bare or bare[0].isdigit()

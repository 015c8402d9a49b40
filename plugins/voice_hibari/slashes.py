"""Numbers with a slash between them, which the engine takes for dates: `Windows 10/11`, `8/10`, `80/20`, `2023/24`.

What the words around them say is dates, fractions and prices stays the engine's own business. Pure.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TWO = re.compile(r"^(\d{1,4})/(\d{1,4})$")
_VERSIONS = re.compile(r"^\d{1,4}(?:\.\d+)*(?:/\d{1,4}(?:\.\d+)*)+$")
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"\d\d(?:\d\d)?"
_DATE = re.compile(rf"^(?:{_MONTH}/{_DAY}/{_YEAR}|{_DAY}/{_MONTH}/{_YEAR}|\d{{4}}/{_MONTH}/{_DAY})$")
_COUNTED = re.compile(r"^(?:[a-z]{3,}s|people|children)\b")  # `12/15 people`
_DECIMAL = re.compile(r"\d\.\d")
FAMILIAR = {"9/11": "nine eleven", "24/7/365": "twenty-four seven three sixty-five"}
BEFORE_DATE = _words("on since until till by before after from due dated")
BEFORE_FRACTION = _words(
    """a an the about over under only some roughly another at with for of to between in add use take mix almost nearly
    just around per than and or is are was were my our your their its his her this that every each"""
)
SCORED = _words("score scored scores scoring rated rating got gets passed passes failed earned received")
SCALES = frozenset((5, 10, 20, 100))  # what marks are out of
FEWEST_COUNTED = 5  # halves, thirds and quarters of plurals are fractions: `1/2 cups`
PRESSURE = (60, 40)  # from here on one number over another is a blood pressure


def say_slashed(core: str, before: str, after: str, *, starts: bool) -> str:
    """What is read for `core`; nothing if the engine reads it right. `starts`: `before` is a sentence's first word."""
    if core in FAMILIAR and not _is_name(before, starts=starts):
        return FAMILIAR[core]
    if _VERSIONS.match(core) and not _DATE.match(core) and (_is_name(before, starts=starts) or _DECIMAL.search(core)):
        *rest, last = core.split("/")
        return f"{', '.join(rest)}{',' * (len(rest) > 1)} and {last}"
    if core.count("/") > 1 or not (match := _TWO.match(core)):
        return ""
    return _pair(int(match[1]), int(match[2]), before.lower(), after)


def _is_name(word: str, *, starts: bool) -> bool:
    """Whether numbers after this word are its versions: `Windows`, `iOS`; a sentence's first word may be any."""
    bare = word.strip("(\"“'‘")
    is_common = bare.lower() in BEFORE_DATE | BEFORE_FRACTION or bare.endswith("ly")
    return bare.isalpha() and not is_common and (bare[:1].isupper() or (not starts and bare != bare.lower()))


def _pair(one: int, other: int, before: str, after: str) -> str:
    if 1000 <= one < other < 3000:
        return f"{one} to {other}"
    if one >= 1000 and other < 100:  # `the season 2023/24`
        return f"{one} {other}"
    if one + other == 100 or one == other or after.startswith("time"):
        return f"{one} {other}"
    if one > other:
        return f"{one} over {other}" if one >= PRESSURE[0] and other >= PRESSURE[1] else f"{one} to {other}"
    is_mark = before in SCORED or (other in SCALES and before not in BEFORE_DATE and not after.startswith("of"))
    is_counted = other >= FEWEST_COUNTED and _COUNTED.match(after)
    return f"{one} out of {other}" if is_mark or is_counted else ""

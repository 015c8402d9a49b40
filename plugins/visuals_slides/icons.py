"""The shipped icons (Lucide, ISC) and the choice of one by the words of a heading or an item."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "icons"
SVG_PIXELS = 512  # the size at which an icon is rasterised at most; a large ornament needs it
_WORD = re.compile(r"[a-z][a-z0-9]*")
_ENDINGS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("es", "e"),
    ("es", ""),
    ("s", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ed", ""),
    ("ed", "e"),
)
_SURE, _LIKELY = 3.0, 1.0  # weight of what a word means first of all, and of a mere association
_LATER = 0.08  # how much each later word counts less


@cache
def names() -> frozenset[str]:
    """Every icon there is."""
    return frozenset(path.stem for path in FOLDER.glob("*.svg"))


@cache
def _lookup() -> dict[str, dict[str, float]]:
    """Word -> icon -> weight, from `words.txt`: `name: sure words | likely words` on each line."""
    table: dict[str, dict[str, float]] = {}
    for line in (FOLDER / "words.txt").read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition(":")
        sure, _, likely = words.partition("|")
        for weight, group in ((_LIKELY, likely), (_SURE, sure)):
            for word in group.split():
                table.setdefault(word, {})[name] = weight
    return table


@cache
def _homonyms() -> frozenset[str]:
    """Words of several senses: each names an icon only beside another word for the same one."""
    return frozenset((FOLDER / "homonyms.txt").read_text(encoding="utf-8").split())


def pick(*phrases: str, certain: bool = False) -> str | None:
    """The icon that the phrases name best, or None. Earlier phrases and words count more; ties go by name.

    With `certain`, a mere association is not enough. A homonym (`save`, `key`) names nothing on its own.
    """
    scores: dict[str, float] = {}
    witnesses: dict[str, set[str]] = {}
    place = 0
    for rank, phrase in enumerate(phrases):
        for word in _WORD.findall(phrase.lower()):
            known = _form(word)
            for name, weight in _lookup().get(known, {}).items():
                witnesses.setdefault(name, set()).add(known)
                scores[name] = scores.get(name, 0.0) + weight * max(0.2, 1 - place * _LATER) / (1 + rank)
            place += 1
    least = _LIKELY * (1.1 if certain else 0.6)
    clear = {name for name, words in witnesses.items() if len(words) > 1 or not words <= _homonyms()}
    sure = {name: score for name, score in scores.items() if score >= least and name in clear}
    return min(sure, key=lambda name: (-sure[name], name)) if sure else None


def pick_certain(*phrases: str) -> str | None:
    """The icon of the first phrase that surely names one."""
    return next((name for phrase in phrases if (name := pick(phrase, certain=True))), None)


@cache
def _form(word: str) -> str:
    """The word, or its singular or stem, as the table has it."""
    table = _lookup()
    forms = [
        word,
        *(word[: -len(end)] + new for end, new in _ENDINGS if word.endswith(end) and len(word) > len(end) + 2),
    ]
    return next((form for form in forms if form in table), word)


def resolve(name: str, *phrases: str) -> str | None:
    """The named icon if it exists, else one picked by the name and the phrases."""
    return name if name in names() else pick(name.replace("-", " "), *phrases)


@cache
def _source(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text(encoding="utf-8").strip()


def svg(name: str, colour: str, stroke: float = 2.0, opacity: float = 1.0) -> bytes:
    """The icon as SVG in `colour`; `name` must be one of `names()`."""
    drawing = _source(name).replace("currentColor", colour)
    drawing = drawing.replace('stroke-width="2"', f'stroke-width="{stroke}" opacity="{opacity}"')
    return drawing.replace('width="24" height="24"', f'width="{SVG_PIXELS}" height="{SVG_PIXELS}"').encode()

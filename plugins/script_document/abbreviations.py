"""Full stops that end no sentence: those of abbreviations."""

from __future__ import annotations

import re

from aurad_plugins.script_document.vocabulary import word_set

# Never the end of a sentence: what they announce has to come.
OPEN = word_set("e.g i.e vs cf approx ca incl excl viz resp dr mr mrs ms prof st")
EXPLAINING = word_set("e.g i.e viz cf")  # what they announce only explains what was said
# Before a number, in small letters too, and those that are words of their own unless they have a capital.
NUMBERED, CAPITAL = (
    word_set("c chap bldg no p pp fig figs eq eqs nos vol vols rfc"),
    word_set("No Sec Tab Ch App Art Ref Refs Para Nr"),
)
INITIALS = re.compile(r"^(?:[A-Za-z]\.){2,}$|^[A-Z]\.$")
NUMBER = re.compile(r"^[(\[“\"]*(?:\d|[A-Z][\d.,;:)]|[A-Z]$|[IVX]+\b)")  # `3`, `B`, `A.2`, `IV`

DAY, YEAR = re.compile(r"^\d{1,2},$"), re.compile(r"^(?:1[0-9]|20)\d\d\b")


def announces(word: str, following: str) -> bool:
    """Whether the sentence goes on after `word`, which ends with a full stop, since it is short for something."""
    bare = word.lstrip("(“\"'‘[")
    if not bare.endswith(".") or bare.endswith("..") or not following:
        return False
    name = bare[:-1]
    if name.lower() in OPEN:
        return True
    return (name.lower() in NUMBERED or name in CAPITAL) and bool(NUMBER.match(following))


def is_date(word: str, following: str) -> bool:
    """Whether a comma only parts the day from its year: `January 31, 2027`."""
    return bool(DAY.match(word) and YEAR.match(following))


def is_inside(word: str, following: str) -> bool:
    """Whether a full stop within a sentence, as it was cut, is that of an abbreviation: `the U.S. Congress`."""
    if not word.endswith(".") or not following:
        return False
    return announces(word, following) or following[:1].islower() or bool(INITIALS.match(word.lstrip("(“\"'‘[")))

"""How written words are said. Numbers, units and dates stay as written: voices know those.

Rewritten is only what a voice would stumble over or read as symbols: addresses, file names, code names,
arrows, comparison signs, lone punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Nothing to rewrite: a word, a number, with ordinary punctuation around it.
PLAIN = re.compile(r"[\"“”'‘’(]*[^\W_]+(?:['’-][^\W_]+)*[,.;:!?…)\"”'’]*")
NUMBER = re.compile(r"[\"“(]*[$€£¥]?[+-]?\d[\d,.:]*(?:st|nd|rd|th|s)?[%]?[,.;:!?)\"”]*")
EDGES = re.compile(r"^(?P<lead>[\"“”'‘’(\[{<*_`]*)(?P<core>.*?)(?P<trail>[\"”'’)\]}>*_`,.;:!?…]*)$", re.DOTALL)
ADDRESS = re.compile(r"^(?:(?:https?|ftp|file|ssh|git)://|www\.)(?P<host>[^/\s?#:]+)", re.IGNORECASE)
MAIL = re.compile(r"^(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+$")
DOTTED = re.compile(r"^\.?[A-Za-z][\w-]*(?:\.[A-Za-z]\w*)+$")
ABBREVIATED = re.compile(r"^(?:[A-Za-z]{1,2}\.)+[A-Za-z]{0,2}$")
RANGE = re.compile(r"(?<=\d)[%°]?[–—](?=[$€£]?\d)|(?<=\d)\.\.\.?(?=\d)")
TIMES = re.compile(r"^(\d[\d,.]*)[x×]$")
VERSION = re.compile(r"^[vV](\d+(?:\.\w+)*)$")
UNIT_SLASH = re.compile(r"^\d*[a-zµ°A-Z]{1,3}/[a-z]{1,3}²?$")
NAMES = {"c#": "C sharp", "f#": "F sharp", "c++": "C plus plus", "g++": "G plus plus", "w/": "with", "w/o": "without"}
SIGNS = {
    "&": "and", "&&": "and", "+": "plus", "=": "equals", "==": "equals", "!=": "is not", "≠": "is not",
    "<": "less than", ">": "greater than", "<=": "at most", ">=": "at least", "≤": "at most", "≥": "at least",
    "->": "to", "=>": "to", "→": "to", "⇒": "to", "←": "from", "<-": "from", "↔": "and", "~": "about", "≈": "about",
    "×": "times", "÷": "divided by", "±": "plus or minus", "@": "at", "%": "percent", "°": "degrees",
}  # fmt: skip
INSIDE = [  # signs glued to words, in this order
    (re.compile(r"->|=>|→|⇒"), " to "),
    (re.compile(r"(?<=\w)\(\)"), ""),
    (re.compile(r"^[~≈](?=\S*\d)"), "about "),
    (re.compile(r"^[≥](?=\d)|^>=(?=\d)"), "at least "),
    (re.compile(r"^[≤](?=\d)|^<=(?=\d)"), "at most "),
    (re.compile(r"^>(?=\d)"), "more than "),
    (re.compile(r"^<(?=\d)"), "less than "),
    (re.compile(r"^±(?=\d)"), "plus or minus "),
    (re.compile(r"^#(?=\d)"), "number "),
    (re.compile(r"^@(?=\w)|^#(?=\w)"), ""),
    (re.compile(r"(?<=\d)×(?=\d)"), " by "),
    (re.compile(r"(?<=[^\W\d])&(?=[^\W\d])"), " and "),
    (re.compile(r"(?<=\w)\+(?=$)"), " plus"),
    (re.compile(r"(?<=\w)={1,2}(?=\S)"), " equals "),
    (re.compile(r"(?<=\w)@(?=\w)"), " at "),
    (re.compile(r"::|[_\\|/~^*`<>{}\[\]#=&→⇒←↔]+"), " "),
    (re.compile(r"(?:^|(?<=\s))-+(?=[^\W\d])"), ""),
]


def speak_words(words: Sequence[str]) -> list[tuple[str, ...]]:
    """For each written word the words that are said for it; none for what is only a mark."""
    groups: list[tuple[str, ...]] = []
    for word in words:
        said = speak_word(word)
        if not said and is_pause(word):
            add_pause(groups)
        groups.append(said)
    return groups


def speak_word(word: str) -> tuple[str, ...]:
    if PLAIN.fullmatch(word) or NUMBER.fullmatch(word):
        return (word,)
    if word in SIGNS:
        return tuple(SIGNS[word].split())
    parts = EDGES.match(word)
    if parts is None or not has_sound(word):
        return ()
    core, trail = parts["core"], parts["trail"]
    if ABBREVIATED.match(core + "."):
        return (word,)
    if name := NAMES.get(core.lower()) or NAMES.get((core + trail).lower()):
        return tuple((name + "".join(mark for mark in trail if mark in ",.;:!?")).split())
    lead = "".join(mark for mark in parts["lead"] if mark in '"“”‘(')
    tail = "".join(mark for mark in trail if mark in "\"”’),.;:!?…'" and not (mark == ")" and "(" not in word))
    if lead.count("(") > tail.count(")"):
        lead = lead.replace("(", "") if "(" in core else lead
    said = " ".join(part for part in speak_core(core).split() if has_sound(part))
    return tuple(f"{lead}{said}{tail}".split()) if said else ()


def speak_core(core: str) -> str:
    """A word without its surrounding punctuation."""
    if address := ADDRESS.match(core):
        return address["host"].lower().removeprefix("www.").replace(".", " dot ")
    if MAIL.match(core):
        return core.removeprefix("mailto:").replace("@", " at ").replace(".", " dot ").replace("_", " ")
    if version := VERSION.match(core):
        return f"version {version[1]}"
    if times := TIMES.match(core):
        return f"{times[1]} times"
    if UNIT_SLASH.match(core):
        return core
    core = RANGE.sub(" to ", core)
    for pattern, said in INSIDE:
        core = pattern.sub(said, core)
    return " ".join(speak_dotted(part) for part in core.split())


def speak_dotted(part: str) -> str:
    if DOTTED.match(part) and not ABBREVIATED.match(part + "."):
        return part.lstrip(".").replace(".", " dot ")
    return part


def has_sound(text: str) -> bool:
    return any(character.isalnum() for character in text)


def is_pause(word: str) -> bool:
    return word in ("—", "–", "-", "…", "/", "|", "·", "•")


def add_pause(groups: list[tuple[str, ...]]) -> None:
    """A dash is heard as a short rest: a comma on the word before it."""
    for index in range(len(groups) - 1, -1, -1):
        if groups[index]:
            *rest, last = groups[index]
            if last[-1] not in ",.;:!?…":
                groups[index] = (*rest, last + ",")
            return

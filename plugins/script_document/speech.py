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
SHORTHAND = re.compile(r"[\"“(]*(?:\d+(?:[.,]\d+)?[x×]|[vV]\d)")  # `10x`, `v2`
EDGES = re.compile(
    r"^(?P<lead>(?:(?!<\d)[\"“”'‘’(\[{<*_`])*)(?P<core>.*?)(?P<trail>[\"”'’)\]}>*_`,.;:!?…]*)$", re.DOTALL
)
ADDRESS = re.compile(r"^(?:(?:https?|ftp|file|ssh|git)://|www\.)(?P<host>[^/\s?#:]+)", re.IGNORECASE)
MAIL = re.compile(r"^(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+$")
DOTTED = re.compile(r"^\.?[A-Za-z][\w-]*(?:\.[A-Za-z]\w*)+$")
ABBREVIATED = re.compile(r"^(?:[A-Za-z]{1,2}\.)+[A-Za-z]{0,2}$")
DAYS_MONTHS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
RANGE = re.compile(
    rf"(?<=\d)[%°]?[–—](?=[$€£]?\d)|(?<=\d)\.\.\.?(?=\d)|(?<=\d[ap]m)[–—-](?=\d)"
    rf"|(?<=\b(?:{DAYS_MONTHS}))[–—-](?=(?:{DAYS_MONTHS})\b)"
)
TIMES = re.compile(r"^(\d+(?:[.,]\d+)?)[x×]$")
VERSION = re.compile(r"^[vV](\d+(?:\.\w+)*)$")
SINCE = re.compile(r"^(\d+(?:\.\d+)+)\+([,.;:!?)]*)$")  # `Rust 1.74+`
UNIT_SLASH = re.compile(r"^\d*(?:[a-zµ°A-Z]{1,3}|[kMGT]i?bit|[KMGT]iB)/[a-z]{1,3}²?$")
TIME = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour"}
PER_TIME = re.compile(rf"^(?P<number>\d[\d.,]*[kMG]?)?(?P<counted>[^\W\d]{{2,}})/(?P<time>{'|'.join(TIME)})$")
COUNTED = {  # what is short for something that is counted
    "req": "request", "reqs": "request", "op": "operation", "ops": "operation", "tok": "token", "toks": "token",
    "msg": "message", "msgs": "message", "tx": "transaction", "txn": "transaction", "txns": "transaction",
    "pkt": "packet", "pkts": "packet", "conn": "connection", "conns": "connection", "it": "iteration",
    "iter": "iteration", "iters": "iteration", "rec": "record", "recs": "record",
}  # fmt: skip
PLURAL = re.compile(r"^[a-z]{3,}s$")  # `300 calls/s`
RATED = re.compile(r"^(\d+\.\d+)/(\d+(?:\.\d+)?)$")  # `4.3/5`, `1.0/1.1`
# `3/4`, `24/7`, `07/01/2025`, `7/8.1/10`: voices know those.
SLASHED = re.compile(r"^\d{1,4}(?:\.\d+)?/\d{1,4}(?:(?:\.\d+)?/\d{1,4}(?:\.\d+)?)*$")
# Of `~/.config/app.toml` the last part is enough.
PATH = re.compile(
    r"^(?:~|\.[\w.-]*|[A-Za-z]:|/[\w.-]+)?[/\\](?:[\w.@-]+[/\\])*(?P<name>[\w.@-]+)[/\\]?$"
)  # its last part is enough
LONGEST_SAID, BEGINNING = 120, 40  # characters; of a longer "word" (a hash, a key) only the beginning is said
LONGEST_SHOWN = 36  # characters of a word in captions: less than a line
LONGEST_PHRASE = 120  # characters said for it: a scene takes no more
LONGEST_PATH = 24  # more than its last part, which alone is said, can be read meanwhile
OPENING, CLOSING = "\"'“‘([{<*`", "\"'”’*`,.;:!?…"
BRACKETS = {")": "(", "]": "[", "}": "{", ">": "<"}
NAMES = {"c#": "C sharp", "f#": "F sharp", "c++": "C plus plus", "g++": "G plus plus", "w/": "with", "w/o": "without"}
SIGNS = {
    "&": "and", "&&": "and", "+": "plus", "=": "equals", "==": "equals", "!=": "is not", "≠": "is not",
    "<": "less than", ">": "greater than", "<=": "at most", ">=": "at least", "≤": "at most", "≥": "at least",
    "->": "to", "=>": "to", "→": "to", "⇒": "to", "←": "from", "<-": "from", "↔": "and", "~": "about", "≈": "or about",
    "×": "times", "÷": "divided by", "±": "plus or minus", "@": "at", "%": "percent", "°": "degrees",
}  # fmt: skip
QUOTED_SIGN = re.compile(r"^“(?P<sign>[^\w\s”]+)”(?P<trail>[,.;:!?)]*)$")  # how code that is only a sign is written
SIGN_NAMES = {
    "{}": "braces", "[]": "brackets", "()": "parentheses", "?": "question mark", "!": "exclamation mark", "-": "minus",
    "*": "star", "/": "slash", "\\": "backslash", "|": "pipe", "&": "ampersand", "#": "hash", "@": "at sign",
    "%": "percent sign", "$": "dollar sign", ".": "dot", ",": "comma", ":": "colon", ";": "semicolon", "=": "equals",
    "+": "plus", "<": "less than", ">": "greater than", "~": "tilde", "^": "caret", "`": "backtick", "'": "quote",
    '"': "double quote", "->": "arrow", "=>": "arrow", "...": "three dots",
}  # fmt: skip
MOST_SIGNS = 2
MONEY = {"€": "euros", "$": "dollars", "£": "pounds", "¥": "yen"}
PAID = re.compile(r"^([€$£¥])([,.;:!?)]*)$")
ARROWS = frozenset(("->", "=>", "→", "⇒", "➜", "➔", "»"))
INSIDE = [  # signs glued to words, in this order
    (re.compile(r"->|=>|→|⇒"), " to "),
    (re.compile(r"(?<=\w)\(\)"), ""),
    (re.compile(r"://"), " "),
    (re.compile(r"(?<=\w)\((?=\w{2})"), " "),
    (re.compile(r"(?<=\d)\^(?=\d)"), " to the power of "),
    (
        re.compile(
            r"(?<=\w)/(?=(?:second|minute|hour|day|week|month|year|user|person|ride|trip|request|km|kg|min|[kMG]Wh)$)"
        ),
        " per ",
    ),
    (re.compile(r"^[~≈](?=\S*\d)"), "about "),
    (re.compile(r"^[≥](?=\d)|^>=(?=\d)"), "at least "),
    (re.compile(r"^[≤](?=\d)|^<=(?=\d)"), "at most "),
    (re.compile(r"(?<=\w)>=(?=\d)"), " at least "),
    (re.compile(r"(?<=\w)<=(?=\d)"), " at most "),
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
    (re.compile(r"(?:^|(?<=\s))-(?=[^\W\d](?:$|\s))"), "dash "),
    (re.compile(r"(?:^|(?<=\s))--(?=[^\W\d])"), "dash dash "),
    (re.compile(r"(?:^|(?<=\s))-+(?=[^\W\d])"), ""),
    (re.compile(r"(?:^|(?<=\s))\.(?=[^\W\d])"), "dot "),
]


def speak_words(words: Sequence[str]) -> list[tuple[str, ...]]:
    """For each written word the words that are said for it; none for what is only a mark."""
    groups: list[tuple[str, ...]] = []
    for index, word in enumerate(words):
        said = () if is_arrow(words, index) else speak_word(word)
        if index and (money := PAID.match(word)) and words[index - 1][-1:].isdigit():
            said = (f"{one_or_more(MONEY[money[1]], words[index - 1])}{money[2]}",)  # `120 €`
        if word == ">" and is_amount(words, index):
            said = ("over",)
        if index and words[index - 1][:1].isupper() and (since := SINCE.match(word)):
            said = tuple(f"{since[1]} or newer{since[2]}".split())
        if word == ">" and DOTTED.match("".join(words[index + 1 : index + 2]).rstrip(".,;:")):
            said = ("into",)  # `command > file.txt`
        if index and said[1:2] == ("per",):
            said = (one_or_more(said[0], words[index - 1]), *said[1:])  # `1 request per second`
        if not said and (is_pause(word) or word[-1:] in ",.;:!?"):
            add_pause(groups, word[-1] if word[-1] in ".;:!?" and not word.endswith("..") else ",")
        groups.append(said)
    return balance(groups)


def one_or_more(name: str, number: str) -> str:
    return name.removesuffix("s") if number.strip("(~") == "1" else name


def is_amount(words: Sequence[str], index: int) -> bool:
    """Whether a number follows a sign between words, as in `waited > 5 days`, unlike `x > 5`."""
    around = ("".join(words[max(0, index - 1) : index]), "".join(words[index + 1 : index + 2]))
    return len(around[0]) > 1 and around[0].isalpha() and around[1][:1].isdigit()


def is_arrow(words: Sequence[str], index: int) -> bool:
    """An arrow between words (`File → Save`) is a rest; between numbers it is `to`."""
    around = words[max(0, index - 1)][-1:] + "".join(words[index + 1 : index + 2])[:1]
    return words[index] in ARROWS and not any(character.isdigit() for character in around)


def balance(groups: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Without brackets, if rewriting has left one of a pair."""
    whole = "".join(word for group in groups for word in group)
    if whole.count("(") == whole.count(")"):
        return groups
    return [tuple(word.replace("(", "").replace(")", "") for word in group) for group in groups]


def speak_word(word: str) -> tuple[str, ...]:
    word = word if len(word) <= LONGEST_SAID else word[:BEGINNING] + "…"
    if (PLAIN.fullmatch(word) or NUMBER.fullmatch(word)) and not SHORTHAND.match(word):
        return (word,)
    if (bare := word.rstrip(",.;:!?)")) in SIGNS:  # of `(+183 %),` too
        return tuple((SIGNS[bare] + word[len(bare) :]).split())
    if word[:1] == "(" and word[1:] in SIGNS:
        return tuple(f"({SIGNS[word[1:]].removeprefix('or ')}".split())
    if sign := QUOTED_SIGN.match(word):
        return tuple(f"{name_sign(sign['sign'])}{sign['trail']}".split())
    parts = EDGES.match(word)
    if parts is None or not has_sound(word):
        return ()
    core, trail = parts["core"], parts["trail"]
    if ABBREVIATED.match(core + "."):
        return (word,)
    if name := NAMES.get(core.lower()) or NAMES.get((core + trail).lower()):
        return tuple((name + "".join(mark for mark in trail if mark in ",.;:!?")).split())
    lead = "".join(mark for mark in parts["lead"] if mark in '"“”‘(')
    tail = "".join(mark for mark in trail if mark in "\"”’),.;:!?…'")
    if core.endswith("(") or "()" in word:  # a call, not an aside
        tail = tail.replace(")", "")
    said = " ".join(part for part in speak_core(core).split() if has_sound(part))
    return tuple(f"{lead}{said}{tail}".split()) if said else ()


def written_form(word: str, said: Sequence[str]) -> tuple[str, str] | None:
    """What is said for a written word and what captions show for it, both bare; none where that is what is said.

    Signs, and what one word is said for, are better read as they are heard.
    """
    shown = without_marks(word)
    if address := ADDRESS.match(shown):
        shown = shown[address.start("host") :].removeprefix("www.").rstrip("/")
        shown = shown if len(shown) <= LONGEST_SHOWN else address["host"].removeprefix("www.")
    elif len(shown) > LONGEST_PATH and (path := PATH.match(shown)):
        shown = path["name"]
    if (len(said) < 2 and not shown.startswith("-")) or not has_sound(shown) or len(shown) > LONGEST_SHOWN:
        return None
    phrase = without_marks(" ".join(said))
    return (phrase, shown) if len(phrase) <= LONGEST_PHRASE else None


def without_marks(text: str) -> str:
    """Without the punctuation around it; brackets that belong to it stay."""
    bare = text.lstrip(OPENING)
    while bare and (bare[-1] in CLOSING or bare.count(bare[-1]) > bare.count(BRACKETS.get(bare[-1], bare[-1]))):
        bare = bare[:-1]
    return bare


def name_sign(sign: str) -> str:
    """A sign that stands for itself, since it was written as code."""
    if sign in SIGN_NAMES:
        return SIGN_NAMES[sign]
    return " ".join(SIGN_NAMES.get(character, "") for character in sign) if len(sign) <= MOST_SIGNS else ""


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
    if (rate := PER_TIME.match(core)) and (said := speak_rate(rate)):
        return said
    if rated := RATED.match(core):
        return f"{rated[1]} {'and' if '.' in rated[2] else 'out of'} {rated[2]}"
    if UNIT_SLASH.match(core) or SLASHED.match(core):
        return core
    if path := PATH.match(core):
        core = f"slash {path['name']}" if core == f"/{path['name']}" else path["name"]
    core = RANGE.sub(" to ", core)
    for pattern, said in INSIDE:
        core = pattern.sub(said, core)
    return " ".join(speak_dotted(part) for part in core.split())


def speak_rate(rate: re.Match[str]) -> str:
    """`500 requests per second` of `500req/s`; nothing for units, which voices know."""
    short, number = rate["counted"], rate["number"] or ""
    if short in COUNTED:
        counted = f"{COUNTED[short]}s"
    elif PLURAL.match(short):
        counted = short
    else:
        return ""
    return f"{number} {counted} per {TIME[rate['time']]}".lstrip()


def speak_dotted(part: str) -> str:
    if DOTTED.match(part) and part.count(".") > 1 and (("_" in part) or part.rsplit(".", 1)[1][:1].isupper()):
        part = part.rsplit(".", 1)[1]  # of a name in code the last part is enough
    if DOTTED.match(part) and not ABBREVIATED.match(part + "."):
        return part.lstrip(".").replace(".", " dot ")
    return part


def has_sound(text: str) -> bool:
    return any(character.isalnum() for character in text)


def is_pause(word: str) -> bool:
    return word in ("—", "–", "-", "…", "/", "|", "·", "•") or word in ARROWS


def add_pause(groups: list[tuple[str, ...]], mark: str) -> None:
    """A dash is heard as a short rest: a comma on the word before it. So is the end of what cannot be said."""
    for index in range(len(groups) - 1, -1, -1):
        if groups[index]:
            *rest, last = groups[index]
            if last[-1] not in ",.;:!?…":
                groups[index] = (*rest, last + mark)
            elif last[-1] == "," and mark in ".!?":  # the end of what could not be said
                groups[index] = (*rest, last[:-1] + mark)
            return

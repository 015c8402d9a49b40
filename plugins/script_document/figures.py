"""Numbers worth a slide: what a sentence counts, as it is written and with what the number says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from aurad_plugins.script_document.abbreviations import INITIALS
from aurad_plugins.script_document.clauses import SUBORDINATORS
from aurad_plugins.script_document.fragments import BE
from aurad_plugins.script_document.grammar import NOUNS
from aurad_plugins.script_document.labels import capitalise
from aurad_plugins.script_document.phrases import CONDITIONAL
from aurad_plugins.script_document.sentences import Sentence
from aurad_plugins.script_document.vocabulary import MONTHS, word_set
from aurad_plugins.script_document.wording import Wording

FIGURE = re.compile(
    r"^[\"“(]*(?P<figure>[-−]?[$€£¥]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:%|x|×|°|[MKkB]|bn|mn)?)[,.;:!?)\"”]*$"
)
YEAR = re.compile(r"^(?:1[0-9]|20|21)\d\d$")
SCALES = word_set("thousand million billion trillion percent times")
BOUNDS = word_set("within under below")  # the number alone would say something else
NAMED = word_set("room page chapter section figure table step issue part version number line floor gate platform")
CURRENCIES = word_set("EUR USD GBP CHF JPY SEK NOK DKK PLN CAD AUD INR CNY")
OVER = word_set("over above than")
NEARLY = word_set("about around roughly nearly almost approximately some circa")
STRIKING, NOTABLE = 2, 1  # what a number needs to fill a slide, and to stand beside such a one
MOST_FIGURES, NARROW = 3, 7  # numbers side by side, and characters of each; wider ones would all become small
LATEST = 14  # words that are said before the first number comes: five seconds
UNIT = re.compile(
    r"^(?:[kMGT]?(?:Wh|W|B|Hz|Wp|iB|bit/s)|[kcmµ]?m[²³]?|k?g|ms|[sht]|ct|min|ft|°[CF]|US\$|€)(?:/\w{1,4}[²³]?)?[.,;:!?)]*$"
)
REFERRING = word_set("them these those us you")  # what they are was said before
CLAUSE, SHORT_CLAUSE = 12, 5  # words of a clause that tells what was done by as many
AFTER_FIGURE = 6  # words that may say what a number counts


class Figure(NamedTuple):
    """A number worth a slide: as shown, what it counts, where it is said."""

    text: str
    detail: str
    at: int
    score: int
    end: int = 0
    counts: bool = False  # the detail is what is counted, in the sentence's own next words


def find_figures(sentences: list[Sentence], starts: list[int], wording: Wording) -> list[Figure]:
    """The numbers that fill a slide together, in order, or nothing."""
    found = [figure for pair in zip(sentences, starts, strict=True) for figure in figures(*pair, wording)]
    best = max(found, key=lambda figure: figure.score, default=None)
    if best is None or best.score < STRIKING:
        return []
    some = sorted((figure for figure in found if figure.score >= NOTABLE), key=lambda figure: -figure.score)
    most = MOST_FIGURES if all(len(figure.text) <= NARROW for figure in some[:MOST_FIGURES]) else MOST_FIGURES - 1
    shown = sorted(some[:most], key=lambda figure: figure.at)
    return shown if shown[0].at <= LATEST and len({figure.detail for figure in shown}) == len(shown) else []


def figures(sentence: Sentence, start: int, wording: Wording) -> list[Figure]:
    """The sentence's numbers that are amounts, with what they count."""
    found = []
    if not CONDITIONAL.isdisjoint(word.lower() for word in sentence.words):  # the number holds only then
        return []
    for index, word in enumerate(sentence.words):
        match = FIGURE.match(word)
        before = [other.lower() for other in sentence.words[max(0, index - 3) : index]]
        if match and not is_bound(before) and not is_name(sentence.words, index) and not YEAR.match(match["figure"]):
            found.append(make_figure(sentence, index, match["figure"], start, wording))
    return [figure for figure in found if figure.detail]


def is_bound(before: list[str]) -> bool:
    """Whether the number is one end of something: `within 5`, `from 3 to 5`."""
    return before[-1:] != [] and (before[-1] in BOUNDS or "from" in before or "between" in before)


def is_name(words: Sequence[str], index: int) -> bool:
    """Whether the number names a day or a thing and counts nothing: `23 July`, `Room 101`."""
    before, after = "".join(words[max(0, index - 1) : index]), "".join(words[index + 1 : index + 2])
    months = (word.strip(",.;:") for word in (before, after) if word[:1].isupper())  # others `may`
    return before.lower() in NAMED or any(month.lower() in MONTHS for month in months)


def make_figure(sentence: Sentence, index: int, text: str, start: int, wording: Wording) -> Figure:
    words, after, score = sentence.words, index + 1, weight(text)
    following = "" if word_ends(words[index]) else "".join(words[after : after + 1])
    if following.strip(".,;:!?").lower() in SCALES:
        text, score, after = f"{text} {following.strip('.,;:!?').lower()}", 3, after + 1
    elif UNIT.match(following):
        text, after = f"{text} {following.rstrip('.,;:!?)')}", after + 1
    detail = counted(sentence, after, wording)
    if any(character.isdigit() for character in detail) and " " not in detail:  # `t CO2e`
        text, detail = f"{text} {detail}", ""
    end = min(after + len(detail.split()), len(words))
    at, until = start + sentence.starts[index], start + sentence.starts[end]
    is_money = words[index - 1] in CURRENCIES if index else False
    told = detail or capitalise(measured(sentence, index - is_money, wording))
    shown = f"{words[index - 1]} {text}" if is_money else hedged(words, index, text)
    return Figure(shown, told, at, max(score, STRIKING) if is_money else score, until, bool(detail))


def weight(text: str) -> int:
    """How striking a number is by itself."""
    value = float(re.sub(r"[^\d.]", "", text) or 0)
    if text.endswith("%"):
        return 3
    if text[-1].isalpha() and text[-1] != "x":  # `5.8M`
        return 2
    if text.endswith(("x", "×")) or text[0] in "$€£¥" or value >= 1000:
        return 2
    return 1 if value >= 20 else 0


def measured(sentence: Sentence, index: int, wording: Wording) -> str:
    """What a number that counts nothing is the measure of: `Costs rose` for `Costs rose by 5%`."""
    begins = [n + 1 for n in range(index) if word_ends(sentence.words[n]) or sentence.words[n].startswith("(")]
    first = begins[-1] if begins else 0
    first += sentence.words[first].lower() in SUBORDINATORS
    kept, tags = list(sentence.words[first:index]), wording.grammar.tags(sentence.words)[first:index]
    if kept[-1:] == ["to"] and "from" in kept:  # `The price climbed from 2 to 3`
        kept = kept[: kept.index("from")]
    if not kept or len(kept) > AFTER_FIGURE or not tags[0].startswith(("NN", "DT", "JJ")):
        return ""
    if kept[0].lower() in ("a", "an") or any(character.isdigit() for word in kept for character in word):
        return ""
    if kept[-1].lower() in OVER:  # it says of what size they are, not how many
        return ""
    while kept and (tags[len(kept) - 1] in ("IN", "TO", "RB", "DT") or kept[-1].lower() in NEARLY | BE):
        kept.pop()
    return " ".join(kept) if any(tag in NOUNS for tag in tags[: len(kept)]) else ""


def hedged(words: tuple[str, ...], index: int, text: str) -> str:
    """The number with what the sentence says about its exactness."""
    before = [word.lower() for word in words[max(0, index - 2) : index]]
    if before and before[-1] in NEARLY:
        return f"~{text}"
    if before[-1:] == ["over"] or before in (["more", "than"], ["at", "least"]):
        return f"{text}+"
    if before in (["up", "to"], ["less", "than"], ["fewer", "than"], ["at", "most"]):
        return f"{' '.join(before).capitalize()} {text}"
    return text


def word_ends(word: str) -> bool:
    return word.endswith((".", ",", ";", ":", "!", "?", ")"))


def begins_count(sentence: Sentence, after: int, tags: list[str]) -> bool:
    """Whether the words after a number may say what it counts: `of riders`, `less than before`, not `in May`."""
    word = sentence.words[after].lower()
    return word == "of" or (tags[after].startswith(("NN", "JJ", "VBN", "RBR")) and not word[0].isdigit())


def done_by(sentence: Sentence, after: int, tags: list[str]) -> list[str]:
    """`people bought a pass`, `of them wait for months`: to the end of a clause that has a verb, if it is near."""
    most = CLAUSE if sentence.words[after].lower() == "of" else SHORT_CLAUSE
    words = sentence.words[after : after + most]
    end = next((n + 1 for n, word in enumerate(words) if word_ends(word)), 0)
    kept = [word.rstrip(".,;:!?") for word in words[:end]]
    begins = 2 if kept[:1] == ["of"] else 1
    says = end > begins + 1 and tags[after + begins] in ("VBZ", "VBD", "VBP", "MD")
    return kept if says and all(other.strip("()") == other for other in kept) else []


def counted(sentence: Sentence, after: int, wording: Wording) -> str:
    """The words after a number up to the end of their phrase: `lenses in each eye`."""
    tags = wording.grammar.tags(sentence.words)
    if after >= len(tags) or word_ends(sentence.words[after - 1]) or not begins_count(sentence, after, tags):
        return ""
    kept: list[str] = []
    for index in range(after, min(len(sentence.words), after + AFTER_FIGURE)):
        word, tag = sentence.words[index], tags[index]
        if kept[:1] == ["of"] and word.lower() in ("are", "is", "were", "was"):  # `47% of riders are women`
            kept.append(word)
            continue
        if (
            word.startswith("(")
            or word.lower() == "for"
            or tag in ("VBZ", "VBD", "VBP", "MD", "WDT", "CC", "WP", "WRB")
        ):
            break
        kept.append(word if INITIALS.match(word) else word.rstrip(".,;:!?").strip("()"))
        if word_ends(word):
            break
    if kept and (len(kept) == 1 or kept[1].lower() in REFERRING):
        kept = done_by(sentence, after, tags) or ([] if kept[0] == "of" else kept)
    ended = bool(kept) and word_ends(sentence.words[after + len(kept) - 1])
    while kept and not ended and tags[after + len(kept) - 1] in ("IN", "TO", "DT", "PRP$", "RB", "JJ", "VBG"):
        kept.pop()
    return " ".join(kept)

"""The tools that turn pieces of a document into speech and labels: grammar, weights, language, in one value."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aurad_plugins.script_document.fragments import VAGUE
from aurad_plugins.script_document.grammar import FINITE, NOUNS, Grammar
from aurad_plugins.script_document.labels import LONGEST_WORD, capitalise, tidy
from aurad_plugins.script_document.phrases import Phrase, find_phrase, punctuation_phrase
from aurad_plugins.script_document.rating import MOST_WORDS
from aurad_plugins.script_document.sentences import Sentence, end_sentence, make_sentence, split_sentences
from aurad_plugins.script_document.vocabulary import NATIONS

LABEL = re.compile(r"^(?P<label>[^:;—.!?()]{1,48}?)\s*(?::|;|\s—)\s+(?P<rest>\S.*)$", re.DOTALL)
DASHED = re.compile(r"^(?P<label>[^—!?()]{1,64}?)\s+—\s+(?P<rest>\S.*)$", re.DOTALL)  # code may hold any other mark
BRACKETED = re.compile(r"^(?P<label>[^():]{4,80}) \((?P<rest>[^()]{6,90})\)\.?$")
LONG_NAME = re.compile(r"\b(?=[\w.]{24})(?:[A-Za-z_]\w*\.){2,}(?P<last>[A-Za-z_]\w*)\b")  # in code
BRACKETS = re.compile(r"\s*\([^()]*\)")
ASIDE = re.compile(
    r",\s+(?:e\.g\.|i\.e\.|such as|including|for example|for instance)[^,.;:]*,\s+(?!(?:\S+\s){0,3}(?:and|or)\s|\S+,)"
)
RELATIVE = frozenset(("that", "which", "who", "whose", "where"))
LABEL_WORDS = 6
APPOSITION_WORDS = 3
MOST_ITEMS = {"sparse": 3, "balanced": 5, "dense": 6}
SHORT = 10  # words that a slide shows whole
VERBS = FINITE | {"VB"}
FEWEST = 2  # words; no clause is as short
LONG = 12  # words of a clause that has no better short form
WHOLE = 18  # words of what has no short form at all; half of it would be no statement
LONGEST_LABEL = 120  # characters


class Wording(NamedTuple):
    """Everything about a document's language that its parts share."""

    language: str
    density: str
    grammar: Grammar
    weights: Mapping[str, float]
    names: frozenset[str]  # words that the document writes with a capital inside sentences
    small: frozenset[str]  # words that it writes without one
    uncapped: frozenset[str] = frozenset()  # uncommon words that begin its paragraphs without one: `npm`

    def sentences(self, text: str, strong: tuple[str, ...] = ()) -> list[Sentence]:
        return split_sentences(text, self.language, strong)

    def sentence(self, text: str) -> Sentence:
        return make_sentence(end_sentence(text))

    def phrase(self, sentence: Sentence, shown: str = "", most: int = MOST_WORDS) -> Phrase | None:
        return find_phrase(sentence, self.grammar, self.weights, shown, most)

    def label(self, text: str, most: int = SHORT) -> Phrase:
        """A short form of `text` for a slide; the whole text if it is short or cannot be shortened."""
        text = LONG_NAME.sub(r"\g<last>", text)
        words = text.split()
        if any(len(word) > LONGEST_WORD for word in words):
            return Phrase(abridge(tidy(text)), 0, 0.0)
        if len(words) <= most and len(text) <= LONGEST_LABEL:
            return Phrase(self.raised(tidy(text)), 0, 1.0)
        bare = ASIDE.sub(" ", text)
        if bare != text:
            return self.label(bare, most)
        if named := self.before_relative(words, most):
            return Phrase(self.raised(tidy(named)), 0, 0.5)
        sentence = make_sentence(text)
        found = self.phrase(sentence, most=most)
        if (found is None or not found.says) and len(words) <= LONG:
            return Phrase(self.raised(tidy(text)), 0, 0.5)
        if found is None or not found.says:
            plain = make_sentence(BRACKETS.sub("", text))
            found = self.saying_clause(plain.text) or punctuation_phrase(plain, LONG) or found
        if found:
            return found._replace(text=self.raised(found.text))
        is_whole = len(words) <= WHOLE and len(text) <= LONGEST_LABEL
        return Phrase(self.raised(tidy(text)) if is_whole else abridge(tidy(text)), 0, 0.0)

    def saying_clause(self, text: str) -> Phrase | None:
        """The first clause between marks that has a verb."""
        for clause in re.split(r"[,;:]\s+", text):
            words = clause.split()
            if FEWEST < len(words) <= LONG and not VERBS.isdisjoint(self.grammar.tags(words)):
                return Phrase(tidy(clause), 0, 0.5)
        return None

    def raised(self, text: str) -> str:
        """With a capital first, unless it begins with a name that has none: `npm`."""
        first = re.split(r"[\s,]", text, maxsplit=1)[0]
        return text if first in self.uncapped else capitalise(text)

    def before_relative(self, words: Sequence[str], most: int) -> str:
        """`Fixed a race` of `Fixed a race that could lose a file`: what a relative clause only adds to."""
        tags = self.grammar.tags(words)
        ends = [
            n
            for n in range(3, min(len(words), most + 1))
            if words[n] in RELATIVE and tags[n - 1] in NOUNS and words[n - 1].lower() not in VAGUE
        ]
        return " ".join(words[: ends[0]]) if ends else ""

    def soften(self, text: str) -> str:
        """With a small first letter, where the capital was only that of a beginning."""
        if not text:
            return text
        first = text.split(" ", 1)[0].strip(".,:;!?")
        is_plain = first[:1].isupper() and (first[1:].islower() or first in ("A", "I")) and first.isalpha()
        if not is_plain or first == "I" or first in self.names or first.lower() in NATIONS:
            return text
        small = first.lower()
        second = text.split()[1:2]
        if second and second[0][:1].isupper() and second[0][1:].islower():  # `Station Square` is a name
            return text
        is_name = self.grammar.tags(text.split())[0] in ("NNP", "NNPS", "")
        return small[:1] + text[1:] if small in self.small or self.grammar.is_common(small) or not is_name else text

    def soften_names(self, names: Sequence[str]) -> list[str]:
        """Names in a table may be anything: small letters only if the document writes all of them so itself."""
        plain = all(name.split()[0].lower() in self.small and name[1:2].islower() for name in names)
        return [name[:1].lower() + name[1:] for name in names] if plain else list(names)

    def is_statement(self, text: str) -> bool:
        """Whether a list entry is a sentence of its own rather than the name of something."""
        words = text.split()
        if len(words) < 2:
            return False
        if (text.endswith((".", "!", "?")) and len(words) > 3) or len(words) > 12:
            return True
        tags = self.grammar.tags(words)
        return bool(tags) and (tags[0] == "VB" or any(tag in ("VBD", "VBZ", "VBP", "MD") for tag in tags[1:]))

    def is_command(self, text: str) -> bool:
        words = text.split()
        return bool(words) and self.grammar.tags([words[0].lower(), *words[1:]])[0] in ("VB", "VBP")


def abridge(text: str) -> str:
    """The beginning of a text that has no shorter form, marked as a beginning."""
    words = [word if len(word) <= LONGEST_WORD else word[:LONGEST_WORD] + "…" for word in text.split()]
    return " ".join(words) if len(words) <= LONG else " ".join(words[:SHORT]).rstrip(" ,;:.") + " …"


def split_label(text: str) -> tuple[str, str]:
    """`Label: the rest`, or an empty label."""
    match = DASHED.match(text) or BRACKETED.match(text) or LABEL.match(text)
    most = LONG if match and match.re is BRACKETED else LABEL_WORDS
    if match and len(match["label"].split()) <= most:
        return match["label"].strip(), match["rest"].strip()
    return "", text


def split_apposition(text: str) -> tuple[str, str]:
    """`Name, what it is`, or an empty name."""
    name, comma, rest = text.partition(", ")
    if comma and 0 < len(name.split()) <= APPOSITION_WORDS and len(rest.split()) >= APPOSITION_WORDS:
        return name, re.sub(r"^(?:which|that|who)\s+", "", rest)
    return "", text


def joined(parts: Sequence[str]) -> str:
    """`a, b, and c`; semicolons where the parts have commas of their own."""
    mark = ";" if any("," in part for part in parts) else ","
    if len(parts) < 3:
        return f"{mark if mark == ';' else ''} and ".join(parts).replace(" ;", ";")
    return f"{mark} ".join(parts[:-1]) + f"{mark} and {parts[-1]}"


def chunks(count: int, most: int) -> list[range]:
    """Even runs of at most `most`, so that no slide is left with a single item."""
    if not count:
        return []
    runs = -(-count // most)
    bounds = [round(count * run / runs) for run in range(runs + 1)]
    return [range(a, b) for a, b in itertools.pairwise(bounds)]

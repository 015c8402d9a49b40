"""Sentences: prose cut by sentencex, each with its written words and the words a voice says for them."""

from __future__ import annotations

import re
from itertools import pairwise

from aurad.api import Value
from aurad_plugins.script_document.abbreviations import announces
from aurad_plugins.script_document.inline import clean
from aurad_plugins.script_document.speech import speak_words, written_form

POINTER = re.compile(
    r"(?:see|read|visit|click|browse|check out|more (?:in|on|at)|for (?:more|details|further))\b", re.IGNORECASE
)  # says where to look, nothing else

INSIDE_NAME = re.compile(r"[A-Za-z0-9]\.$")  # a full stop without a space after it
# Before a capital a month, a unit or `etc.` ends a sentence, though sentencex takes it for short or for an initial;
# after a year it is an initial.
OVERLOOKED = re.compile(
    r"(?:(?<=\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\.)|(?<=\bSept\.)|(?<=\betc\.)"
    r"|(?<=\d [A-Za-z]\.)(?<!\d{4} [A-Z]\.))\s+(?=[“\"(]?[A-Z])"
)


class Sentence(Value, frozen=True, kw_only=True):
    """`words` as written, `spoken` as said; `starts[i]` is where written word i begins in `spoken`.

    `starts` has one more member than `words`: the length of `spoken`.
    """

    words: tuple[str, ...]
    spoken: tuple[str, ...]
    starts: tuple[int, ...]
    strong: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def written(self) -> dict[str, str]:
        """What captions show in place of what is said."""
        groups = (self.spoken[start:end] for start, end in pairwise(self.starts))
        pairs = (written_form(word, group) for word, group in zip(self.words, groups, strict=True))
        return dict(pair for pair in pairs if pair)


def make_sentence(text: str, strong: tuple[str, ...] = ()) -> Sentence:
    words = clean(text).split()
    groups = speak_words(words)
    starts = [0]
    for group in groups:
        starts.append(starts[-1] + len(group))
    return Sentence(
        words=tuple(words),
        spoken=tuple(word for group in groups for word in group),
        starts=tuple(starts),
        strong=tuple(phrase for phrase in strong if phrase in text),
    )


def split_endless(sentence: Sentence, most: int) -> list[Sentence]:
    """A sentence too long for one scene, in parts that end where it rests, if it does."""
    parts: list[Sentence] = []
    words = list(sentence.words)
    while len(words) > most:
        rests = [n for n in range(most // 3, most + 1) if words[n - 1].endswith((",", ";", ":", "—"))]
        cut = rests[-1] if rests else most * 2 // 3
        parts.append(make_sentence(" ".join(words[:cut]), sentence.strong))
        words = words[cut:]
    return [*parts, make_sentence(" ".join(words), sentence.strong)] if parts else [sentence]


def split_sentences(text: str, language: str, strong: tuple[str, ...] = ()) -> list[Sentence]:
    """The sentences of a paragraph; those without anything to say are left out."""
    from sentencex import segment

    parts: list[str] = []
    for part in segment(language.split("-", maxsplit=1)[0].lower(), text):
        if parts and is_torn(parts[-1], part):
            parts[-1] += part
        else:
            parts.append(part)
    ended = [end for part in parts for end in OVERLOOKED.split(part)]
    sentences = [make_sentence(part.strip(), strong) for part in ended if part.strip()]
    return [sentence for sentence in sentences if sentence.spoken]


def is_torn(before: str, part: str) -> bool:
    """Whether what looks like two sentences is one: `Menu.Item` is a word, and `Fig.` needs its number."""
    if INSIDE_NAME.search(before) and (part[:1].isalnum() or part[:1] == "_"):
        return True
    return announces("".join(before.split()[-1:]), "".join(part.split()[:1]))


def end_sentence(text: str) -> str:
    """With a full stop where a heading or fragment has no end of its own."""
    text = text.rstrip(" :;,—")
    return text if text.endswith((".", "!", "?", "…", "。", "！", "？", ".”", '."', "?”", "!”")) else text + "."

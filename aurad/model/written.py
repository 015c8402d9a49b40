"""What captions show where words are said otherwise than they are written: `--prune` for "dash dash prune".

A scene's dictionary has what is said, without the punctuation around it, and the word to show in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

from aurad.model.narration import Word
from aurad.model.shapes import shape

OPENING, CLOSING = "\"'“‘([", ".,;:!?…)]\"'”’"

Phrase = Annotated[str, Meta(pattern=shape(r"\S", "a text that is not empty"), max_length=120)]
Shown = Annotated[str, Meta(pattern=shape(r"^\S{1,60}(?!\n)$", "a word of at most 60 letters"))]
Written = dict[Phrase, Shown]


class _Run(NamedTuple):
    """Words from `first` to before `beyond`, shown as `text`."""

    first: int
    beyond: int
    text: str


def as_written(words: Sequence[Word], written: Mapping[str, str]) -> tuple[Word, ...]:
    """The words with what is written in place of what is said, each as long as all that is said for it."""
    runs = _runs([word.text for word in words], written)
    return tuple(
        Word(text=run.text, start=words[run.first].start, end=max(word.end for word in words[run.first : run.beyond]))
        for run in runs
    )


def written_text(text: str, written: Mapping[str, str]) -> str:
    """The same of a text alone."""
    return " ".join(run.text for run in _runs(text.split(), written))


def _runs(words: Sequence[str], written: Mapping[str, str]) -> Iterator[_Run]:
    shown = {" ".join(said.split()): text for said, text in written.items()}
    sizes = sorted({said.count(" ") + 1 for said in shown}, reverse=True)  # few, however many phrases there are
    at = 0
    while at < len(words):
        found = (_found(words[at : at + size], at, shown) for size in sizes if at + size <= len(words))
        run = next((run for run in found if run), _Run(at, at + 1, words[at]))
        yield run
        at = run.beyond


def _found(words: Sequence[str], at: int, shown: Mapping[str, str]) -> _Run | None:
    """What is shown for these words, with the punctuation around them, if they are one of the phrases."""
    whole = " ".join(words)
    bare = whole.lstrip(OPENING)
    before, bare = whole[: len(whole) - len(bare)], bare.rstrip(CLOSING)
    after = whole[len(before) + len(bare) :]
    return _Run(at, at + len(words), f"{before}{shown[bare]}{after}") if bare in shown else None

"""Captions show what is written, while what is said is heard."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from aurad.model.narration import Word
from aurad.model.written import as_written, written_text

SAID = "Run git fetch dash dash prune, (dash dash all) and dash dash pruned."
WRITTEN = {"dash dash prune": "--prune", "dash dash all": "--all"}


def timed(text: str) -> list[Word]:
    return [Word(text=word, start=float(n), end=n + 0.5) for n, word in enumerate(text.split())]


def test_a_written_word_lasts_as_long_as_what_is_said_for_it() -> None:
    shown = as_written(timed(SAID), WRITTEN)
    assert " ".join(word.text for word in shown) == "Run git fetch --prune, (--all) and dash dash pruned."
    assert shown[3] == Word(text="--prune,", start=3.0, end=5.5)
    assert shown[4] == Word(text="(--all)", start=6.0, end=8.5)


def test_the_longest_phrase_wins() -> None:
    assert written_text("app dot toml dot gz", {"app dot toml": "app.toml", "app dot toml dot gz": "app.toml.gz"}) == (
        "app.toml.gz"
    )


def test_many_phrases_of_a_long_text_take_no_time() -> None:
    """They come from whoever may submit a script, and are looked for where the daemon does everything else."""
    phrases, began = {f"word {n} said": f"w{n}" for n in range(4000)}, time.process_time()
    assert written_text("word 7 said, " * 1300, phrases) == ("w7, " * 1300).strip()
    assert written_text("nothing of that " * 1300, phrases) == ("nothing of that " * 1300).strip()
    assert time.process_time() - began < 1.5


@given(st.lists(st.sampled_from([*SAID.split(), "dash", "prune", "—"]), max_size=20))
def test_no_word_is_lost_and_words_keep_their_order(words: list[str]) -> None:
    text = " ".join(words)
    shown = as_written(timed(text), WRITTEN)
    assert " ".join(word.text for word in shown) == written_text(text, WRITTEN)
    assert [word.start for word in shown] == sorted(word.start for word in shown)
    said = " ".join(word.text for word in shown).replace("--all", "dash dash all").replace("--prune", "dash dash prune")
    assert said == text
    assert as_written(timed(text), {}) == tuple(timed(text))

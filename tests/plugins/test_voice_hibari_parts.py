"""The pure parts of the voice hibari: which word a phoneme belongs to, when it is heard, and how loud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad_plugins.voice_hibari.graph import duration_candidates, with_outputs
from aurad_plugins.voice_hibari.sound import CEILING, active, faded, joined, levelled, loudness
from aurad_plugins.voice_hibari.stage import word_times
from aurad_plugins.voice_hibari.text import Reading, Symbol, align, chunks, phonemes, sentences, speakable
from aurad_plugins.voice_hibari.timing import Span, shared, word_spans
from aurad_plugins.voice_hibari.unsaid import pieces

RATE = 24_000


def tone(seconds: float, level: float = 0.3, hertz: float = 1000.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("written", "spoken", "owners"),
    [
        ("In 2024, 1,250 people", "In 2024, 1,250 people", [0, 1, 2, 3]),
        ("at 7:30 pm today", "at seven thirty P.M. today", [0, 1, 1, 2, 3]),
        ("raised $1.5 million here", "raised 1.5 million dollars here", [0, 1, 2, 2, 3]),
        ("a 🐝 b", "a b", [0, 2]),
        ("★ ★", "", []),
        ("☆", "star light", [0, 0]),
    ],
)
def test_a_reading_keeps_its_written_words(written: str, spoken: str, owners: list[int]) -> None:
    assert align(written.split(), spoken.split()) == owners


@given(st.lists(st.sampled_from("abc12x"), max_size=9), st.lists(st.sampled_from("ab1y")))
def test_owners_never_fall_and_exist(written: list[str], spoken: list[str]) -> None:
    owners = align(written, spoken) if written else []
    assert owners == sorted(owners)
    assert all(0 <= owner < len(written) for owner in owners)
    assert len(owners) == (len(spoken) if written else 0)


@given(st.text(alphabet='ab .!?\n"A', max_size=60))
def test_sentences_are_all_of_the_words(text: str) -> None:
    found = sentences(text)
    assert [word for sentence in found for word in sentence.words] == text.split()
    assert [sentence.first for sentence in found] == [
        sum(len(earlier.words) for earlier in found[:i]) for i in range(len(found))
    ]


def test_sentences_know_titles_quotes_and_paragraphs() -> None:
    found = sentences('Dr. Smith came. "Hello!" He said so.\n\nThe end? no. Yes', frozenset({"Dr"}))
    assert [" ".join(sentence.words) for sentence in found] == [
        "Dr. Smith came.",
        '"Hello!"',
        "He said so.",
        "The end? no.",
        "Yes",
    ]
    assert [s.end for s in found] == ["sentence", "sentence", "paragraph", "sentence", "paragraph"]


def test_an_abbreviation_before_its_number_ends_no_sentence() -> None:
    found = sentences("See Fig. 3 and pp. 4, or No. 7. Is it? No. 7 is it. No. It is not, vs. Him.", frozenset({"vs"}))
    assert [" ".join(sentence.words) for sentence in found] == [
        "See Fig. 3 and pp. 4, or No. 7.",
        "Is it?",
        "No. 7 is it.",
        "No.",
        "It is not, vs. Him.",
    ]


def test_an_endless_sentence_is_said_in_several_breaths() -> None:
    found = sentences("one two, three " * 60)
    assert [word for part in found for word in part.words] == ("one two, three " * 60).split()
    assert all(len(part.words) <= 80 for part in found)
    assert [part.words[-1] for part in found[:-1]] == ["two,"] * (len(found) - 1)
    assert [part.end for part in found] == ["clause"] * (len(found) - 1) + ["paragraph"]


def test_a_word_that_breaks_the_engine_costs_only_itself() -> None:
    def read(text: str) -> Reading:
        if "bad" in text:
            raise IndexError(text)
        return [(word, word) for word in text.split()]

    symbols = phonemes(["one", "bad", "two"], 5, read, {})
    assert [(char, word) for char, word in symbols if char != " "] == [
        *((char, 5) for char in "one"),
        *((char, 7) for char in "two"),
    ]


def test_endless_words_are_cut_and_long_numbers_read_digit_by_digit() -> None:
    assert len(speakable("a" * 10_000)) < 100
    assert speakable("1" * 16).split() == ["1"] * 16
    assert speakable("[docs](url)") == "[docs] (url)"


@given(st.text(alphabet="ab ,", max_size=200), st.integers(8, 40))
def test_chunks_lose_nothing_but_spaces(text: str, limit: int) -> None:
    symbols = [Symbol(char, 0) for char in text]
    parts = list(chunks(symbols, limit))
    assert all(0 < len(part) <= limit for part in parts)
    assert [s.char for part in parts for s in part if s.char != " "] == [char for char in text if char != " "]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("設定。", [range(1)]),
        ("We say this.", ["We say this."]),
        ("She wrote 私は学生です。日本語を勉強しています。 to us.", ["She wrote", range(2, 3), "to us."]),
        ("The word 日本 means Japan.", ["The word means Japan."]),  # too short to stop for
        ("It stands in 東京.", ["It stands in", range(3, 4)]),
        ("It works 🎉", ["It works"]),
        ("🎉", []),
    ],
)
def test_words_without_a_sound_are_left_to_be_read(written: str, parts: list[str | range]) -> None:
    def read(text: str) -> Reading:
        return [(word, word if word.isascii() else "") for word in text.split()]

    (sentence,) = sentences(written)
    found = [part for part in pieces(sentence, phonemes(sentence.words, 0, read, {})) if part]
    assert [part if isinstance(part, range) else "".join(s.char for s in part) for part in found] == parts


# ---------------------------------------------------------------- timing


def symbols_of(text: str) -> list[Symbol]:
    return [Symbol(c, -1 if c == " " else text[:i].count(" ")) for i, c in enumerate(text)]


def test_a_word_after_silence_starts_where_the_sound_does() -> None:
    sound = np.concatenate([quiet(0.2), tone(0.3), quiet(0.3), tone(0.4), quiet(0.2)])
    symbols = symbols_of("ab, cd")  # the model says: `cd` starts at 0.86, which is 60 ms late
    lengths = np.rint(np.array([0.25, 0.15, 0.15, 0.26, 0.05, 0.15, 0.2, 0.19]) * RATE).astype(np.int64)
    first, second = word_spans(symbols, lengths, sound, RATE)
    assert first.start == pytest.approx(0.2 * RATE, abs=130)
    assert second.start == pytest.approx(0.8 * RATE, abs=130)
    assert first.end == pytest.approx((0.55 - 0.033) * RATE, abs=2)  # the comma is a pause, not a part of the word


def test_lengths_by_rule_of_thumb_fill_the_sound_exactly() -> None:
    lengths = shared(symbols_of("həlˈO ðˈɛɹ."), 33_333)
    assert lengths.sum() == 33_333
    assert len(lengths) == len("həlˈO ðˈɛɹ.") + 2
    assert (lengths >= 0).all()


def test_every_written_word_gets_a_time_in_order() -> None:
    spans = [Span(1, 2400, 7200), Span(3, 7200, 9000), Span(3, 9600, 12_000)]
    words = word_times(["★", "one", "★", "two", "★"], spans, 14_000, RATE)
    assert [(word.start, word.end) for word in words] == [(0, 0), (0.1, 0.3), (0.3, 0.3), (0.3, 0.5), (0.5, 0.5)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30_000), st.integers(0, 30_000)), max_size=8))
def test_times_never_fall_whatever_the_spans(spans: list[tuple[int, int, int]]) -> None:
    words = word_times(list("abcdef"), [Span(*span) for span in spans], 24_000, RATE)
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= 1 for word in words)


# ---------------------------------------------------------------- sound


def test_trimming_keeps_the_sound_and_little_else() -> None:
    sound = np.concatenate([quiet(0.5), tone(0.7), quiet(0.9)])
    first, last = active(sound, RATE)
    assert 0.48 < first / RATE <= 0.5
    assert 1.2 <= last / RATE < 1.26
    assert active(quiet(1), RATE) == (0, 0)


def test_joins_do_not_click() -> None:
    part = faded(tone(0.2, hertz=310), RATE)
    whole, starts = joined([(part, 0.9), (part, 0.25)], RATE)
    assert starts == [0, len(part) + 6000]
    steepest = np.abs(np.diff(tone(0.2, hertz=310))).max()
    assert np.abs(np.diff(whole)).max() <= steepest * 1.01
    assert abs(whole[0]) < 1e-3
    assert abs(whole[-1]) < 1e-3


def test_loudness_is_that_of_the_standard() -> None:
    assert loudness(tone(2, level=1.0, hertz=997), RATE) == pytest.approx(-3.01, abs=0.1)
    with_pause = np.concatenate([tone(2, 0.1), quiet(4)])
    assert loudness(with_pause, RATE) == pytest.approx(loudness(tone(2, 0.1), RATE), abs=0.5)  # the gate


@pytest.mark.parametrize("level", [0.005, 0.05, 0.9])
def test_every_narration_is_equally_loud(level: float) -> None:
    assert loudness(levelled(tone(2, level), RATE), RATE) == pytest.approx(-20, abs=0.1)


def test_single_peaks_stay_under_the_ceiling() -> None:
    sound = tone(2, 0.02)
    sound[1000:1010] = 0.9
    assert np.abs(levelled(sound, RATE)).max() <= CEILING


# ---------------------------------------------------------------- the graph


def field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2, len(payload)]) + payload


def node(op: str, inputs: str, outputs: str) -> bytes:
    parts = [*(field(1, i.encode()) for i in inputs.split()), *(field(2, o.encode()) for o in outputs.split())]
    return field(1, b"".join([*parts, field(4, op.encode())]))


def test_durations_are_looked_for_by_what_the_graph_does_with_them() -> None:
    graph = node("Exp", "x", "e") + node("Round", "e", "r") + node("Clip", "r lo", "c") + node("Cast", "c", "d")
    model = b"\x08\x09" + field(7, graph + node("CumSum", "d axis", "sum") + node("Cast", "y", "other"))
    assert duration_candidates(model) == ["d", "c", "r"]
    assert with_outputs(model, ["d"]).startswith(model)
    assert with_outputs(model, []) == model

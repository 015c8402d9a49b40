"""Captions out of timed words: the rules of good subtitles hold for whatever anybody says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.cues import COLUMNS, LINGER, LONGEST, PAUSE, READING, SHORTEST, Cue, cues_of, shift
from aurad.model.narration import Word

SPEECH = 15.0  # characters a second of an unhurried voice
SLACK = 1e-6


def spoken(text: str, *, rate: float = SPEECH, gap: float = 0.02, pauses: dict[int, float] | None = None) -> list[Word]:
    """Words as a voice would time them; `pauses` come before a word."""
    words, clock = [], 0.0
    for number, piece in enumerate(text.split()):
        clock += (pauses or {}).get(number, 0.0)
        words.append(Word(text=piece, start=clock, end=clock + len(piece) / rate))
        clock = words[-1].end + gap
    return words


@st.composite
def realistic(draw: st.DrawFn) -> list[Word]:
    """Words of 1..14 letters, some with punctuation, at 9..16 characters a second, with pauses up to 2 s."""
    letters = st.text("abcdefghij", min_size=1, max_size=14)
    words, clock = [], draw(st.floats(0, 2))
    for text in draw(st.lists(letters, min_size=1, max_size=60)):
        written = text + draw(st.sampled_from(["", "", "", "", ",", ".", "?"]))
        end = clock + len(written) / draw(st.floats(9, 16))
        words.append(Word(text=written, start=clock, end=end))
        clock = end + draw(st.sampled_from([0.03, 0.03, 0.03, 0.1, 0.3, 0.6, 0.9, 2.0]))
    return words


@st.composite
def anything(draw: st.DrawFn) -> list[Word]:
    """Whatever a broken voice may time: only starts never fall."""
    times = sorted(draw(st.lists(st.floats(0, 30), min_size=0, max_size=25)))
    texts = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=120)
    return [Word(text=draw(texts), start=time, end=time + draw(st.floats(-1, 9))) for time in times]


def text_of(cue: Cue) -> str:
    return " ".join(word.text for word in cue.words)


@given(anything(), st.none() | st.floats(0, 40), st.sampled_from([COLUMNS, 24]))
def test_whatever_is_said_every_word_appears_once_in_order_and_nothing_overlaps(
    words: list[Word], until: float | None, columns: int
) -> None:
    cues = cues_of(words, until=until, columns=columns)
    assert [word for cue in cues for word in cue.words] == words
    assert all(1 <= len(cue.lines) <= 2 and max(map(len, cue.lines)) <= columns for cue in cues)
    assert all(cue.start <= cue.end for cue in cues)
    assert all(one.end <= other.start for one, other in pairwise(cues))


@given(realistic())
def test_realistic_speech_gives_captions_that_can_be_read(words: list[Word]) -> None:
    cues = cues_of(words, until=words[-1].end + 1.2)
    for cue in cues:
        assert cue.lines == (text_of(cue),) or " ".join(cue.lines) == text_of(cue)
        assert cue.end - cue.start <= LONGEST + SLACK
        assert len(text_of(cue)) / (cue.end - cue.start) <= READING + SLACK
        gaps = [after.start - before.end for before, after in pairwise(cue.words)]
        assert all(gap <= PAUSE for gap in gaps)


@given(realistic())
def test_nothing_flashes(words: list[Word]) -> None:
    cues = cues_of(words, until=words[-1].end + 1.2)
    following = [cue.start for cue in cues[1:]] + [words[-1].end + 1.2]
    for cue, limit in zip(cues, following, strict=True):
        alone = cue.words[-1].end + PAUSE <= limit  # a lone word between two pauses has only the time there is
        assert cue.end - cue.start >= SHORTEST - SLACK or (alone and cue.end == limit)


@given(realistic())
def test_without_the_scene_s_end_no_caption_outlasts_the_last_word(words: list[Word]) -> None:
    assert cues_of(words)[-1].end <= words[-1].end


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        ("Bees see.", [("Bees see.",)]),
        (
            "Bees do not see the world as we do, and flowers have known it for ages.",
            [("Bees do not see the world as we do,", "and flowers have known it for ages.")],
        ),
        (
            "A bee cannot see red at all, but it sees ultraviolet light, which stays invisible to us.",
            [("A bee cannot see red at all,",), ("but it sees ultraviolet light,", "which stays invisible to us.")],
        ),
        (
            "He agreed with J. R. Smith. Then he went home to his garden and looked at the flowers again.",
            [("He agreed with J. R. Smith.",), ("Then he went home to his garden", "and looked at the flowers again.")],
        ),
    ],
)
def test_phrases_stay_together(text: str, captions: list[tuple[str, ...]]) -> None:
    assert [cue.lines for cue in cues_of(spoken(text))] == captions


def test_a_long_pause_ends_a_caption_and_the_last_word_lingers() -> None:
    first, second = cues_of(spoken("It is really very quiet. Now.", pauses={5: 3.0}), until=20)
    assert first.end == pytest.approx(first.words[-1].end + LINGER)
    assert second.end - second.start == pytest.approx(SHORTEST)


def test_captions_follow_each_other_without_a_flicker() -> None:
    cues = cues_of(spoken("word " * 80, gap=0.2))
    assert len(cues) > 5
    assert all(one.end == other.start for one, other in pairwise(cues))


def test_an_endless_word_is_cut_for_display_only() -> None:
    address = "https://example.org/" + "a" * 40
    (cue,) = cues_of(spoken(address))
    assert cue.lines == (address[:42], address[42:])
    assert cue.words[0].text == address
    (cue,) = cues_of(spoken("x" * 200))
    assert cue.lines == ("x" * 42, "x" * 41 + "…")


def test_fast_speech_gets_fewer_and_longer_captions_rather_than_flashes() -> None:
    cues = cues_of(spoken("quick. " * 30, rate=30), until=20)
    assert all(cue.end - cue.start >= SHORTEST for cue in cues)


def test_narrow_pictures_get_narrow_captions() -> None:
    cues = cues_of(spoken("Bees do not see the world as we do, and flowers have known it for ages."), columns=20)
    assert max(len(line) for cue in cues for line in cue.lines) <= 20


def test_shift_moves_cues_and_their_words() -> None:
    cues = cues_of(spoken("Bees see more than we do."))
    (moved,) = shift(cues, 2.5)
    assert (moved.start, moved.end) == (cues[0].start + 2.5, cues[0].end + 2.5)
    assert [word.start - 2.5 for word in moved.words] == pytest.approx([word.start for word in cues[0].words])
    assert moved.lines == cues[0].lines


def test_a_long_scene_is_cut_in_time_that_grows_with_its_length() -> None:
    assert len(cues_of(spoken("and so it goes, on and on. " * 1500))) > 500

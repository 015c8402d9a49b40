"""Captions out of timed words: the rules of good subtitles hold for whatever anybody says."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.model.atoms import NO_END, NO_START, width
from aurad.model.cues import COLUMNS, LINGER, LOAN, LONGEST, PAUSE, READING, SHORTEST, Cue, bare, cues_of, shift
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


def test_the_last_caption_of_a_scene_is_not_cut_for_the_pause_after_it() -> None:
    told = ["After", "a", "year", "without", "care", "our", "main", "repository", "held", "1,284", "branches."]
    words = [Word(text=text, start=n / 2, end=n / 2 + 0.4) for n, text in enumerate(told)]
    (cue,) = cues_of(words, until=6.1)
    assert (cue.start, cue.end) == (0.0, 6.0)


@given(anything(), st.none() | st.floats(0, 40), st.sampled_from([COLUMNS, 24]))
def test_whatever_is_said_every_word_appears_once_in_order_and_nothing_overlaps(
    words: list[Word], until: float | None, columns: int
) -> None:
    cues = cues_of(words, until=until, columns=columns)
    assert "".join(word.text for cue in cues for word in cue.words) == "".join(word.text for word in words)
    assert bare("".join(line for cue in cues for line in cue.lines)) == bare("".join(word.text for word in words))
    assert all(1 <= len(cue.lines) <= 2 and max(map(width, cue.lines)) <= columns for cue in cues)
    timed = [word.start for cue in cues for word in cue.words]
    assert timed == sorted(timed)
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


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It followed on 24 May 1883; St. Louis and Cincinnati already had bridges of his.", "St. Louis"),
        ("Thomas Telford's Menai Bridge, c. 1826, linked the island of Anglesey with Wales.", "c. 1826,"),
        ("A bridge collapsed in a wind of only 64 km/h, i.e. well below what it was made for.", "i.e. well"),
        ("Polling a tree of so many files takes us about 38 s on an SSD, and wears it out.", "38 s"),
        ("It listens to the system on Linux, and to FSEvents (macOS) and others instead now.", "FSEvents (macOS)"),
    ],
)
@pytest.mark.parametrize("columns", [30, 42])
def test_what_is_short_for_something_stays_with_what_it_announces(text: str, whole: str, columns: int) -> None:
    assert any(whole in line for cue in cues_of(spoken(text), columns=columns) for line in cue.lines)


def test_a_name_in_small_letters_may_begin_a_caption() -> None:
    text = "Polling all of them takes a while and wears out the disk. {} listens to the system, so that it rests."
    small, capital = (cues_of(spoken(text.format(name))) for name in ("tidewatch", "Tidewatch"))
    assert [" ".join(cue.lines) for cue in small] == [" ".join(cue.lines).replace("T", "t") for cue in capital]


def test_a_long_pause_ends_a_caption_and_the_last_word_lingers() -> None:
    first, second = cues_of(spoken("It is really very quiet. Now.", pauses={5: 3.0}), until=20)
    assert first.end == pytest.approx(first.words[-1].end + LINGER)
    assert second.end - second.start == pytest.approx(SHORTEST)


def test_captions_follow_each_other_without_a_flicker() -> None:
    cues = cues_of(spoken("word " * 80, gap=0.2))
    assert len(cues) > 5
    assert all(one.end == other.start for one, other in pairwise(cues))


def test_an_endless_word_parts_after_its_punctuation_and_no_letter_is_lost() -> None:
    address = "https://example.org/" + "a" * 40
    (cue,) = cues_of(spoken(address))
    assert cue.lines == ("https://example.org/", "a" * 40)
    cues = cues_of(spoken("x" * 10_000), until=700)
    assert "".join(line for cue in cues for line in cue.lines) == "x" * 10_000
    assert all(cue.end - cue.start >= SHORTEST for cue in cues)


# ---------------------------------------------------------------- scripts without spaces, and from right to left


HAN, KANA, KATA = "蜜蜂看见的世界花朵早就知道光线", "はすのかでありましたら", "ミツバチカメラコーヒー"


@st.composite
def east_asian(draw: st.DrawFn) -> list[Word]:
    """Whole sentences as one word, as Chinese and Japanese are written, at 4..7 characters a second."""
    letters = st.sampled_from(HAN + KANA + KATA)
    words, clock = [], 0.0
    for _ in range(draw(st.integers(1, 4))):
        clauses = draw(st.lists(st.text(letters, min_size=3, max_size=11).map("花".__add__), min_size=1, max_size=6))
        text = "、".join(clauses) + "。"
        words.append(Word(text=text, start=clock, end=clock + len(text) / draw(st.floats(4, 7))))
        clock = words[-1].end + 0.3
    return words


@given(east_asian(), st.sampled_from([COLUMNS, 26]))
def test_chinese_and_japanese_part_between_characters_by_their_rules(words: list[Word], columns: int) -> None:
    cues = cues_of(words, until=words[-1].end + 1.2, columns=columns)
    lines = [line for cue in cues for line in cue.lines]
    assert "".join(lines).replace(" ", "") == "".join(word.text for word in words)
    assert all(width(line) <= columns for line in lines)
    assert not any(line[0] in NO_START or line[-1] in NO_END for line in lines)
    assert all(cue.end - cue.start <= LONGEST + SLACK for cue in cues)
    assert all(width("".join(cue.lines)) / (cue.end - cue.start) <= READING + SLACK for cue in cues)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("蜜蜂看到的世界和我们不同，而花朵早就知道这一切。", ("蜜蜂看到的世界和我们不同，", "而花朵早就知道这一切。")),
        ("ミツバチはコーヒーの香りを覚えている。花も知っている。",
         ("ミツバチはコーヒーの香りを覚えている。", "花も知っている。")),
        ("我们用Python 3.13写了「aurad」这个视频程序，很好。",
         ("我们用Python 3.13写了", "「aurad」这个视频程序，很好。")),
        ("꿀벌은 우리와 다르게 세상을 본다, 그리고 꽃은 오래 전부터 알았다.",
         ("꿀벌은 우리와 다르게 세상을 본다,", "그리고 꽃은 오래 전부터 알았다.")),
        ("النحل لا يرى العالم كما نراه، والزهور تعرف ذلك.", ("النحل لا يرى العالم كما نراه،", "والزهور تعرف ذلك.")),
    ],
)  # fmt: skip
def test_other_scripts_break_where_their_readers_expect_it(text: str, lines: tuple[str, ...]) -> None:
    (cue,) = cues_of(spoken(text, rate=12.0))
    assert cue.lines == lines


def test_marks_stay_on_their_letters() -> None:
    flagged = "e\N{COMBINING ACUTE ACCENT}" * 60
    lines = [line for cue in cues_of(spoken(flagged)) for line in cue.lines]
    assert all(line.startswith("e") and line.endswith("\N{COMBINING ACUTE ACCENT}") for line in lines)
    assert {width(line) for line in lines} == {42, 18}


def test_text_that_looks_like_markup_is_text() -> None:
    hostile = r"',drawbox=x=1:y=2 <script>alert(1)</script> {\an8}%{pts} \N &amp; --> 00:00"
    shown = " ".join(" ".join(cue.lines) for cue in cues_of(spoken(hostile)))
    assert shown == hostile


def test_ten_thousand_characters_without_a_space_are_cut_in_seconds() -> None:
    cues = cues_of(spoken("花朵早就知道光线" * 1250, rate=5))
    assert len(cues) > 200


def test_fast_speech_gets_fewer_and_longer_captions_rather_than_flashes() -> None:
    cues = cues_of(spoken("quick. " * 30, rate=30), until=20)
    assert all(cue.end - cue.start >= SHORTEST for cue in cues)


def test_neighbours_lend_time_to_what_is_said_faster_than_people_read() -> None:
    slow, fast = "It is said of the old river,", "and that the northern station depends on it,"
    words = spoken(f"{slow} {fast} and nobody knows why.", rate=12)
    quick = range(len(slow.split()), len(slow.split()) + len(fast.split()))
    clock, told = 0.0, []
    for number, word in enumerate(words):
        seconds = (word.end - word.start) * (0.35 if number in quick else 1.0)
        told.append(Word(text=word.text, start=clock, end=clock + seconds))
        clock += seconds + 0.02
    cues = cues_of(told, until=clock + 0.5, columns=20)
    assert all(width(text_of(cue)) / (cue.end - cue.start) <= READING + SLACK for cue in cues)
    assert any(cue.start != cue.words[0].start for cue in cues), "somebody lent"
    assert all(abs(cue.start - cue.words[0].start) <= LOAN + SLACK for cue in cues)


def test_a_caption_too_fast_to_read_is_cut_otherwise() -> None:
    """Among good breaks the usual cut leaves one at 21 columns a second."""
    said = random.Random(91)
    pieces = [
        "the",
        "small",
        "bees",
        "visit",
        "every",
        "flower",
        "of",
        "an",
        "old",
        "garden",
        "because",
        "nobody",
        "else",
        "would",
        "do",
        "it",
        "and",
        "that",
        "depends",
    ]
    words, clock = [], 0.0
    for number in range(60):
        text = said.choice(pieces) + ("." if number % 17 == 16 else "," if number % 9 == 8 else "")
        end = clock + max(0.09, len(text) / said.uniform(13, 26))
        words.append(Word(text=text, start=clock, end=end))
        clock = end + (0.35 if text.endswith(".") else 0.12 if text.endswith(",") else 0.02)
    assert all(len(text_of(cue)) / (cue.end - cue.start) <= READING + SLACK for cue in cues_of(words))


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

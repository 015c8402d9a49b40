"""Burned-in captions: styles, marked words, letters of other scripts and directions. No FFmpeg here."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurad.api import BadInput, Canvas, Cue, Word
from aurad.model.cues import cues_of
from aurad_plugins.render_ffmpeg import captions as captions_module
from aurad_plugins.render_ffmpeg import lettering
from aurad_plugins.render_ffmpeg.captions import (
    ACCENT,
    SHORTEST,
    STYLES,
    Captions,
    draw_cue,
    line_by_line,
    missing_letters,
    style_of,
    tells_words,
    tokens_of,
)
from aurad_plugins.render_ffmpeg.lettering import FONT, Token, direction_of, runs_of, visual_order
from aurad_plugins.render_ffmpeg.planes import Planes

CANVAS = Canvas(width=64, height=64, fps=10)
WIDE, TALL = Canvas(width=1280, height=720), Canvas(width=720, height=1280)
HOSTILE = r"',drawbox=x=1:y=2 <script> {\an8} %{pts} \N &amp; -->"
ARABIC, HEBREW, HAN = "النحل", "דבורים", "蜜蜂"


def cue(start: float, end: float, *lines: str) -> Cue:
    texts = " ".join(lines).split()
    step = (end - start) / len(texts)
    words = tuple(Word(text=text, start=start + n * step, end=start + (n + 1) * step) for n, text in enumerate(texts))
    return Cue(start=start, end=end, lines=lines, words=words)


def pixels(shown: Cue, word: int, style: str, canvas: Canvas = WIDE) -> np.ndarray:
    return np.asarray(draw_cue(shown, word, STYLES[style], canvas)).astype(int)


@pytest.fixture
def only_inter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any other fonts."""
    monkeypatch.setattr(lettering, "fallback_fonts", lambda: ())
    lettering.home_of.cache_clear()
    yield
    lettering.home_of.cache_clear()


def test_captions_come_and_go_with_their_cues_and_words() -> None:
    cues = (cue(0.5, 1.5, "two words"), cue(2.0, 3.0, "and one more"))
    plain, marked = Captions(cues, "plain", CANVAS), Captions(cues, "highlight", CANVAS)
    assert [plain.state(frame) for frame in (0, 4, 5, 14, 15, 20, 30)] == [
        None, None, (0, -1), (0, -1), None, (1, -1), None,
    ]  # fmt: skip
    assert [marked.state(frame) for frame in (5, 9, 10, 14)] == [(0, 0), (0, 0), (0, 1), (0, 1)]


def test_upright_pictures_mark_the_spoken_word_and_wide_ones_do_not() -> None:
    assert style_of("", TALL) is STYLES["highlight"]
    assert style_of("", WIDE) is STYLES["box"]
    assert style_of("pop", WIDE) is STYLES["pop"]
    with pytest.raises(BadInput, match=r"'neon': there are plain, box, highlight, pill, pop"):
        style_of("neon", WIDE)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1080, 1080), (1080, 1350), (320, 180)])
def test_captions_fit_the_canvas_in_their_own_area(size: tuple[int, int], style: str) -> None:
    canvas = Canvas(width=size[0], height=size[1])
    shown = cue(0, 9, "W" * 42, "the second line, {\\an8}not markup %d")
    captions, frame = Captions((shown,), style, canvas), Planes(*size)
    frame.data.fill(128)
    state = captions.state(3)
    assert state is not None
    captions.draw(state, frame)
    rows, columns = np.nonzero(frame.y != 128)
    assert columns.min() >= size[0] * 0.02
    assert columns.max() < size[0] * 0.98
    assert rows.min() > size[1] * (0.62 if size[1] > size[0] * 1.4 else 0.74)
    assert rows.max() < size[1] * 0.97


@pytest.mark.parametrize("style", ["highlight", "pill", "pop"])
def test_only_the_spoken_word_is_marked(style: str) -> None:
    shown = cue(0, 3, "one two three")
    plain, second = pixels(shown, -1, style), pixels(shown, 1, style)
    changed = np.nonzero((plain != second).any(axis=(0, 2)))[0]
    assert plain.shape == second.shape
    assert (np.abs(second[..., :3] - ACCENT[:3]).sum(axis=2) < 12).sum() > 50
    assert plain.shape[1] * 0.25 < changed.min() < changed.max() < plain.shape[1] * 0.65


def test_each_style_looks_different() -> None:
    shown = cue(0, 3, "one two three")
    assert len({pixels(shown, 1, style).tobytes() for style in STYLES}) == len(STYLES)


def test_the_large_style_shows_line_by_line_but_never_flashes() -> None:
    slow, quick = cue(0, 4, "one two three", "four five six"), cue(4, 5, "one two three", "four five six")
    parts = list(line_by_line((slow, quick)))
    assert [part.lines for part in parts] == [("one two three",), ("four five six",), quick.lines]
    assert [word for part in parts for word in part.words] == [*slow.words, *quick.words]
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(part.end - part.start >= SHORTEST - 1e-9 for part in parts)
    assert pixels(parts[0], 0, "pop", TALL).shape[0] > pixels(parts[0], 0, "plain", TALL).shape[0] * 1.25


@pytest.mark.parametrize("style", STYLES)
def test_what_looks_like_markup_is_drawn_letter_by_letter(style: str) -> None:
    """Nothing of it is taken away or obeyed: every part draws ink, and different text different ink."""
    shown = cue(0, 5, *HOSTILE.split(" &amp; "))
    assert [token.text for line in tokens_of(shown) for token in line] == [w.text for w in shown.words]
    whole = pixels(shown, -1, style)
    for text in HOSTILE.split():
        assert (pixels(cue(0, 1, text), -1, style)[..., 3] > 200).sum() > 20
        assert whole.tobytes() != pixels(cue(0, 5, *HOSTILE.replace(text, "x").split(" &amp; ")), -1, style).tobytes()


# ---------------------------------------------------------------- words and directions


@given(st.lists(st.text("abc漢字かなカナ。、é-/", min_size=1, max_size=60), min_size=1, max_size=12))
def test_the_words_of_every_cue_are_found_on_its_lines(texts: list[str]) -> None:
    words = [Word(text=text, start=n, end=n + 0.9) for n, text in enumerate(texts)]
    for shown in cues_of(words, columns=26):
        lines = tokens_of(shown)
        assert tells_words(shown)
        assert [token.text for line in lines for token in line] == [word.text for word in shown.words]
        rebuilt = ["".join(t.text if t.glued else " " + t.text for t in line).strip() for line in lines]
        assert tuple(rebuilt) == shown.lines


def test_a_cue_without_timed_words_is_shown_unmarked() -> None:
    bare = Cue(start=0, end=2, lines=("no word times", "at all"))
    assert Captions((bare,), "highlight", CANVAS).state(0) == (0, -1)
    assert list(line_by_line((bare,))) == [bare]


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("one two three", [0, 1, 2]),
        (f"{HEBREW} {ARABIC}", [1, 0]),
        (f"{HEBREW} aurad 3.13 {ARABIC}", [3, 1, 2, 0]),
        (f"{HEBREW} 42 {ARABIC}", [2, 1, 0]),
        (f"see {HEBREW} {ARABIC} now", [0, 2, 1, 3]),
        (f"see {HEBREW} - {ARABIC} now", [0, 3, 2, 1, 4]),
    ],
)
def test_words_stand_in_reading_order(line: str, order: list[int]) -> None:
    tokens = [Token(text) for text in line.split()]
    assert visual_order(tokens, direction_of(line) or "ltr") == order


@given(st.lists(st.sampled_from(["one", "3", "-", HEBREW, ARABIC, HAN]), max_size=9), st.sampled_from(["ltr", "rtl"]))
def test_every_word_has_one_place(texts: list[str], base: str) -> None:
    assert sorted(visual_order([Token(text) for text in texts], base)) == list(range(len(texts)))


@pytest.mark.skipif(lettering.home_of("ד") is None, reason="no font of this machine has Hebrew letters")
def test_hebrew_is_marked_from_the_right() -> None:
    shown = cue(0, 3, f"{HEBREW} {HEBREW} {HEBREW}")
    first, last = (np.abs(pixels(shown, -1, "highlight") - pixels(shown, word, "highlight")) for word in (0, 2))
    assert np.nonzero(first.any(axis=(0, 2)))[0].min() > first.shape[1] / 2
    assert np.nonzero(last.any(axis=(0, 2)))[0].max() < first.shape[1] / 2


# ---------------------------------------------------------------- fonts


def test_letters_without_a_font_are_named_and_left_out(only_inter: None) -> None:
    assert missing_letters((cue(0, 1, "plain ÄÖ Жα"),)) == ""
    assert missing_letters((cue(0, 1, f"a {HAN} b 😀"),)) == "蜂蜜😀"
    assert list(runs_of("a😀b")) == [("ab", str(FONT))]
    assert (pixels(cue(0, 1, HAN), 0, "box")[..., 3] == 0).all() or pixels(cue(0, 1, HAN), 0, "box").shape[1] < 60


def test_a_font_of_the_machine_helps_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shipped font under another name stands in for one with more letters."""
    fonts = tmp_path / "fonts" / "deep"
    fonts.mkdir(parents=True)
    (fonts / "NotoSansArabic-Bold.ttf").write_bytes(FONT.read_bytes())
    (fonts / "Whatever.ttf").write_bytes(FONT.read_bytes())
    monkeypatch.setattr(lettering, "FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(lettering, "PACKAGES", ("no_such_package",))
    lettering.fallback_fonts.cache_clear()
    try:
        assert lettering.fallback_fonts() == (str(fonts / "NotoSansArabic-Bold.ttf"),)
        assert lettering.fonts_fingerprint().startswith("NotoSansArabic-Bold.ttf:")
    finally:
        lettering.fallback_fonts.cache_clear()


def test_styles_are_described() -> None:
    assert [style["name"] for style in captions_module.styles()] == list(STYLES)
    assert all(style["description"] for style in captions_module.styles())

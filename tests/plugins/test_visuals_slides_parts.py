"""Themes, icons, numbers, fonts and code colours on their own."""

from __future__ import annotations

import numpy as np
import pytest

from aurad.api import Item, Slide
from aurad_plugins.visuals_slides import icons
from aurad_plugins.visuals_slides.content import prepared, united
from aurad_plugins.visuals_slides.fonts import FILES, FOLDER, JOINT, presentable, without
from aurad_plugins.visuals_slides.ground import ground
from aurad_plugins.visuals_slides.highlight import highlighted
from aurad_plugins.visuals_slides.layout_text import _folded
from aurad_plugins.visuals_slides.numbers import is_number, number, places_of
from aurad_plugins.visuals_slides.picture_slide import SCRIM, SCRIM_COLOUR
from aurad_plugins.visuals_slides.themes import (
    AA,
    MIDNIGHT,
    THEMES,
    Mood,
    Theme,
    contrast,
    extremes,
    mix,
    readable,
    rgb,
    theme_named,
    with_accent,
)  # fmt: skip

FONT_LIMIT = 2_500_000


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("role", ["ink", "soft", "accent", "second"])
def test_text_can_be_read_everywhere_on_its_ground(theme: Theme, role: str) -> None:
    assert readable(getattr(theme, role), theme), [
        round(contrast(rgb(getattr(theme, role)), tone), 2) for tone in extremes(theme)
    ]
    assert contrast(rgb(theme.on_accent), rgb(theme.accent)) >= AA


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("mood", ["hero", "calm"])
def test_the_ground_as_painted_is_no_harder_on_text_than_the_theme_says(theme: Theme, mood: Mood) -> None:
    tones = np.unique(ground(theme, 96, 54, mood).reshape(-1, 3), axis=0)
    for role in (theme.ink, theme.soft, theme.accent):
        worst = min(contrast(rgb(role), (int(red), int(green), int(blue))) for red, green, blue in tones)
        assert worst >= AA


def test_words_over_a_white_picture_can_be_read() -> None:
    veiled = mix((255, 255, 255), SCRIM_COLOUR, SCRIM)
    for role in (MIDNIGHT.ink, MIDNIGHT.soft, MIDNIGHT.accent):
        assert contrast(rgb(role), veiled) >= AA


@pytest.mark.parametrize("accent", ["#000000", "#ffffff", "#7a003c", "#ffee00", "#123456"])
@pytest.mark.parametrize("name", THEMES)
def test_any_accent_is_made_readable(name: str, accent: str) -> None:
    theme = theme_named(name, accent)
    assert readable(theme.accent, theme)
    assert contrast(rgb(theme.on_accent), rgb(theme.accent)) >= AA
    assert with_accent(theme, theme.accent).accent == theme.accent


def test_gradients_are_dithered_and_always_the_same() -> None:
    one = ground(MIDNIGHT, 160, 90, "hero")
    ground.cache_clear()
    assert np.array_equal(one, ground(MIDNIGHT, 160, 90, "hero"))
    steps = np.abs(np.diff(one.astype(int), axis=1)).max(axis=2)
    assert (steps > 0).mean() > 0.2, "long runs of one colour are bands"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Light", "sun"), ("Water", "droplets"), ("Carbon dioxide", "wind"), ("Faster startup", "rocket"),
        ("Databases", "database"), ("Our privacy policy", "lock"), ("Honey bees in the hive", "hexagon"),
        ("Teams and people", "users"), ("Testing in the lab", "flask-conical"), ("", None), ("xyzzy", None),
        ("Rate limiting", None), ("Steel cables", None), ("The peak load", None),
        ("Memory", None),
        ("Save it as tidy.py", None), ("Save money every month", "piggy-bank"), ("Listen on a port", None),
        ("Map over the values", None), ("A map of the region", "map"), ("A small tool", None), ("The key points", None),
        ("Minus 40 degrees", None), ("That sounds like it", None), ("Wear headphones", "headphones"),
    ],
)  # fmt: skip
def test_an_icon_is_found_by_the_words(words: str, name: str | None) -> None:
    assert icons.pick(words) == name


def test_every_icon_can_be_found_and_drawn() -> None:
    assert len(icons.names()) > 150
    listed = {line.partition(":")[0] for line in (icons.FOLDER / "words.txt").read_text().splitlines()}
    assert listed == icons.names()
    for name in icons.names():
        drawing = icons.svg(name, "#123456", 1.5).decode()
        assert drawing.startswith("<svg")
        assert "currentColor" not in drawing
    assert icons.resolve("no-such", "water") == "droplets"


def test_fonts_and_icons_come_with_their_licences() -> None:
    assert sum((FOLDER / name).stat().st_size for name in FILES) < FONT_LIMIT
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "OFL.txt").read_text()
    assert "ISC License" in (icons.FOLDER / "LICENSE").read_text()


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (2.0, "", "2"), (1250, "", "1,250"), (53, "%", "53%"), (0.5, "M", "0.5 M"), (3.4, "€", "€3.4"),
        (-7, "", "−7"), (-1200.4, "$", "−$1,200"), (1 / 3, "s", "0.3333 s"), (0, "", "0"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_people_do(value: float, unit: str, shown: str) -> None:
    assert number(value, unit) == shown
    assert is_number(number(value, unit))
    assert not is_number("Apache-2.0")


def test_numbers_beside_one_another_have_as_many_places() -> None:
    assert [number(value, "", places_of((3.9, 4.0))) for value in (3.9, 4.0)] == ["3.9", "4.0"]
    assert places_of((1200.0, 0.5)) == places_of((0.1234,)) == places_of(()) == places_of((1.0, 2.0)) == 0


def test_numbers_stay_with_their_units() -> None:
    assert united("Doses of 5–10 g in 3 in 10 of 12 MB") == f"Doses of 5–10{JOINT}g in 3 in 10 of 12{JOINT}MB"
    assert united("Run git --dry-run, -y or a-b -5") == "Run git \u2011\u2011dry\u2011run, \u2011y or a-b -5"
    item = prepared(Slide(items=(Item(text="It takes 38 s", detail="of 2 TB and 7 cats"),)), 9).slide.items[0]
    assert (item.text, item.detail) == (f"It takes 38{JOINT}s", f"of 2{JOINT}TB and 7 cats")


def test_emoji_go_and_letters_stay() -> None:
    assert presentable("Bees 🐝 dance → ✓") == ("Bees  dance → ✓", frozenset(), "")
    assert presentable("\u13a0\u13a1 \u13a2") == ("\u13a0\u13a1 \u13a2", frozenset(), "\u13a0\u13a1\u13a2")  # Cherokee
    assert without("\u13a0\u13a1 12", "\u13a0\u13a1") == ""
    assert without("See \u13a0 of 12", "\u13a0") == "See  of 12"
    assert presentable("e\u0301t\u00e9\x00\u202e").text == "\u00e9t\u00e9"


def test_code_keeps_its_lines_and_prose_does_not() -> None:
    source = "def f():\n    return 1\n"
    assert prepared(Slide(kind="code", body=source), 1).slide.body == source
    assert prepared(Slide(kind="quote", body=source), 1).slide.body == "def f(): return 1"
    assert prepared(Slide(kind="bullets", items=(Item(text="x" * 5000),)), 1).cut


def test_code_colours_never_change_the_code() -> None:
    lines = [
        "for x in y:  # three",
        'print("in {x}", 0x1F) // 2',
        "a -- b -> c",
        "",
        "'unclosed",
        "#include <x>",
    ]
    coloured = highlighted(lines)
    assert ["".join(words for _, words in runs) for runs in coloured] == lines
    assert coloured[0][0] == ("keyword", "for")
    assert coloured[0][-1] == ("comment", "# three")
    assert ("literal", '"in {x}"') in coloured[1]


@pytest.mark.parametrize("letters", [9, 20, 60])
def test_long_lines_of_code_are_folded_and_keep_their_letters(letters: int) -> None:
    line = '    return "".join(secrets.choice(ALPHABET) for _ in range(length))  # as long as that'
    (runs,) = highlighted([line])
    pieces = ["".join(words for _, words in piece) for piece in _folded(runs, letters)]
    assert max(map(len, pieces)) <= letters
    if letters > 20:
        assert "".join("".join(pieces).split()) == "".join(line.split())
        assert {css for css, _ in _folded(runs, letters)[-1]} >= {"comment"}, "colours stay with their words"
    else:
        assert pieces[-1].endswith("…")

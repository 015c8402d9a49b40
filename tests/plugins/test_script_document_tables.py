"""Tables of several columns of numbers: which become charts, what is said, and what stays a table."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Scene
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

POWER = "| Year | Solar (TWh) | Wind (TWh) |\n|--|--|--|\n| 2020 | 14 | 36 |\n| 2021 | 21 | 34 |\n| 2022 | 34 | 41 |\n"
MONEY = "| City | 2020 | 2024 |\n|--|--|--|\n| Oslo | $1.2M | $2.5M |\n| Bergen | $0.8M | $1.1M |\n"
QUARTERS = "| Region | Q1 | Q2 | Q3 |\n|--|--|--|--|\n| North | 12 | 15 | 19 |\n| South | 10 | 9 | 14 |\n"


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def told(table: str, english: Grammar) -> Scene:
    source = f"# Power\n\nPower changes in our country.\n\n## Growth\n\n{table}"
    return write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1]


def test_columns_over_years_become_lines_that_come_with_their_sentences(english: Grammar) -> None:
    scene = told(POWER, english)
    slide = scene.slide
    assert (slide.kind, slide.unit) == ("line-chart", "TWh")
    assert slide.rows == (("Year", "Solar", "Wind"), ("2020", "14", "36"), ("2021", "21", "34"), ("2022", "34", "41"))
    assert [scene.words[item.at or 0] for item in slide.items] == ["Solar", "Wind"]


def test_columns_that_are_years_become_groups_of_bars_and_keep_their_scale(english: Grammar) -> None:
    scene = told(MONEY, english)
    assert (scene.slide.kind, scene.slide.unit, scene.slide.note) == ("bar-chart", "$", "Million $")
    assert scene.slide.rows[1:] == (("Oslo", "1.2", "2.5"), ("Bergen", "0.8", "1.1"))
    assert scene.text.startswith("Oslo rose from $1.2 million in 2020 to $2.5 million in 2024.")


def test_a_total_is_said_and_not_drawn_among_its_parts(english: Grammar) -> None:
    rows = "| Item | 2024 | 2025 |\n|--|--|--|\n| Rent | 3 | 4 |\n| Food | 1 | 2 |\n| Total | 4 | 6 |\n"
    scene = told(rows, english)
    assert [row[0] for row in scene.slide.rows] == ["Item", "Rent", "Food"]
    assert scene.text.startswith("Total rose from 4 in 2024 to 6 in 2025.")


def test_bare_numbers_of_one_kind_are_drawn(english: Grammar) -> None:
    scene = told("| Team | Wins | Losses |\n|--|--|--|\n| Red | 4 | 3 |\n| Blue | 2 | 5 |\n", english)
    assert scene.slide.kind == "bar-chart"
    assert [scene.words[item.at or 0] for item in scene.slide.items] == ["Wins:", "Losses:"]


def test_many_years_across_are_drawn_as_lines(english: Grammar) -> None:
    scene = told(QUARTERS, english)
    assert scene.slide.kind == "line-chart"
    assert scene.slide.rows[0] == ("Region", "North", "South")
    assert scene.text == "North rose from 12 in Q1 to 19 in Q3. South rose from 10 in Q1 to 14 in Q3."


@pytest.mark.parametrize(
    "table",
    [
        "| Planet | Moons | Diameter (km) |\n|--|--|--|\n| Mars | 2 | 6779 |\n| Earth | 1 | 12742 |\n",
        "| Eye | Lenses | Flicker |\n|--|--|--|\n| Bee | 6900 | 200 |\n| Fly | 4000 | 250 |\n",
        "| Name | Age | Score |\n|--|--|--|\n| Ann | 31 | 80 |\n| Bob | 45 | 92 |\n",
        "| Name | Place | Wins |\n|--|--|--|\n| Ann | Rome | 4 |\n| Bob | Oslo | 2 |\n",
        "| Team | A | B | C | D |\n|--|--|--|--|--|\n| Red | 1 | 2 | 3 | 4 |\n| Blue | 1 | 2 | 3 | 4 |\n",
    ],
    ids=["units", "sizes", "apart", "words", "too many"],
)
def test_what_one_scale_does_not_serve_stays_a_table(table: str, english: Grammar) -> None:
    assert told(table, english).slide.kind == "table"


def test_columns_that_describe_or_name_files_are_not_announced(english: Grammar) -> None:
    options = (
        "| Option | Default | Description |\n|--|--|--|\n| jobs | 4 | Parallel uploads |\n| skip | `[]` | Left out |\n"
    )
    scene = told(options, english)
    assert scene.text == "jobs: default 4, parallel uploads. skip: left out."
    assert scene.slide.rows[2] == ("skip", "[]", "Left out")
    files = "| System | File | Size |\n|--|--|--|\n"
    files += "| Linux | pen-4.2.0.AppImage | 9 MB |\n| Plan 9 | pen-4.2.0.tar.gz | 5 MB |\n"
    assert told(files, english).text == "Linux: size 9 MB. Plan 9: 5 MB."


def test_versions_in_their_order_are_a_course_and_years_no_measure(english: Grammar) -> None:
    versions = "| Version | Start (s) | Memory (MB) |\n|--|--|--|\n"
    versions += "| 4.0 | 3.1 | 412 |\n| 4.2 | 0.9 | 405 |\n| 4.10 | 0.7 | 263 |\n"
    assert told(versions, english).text.startswith(
        "Start fell from 3.1 seconds in version 4.0 to 0.7 seconds in version"
    )
    spans = "| Bridge | Opened | Span (m) |\n|--|--|--|\n"
    spans += "| Kyo | 1998 | 1,991 |\n| Belt | 1998 | 1,624 |\n| Gate | 1937 | 1,280 |\n"
    assert told(spans, english).text.startswith("Span: the highest is Kyo, at 1,991 meters")
    assert "Opened" not in told(spans, english).text


def test_flags_are_said_by_their_names_and_what_changes_becomes_something(english: Grammar) -> None:
    flags = "| Flag | Meaning |\n|--|--|\n| `-s`, `--schema NAME` | Compare it |\n| `--safe` | Refuse it |\n"
    assert told(flags, english).text == "schema: compare it. safe: refuse it."
    changes = "| Old | New |\n|--|--|\n| `KITE_ENV` | `KITE_MODE` |\n| Blue | Green |\n"
    assert told(changes, english).text == "KITE ENV becomes KITE MODE. Blue becomes Green."


def test_rows_light_up_when_they_are_named(english: Grammar) -> None:
    rows = "| Rome | 39 | 9 | May |\n| Oslo | 61 | 12 | June |\n| Bern | 27 | 6 | July |\n"
    table = f"| Place | Cups | Cafés | Since |\n|--|--|--|--|\n{rows}"
    scene = told(table, english)
    assert scene.slide.kind == "table"
    lit = {item.text: scene.words[item.at].strip(",.:;") for item in scene.slide.items if item.at is not None}
    assert lit == {name: name for name in lit}
    assert {"Oslo", "Bern"} <= lit.keys()


def test_what_the_columns_are_is_said_once(english: Grammar) -> None:
    rows = "| 1812 | 237 | hemp line |\n| 1903 | 212 | piano wire |\n| 2016 | 211 ft | sonar |\n"
    scene = told(f"| Year | Depth (m) | Method |\n|--|--|--|\n{rows}", english)
    assert scene.text == "1812: depth 237 meters, method hemp line. 1903: 212 meters, piano wire. 2016: 211 ft, sonar."
    assert scene.slide.items[2].at == 12
    bare = told("| Team | Wins | Home |\n|--|--|--|\n| Reds | 12 | Oslo |\n| Blues | nine | Bergen |\n", english)
    assert bare.text == "Reds: wins 12, home Oslo. Blues: nine, Bergen."


def test_the_unit_of_every_row_is_that_of_the_numbers_and_versions_are_a_course(english: Grammar) -> None:
    rows = "| Backup (min) | 47 | 12 |\n| Restore (min) | 61 | 38 |\n"
    scene = told(f"| Task | 3.8 | 4.0 |\n|--|--|--|\n{rows}", english)
    assert (scene.slide.kind, scene.slide.unit) == ("bar-chart", "min")
    assert [row[0] for row in scene.slide.rows] == ["Task", "Backup", "Restore"]
    assert scene.text.startswith("Restore fell from 61 minutes in 3.8 to 38 minutes in 4.0.")

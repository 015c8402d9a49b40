"""What an editor strikes out or rewrites: boilerplate, headings, references; how tables, lists and code are told."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Scene, Script
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.headings import tidy_heading
from aurad_plugins.script_document.write import write_document

HEAD = "# Watcher\n\nHello there, dear world.\n\n## Part\n\n"


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(source: str, grammar: Grammar) -> Script:
    return write_document(Brief(source=source), grammar, lambda code, detail: None)


def told(source: str, grammar: Grammar) -> str:
    return " ".join(scene.text for scene in write(source, grammar).scenes)


def second(text: str, grammar: Grammar) -> Scene:
    return write(HEAD + text, grammar).scenes[1]


# ---------------------------------------------------------------- what is struck out


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("## Acknowledgements\n\nThanks to everyone who helped.", "Thanks"),
        ("## Project Links\n\n- [PyPI](https://a)\n- [Docs](https://b)", "PyPI"),
        ("- [One](https://a)\n- [Two](https://b)\n- [Three](https://c)\n- Get help (on the forum)\n", "Three"),
        ("Watcher is [BSD licensed](https://a) code.", "licensed"),
        ("It is widely used in projects like:\n\n- [One](https://a)\n- [Two](https://b)\n", "like"),
        ("This gives the following picture:\n\n![a](https://x.org/a.png)\n", "following"),
        ("by Maria | 3 March 2024 | 12 comments", "Maria"),
        ("Questions? Ask Ann (ann@example.com).", "Questions"),
        ("- Fixed the crash on start. [#812](https://a), [#813](https://b)\n- It is fast now.\n", "812"),
    ],
)
def test_struck_out(text: str, never: str, english: Grammar) -> None:
    said = told(f"{HEAD}The people go to the market.\n\n{text}", english)
    assert never not in said
    assert "market" in said


def test_a_changelog_begins_with_its_versions(english: Grammar) -> None:
    source = (
        "# Changelog\n\nAll notable changes to this project will be documented in this file. The format is based on"
        " [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n"
        "## [3.2.1] - 2025-09-02\n\n- The crash on start is gone now.\n\n## [3.2.0] - 2025-08-11\n\n- It is fast now.\n"
    )
    script = write(source, english)
    assert script.scenes[0].text == "Changelog. Version 3.2.1 and Version 3.2.0."
    assert [scene.chapter for scene in script.scenes][1:] == [
        "Version 3.2.1 — 2025-09-02",
        "Version 3.2.0 — 2025-08-11",
    ]


def test_links_leave_a_line_of_details(english: Grammar) -> None:
    source = "# N\n\n**Released:** 2025-06-17 · [Full changelog](https://a) · [Guide](https://b)\n\nIt is here at last."
    assert told(source, english) == "N. Released: 2025-06-17. It is here at last."


# ---------------------------------------------------------------- headings


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1. Energy use", "Energy use"),
        ("2.3 Energy use", "Energy use"),
        ("🐛 Bug fixes", "Bug fixes"),
        ("[1.2.3] - 2025-01-01", "Version 1.2.3 — 2025-01-01"),
        ("ENERGY USE IN THE EU", "Energy USE IN THE EU"),
        ("Step 1: Begin", "Step 1: Begin"),
        ("3 reasons to stay", "3 reasons to stay"),
        ("v2", "v2"),
    ],
)
def test_headings_are_tidied(written: str, shown: str, english: Grammar) -> None:
    source = f"# T\n\nHello there, dear world.\n\n## {written}\n\nThe people go to the market."
    assert write(source, english).scenes[1].chapter == shown


def test_bold_questions_and_folded_parts_are_headings(english: Grammar) -> None:
    scene = second("**Does it run on a Mac?**\nIt runs there as well as on any other machine.", english)
    assert scene.slide.heading == "Does it run on a Mac?"
    folded = "<details>\n<summary>More of it</summary>\n\nThe people go to the market.\n</details>\n"
    assert second(folded, english).slide.heading == "More of it"


def test_a_page_is_called_by_its_heading_and_not_by_its_site(english: Grammar) -> None:
    page = "<html><head><title>Bees - Some Site</title></head><body><h1>Bees</h1><p>Bees fly far.</p></body></html>"
    assert write(page, english).title == "Bees"


def test_a_document_without_heading_is_called_by_what_it_defines(english: Grammar) -> None:
    assert write("![logo](a.png)\n\nwatcher is a tool that runs commands. It is **fast**.", english).title == "watcher"


def test_an_unclosed_heading_ends_where_the_next_block_begins(english: Grammar) -> None:
    assert "Bees fly far" in told("<html><body><h1>Bees<p>Bees fly far.<ul><li>one<li>two", english)


# ---------------------------------------------------------------- sentences


def test_a_name_with_a_full_stop_inside_is_no_end(english: Grammar) -> None:
    said = second("The list returns Menu.Item instead of a plain row.", english).text
    assert said == "The list returns Menu dot Item instead of a plain row."


def test_what_stops_in_mid_sentence_announces_the_quotation(english: Grammar) -> None:
    scene = second(
        "The king ordered his release with the words\n\n> We fight England, not mankind.\n>\n> — The king\n", english
    )
    assert scene.text == "The king ordered his release with the words: We fight England, not mankind."


def test_a_note_in_a_quotation_mark_is_prose(english: Grammar) -> None:
    scenes = write(
        HEAD + "Run it once.\n\n> **Note:** On Windows, run it as an administrator instead.\n", english
    ).scenes
    assert all(scene.slide.kind != "quote" for scene in scenes)


# ---------------------------------------------------------------- tables


def table(*rows: str) -> str:
    width = rows[0].count("|") + 1
    return "\n".join(f"| {row} |" for row in (rows[0], "|".join(["--"] * width), *rows[1:])) + "\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("Tool | Start | Memory", "this | 0.21 s | 6 MB", "that | 6.70 s | 214 MB", "other | 1.32 s | 9 MB"),
         "Start: from 0.21 seconds for this to 6.70 seconds for that. Memory: from 6 MB for this to 214 MB for that."),
        (("Year | Heat (GWh) | Light (GWh)", "2019 | 15.4 | 7.9", "2020 | 14.9 | 6.8", "2024 | 11.8 | 6.6"),
         "Heat fell from 15.4 GWh in 2019 to 11.8 GWh in 2024. Light fell from 7.9 GWh in 2019 to 6.6 GWh in 2024."),
        (("Item | 2024 | 2025", "Rent | 3 | 4", "Food | 1 | 2", "Total | 4 | 6"),
         "Total rose from 4 in 2024 to 6 in 2025. Rent rose from 3 in 2024 to 4 in 2025."),
        ((" | this | that", "Search | ✅ | ✅", "Undo | ✅ | ❌", "Mail | ❌ | ❌"),
         "Search: both. Undo: only this. Mail: none of them."),
        (("Flag | Default | Meaning", *(f"`-{c}`, `--{n}` | off | What it does and why that is so"
                                       for c, n in zip("abcde", ("all", "bare", "clear", "deep", "end"), strict=True))),
         "The table shows the default and the meaning for all, bare, clear, deep, and end."),
    ],
)  # fmt: skip
def test_tables_are_summed_up_and_never_read_cell_by_cell(rows: tuple[str, ...], said: str, english: Grammar) -> None:
    assert second(table(*rows), english).text.removeprefix("Part. ") == said


def test_ticks_are_shown_by_signs_that_fonts_have(english: Grammar) -> None:
    slide = second(table(" | this | that", "Undo | ✅ | ❌", "Mail | ❌ | ❌"), english).slide
    assert slide.rows[1] == ("Undo", "✓", "–")


def test_bars_leave_out_the_sum_and_name_the_first_three(english: Grammar) -> None:
    rows = ("Place | Tonnes", "Here | 3,114", "There | 1,522", "Up | 582", "Down | 454", "Off | 296", "World | 6,431")
    scene = second(table(*rows), english)
    assert "World" not in [item.text for item in scene.slide.items]
    assert "the highest is Here, at 3,114, followed by There, at 1,522, and Up, at 582" in scene.text


def test_a_course_of_numbers_is_told_from_end_to_end(english: Grammar) -> None:
    rows = ("Commits | Steps", "10 | 4", "100 | 7", "1,000 | 10", "10,000 | 14", "100,000 | 17")
    assert "Steps: from 4 for 10 commits to 17 for 100,000." in second(table(*rows), english).text


def test_ranks_are_no_names(english: Grammar) -> None:
    rows = ("Rank | Building | Heat (MWh) | Cost", *(f"{n} | House {n} | {n * 100} | {n}00" for n in range(1, 6)))
    scene = second(table(*rows), english)
    assert scene.slide.rows[0][0] == "Building"
    assert "from 100 MWh for House 1 to 500 MWh for House 5" in scene.text


# ---------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("entry", "text", "detail"),
    [
        ("**Use `--first`** if you merge branches", "Use --first", "If you merge branches"),
        ("`from:`, `to:` — match an address", "from:, to", "Match an address"),
        ("Lights in 14 schools (cost: 420,000; saves 310)", "Lights in 14 schools", "cost: 420,000; saves 310"),
        ("`watcher run` no longer fails", "watcher run no longer fails", ""),
        (
            "Every day, throw half of it away and add the same amounts again",
            "Throw half of it away and add the same amounts again",
            "",
        ),
        ("Keep it at 24–28 °C for a day", "Keep it at 24–28 °C for a day", ""),
        ("`older:` — match by age, such as 30d, 6w or 2y", "Older", "Match by age, such as 30d, 6w or 2y"),
    ],
)
def test_entries_are_shown_with_their_labels(entry: str, text: str, detail: str, english: Grammar) -> None:
    items = second(f"- {entry}\n- The people go to the market\n", english).slide.items
    assert (items[0].text, items[0].detail) == (text, detail)


def test_single_words_are_names_in_one_sentence(english: Grammar) -> None:
    scene = second("- close\n- flush\n- read\n- seek\n- tell\n- write\n", english)
    assert scene.text == "Part: close, flush, read, seek, tell, and write."
    assert len(scene.slide.items) == 6


def test_a_long_announcement_is_a_scene_of_its_own(english: Grammar) -> None:
    lead = (
        "In case of success " + "the people of the town go to the market in the morning " * 2 + "and buy these things:"
    )
    scenes = write(f"{HEAD}{lead}\n\n- apples\n- pears\n- plums\n", english).scenes
    assert scenes[1].text.endswith("buy these things.")
    assert scenes[2].text == "Apples, pears, and plums."


# ---------------------------------------------------------------- code


def test_commands_right_after_one_another_share_a_slide(english: Grammar) -> None:
    code = "```sh\n$ watcher -e py -- check {}\n```\n\n"
    scene = second(f"Look at some files:\n\n{code}Start the server again:\n\n{code}", english)
    assert scene.slide.body.count("$ watcher") == 2
    assert scene.text.startswith("Look at some files")
    assert "Start the server again" in scene.text


def test_code_is_shown_where_it_stands_and_not_later(english: Grammar) -> None:
    code = "```sh\nwatcher install\nwatcher run\n```\n\nThis prints:\n\n```text\nhello\n```\n\nThe people go home."
    bodies = [scene.slide.body for scene in write(HEAD + code, english).scenes if scene.slide.kind == "code"]
    assert bodies == ["watcher install\nwatcher run", "hello"]


def test_half_a_sentence_before_code_is_made_whole(english: Grammar) -> None:
    scene = second("If that is what you want:\n\n```sh\nwatcher move a.txt\n```\n", english)
    assert scene.text == "If that is what you want: watcher move a dot txt."


def test_an_example_without_prose_tells_its_purpose(english: Grammar) -> None:
    scene = second("```python\nbox = Mailbox('a')\nbox.measure_all(3)\n```\n", english)
    assert scene.text == "Part: an example in Python, with Mailbox and measure all."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Put a `-` before it, or use `{}`.", "Put a minus before it, or use braces."),
        ("It is deleted only with `--yes` or `-f`.", "It is deleted only with dash dash yes or dash f."),
        ("Run `bisect log > bisect.txt` first.", "Run bisect log into bisect dot txt first."),
        ("It listens at `/metrics` for you.", "It listens at slash metrics for you."),
        ("It costs 29.8 ct/kWh today.", "It costs 29.8 ct per kWh today."),
        ("Pass `Renderer(cache=3)` to it.", "Pass Renderer cache equals 3 to it."),
        ("The class `app.core.LoggerFactory` is gone.", "The class LoggerFactory is gone."),
    ],
)
def test_code_in_prose_is_said_as_people_say_it(written: str, said: str, english: Grammar) -> None:
    assert second(f"{written} The people go to the market.", english).text.startswith(said)


@pytest.mark.parametrize(
    ("heading", "kept"),
    [
        ("What went wrong and what we intend to do about all of it before the next week", "What went wrong"),
        (
            "How the daemon keeps its promises: journals, files, locks, and what happens then",
            "How the daemon keeps its promises",
        ),
        (
            "What happens if the daemon crashes while a job of an hour is being encoded?",
            "What happens if the daemon crashes?",
        ),
        ("A heading of an ordinary length, and what follows", "A heading of an ordinary length, and what follows"),
        ("Two very long names of things without any place where one could end it", None),
    ],
)
def test_a_long_heading_ends_where_it_may(heading: str, kept: str | None) -> None:
    assert tidy_heading(heading) == (kept or heading)

"""What a speaker and an editor would wince at: each rule with a sentence that it is about."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from aurad.api import Brief, Scene, Script
from aurad.model.written import written_text
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.phrases import find_phrase
from aurad_plugins.script_document.sentences import make_sentence
from aurad_plugins.script_document.write import write_document

DOCUMENTS = sorted((Path(__file__).parents[1] / "quality" / "documents").glob("*.md"))


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(source: str, grammar: Grammar) -> Script:
    return write_document(Brief(source=source), grammar, lambda code, detail: None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Upgrading from 4.1.x is easy.", "Upgrading from 4.1.x is easy."),
        ("It is 3x faster.", "It is 3 times faster."),
        ("About 3/4 came on 07/01/2025, 24/7.", "About 3/4 came on 07/01/2025, 24/7."),
        ("Windows 10/11, or 7/8.1/10, is fine.", "Windows 10/11, or 7/8.1/10, is fine."),
        ("It moves by 3.8 cm/year for $1/ride.", "It moves by 3.8 cm per year for $1 per ride."),
        ("A 1 Gbit/s link makes 300 calls/s.", "A 1 Gbit/s link makes 300 calls per second."),
        ("It has 5 MB/s, 2 GiB/s and 90 ops/s.", "It has 5 MB/s, 2 GiB/s and 90 operations per second."),
        ("It does 500 req/s, or (1 req/s).", "It does 500 requests per second, or (1 request per second)."),
        ("Of 3k msg/min and 20tok/s", "Of 3k messages per minute and 20 tokens per second"),
        ("It fell from ~4% to <0.5%.", "It fell from about 4% to less than 0.5%."),
        ("It reads ~/.config/larder.toml first.", "It reads larder dot toml first."),
        ("It needs libssl>=3.0 and zlib<=2.", "It needs libssl at least 3.0 and zlib at most 2."),
        ("Run .venv\\Scripts\\activate now.", "Run activate now."),
        ("Start with http:// or https:// please.", "Start with http or https please."),
        ("That is 54^4 ≈ 8.5 million.", "That is 54 to the power of 4 or about 8.5 million."),
        ("Sales rose in 2024 (+183 %), a record.", "Sales rose in 2024 (+183 percent), a record."),
        ("The kernel (≈ 79,000 files) is big.", "The kernel (about 79,000 files) is big."),
        ("It needs Rust 1.74+, with 50+ crates.", "It needs Rust 1.74 or newer, with 50 plus crates."),
        ("It works with Go 12 – 17, not – 3.", "It works with Go 12 to 17, not, 3."),
        ("It got 4.3/5; TLS 1.0/1.1 is gone.", "It got 4.3 out of 5; TLS 1.0 and 1.1 is gone."),
        ("Many waited > 5 days, where x > 5.", "Many waited over 5 days, where x greater than 5."),
        ("It waits (1 s, 2 s, …). You see.", "It waits 1 s, 2 s. You see."),
        ("Fixed it in lines with emoji such as \U0001f469\u200d\U0001f680", "Fixed it in lines with emoji"),
        ("Open Mon–Fri, 10am–5pm.", "Open Mon to Fri, 10am to 5pm."),
        ("UPDATE ... RETURNING works.", "UPDATE, RETURNING works."),
        ("Fixed a crash (thanks @lena-k) and (by @bo).", "Fixed a crash and."),
    ],
)
def test_marks_are_said_the_way_a_person_reads_them(written: str, said: str) -> None:
    assert " ".join(make_sentence(written).spoken) == said


@pytest.mark.parametrize(
    ("written", "captions"),
    [
        ("Run git fetch --prune, or (--all).", "Run git fetch --prune, or (--all)."),
        ("It is 3x faster (≥5) in C++, not C#.", "It is 3x faster (≥5) in C++, not C#."),
        ("It reads ~/.config/larder.toml first.", "It reads ~/.config/larder.toml first."),
        ("See https://www.example.org/docs/ or me@x.org.", "See example.org/docs or me@x.org."),
        (f"See https://example.org/{'long/' * 9}.", "See example.org."),
        ("Use snake_case, read/write and 2–4 calls/s.", "Use snake_case, read/write and 2–4 calls/s."),
        ("Sales — up & up — rose by (+183 %).", "Sales, up and up, rose by (+183 percent)."),
    ],
)
def test_captions_show_what_is_written(written: str, captions: str) -> None:
    sentence = make_sentence(written)
    assert written_text(" ".join(sentence.spoken), sentence.written) == captions


def test_what_takes_too_long_to_say_is_shown_as_it_is_said(english: Grammar) -> None:
    flags = "--a=--b=--c=--d=--e=--f=--g=--h"
    assert make_sentence(f"Run {flags} now.").written == {}
    (scene, *_) = write(f"Run it with {flags} and wait for the end.", english).scenes
    assert msgspec.convert(msgspec.to_builtins(scene), Scene) == scene


def test_every_scene_knows_how_its_words_are_written(english: Grammar) -> None:
    source = (
        "# The --fast flag\n\nUse C++ now.\n\n## What does --slow do?\n\nIt waits long.\n\n"
        "- `--wait`: waits for it\n- `--kill`: stops it at once"
    )
    written = [written_text(scene.text, scene.written) for scene in write(source, english).scenes]
    assert all(word in " ".join(written) for word in ("--fast", "C++", "--slow", "--wait", "--kill")), written
    assert "dash dash" not in " ".join(written)


@pytest.mark.parametrize(
    ("sentence", "never"),
    [
        ("Most coasts experience two tides every day, which lasts 24 hours and 50 minutes.", "Lasts"),
        ("This difference, called the tidal force, stretches the oceans into two bulges.", "Called"),
        ("When Sun, Moon and Earth form a line, the forces add up and the range is largest.", "Moon and Earth form"),
        ("The name has nothing to do with the season of the year.", "nothing"),
        ("Pytheas of Massalia noticed the link between tides and the Moon in 325 BC.", "noticed the link"),
        ("Existing caches either need a server or lose data when the machine loses power.", "either"),
        ("Reading an entry takes one open call and one read call on the disk.", "Reading entry"),
        ("The load of our CPU on an idle machine fell from 4 percent to nothing at all.", "from 4 percent"),
    ],
)
def test_no_phrase_is_a_torn_off_piece(sentence: str, never: str, english: Grammar) -> None:
    phrase = find_phrase(make_sentence(sentence), english, {})
    assert phrase is None or never not in phrase.text


def test_a_number_is_shown_with_what_it_says(english: Grammar) -> None:
    source = "# S\n\nHello you.\n\n## Who\n\nA survey of 3,120 members shows that 47% of riders are women today."
    items = next(scene.slide.items for scene in write(source, english).scenes if scene.slide.kind == "statistic")
    assert [(item.text, item.detail) for item in items] == [("3,120", "members"), ("47%", "of riders are women today")]


def test_totals_are_no_bars_and_versions_are_named(english: Grammar) -> None:
    rows = "\n".join(f"| Part {letter} | {n} |" for n, letter in enumerate("ABCDE", 1))
    totals = write(
        f"# T\n\nOne sentence here.\n\n## Costs\n\n| Item | Cost |\n|--|--|\n{rows}\n| Total | 15 |\n", english
    )
    chart = next(scene for scene in totals.scenes if scene.slide.kind == "bar-chart")
    assert "Total" not in [item.text for item in chart.slide.items]
    assert "the highest is Part E, at 5" in chart.text
    source = "# T\n\nOne sentence here.\n\n## Speed\n\n| Version | Time |\n|--|--|\n| 3.9 | 412 s |\n| 4.2 | 81 s |\n"
    assert "version 3.9, 412 seconds" in write(source, english).scenes[-1].text


def test_headings_that_ask_are_said_once_and_ordinals_do_not_stutter(english: Grammar) -> None:
    source = "# T\n\nOne sentence here.\n\n## Why now?\n\n- It is cheap to run.\n- It is quick to learn.\n"
    assert write(source, english).scenes[-1].text.count("Why now?") == 1
    steps = (
        "# T\n\nOne sentence here.\n\n## How\n\n1. The first call stores the result.\n2. Later calls read it again.\n"
    )
    assert "First, the first" not in write(steps, english).scenes[-1].text


def test_a_tagline_belongs_to_the_title_and_fragments_get_their_full_stop(english: Grammar) -> None:
    script = write(
        "# larder\n\n> A crash-safe cache for tools. 🗄️\n\n*Released today*\n\nIt keeps results on disk.", english
    )
    assert script.scenes[0].text.startswith("larder. A crash-safe cache for tools. Released today. It keeps")
    assert "🗄" not in script.scenes[0].slide.body


def test_code_that_is_only_a_sign_keeps_its_place(english: Grammar) -> None:
    script = write("# T\n\nThe `?` placeholders protect us all here.", english)
    assert "The question mark placeholders protect us" in script.scenes[0].text


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_slide_repeats_its_narration_and_nothing_reads_symbols(path: Path, english: Grammar) -> None:
    for scene in write(path.read_text("utf-8"), english).scenes:
        slide = scene.slide
        assert not set("~<>{}[]|\\^*_`→≈") & set(scene.text), scene.text
        said = " ".join(scene.words).rstrip(".!?").lower()
        shown = [slide.body, *(item.text for item in slide.items)] if slide.kind in ("section", "bullets") else []
        assert len(said.split()) < 8 or all(text.lower() != said for text in shown), scene
        assert all(0 < len(item.text.split()) <= 14 for item in slide.items if slide.kind in ("bullets", "cards")), (
            slide
        )


# ---------------------------------------------------------------- texts that want to break it

HEAD = "# T\n\nHello there, dear world.\n\n## Part\n\n"


def test_an_endless_sentence_goes_over_many_scenes_and_loses_no_word(english: Grammar) -> None:
    sentence = "Bees fly over the meadow" + ", then over the river and back to the hive" * 240 + "."
    assert len(sentence) > 10_000
    scenes = write(HEAD + sentence, english).scenes
    assert max(len(scene.words) for scene in scenes) <= 80
    assert sentence in " ".join(scene.text for scene in scenes)


@pytest.mark.parametrize("around", ["Here is {} in a text.", "- {}\n- two words\n", "## {}\n\nSome text here."])
def test_an_endless_word_is_said_and_shown_by_its_beginning(around: str, english: Grammar) -> None:
    for scene in write(HEAD + around.format("x" * 10_000), english).scenes:
        texts = (scene.text, scene.slide.heading, scene.slide.body, *(item.text for item in scene.slide.items))
        assert max(len(word) for text in texts for word in (text.split() or [""])) <= 45


def test_entries_as_long_as_essays_are_told_as_prose(english: Grammar) -> None:
    scenes = write(HEAD + "- " + "One bee flew over a red flower today. " * 30 + "\n- Two words.\n", english).scenes
    assert max(len(scene.words) for scene in scenes) < 80


def test_an_endless_heading_is_a_paragraph_with_a_mark(english: Grammar) -> None:
    script = write("# " + "Very long heading " * 200 + "\n\nHello there, dear world.", english)
    assert len(script.title) < 130
    assert " ".join(scene.text for scene in script.scenes).count("heading") >= 200


def test_long_code_says_how_much_of_it_is_shown(english: Grammar) -> None:
    code = "\n".join([*(f"value_{n} = {n}" for n in range(59)), "x" * 400])
    script = write(f"{HEAD}This is what we run here:\n\n```python\n{code}\n```\n", english)
    (slide,) = [scene.slide for scene in script.scenes if scene.slide.kind == "code"]
    assert slide.note == "Python, 14 of 60 lines"
    assert max(len(line) for line in slide.body.split("\n")) <= 88


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Customer from Leeds", "a customer from Leeds:"),
        ("Engineer at a bank", "an engineer at a bank:"),
        ("The customer", "the customer:"),
        ("David Steinman", "David Steinman:"),
    ],
)
def test_who_has_no_name_gets_an_article(source: str, said: str, english: Grammar) -> None:
    script = write(f"{HEAD}They said so.\n\n> I got an answer within a minute!\n>\n> — {source}\n", english)
    assert f"In the words of {said} I got" in " ".join(scene.text for scene in script.scenes)


def test_code_is_not_cut_for_a_single_line(english: Grammar) -> None:
    code = "\n".join(f"value_{n} = {n}" for n in range(15))
    script = write(f"{HEAD}This is what we run here:\n\n```python\n{code}\n```\n", english)
    (slide,) = [scene.slide for scene in script.scenes if scene.slide.kind == "code"]
    assert (slide.body, slide.note) == (code, "Python")


def test_a_table_of_some_rows_goes_on_over_slides(english: Grammar) -> None:
    rows = "\n".join(f"| N{n} | P{n} | {n} |" for n in range(12))
    scenes = write(f"{HEAD}| Name | Place | Size |\n|--|--|--|\n{rows}\n", english).scenes
    tables = [scene for scene in scenes if scene.slide.kind == "table"]
    assert [len(scene.slide.rows) for scene in tables] == [7, 7]
    assert tables[1].text.startswith("Then come N6, N7")


@pytest.mark.parametrize("text", ["',drawbox=x=0:y=0", r"{\an8}", "%{pts}", "[v]null[out];", "&lt;script&gt;"])
def test_what_looks_like_a_command_is_text(text: str, english: Grammar) -> None:
    script = write(f"{HEAD}- {text} overrides\n- Plain words\n", english)
    slide = script.scenes[-1].slide
    assert slide.items[0].text.startswith(text.replace("&lt;", "<").replace("&gt;", ">").replace("',", "',")[:2])


@pytest.mark.parametrize(
    ("language", "source"),
    [
        ("ar", "# النحل\n\nالنحل حشرة اجتماعية تعيش في خلايا. تجمع الرحيق من الأزهار.\n"),
        ("zh", "# 蜜蜂\n\n蜜蜂是一种社会性昆虫。它们采集花蜜。\n"),
        ("en", "# Bees 🐝\n\n🐝 Bees 👩‍👩‍👧 are 🔥 great ❤️. They fly 🚀.\n\n- 🎉 Party\n- 😀\n"),
    ],
)
def test_other_scripts_and_emoji_give_scenes(language: str, source: str) -> None:
    script = write_document(Brief(source=source, language=language), Grammar(None), lambda code, detail: None)
    assert all(any(character.isalnum() for character in scene.text) for scene in script.scenes)
    assert "🐝" not in " ".join(scene.text for scene in script.scenes)


def test_a_tag_that_formats_nothing_is_part_of_its_sentence(english: Grammar) -> None:
    script = write("# Tags\n\nIt holds <script>alert(1)</script> and an array<int> as <b>plain</b> text.", english)
    assert "It holds script alert(1) script and an array int as plain text." in script.scenes[0].text


@pytest.mark.parametrize(
    "sentence",
    [
        "The storm came on 23 July at 17:45.",
        "The storm came on July 23, in the evening.",
        "Everybody waits in Room 101, on the fifth floor.",
    ],
)
def test_numbers_that_name_a_day_or_a_place_count_nothing(english: Grammar, sentence: str) -> None:
    assert all(scene.slide.kind != "statistic" for scene in write(f"# B\n\nHi there.\n\n{sentence}", english).scenes)


@pytest.mark.parametrize("after", ["", "Then open `http://127.0.0.1:8000` in your browser.", "It serves all files."])
def test_a_section_of_code_is_never_lost(english: Grammar, after: str) -> None:
    code = "```python\nimport kestrel\n\napp = kestrel.App()\napp.run()\n```"
    scenes = write(f"# B\n\nHi there.\n\n## Usage\n\n{code}\n\n{after}\n\n## More\n\nBees dance.", english).scenes
    assert "Usage" in {scene.chapter for scene in scenes}
    assert any("kestrel.App()" in scene.slide.body for scene in scenes)

"""Texts that nobody meant to be told, and what time and topics do to those that were."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aurad.api import Brief, Script
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

HEAD = "# T\n\nHello there, dear world.\n\n## Part\n\n"
BENCH = Path(__file__).parents[1] / "bench" / "documents"
LONGEST_SHOWN = 320  # characters of one text on a slide, besides code


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(source: str, grammar: Grammar, **brief: float) -> Script:
    return write_document(Brief(source=source, **brief), grammar, lambda code, detail: None)


def wide(columns: int, rows: int) -> str:
    line = "|".join(f"c{n}" for n in range(columns))
    return f"|{line}|\n{'|-' * columns}|\n" + f"|{line}|\n" * rows


@pytest.mark.parametrize(
    "text",
    [
        "Bees " + "fly and " * 1250 + "rest.",
        "x" * 10_000 + " is long.",
        "- " + "word " * 2000 + "\n- b",
        wide(40, 30),
        "|A|B|\n|--|--|\n|" + "x" * 3000 + "|" + "word " * 500 + "|\n|c|d|\n",
        "```\n" + "y" * 400 + "\n\n" + "z" * 400 + "\n```\n",
        "\n".join("  " * depth + f"- level {depth}" for depth in range(60)),
        ">" * 200 + " hi there",
        "(" * 3000 + "a" + ")" * 3000 + " is a test.",
        ", ".join(["a b"] * 400) + " and c.",
        "a, b, and c, d, and e, f, and g " * 60 + ".",
        "1 " * 900 + ".",
        '"' * 99 + " hello 'world' “x” said.",
        "',drawbox=x=0 [v]null[out]; %{pts} {\\an8}{\\pos(1,1)} <script>x</script> \\N $(rm -rf /) `id` ${HOME} told.",
    ],
    ids=range(14),
)
@pytest.mark.parametrize("knows", [True, False])
def test_odd_texts_become_scenes_that_can_be_drawn(text: str, knows: bool, english: Grammar) -> None:
    started = time.process_time()
    script = write(HEAD + text, english if knows else Grammar(None))
    assert time.process_time() - started < 2.0
    for scene in script.scenes:
        slide = scene.slide
        shown = [
            slide.heading,
            slide.kicker,
            slide.note,
            *(i.text for i in slide.items),
            *(i.detail for i in slide.items),
        ]
        shown += [cell for row in slide.rows for cell in row]
        assert max(map(len, shown)) <= LONGEST_SHOWN
        assert slide.kind == "code" or len(slide.body) <= LONGEST_SHOWN
        assert len(scene.words) <= 100
        assert all(item.at is None or item.at < len(scene.words) for item in slide.items)
        assert not set("<>{}\\|") & set(scene.text)


def test_what_is_kept_for_a_short_time_stays_in_order(english: Grammar) -> None:
    source = (BENCH / "300.md").read_text()
    whole = " ".join(scene.text for scene in write(source, english).scenes)
    sentences = [part for scene in write(source, english, duration_seconds=60.0).scenes[1:] for part in [scene.text]]
    places = [whole.find(text.split(". ")[-1]) for text in sentences]
    assert -1 not in places
    assert places == sorted(places)


def test_a_text_without_headings_is_cut_where_its_topic_changes(english: Grammar) -> None:
    bees = "The bees collect sweet nectar from flowers. Bees bring nectar to the hive. A hive of bees keeps the nectar."
    trains = "A train needs rails of hard steel. Heavy trains bend the steel rails. New rails let a train run fast."
    start = "Two things are told in this short text, and neither of them has a heading of its own, as you will see."
    scenes = write(f"Two things\n\n{start} {bees} {bees} {trains} {trains}", english).scenes
    assert len(scenes) > 2
    assert not any("hive" in scene.text and "train" in scene.text for scene in scenes)

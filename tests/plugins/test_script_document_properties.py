"""What holds for every document: no sentence is lost, no mark is spoken, every index is a word."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aurad.api import BadInput, Brief, Script
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.sentences import make_sentence
from aurad_plugins.script_document.write import write_document

ENGLISH: list[Grammar] = []
MARKS = re.compile(r"https?:|www\.|\*\*|`|\]\(|^#|\s#\s|\||<|>|~|->|=>")
NOUNS = ["bee", "garden", "river", "old clock", "summer night", "train", "1,250 stars", "Karl"]
VERBS = ["finds", "carries", "has seen", "will open", "does not like", "depends on"]
ENDS = ["the `code_name`", "3.5% of it", "**bold light**", "a [link](https://x.org/y)", "e.g. a window", "A & B -> C"]

sentence = st.builds(
    lambda a, b, c: f"The {a} {b} {c}.", st.sampled_from(NOUNS), st.sampled_from(VERBS), st.sampled_from(ENDS)
)
paragraph = st.lists(sentence, min_size=1, max_size=6).map(" ".join)
bullets = st.lists(sentence, min_size=1, max_size=9).map(lambda lines: "\n".join(f"- {line}" for line in lines))
steps = st.lists(sentence, min_size=1, max_size=9).map(lambda lines: "\n".join(f"1. {line}" for line in lines))
quote = sentence.map(lambda line: f"> {line}")
heading = st.sampled_from(["## Eyes", "## What is new?", "### Wings & legs", "# Bees"])
document = st.lists(st.one_of(paragraph, bullets, steps, quote, heading), min_size=1, max_size=10).map("\n\n".join)


def write(source: str, **brief: Any) -> Script:
    if not ENGLISH:
        ENGLISH.append(load_english())
    return write_document(Brief(source=source, **brief), ENGLISH[0], lambda code, detail: None)


def check(script: Script) -> None:
    assert script.scenes
    for scene in script.scenes:
        assert scene.words
        assert scene.text == " ".join(scene.words)
        assert not MARKS.search(scene.text), scene.text
        for item in scene.slide.items:
            assert item.text
            assert item.at is None or item.at < len(scene.words)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document)
def test_nothing_is_lost_and_no_mark_is_spoken(source: str) -> None:
    try:
        script = write(source)
    except BadInput:
        assert all(line.startswith("#") or not line for line in source.split("\n"))
        return
    check(script)
    told = " ".join(scene.text for scene in script.scenes).lower()
    for line in re.findall(r"The [^\n]*?\.(?=\s|$)", source.replace("e.g. ", "e.g._")):
        plain = re.sub(r"\*\*|`|\[|\]\([^)]*\)", "", line.replace("e.g._", "e.g. "))
        spoken = " ".join(make_sentence(plain).spoken).lower().rstrip(".")
        assert spoken in told


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=400))
def test_any_text_gives_a_valid_script_or_a_clear_refusal(source: str) -> None:
    try:
        script = write(source)
    except BadInput as refused:
        script, clear = None, refused.detail.startswith("cannot ") and bool(refused.remedy)
    if script is None:
        assert clear
        return
    for scene in script.scenes:
        assert scene.words
        assert all(item.at is None or item.at < len(scene.words) for item in scene.slide.items)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("See https://docs.python.org/3/ now", "See docs dot python dot org now"),
        ("Open File -> Save & close", "Open File, Save and close"),
        ("from 10 → 20 or 10–20", "from 10 to 20 or 10 to 20"),
        ("`max_retries` in ~/.config/app.toml", "max retries in app dot toml"),
        ("needs Python >= 3.11, C# or C++.", "needs Python at least 3.11, C sharp or C plus plus."),
        ("about ~5 of #12, 10x faster", "about about 5 of number 12, 10 times faster"),
        ("1,250 at 3.5% e.g. in the U.S. (at 10:30)", "1,250 at 3.5% e.g. in the U.S. (at 10:30)"),
        ("The eye — a marvel — sees", "The eye, a marvel, sees"),
        ("call `run()` with --flag", "call run with dash dash flag"),
    ],
)
def test_speech(written: str, spoken: str) -> None:
    assert " ".join(make_sentence(written).spoken) == spoken

"""Where sentences end, and which numbers of issues belong to what they say."""

from __future__ import annotations

import pytest

from aurad.api import Brief
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.inline import clean
from aurad_plugins.script_document.sentences import make_sentence, split_sentences
from aurad_plugins.script_document.write import write_document


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


@pytest.mark.parametrize(
    "sentence",
    [
        "Compare Eq. 4 with Tab. 2 and Sec. 3 of Vol. 2.",
        "As Fig. 3 shows, see Figs. 4 and 5.",
        "The answer is in No. 7 of the series.",
        "See Ch. 4, App. B and RFC. 2119.",
        "We tested speed vs. Size.",
        "It takes approx. 30 lines, i.e. All of them.",
        "Compare it (cf. Smith, pp. 12 to 14).",
    ],
)
def test_an_abbreviation_ends_no_sentence(sentence: str) -> None:
    assert [found.text for found in split_sentences(f"{sentence} It goes on.", "en")] == [sentence, "It goes on."]


@pytest.mark.parametrize(
    "sentence",
    [
        "It was opened in May.",
        "It snows in Dec.",
        "It closes in Sept.",
        "The wall is 3 m.",
        "See No. 5 on p. 12 of Fig. 3.",
        "They sell tea, cakes etc.",
        "J. R. R. Tolkien won it on Dec. 24, 1937.",
        "In 1859 C. Darwin told why.",
    ],
)
def test_a_month_a_unit_or_an_abbreviation_may_end_one(sentence: str) -> None:
    for following in ("E-bikes can be rented there.", "It goes on."):
        assert [found.text for found in split_sentences(f"{sentence} {following}", "en")] == [sentence, following]


@pytest.mark.parametrize(
    "text",
    [
        "Use the app. It helps.",
        "It is in the Vol. It is.",
    ],
)
def test_a_word_that_is_short_for_nothing_ends_one(text: str) -> None:
    assert len(split_sentences(text, "en")) == 2


def test_no_point_is_torn_at_an_abbreviation(english: Grammar) -> None:
    source = (
        "# Notes\n\nThese are notes.\n\n## Results\n\nThe answer is in No. 7 of the series. It happened in the U.S. "
        "Congress. Compare Eq. 4 with Tab. 2 and Sec. 3 of Vol. 2. We need approx. 30 lines."
    )
    script = write_document(Brief(source=source), english, lambda code, detail: None)
    shown = [scene.slide.heading for scene in script.scenes]
    shown += [
        text for scene in script.scenes for text in (scene.slide.body, *(item.text for item in scene.slide.items))
    ]
    assert not [text for text in shown if text.endswith((" No", "U.S", " Eq", "approx", "Vol", "Sec", "Tab"))]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Fixes #42", "Fixes number 42"),
        ("Fixes #42.", "Fixes number 42."),
        ("Closes: #42", "Closes: number 42"),
        ("Resolves [#46]", "Resolves number 46"),
        ("We merged #99, #100.", "We merged number 99, number 100."),
        ("This reverts PR #101", "This reverts PR number 101"),
        ("Repairs the parser #42", "Repairs the parser"),
        ("Repairs the parser #42, #43.", "Repairs the parser."),
        ("Repairs the parser (#42)", "Repairs the parser"),
        ("Repairs the parser [#42]", "Repairs the parser"),
        ("#42", ""),
    ],
)
def test_a_number_that_is_pointed_to_is_said(written: str, said: str) -> None:
    assert " ".join(make_sentence(clean(written)).spoken) == said

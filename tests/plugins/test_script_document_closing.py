"""The last slide: what the chapters told, not what is just being said."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Scene
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

PARTS = {
    "Light": "The tower guides ships at night. Its lamp turns four times a minute.",
    "Keepers": "Two keepers lived in the tower. They wrote a diary for sixty years.",
    "Storms": "A storm broke the gallery in 1911. The sea reached the lamp that night.",
    "Notes": "- Oil\n- Rope",
}
LAST = "Today the tower is open to everybody who can climb two hundred steps."


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def closing(parts: dict[str, str], grammar: Grammar) -> Scene:
    body = "\n\n".join(f"## {head}\n\n{text}" for head, text in parts.items())
    source = f"# The tower\n\nA tower stands by the sea.\n\n{body}\n\n## Today\n\nIt has a museum now. {LAST}"
    scene = write_document(Brief(source=source), grammar, lambda code, detail: None).scenes[-1]
    assert scene.slide.kind == "closing"
    return scene


def test_it_sums_up_the_chapters_that_told_most(english: Grammar) -> None:
    slide = closing(PARTS, english).slide
    assert (slide.heading, slide.body) == ("The tower", "")
    assert [item.text for item in slide.items] == ["Light", "Keepers", "Storms"]
    assert all(item.detail for item in slide.items)


def test_a_word_more_does_not_change_which_chapters_it_sums_up(english: Grammar) -> None:
    rescue = "Boats left the harbour in every storm. Their crews saved forty {} sailors."
    one, other = (closing(PARTS | {"Rescue": rescue.format(who)}, english).slide for who in ("cold", "cold young"))
    assert one.items == other.items


def test_what_leans_on_the_sentence_before_is_no_sum(english: Grammar) -> None:
    path = "A path leads around the bay. It is 118 km long and takes six days."
    told = {item.text: item.detail for item in closing(PARTS | {"Light": path}, english).slide.items}
    assert told["Light"] == "A path leads around the bay"


def test_it_never_repeats_what_is_being_said(english: Grammar) -> None:
    scene = closing(PARTS, english)
    assert scene.text == LAST
    assert not [item for item in scene.slide.items if item.detail.lower() in scene.text.lower()]


def test_a_document_of_one_chapter_ends_on_its_last_thought(english: Grammar) -> None:
    one = "The tower guides ships at night. Its lamp turns fast. Two men lived here. A storm came. Then it fell silent."
    source = f"# The tower\n\nA tower stands by the sea.\n\n## Today\n\n{one} {LAST}"
    slide = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1].slide
    assert (slide.kind, slide.items) == ("closing", ())
    assert slide.body


def test_a_short_farewell_is_not_shown_word_for_word(english: Grammar) -> None:
    told = "Its lamp turns four times a minute. Two keepers lived here. It was cold. A storm broke it in 1911. It fell."
    last = "If it rains, the tower stays closed all day."
    source = f"# The tower\n\nA tower stands by the sea.\n\n## Today\n\n{told} {last}"
    scene = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1]
    assert (scene.slide.kind, scene.text[-len(last) :]) == ("closing", last)
    assert scene.slide.body
    assert scene.slide.body not in scene.text


@pytest.mark.parametrize(
    ("title", "first", "body"),
    [
        (
            "Caffeine",
            "Caffeine is a nervous system (NS) stimulant that many people use.",
            "A nervous system stimulant that many people use",
        ),
        ("Rope bridge", "A rope bridge is a kind of bridge whose deck hangs.", "A kind of bridge whose deck hangs"),
    ],
)
def test_the_title_tells_what_its_subject_is(title: str, first: str, body: str, english: Grammar) -> None:
    source = f"# {title}\n\n{first}\n\n## More\n\nIt was found long ago by a goatherd in the hills.\n"
    scenes = write_document(Brief(source=source), english, lambda code, detail: None).scenes
    assert scenes[0].slide.body == body


def test_a_word_before_the_last_ones_does_not_flash_by(english: Grammar) -> None:
    body = "\n\n".join(f"## {head}\n\n{text}" for head, text in PARTS.items())
    source = f"# The tower\n\nA tower stands by the sea.\n\n{body}\n\n## Today\n\nWant more? {LAST}"
    scene = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1]
    assert (scene.slide.kind, scene.text) == ("closing", f"Want more? {LAST}")


def test_the_title_leaves_enough_for_the_slide_after_it(english: Grammar) -> None:
    """What follows the byline is shown by its parts, not as a slide without a word below its heading."""
    lines = "This release brings a new panel, much faster start-up and better support for Greek."
    lines += " If you come from 3.9 or from an older version, the guide tells what is new and what is gone."
    source = f"# Pen 4.2.0\n\n*Released on 2025-03-18*\n\n{lines}\n\n## Added\n\n- Tabs\n- Ink\n- Nibs\n"
    title, second, *_ = write_document(Brief(source=source), english, lambda code, detail: None).scenes
    assert title.text == "Pen 4.2.0. Released on 2025-03-18."
    assert [item.text for item in second.slide.items] == [
        "A new panel",
        "Much faster start-up",
        "Better support for Greek",
    ]


NEW = "## New\n\n- **Watch mode**: reloads pages\n- **Themes**: four of them\n\n"
CHAPTERS = f"# Tool\n\nIt reads files. It is small.\n\n{NEW}"
COMMANDS = "```sh\nnpm install tool\ntool migrate --dry-run\n```\n\n"


def test_code_below_the_last_heading_is_shown_over_the_last_words(english: Grammar) -> None:
    last = f"## Upgrading\n\n{COMMANDS}Rollbacks are safe: the old index is kept for days.\n"
    scene = write_document(
        Brief(source=CHAPTERS + "## Old\n\nOne. Two words. Three words here. Four.\n\n" + last),
        english,
        lambda code, detail: None,
    ).scenes[-1]
    assert scene.slide.kind == "code"
    assert scene.text.endswith("kept for days.")


def test_a_chapter_without_a_statement_is_summed_up_by_its_first_entry(english: Grammar) -> None:
    rest = "## Gone\n\n- Old index\n- Old cache\n\n## End\n\n- Ask us\n\nHow? Why? When? Who?\n\n"
    source = f"{CHAPTERS}{rest}We wish you a pleasant time with all of it."
    closing = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1].slide
    assert closing.kind == "closing"
    assert ("New", "Watch mode") in [(item.text, item.detail) for item in closing.items]

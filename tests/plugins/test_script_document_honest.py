"""No point says something else than its sentence does, and none is torn off."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Slide
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

HEAD = "# Watcher\n\nHello there, dear world.\n\n## Part\n\n"


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def slide_of(text: str, grammar: Grammar) -> Slide:
    return write_document(Brief(source=HEAD + text), grammar, lambda code, detail: None).scenes[1].slide


def texts(slide: Slide) -> list[str]:
    return [item.text for item in slide.items]


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The console does not show shards with more than 10,000 partitions at all today.", "partitions"),
        ("Renew them with harbor token renew or in the console under Account.", "harbor token renew"),
        ("Neither nostalgia nor outrage will keep the doors open.", "Neither nostalgia nor outrage"),
        ("From 3.7 or earlier, upgrade to 3.8 first.", "From 3.7 or earlier, upgrade to 3.8 first"),
        ("Tokens made before this release keep working until January 31, 2027.", "January 31, 2027"),
    ],
)
def test_no_point_leaves_out_what_it_holds_for(sentence: str, shown: str, english: Grammar) -> None:
    slide = slide_of(f"The wind was cold and the sea was grey. {sentence}", english)
    assert shown in " ".join([slide.heading, slide.body, *texts(slide)])


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "Every line carries the request it belongs to, so a slow query can be followed to the disk.",
            "A slow query can be followed to the disk",
        ),
        (
            "If you ask what a library is for, she will not mention books or any of the words that people put on"
            " posters; the door leads to 3 old radiators, because it is cold.",
            "The door leads to 3 old radiators",
        ),
        ("Mix 50 g of rye flour with 50 g of warm water and leave it for a day.", "Mix 50 g of rye flour"),
        ("You can now pause a backup and resume it on another machine.", "Pause a backup"),
        (
            "Signal crayfish were found in 2011, and although traps were set, they have spread to three of the rivers.",
            "They have spread to three of the rivers",
        ),
    ],
)
def test_a_point_is_not_torn_off(sentence: str, shown: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert shown in (slide.heading, slide.body, *texts(slide))


def test_members_lose_their_auxiliary_and_etc_ends_them(english: Grammar) -> None:
    burned = slide_of("The castle was first mentioned in 1230, burned in 1296 and was rebuilt by the king.", english)
    assert texts(burned) == ["First mentioned in 1230", "Burned in 1296", "Rebuilt by the king"]
    trips = slide_of("People come for boat trips, hiking, the castle etc. Then the season ends for them.", english)
    assert not [text for text in (trips.heading, trips.body, *texts(trips)) if text.endswith("boat trips")]


def test_a_condition_too_long_for_a_slide_shows_what_it_is_about(english: Grammar) -> None:
    slide = slide_of(
        "If you ship your own modules and know the layout of all their objects at build time, the code generator"
        " compiles them into one reader.",
        english,
    )
    assert (slide.heading, slide.body) == ("Part", "Code generator")


@pytest.mark.parametrize(
    ("sentence", "unsaid"),
    [
        ("A town without a library is a town that has decided not to argue with itself.", "is a town"),
        ("I say this as someone who spent every Saturday of the 1980s in a reading room above a fire station.", "Who"),
        ("I say this as someone who was there on every Saturday in those years of the long and cold war.", "Saturday"),
    ],
)
def test_half_a_definition_and_a_weekday_are_no_points(sentence: str, unsaid: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    shown = [slide.heading, slide.body, *texts(slide)]
    assert not [text for text in shown if text.endswith(unsaid) or text.startswith(unsaid)]

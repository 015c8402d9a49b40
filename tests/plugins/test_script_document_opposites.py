"""What stands against each other is seen and told side by side."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Scene, Script
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

FOR, AGAINST = "- It is quiet\n- It can cool\n\n", "- It is dear\n- It needs room\n\n"
FRAME = "# Pumps\n\nThey move heat.\n\n{}\n\n## After all\n\nThen ask three firms for an offer.\n"


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(middle: str, grammar: Grammar) -> Script:
    return write_document(Brief(source=FRAME.format(middle)), grammar, lambda code, detail: None)


def compared(middle: str, grammar: Grammar) -> Scene:
    (scene,) = (scene for scene in write(middle, grammar).scenes if scene.slide.kind == "comparison")
    return scene


@pytest.mark.parametrize(
    ("middle", "names", "heading"),
    [
        (
            f"## Advantages\n\n{FOR}## Disadvantages\n\n{AGAINST}",
            "Advantages Disadvantages",
            "Advantages and disadvantages",
        ),
        (f"## Pros and cons of pumps\n\n**Pros**\n\n{FOR}**Cons**\n\n{AGAINST}", "Pros Cons", "Pros and cons of pumps"),
        (f"## At home\n\nPros:\n\n{FOR}Cons:\n\n{AGAINST}", "Pros Cons", "At home"),
        (f"## At home\n\n### Do\n\n{FOR}### Don’t\n\n{AGAINST}", "Do Don't", "At home"),
        (
            f"## The benefits of pumps\n\n{FOR}## Risks of pumps\n\n{AGAINST}",
            "Benefits Risks",
            "Benefits and risks of pumps",
        ),
        ("## At home\n\n**Before:** It was cold. It was damp.\n\n**After:** It is warm.", "Before After", "At home"),
        ("## At home\n\n- Then: it was cold\n- Now: it is warm", "Then Now", "At home"),
        ("## At home\n\n- Pros\n  - quiet\n  - cool\n- Cons\n  - dear\n  - large", "Pros Cons", "At home"),
    ],
)
def test_opposites_stand_side_by_side(middle: str, names: str, heading: str, english: Grammar) -> None:
    scene = compared(middle, english)
    sides = {item.text: item.at or 0 for item in reversed(scene.slide.items)}
    assert " ".join(reversed(sides)) == names
    assert scene.slide.heading == heading
    assert " ".join(scene.words[at].strip(".:") for at in reversed(sides.values())) == names


def test_both_sides_are_said_with_their_names(english: Grammar) -> None:
    scene = compared(f"## Advantages\n\n{FOR}## Disadvantages\n\n{AGAINST}", english)
    assert scene.text == "Advantages. It is quiet. It can cool. Disadvantages. It is dear. It needs room."
    assert [item.detail for item in scene.slide.items] == ["It is quiet", "It can cool", "It is dear", "It needs room"]
    said = [" ".join(scene.words[item.at or 0 :][:3]) for item in scene.slide.items]
    assert said == ["Advantages. It is", "It can cool.", "Disadvantages. It is", "It needs room."]
    assert scene.chapter == "Advantages and disadvantages"


@pytest.mark.parametrize(
    "middle",
    [
        f"## Advantages\n\n{FOR}## Costs\n\n{AGAINST}",
        f"## Advantages\n\n{FOR}### Disadvantages\n\n{AGAINST}",
        f"## Advantages\n\n{FOR}Some say more.\n\n## Disadvantages\n\n{AGAINST}",
        f"## Advantages\n\n{FOR * 3}## Disadvantages\n\n{AGAINST}",
    ],
    ids=["no opposites", "not beside", "with more", "too long"],
)
def test_what_is_no_opposite_stays_apart(middle: str, english: Grammar) -> None:
    assert "comparison" not in [scene.slide.kind for scene in write(middle, english).scenes]


TABLE = (
    "| Feature | Heat pump | Gas boiler |\n|--|--|--|\n| Price | 18,000 € | 9,000 € |\n| Needs | a fan | a chimney |\n"
)
ROWS = (
    "| Heating | Price | Needs |\n|--|--|--|\n| Heat pump | 18,000 € | a fan |\n| Gas boiler | 9,000 € | a chimney |\n"
)


@pytest.mark.parametrize("table", [TABLE, TABLE.replace("Feature", " "), ROWS])
def test_a_table_about_two_things_tells_them_apart(table: str, english: Grammar) -> None:
    scene = compared(f"## How do they compare?\n\n{table}", english)
    assert scene.text == (
        "How do they compare? Price: 18,000 euros for the heat pump, 9,000 euros for the gas boiler."
        " Needs: a fan against a chimney."
    )
    assert [(item.text, item.detail) for item in scene.slide.items] == [
        ("Heat pump", "Price: 18,000 €"),
        ("Gas boiler", "Price: 9,000 €"),
        ("Heat pump", "Needs: a fan"),
        ("Gas boiler", "Needs: a chimney"),
    ]
    assert [scene.words[item.at or 0] for item in scene.slide.items] == ["Price:", "9,000", "Needs:", "against"]


def test_what_says_more_than_a_name_stands_behind_its_side(english: Grammar) -> None:
    table = "| | Dutch oven | Stone 2 |\n|--|--|--|\n| Steam | stays inside | needs a bowl |\n| Crust | thick | thin |"
    scene = compared(f"## The oven\n\n{table}", english)
    assert scene.text == "Steam. Dutch oven: stays inside. Stone 2: needs a bowl. Crust: thick against thin."
    listed = compared("## At home\n\n- Pros: quiet, cool and small\n- Cons: it is dear. It is large.", english)
    assert [listed.words[item.at or 0] for item in listed.slide.items] == ["Pros:", "Cons:", "It"]


def test_rows_of_a_table_are_told_apart_only_where_that_is_asked_for(english: Grammar) -> None:
    kinds = [scene.slide.kind for scene in write(f"## Heating\n\n{ROWS}", english).scenes]
    assert "table" in kinds
    assert "comparison" not in kinds


def test_a_column_that_answers_a_question_is_told_as_an_answer(english: Grammar) -> None:
    table = (
        "| Command | What it removes | Safe? |\n|--|--|--|\n| gc | old objects | yes |\n| clean | every file | no |\n"
    )
    (scene,) = (scene for scene in write(f"## Commands\n\n{table}", english).scenes if scene.slide.kind == "table")
    assert scene.text.endswith("gc: old objects, safe. clean: every file, not safe.")


def test_a_side_of_which_nothing_is_said_is_still_there(english: Grammar) -> None:
    scene = compared("Pros: …\n\nCons: It is dear.", english)
    assert [(item.text, item.detail) for item in scene.slide.items] == [("Pros", "…"), ("Cons", "It is dear")]

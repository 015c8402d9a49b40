"""What prose slides show, and when: each kind of slide with a sentence that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurad.api import Brief, Scene, Script, Slide
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.points import find_names
from aurad_plugins.script_document.sentences import make_sentence
from aurad_plugins.script_document.write import make_wording, write_document

HEAD = "# Watcher\n\nHello there, dear world.\n\n## Part\n\n"
DOCUMENTS = sorted((Path(__file__).parents[1] / "quality" / "documents").glob("*.md"))
SECOND = 160 / 60  # words


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(source: str, grammar: Grammar) -> Script:
    return write_document(Brief(source=source), grammar, lambda code, detail: None)


def slide_of(text: str, grammar: Grammar) -> Slide:
    return write(HEAD + text, grammar).scenes[1].slide


def texts(slide: Slide) -> list[str]:
    return [item.text for item in slide.items]


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "It reads the ignore file, collects bursts of saves, and kills the old process before it starts another.",
            ["Reads the ignore file", "Collects bursts of saves", "Kills the old process"],
        ),
        (
            "You'll learn how to define routes, how to store data without a server, and how to test the whole thing.",
            ["Define routes", "Store data without a server", "Test the whole thing"],
        ),
        ("We hired new people: five in Lisbon, three in Krakow and one in Dublin.",
         ["Five in Lisbon", "Three in Krakow", "One in Dublin"]),
    ],
)  # fmt: skip
def test_members_of_an_enumeration_come_in_one_by_one(sentence: str, shown: list[str], english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert texts(slide)[-3:] == shown
    assert [item.at for item in slide.items] == sorted(item.at or 0 for item in slide.items)


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        (
            "On Linux it listens to inotify (new), FSEvents (old) and polls (slow), so an idle tree costs nothing.",
            "inotify,",
        ),
        ("The main forces in a bridge are tension in the cables and compression in the towers.", "in the towers"),
        ("Thomas Telford's Menai Bridge, c. 1826, linked the island of Anglesey with Wales.", "Menai Bridge linked"),
        ("Doses of 5–10 g can be fatal for adults, as doctors have found out many times.", "5–10 g"),
        ("The new app is rated 4.6 ★ on iOS but only 3.9 ★ on Android.", "iOS but only 3.9"),
        ("It is written in Rust, needs no daemon, and uses less than 12 MB of RAM.", "Written in Rust"),
    ],
)
def test_a_point_keeps_what_it_needs(sentence: str, shown: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert any(shown in text for text in (*texts(slide), slide.body, slide.heading))


def test_a_name_comes_with_what_was_done(english: Grammar) -> None:
    sentence = make_sentence("The Creek Bridge in Pennsylvania, designed by James Finley, opened in 1801.")
    names = find_names(0, (sentence, 0), make_wording(Brief(source="x"), english, [sentence.text]))
    (made,) = [name for name in names if "Finley" in name.text]
    assert (made.text, made.at) == ("Designed by James Finley", 5)


@pytest.mark.parametrize("name", ["East Asia", "Cincinnati", "St. Louis"])
def test_one_of_several_names_is_no_point(name: str, english: Grammar) -> None:
    text = "Caffeine is found in the seeds, fruits, nuts, or leaves of a number of plants native to Africa, East Asia"
    text += (
        " and South America. It followed on 24 May 1883; St. Louis and Cincinnati already had several bridges of his."
    )
    assert name not in [item.text for scene in write(HEAD + text, english).scenes for item in scene.slide.items]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Okafor says that hoods can only be replaced in the long summer break, i.e. between 15 July and 31 August.",
        "The Tacoma Narrows Bridge collapsed in a wind; engineers, e.g. Othmar Ammann, insisted on tests afterwards.",
    ],
)
def test_an_explanation_is_no_point(sentence: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert not [text for text in (*texts(slide), slide.body) if text.startswith(("e.g.", "i.e.", "31 August"))]


def test_an_enumeration_is_not_torn_and_a_heading_not_said_again(english: Grammar) -> None:
    slide = slide_of("Caffeine is found in the seeds, fruits, nuts, or leaves of a number of plants.", english)
    assert not [text for text in (*texts(slide), slide.body) if text.endswith("nuts")]
    source = "# Kite\n\nKites fly.\n\n## New\n\n- It flies well.\n"
    source += "- Up to 3× faster builds thanks to a new incremental compiler\n"
    items = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1].slide.items
    assert not items[1].text.endswith("thanks")
    script = write_document(
        Brief(
            source="# Tea\n\nTea is old.\n\n## How\n\nIt works.\n\nThe half-life of caffeine in healthy adults is"
            " 3 to 7 hrs, but nicotine cuts it by up to 50%, while pregnancy lengthens it to as much as 15 hrs.\n"
        ),
        english,
        lambda code, detail: None,
    )
    slide = script.scenes[-1].slide
    assert not ("half-life" in slide.heading and "half-life" in slide.body)


def test_a_label_over_a_quotation_is_a_warning_and_names_are_raised_alike(english: Grammar) -> None:
    source = "# Tool\n\nIt sorts.\n\n## Use\n\n> **Warning**\n> Always read the script before you run it!\n\n"
    source += "## Parts\n\n- tables, columns and so on\n- Indexes (partial indexes too)\n- views, functions and so on\n"
    scenes = write_document(Brief(source=source), english, lambda code, detail: None).scenes
    assert "Warning: Always read" in " ".join(scene.text for scene in scenes)
    assert not [scene for scene in scenes if scene.slide.kind == "quote"]
    assert all(item.text[:1].isupper() for item in scenes[-1].slide.items)


def test_an_entry_that_cannot_be_shortened_is_shown_whole(english: Grammar) -> None:
    entries = (
        "Considerable stiffness or profiling may be needed to keep the deck from vibrating",
        "The relatively low stiffness makes it more difficult to carry heavy rail traffic",
        "Limiting by address only; offices and schools often share a single one",
    )
    source = "# Bridges\n\nBridges are old.\n\n## Drawbacks\n\n" + "".join(f"- {entry}\n" for entry in entries)
    items = write_document(Brief(source=source), english, lambda code, detail: None).scenes[-1].slide.items
    assert [item.text for item in items] == [*entries[:2], "Limiting by address only"]
    assert items[2].detail == "Offices and schools often share a single one"


def test_members_of_a_negated_enumeration_are_not_shown(english: Grammar) -> None:
    slide = slide_of("It does not read the file, write the cache, or delete the folder when it starts.", english)
    assert not {"Write the cache", "Delete the folder"} & {*texts(slide), slide.body}


def test_numbers_share_a_slide_with_what_they_count(english: Grammar) -> None:
    slide = slide_of("In 2025 people took 5.8M trips on bikes, 21% more than in 2024. It cost $11.4M in all.", english)
    assert slide.kind == "statistic"
    assert [(item.text, item.detail) for item in slide.items][:2] == [
        ("5.8M", "trips on bikes"),
        ("21%", "more than in 2024"),
    ]


def test_numbers_of_one_sentence_stand_side_by_side(english: Grammar) -> None:
    slide = slide_of("The release is the result of 11 months of work, 1,143 commits and 87 contributors.", english)
    assert [(item.text, item.detail) for item in slide.items] == [("1,143", "commits"), ("87", "contributors")]


def test_a_number_that_counts_nothing_names_what_it_measures(english: Grammar) -> None:
    slide = slide_of("Total cost was EUR 1.94M against a plan that was made in spring.", english)
    assert [(item.text, item.detail) for item in slide.items] == [("EUR 1.94M", "Total cost")]


@pytest.mark.parametrize(
    "text",
    [
        "In the middle of a long and windy winter the people of the small town at the lake saved about 70% of it.",
        "Every building over 1,000 m² should get meters so that faults are noticed within days.",
    ],
)
def test_a_number_fills_no_slide_if_it_comes_late_or_only_says_of_what_size(text: str, english: Grammar) -> None:
    assert slide_of(text, english).kind != "statistic"


def test_a_number_is_not_left_alone_while_much_else_is_said(english: Grammar) -> None:
    text = (
        "It has 5,000 users now. " + "The people of the town go to the market in the morning and buy fruit there. " * 2
    )
    assert slide_of(text, english).kind != "statistic"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The tower, completed in 1699, was the first of its kind in Europe.", "The tower was the first of its kind"),
        ("The tower remained in use until 1877, when it was found that the rocks below had become eroded.",
         "The tower remained in use until 1877"),
        ("Memory use of the agent no longer grows by 2 MB/day when nothing runs. Nobody knows why.", "no longer grows"),
        ("Sales in all of the shops improved by 24 points and nobody had expected that.", "improved by 24 points"),
    ],
)  # fmt: skip
def test_statements_keep_their_subject_and_their_no(sentence: str, shown: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert shown in " | ".join([slide.heading, slide.body, *texts(slide)])


@pytest.mark.parametrize(
    ("sentence", "never"),
    [
        ("On Windows, folders of this kind don't work since names can't contain colons there at all.", "Folders"),
        (
            "The wind, political trouble, and poor weather in the third year drove prices up by a lot.",
            "Poor weather in",
        ),
        ("The boilers of the school, the hall and the station should be replaced by heat pumps.", "The station should"),
        ("It is made for people who only want to clean up the whole house twice a year.", "people|"),
        ("The pods are held for 7 to 10 days under hot conditions until they turn brown.", "for 7|"),
        ("In the two weeks after that date we received many tickets about invoices alone.", "weeks received"),
        ("Given the difficulty of a foothold on the rock, the work was left to others for long.", "Given"),
        ("It is the world's first open lighthouse that was ever built on such a small rock.", "world's|"),
    ],
)
def test_no_point_says_something_else(sentence: str, never: str, english: Grammar) -> None:
    slide = slide_of(sentence, english)
    assert never not in "|".join([slide.heading, slide.body, *texts(slide)]) + "|"


def test_a_sentence_that_cannot_be_shortened_is_shown_by_a_part_of_its_own(english: Grammar) -> None:
    source = "If all four are adopted, we expect 7 million trips, and a lower subsidy for each of them than before."
    assert slide_of(source, english).body == "If all four are adopted, we expect 7 million trips"


def test_years_stand_over_what_happened_then(english: Grammar) -> None:
    slide = slide_of("In 1819, people shipped plants to the islands. In 1841, a boy found out how to do it.", english)
    assert [item.text for item in slide.items] == ["1819", "1841"]
    assert slide.items[0].detail == "People shipped plants to the islands"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("# Watcher\n\nWatcher is a small tool that runs a command, and more.", "A small tool that runs a command"),
        ("# Watcher\n\nWatch files. Run commands. It was made because others were too large for the old machine.",
         "Watch files. Run commands."),
    ],
)  # fmt: skip
def test_the_title_says_what_it_is_about(source: str, body: str, english: Grammar) -> None:
    assert write(source, english).scenes[0].slide.body == body


def test_a_title_alone_tells_what_comes(english: Grammar) -> None:
    part = "The people of the town go to the market."
    scene = write(f"# Notes\n\n## Spring\n\n{part}\n\n## Summer\n\n{part}\n", english).scenes[0]
    assert scene.text == "Notes. Spring and Summer."


def is_bare(scene: Scene) -> bool:
    """Whether only a heading that nobody says is seen for over five seconds."""
    slide = scene.slide
    shows = slide.body or slide.items or slide.rows or slide.picture or slide.heading.lower() in scene.text.lower()
    return not shows and len(scene.words) > 5 * SECOND


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_slide_shows_something_of_what_is_said(path: Path, english: Grammar) -> None:
    script = write(path.read_text("utf-8"), english)
    assert [scene.text for scene in script.scenes if is_bare(scene)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_slide_waits_long_for_its_first_words(path: Path, english: Grammar) -> None:
    for scene in write(path.read_text("utf-8"), english).scenes:
        if scene.slide.kind in ("cards", "statistic", "bullets") and scene.slide.items:
            assert (scene.slide.items[0].at or 0) <= 9 * SECOND, scene


def test_a_sentence_with_nothing_to_show_goes_with_the_prose_beside_it(english: Grammar) -> None:
    silent = "If any one of them fails today or on some other day, it is left out by the whole machine."
    source = f"{HEAD}- one\n- two\n\n{silent}\n\n{silent}\n\nThe machine makes 40 bottles a minute in all seasons.\n"
    scenes = write(source, english).scenes
    assert not any(scene.text in (silent, f"{silent} {silent}") for scene in scenes)
    assert silent in " ".join(scene.text for scene in scenes)


def test_what_is_only_admitted_is_no_point(english: Grammar) -> None:
    source = (
        "# S\n\nHello you.\n\n## Fit\n\nFloors are fine. In a cold house the pump works, but it costs more than gas."
    )
    shown = " ".join(str(scene.slide) for scene in write(source, english).scenes)
    assert "works" not in shown or "costs more" in shown


def test_names_beside_statements_are_one_point(english: Grammar) -> None:
    source = (
        "# S\n\nHello you.\n\n## Start\n\nIt runs on Windows, macOS or Linux."
        " Our team of on-call engineers uses it every single day."
    )
    items = [item.text for scene in write(source, english).scenes for item in scene.slide.items]
    assert "Windows, macOS, Linux" in items


def test_a_short_sentence_is_shown_rather_than_a_name(english: Grammar) -> None:
    source = (
        "# Short ID\n\nHello you.\n\n## Keys\n\nThe primary key is the short ID itself."
        " A short ID is what people type and remember."
    )
    items = [text for scene in write(source, english).scenes for text in texts(scene.slide)]
    assert "Short ID" not in items


@pytest.mark.parametrize(
    ("sentence", "detail"),
    [
        ("About 7,300 people bought a pass.", "people bought a pass"),
        (
            "A survey found that 62% of them have a waiting list of three months.",
            "of them have a waiting list of three months",
        ),
        ("A survey of 3,120 members shows that 47% of riders are women.", "members"),
    ],
)
def test_a_figure_comes_with_what_was_done(sentence: str, detail: str, english: Grammar) -> None:
    source = f"# S\n\nHello you.\n\n## Who\n\n{sentence}"
    scene = next(scene for scene in write(source, english).scenes if scene.slide.kind == "statistic")
    assert scene.slide.items[0].detail == detail


def test_what_says_of_which_one_it_is_told_is_kept(english: Grammar) -> None:
    source = (
        "# S\n\nHello you.\n\n## Breaking\n\nConfiguration in `.oldrc` is no longer read. The daemon writes a new file."
    )
    shown = " ".join(str(scene.slide) for scene in write(source, english).scenes)
    assert "Configuration is no longer read" not in shown
    assert "Configuration in .oldrc is no longer read" in shown


def test_half_of_what_is_set_against_the_rest_is_no_point(english: Grammar) -> None:
    source = (
        "# S\n\nHello you.\n\n## Trips\n\nTrips grew in every quarter. The new lanes on Harbour Street opened early."
        " E-bikes make up only 35% of the fleet but account for 58% of all trips."
    )
    shown = [item.text for scene in write(source, english).scenes for item in scene.slide.items]
    assert not [text for text in shown if text.endswith(("account", "fleet"))]
    assert "Harbour Street" not in shown


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The console does not show shards with more than 10,000 partitions at all today.", "partitions"),
        ("Renew them with harbor token renew or in the console under Account.", "harbor token renew"),
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

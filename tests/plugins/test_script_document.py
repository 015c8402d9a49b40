"""The stage `document`: what is said, what is shown, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from aurad.api import WORDS_PER_MINUTE, Artifact, BadInput, Brief, BriefAsset, Scene, Script, ScriptRequest
from aurad.testing import Ran, run_stage
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.stage import DocumentStage
from aurad_plugins.script_document.write import write_document

ROOT = Path(__file__).parents[2]
Pacing = Literal["relaxed", "conversational", "fast"]
EXAMPLE = ROOT / "docs" / "examples" / "how-bees-see.md"
BENCH = ROOT / "tests" / "bench" / "documents"
PICTURE = Artifact(sha256="0" * 64, size_bytes=1, media_type="image/png")


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


class Writer:
    """Writes documents and remembers the warnings."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.warnings: list[str] = []

    def __call__(self, source: str, **brief: Any) -> Script:
        self.warnings.clear()
        whole = Brief(source=source, **brief)
        return write_document(whole, self.grammar, lambda code, detail: self.warnings.append(code))


@pytest.fixture
def write(english: Grammar) -> Writer:
    return Writer(english)


def said(script: Script) -> str:
    return " ".join(scene.text for scene in script.scenes)


def only(script: Script, kind: str) -> Scene:
    (scene,) = [scene for scene in script.scenes if scene.slide.kind == kind]
    return scene


def seconds(script: Script, pace: int = 160) -> float:
    return sum(len(scene.words) for scene in script.scenes) * 60 / pace


# ---------------------------------------------------------------- the whole


async def test_stage_runs_by_the_protocol(tmp_path: Path) -> None:
    request = ScriptRequest(brief=Brief(source="# Bees\n\nBees see ultraviolet light."), seed=1)
    ran: Ran = await run_stage(DocumentStage, "write", request, workspace=tmp_path)
    assert ran.output.title == "Bees"
    assert ran.output.scenes[0].slide.kind == "title"


def test_example_gives_a_video_of_a_minute_and_a_half(write: Writer) -> None:
    script = write(EXAMPLE.read_text())
    assert 85 <= seconds(script) <= 95
    assert write.warnings == []
    kinds = {scene.slide.kind for scene in script.scenes}
    assert {"title", "bullets", "statistic", "cards", "quote", "bar-chart", "closing"} <= kinds


@pytest.mark.parametrize(("length", "least_scenes"), [(60, 5), (120, 10), (300, 20)])
def test_bench_documents_have_their_length(write: Writer, length: int, least_scenes: int) -> None:
    script = write((BENCH / f"{length}.md").read_text())
    assert seconds(script) == pytest.approx(length, rel=0.1)
    assert len(script.scenes) >= least_scenes


def test_same_document_gives_the_same_script(write: Writer) -> None:
    source = (BENCH / "300.md").read_text()
    assert write(source, duration_seconds=90.0) == write(source, duration_seconds=90.0)


def test_headings_become_chapters(write: Writer) -> None:
    script = write("# Bees\n\nBees fly.\n\n## Eyes\n\nThey see well.\n\n## Wings\n\nThey beat fast.")
    assert [scene.chapter for scene in script.scenes if scene.chapter] == ["Bees", "Eyes", "Wings"]


def test_title_description_and_tags_come_from_front_matter(write: Writer) -> None:
    script = write("---\ntitle: A\ndescription: All about A.\ntags: [x, y]\nfps: 90\n---\n\nA is the first letter.")
    assert (script.title, script.description, script.tags) == ("A", "All about A.", ("x", "y"))

    assert write.warnings == ["unknown-front-matter"]


def test_long_section_becomes_several_scenes(write: Writer) -> None:
    text = " ".join(f"The {word} bee flies over the wide meadow and looks for nectar." for word in "abcdefgh")
    scenes = write(f"# Bees\n\n## Flight\n\n{text}").scenes
    assert len(scenes) >= 4
    assert all(len(scene.words) <= 68 for scene in scenes)


def test_density_changes_how_much_a_scene_says(write: Writer) -> None:
    source = (BENCH / "300.md").read_text()
    counts = [len(write(source, density=density).scenes) for density in ("sparse", "balanced", "dense")]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize("pacing", ["relaxed", "conversational", "fast"])
@pytest.mark.parametrize("duration", [30.0, 60.0, 120.0, 200.0])
def test_duration_is_kept_without_cutting_sentences(write: Writer, duration: float, pacing: Pacing) -> None:
    source = (BENCH / "300.md").read_text()
    script = write(source, duration_seconds=duration, pacing=pacing)
    assert seconds(script, WORDS_PER_MINUTE[pacing]) == pytest.approx(duration, rel=0.1)
    whole = said(write(source))
    assert all(scene.text in whole or scene.text.split(". ")[-1] in whole for scene in script.scenes)


def test_too_little_text_for_the_duration_is_said(write: Writer) -> None:
    write("# Bees\n\nBees fly well.", duration_seconds=60.0)
    assert write.warnings == ["shorter-than-asked"]


def test_a_sentence_longer_than_the_duration_is_kept_whole(write: Writer) -> None:
    sentence = "The bee " + "and the other bee " * 20 + "fly."
    assert sentence in said(write(f"# Bees\n\n{sentence}", duration_seconds=10.0))
    assert write.warnings == ["longer-than-asked"]


# ---------------------------------------------------------------- what is shown


def test_slide_shows_phrases_as_they_are_spoken(write: Writer) -> None:
    script = write(
        "# B\n\nHello there, world.\n\n## Eyes\n\nThe bee has five eyes on its head."
        " Because the eye has many facets, a bee notices fast movement long before we do."
    )
    items = only(script, "bullets").slide.items
    words = only(script, "bullets").words
    assert [item.text for item in items] == ["The bee has five eyes", "A bee notices fast movement"]
    assert [words[item.at or 0] for item in items] == ["The", "a"]


@pytest.mark.parametrize(
    "sentence",
    [
        "The valve opens only if the pressure in both of the tanks is high enough.",
        "Without a valid key the service will not start unless the test mode is on.",
        "If the trend continues, Europe will be the largest region by the middle of next year.",
    ],
)
def test_phrases_never_drop_a_condition(write: Writer, sentence: str) -> None:
    slides = [scene.slide for scene in write(f"# T\n\nHello there, world.\n\n## S\n\n{sentence}").scenes]
    shown = " ".join([slide.body for slide in slides] + [item.text for slide in slides for item in slide.items])
    assert "opens" not in shown
    assert "will" not in shown.lower()


def test_names_in_a_list_are_said_in_one_sentence(write: Writer) -> None:
    script = write("# B\n\nHi there.\n\n## C\n\nBees see three colors:\n\n- Green\n- Red\n- Light")
    scene = only(script, "cards")
    assert scene.text == "Bees see three colors: green, red, and light."
    assert [scene.words[item.at or 0] for item in scene.slide.items] == ["green,", "red,", "light."]


def test_steps_are_linked(write: Writer) -> None:
    scene = only(write("# B\n\nHi there.\n\n## Steps\n\n1. Open the box.\n2. Take the key.\n3. Turn it."), "steps")
    assert scene.text == "Steps. First, open the box. Then, take the key. Finally, turn it."


def test_many_steps_go_on_counting(write: Writer) -> None:
    steps = "\n".join(f"1. Turn the key number {n}." for n in range(8))
    slides = [scene.slide for scene in write(f"# B\n\nHi there.\n\n## Steps\n\n{steps}").scenes[1:]]
    assert [slide.kind for slide in slides] == ["steps", "bullets"]
    assert slides[1].items[0].text == "5. Turn the key number 4"


def test_quote_signed_in_html(write: Writer) -> None:
    source = "<html><body><h1>B</h1><p>Hi there.</p><blockquote>Be.<footer>— Ann</footer></blockquote></body></html>"
    assert only(write(source), "quote").slide.note == "Ann"


def test_labelled_entries_become_cards(write: Writer) -> None:
    slide = only(write("# B\n\nHi there.\n\n- **Fast**: it runs at once\n- **Safe**: it never writes"), "cards").slide
    assert [(item.text, item.detail) for item in slide.items] == [
        ("Fast", "It runs at once"),
        ("Safe", "It never writes"),
    ]


def test_long_list_goes_over_several_scenes(write: Writer) -> None:
    entries = "\n".join(f"- Entry number {n} tells something new" for n in range(12))
    slides = [scene.slide for scene in write(f"# B\n\nHi there.\n\n{entries}").scenes[1:]]
    assert sum(len(slide.items) for slide in slides) == 12
    assert all(len(slide.items) <= 6 for slide in slides)


def test_striking_number_fills_a_slide(write: Writer) -> None:
    slide = only(write("# B\n\nHi there.\n\n## Eyes\n\nOne eye holds about 5,500 tiny lenses."), "statistic").slide
    assert [(item.text, item.detail) for item in slide.items] == [("~5,500", "tiny lenses")]


def test_year_is_no_statistic(write: Writer) -> None:
    script = write("# B\n\nHi there.\n\n## Past\n\nIn 1914 Karl von Frisch trained his first bees.")
    assert all(scene.slide.kind != "statistic" for scene in script.scenes)


def test_quote_names_its_source(write: Writer) -> None:
    scene = only(write("# B\n\nHi there.\n\n> To be, or not to be.\n>\n> — Hamlet, Act 3"), "quote")
    assert scene.text == "In the words of Hamlet: To be, or not to be."
    assert (scene.slide.body, scene.slide.note) == ("To be, or not to be.", "Hamlet, Act 3")


def test_table_of_numbers_becomes_bars(write: Writer) -> None:
    scene = only(
        write("# B\n\nHi.\n\n## S\n\n| Eye | Limit (Hz) |\n|--|--|\n| Human | 60 |\n| Bee | 200 |"), "bar-chart"
    )
    assert scene.text == "Limit: Human, 60 Hz; Bee, 200 Hz."
    assert [(item.text, item.value) for item in scene.slide.items] == [("Human", 60.0), ("Bee", 200.0)]
    assert scene.slide.unit == "Hz"


def test_millions_are_not_lost(write: Writer) -> None:
    scene = only(
        write("# B\n\nHi.\n\n| Year | Sales |\n|--|--|\n| 2021 | $3M |\n| 2022 | $9M |\n| 2023 | $7M |"), "line-chart"
    )
    assert scene.text == "Sales rose from $3 million in 2021 to $7 million in 2023, with a peak of $9 million in 2022."


def test_wide_table_is_summed_up(write: Writer) -> None:
    row = "|" + "|".join(f"c{n}" for n in range(40)) + "|"
    script = write(f"# B\n\nHi.\n\n{row}\n{'|-' * 40}|\n" + "\n".join([row] * 9))
    slides = [scene.slide for scene in script.scenes if scene.slide.kind == "table"]
    assert {slide.note for slide in slides} == {"6 of 40 columns"}
    assert sum(len(slide.rows) - 1 for slide in slides) == 9
    assert max(len(scene.words) for scene in script.scenes) < 60


def test_picture_is_taken_from_the_assets(write: Writer) -> None:
    assets = (BriefAsset(artifact=PICTURE, name="images/bee.png"),)
    script = write("# B\n\nHi.\n\n## C\n\n![A bee](./images/bee.png)\n\nThe bee sits on a flower.", assets=assets)
    scene = only(script, "image")
    assert scene.text == "The bee sits on a flower."
    assert scene.slide.picture is not None
    assert (scene.slide.picture.artifact, scene.slide.note) == (PICTURE, "A bee")


@pytest.mark.parametrize(
    ("src", "code"),
    [("https://x.org/a.png", "picture-remote"), ("//x.org/a.png", "picture-remote"), ("a.png", "picture-missing")],
)
def test_other_pictures_are_left_out_with_a_warning(write: Writer, src: str, code: str) -> None:
    script = write(f"# B\n\nBees fly.\n\n![alt]({src})")
    assert write.warnings == [code]
    assert all(scene.slide.picture is None for scene in script.scenes)


def test_video_ends_with_the_documents_last_words(write: Writer) -> None:
    scene = write(EXAMPLE.read_text()).scenes[-1]
    assert scene.slide.kind == "closing"
    assert scene.text in EXAMPLE.read_text()


# ---------------------------------------------------------------- what is left out


def test_boilerplate_is_left_out(write: Writer) -> None:
    text = said(
        write(
            "# Tool\n\n[![Build](https://img.shields.io/b.svg)](https://ci)\n\nThe tool sorts files.\n\n"
            "## Table of Contents\n\n- [Use](#use)\n- [Licence](#licence)\n\n## Use\n\nRun it twice.[^1]"
            " See the [manual](https://x.org) for more.\n\n- [One](https://a)\n- [Two](https://b)\n\n"
            "## License\n\nMIT, see the file.\n\n[^1]: A footnote.\n"
        )
    )
    assert text == "Tool. The tool sorts files. Run it twice."


def test_html_page(write: Writer) -> None:
    script = write(
        "<!doctype html><html><head><title>Bees</title><style>p{}</style></head><body><nav><a href='/'>Home</a></nav>"
        "<h1>Bees</h1><p>Bees <b>see</b> light &amp; color.<script>alert(1)</script></p>"
        "<ul><li>Red<li>Blue</ul><table><tr><th>A<th>B<tr><td>x<td>y</table><footer>Imprint</footer></body></html>"
    )
    assert script.title == "Bees"
    assert said(script) == "Bees see light and color. Red and blue. x: y."


def test_plain_text_with_headings_and_bullets(write: Writer) -> None:
    script = write("Bees\n\nBees fly far.\n\nEyes\n\nThey have five eyes. They see:\n- blue\n- green\n")
    assert script.title == "Bees"
    assert said(script) == "Bees fly far. They have five eyes. They see: blue and green."


def test_text_without_heading_gets_a_title_of_its_own_words(write: Writer) -> None:
    script = write("Honeybees see ultraviolet light. They use it to find nectar in the flowers of the meadow.")
    assert script.title == "Honeybees see ultraviolet light"


# ---------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("", "it is empty"),
        (" \n\n ", "it is empty"),
        ("# Bees", "it holds only the heading “Bees”"),
        ("a\x00b", "the control character U+0000"),
        ("\x7fELF", "the control character U+007F"),
        ("x" * (1024 * 1024 + 1), "1,048,577 bytes"),
        ("![a](b.png)", "it holds no sentence"),
        ("```\nx = 1\n```", "it holds no sentence"),
    ],
)
def test_unusable_documents_are_refused(write: Writer, source: str, detail: str) -> None:
    with pytest.raises(BadInput, match=r"^cannot ") as caught:
        write(source)
    assert detail in caught.value.detail
    assert caught.value.remedy


def test_five_hundred_headings(write: Writer) -> None:
    source = "\n\n".join(f"## Part {n}\n\nThis part tells about bee number {n}." for n in range(500))
    assert len([scene for scene in write(source).scenes if scene.chapter]) >= 500


def test_headings_alone_are_named_with_a_warning(write: Writer) -> None:
    script = write("# Bees\n\n## Eyes\n\n## Wings\n\n## Legs")
    assert write.warnings == ["headings-only"]
    assert said(script).lower() == "bees. eyes, wings, and legs."


@pytest.mark.slow
def test_a_mebibyte_keeps_the_most_important_hour(write: Writer) -> None:
    source = ((BENCH / "300.md").read_text().split("---\n", 2)[2] * 300)[: 1024 * 1024 - 8]
    script = write(source)
    assert write.warnings == ["document-too-long"]
    assert 3200 < seconds(script) <= 3600


@pytest.mark.parametrize("topic", ["image render complete voice", "Bees", "C++ & <script>"])
async def test_bare_topic_is_an_honest_outline(topic: str, tmp_path: Path) -> None:
    request = ScriptRequest(brief=Brief(topic=topic), seed=1)
    ran: Ran = await run_stage(DocumentStage, "write", request, workspace=tmp_path)
    assert [warning.code for warning in ran.warnings] == ["outline-only"]
    assert ran.output.scenes[0].slide.kind == "title"
    assert 15 <= seconds(ran.output) <= 60


def test_other_languages_and_hostile_text_are_text(write: Writer) -> None:
    write.grammar = Grammar(None)
    for source in ("# Bienen\n\nBienen sehen Ultraviolett.", "これは文です。次の文。", "مرحبا بالعالم. كيف الحال؟"):
        assert write(source, language="de").scenes
    hostile = "# T\n\n',drawbox=0:0 and <script>x</script> and {\\an8} and %{pts}. 🐝🐝 Bees &lt;b&gt;fly."
    text = said(write(hostile, language="de"))
    assert not set("<>{}\\") & set(text)
    assert "drawbox" in text


def test_ten_thousand_characters_in_one_word_or_sentence(write: Writer) -> None:
    assert len(write("x" * 10_000 + " is long.").title) < 100
    assert write("The bee sees " + "very " * 1999 + "well.").scenes


# ---------------------------------------------------------------- how words are said


@pytest.mark.parametrize(
    "head",
    [
        "---\ntitle: T\npronounce:\n  aurad: ow-rad\n  'kubectl': \"cube control\"\n---\n",
        "---\npronounce: {aurad: ow-rad, kubectl: cube control}\n---\n",
        '+++\n[pronounce]\naurad = "ow-rad"\nkubectl = "cube control"\n+++\n',
    ],
)
def test_a_document_says_how_its_words_are_said(head: str, write: Writer) -> None:
    script = write(head + "# Tools\n\nWe use aurad and kubectl every day in our office.")
    assert script.pronounce == {"aurad": "ow-rad", "kubectl": "cube control"}
    assert "aurad and kubectl" in said(script)

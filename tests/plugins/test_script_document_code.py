"""Code is shown while what is said about it is said, and no longer than somebody looks at it."""

from __future__ import annotations

import pytest

from aurad.api import Brief, Scene
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.scenes import SMALL
from aurad_plugins.script_document.write import write_document


@pytest.fixture(scope="module")
def english() -> Grammar:
    return load_english()


def write(section: str, grammar: Grammar) -> list[Scene]:
    brief = Brief(source=f"# B\n\nHi there.\n\n## C\n\n{section}\n")
    _, *scenes = write_document(brief, grammar, lambda code, detail: None).scenes
    return scenes


def test_code_is_described_not_read(english: Grammar) -> None:
    (scene,) = write("```python\ndef greet(name: str) -> str:\n    return f'Hi {name}'\n```", english)
    assert (scene.slide.kind, scene.text) == ("code", "The Python code defines greet.")
    assert scene.slide.body.startswith("def greet")


def test_code_is_shown_while_the_prose_about_it_is_said(english: Grammar) -> None:
    (scene,) = write("```python\nx = 1\n```\n\nThis sets x to one.", english)
    assert (scene.slide.kind, scene.text) == ("code", "This sets x to one.")


STORY = (
    "First the new version is built and signed. Then it goes to one machine and takes a hundredth of the traffic. If"
    " few answers are errors for ten minutes, the share doubles every five minutes. {}\n\n"
)
END = "Otherwise the router sends everybody back."


def test_a_line_of_code_is_not_looked_at_for_a_whole_story(english: Grammar) -> None:
    *before, last = write(STORY.format(END) + "```bash\nundo web --to=41\n```", english)
    assert last.slide.kind == "code"
    assert last.text.endswith(END)
    assert len(last.words) <= SMALL
    assert "code" not in {scene.slide.kind for scene in before}
    assert " ".join(scene.text for scene in (*before, last)) == STORY.format(END).strip()


def test_a_page_of_code_is(english: Grammar) -> None:
    lines = "\n".join(f"step_{n}()" for n in range(9))
    (scene,) = write(f"{STORY.format(END)}```python\n{lines}\n```", english)
    assert (scene.slide.kind, scene.text) == ("code", STORY.format(END).strip())


STEPS = "1. Log in as root:\n\n   ```sh\n   ssh root@host\n   ```\n\n2. Copy the pages:\n\n   ```sh\n   {}\n   ```\n"


def test_a_step_stays_with_its_command(english: Grammar) -> None:
    """They are no list that is told before the commands are seen."""
    (scene,) = write(STEPS.format("rsync -a site/ host:"), english)
    assert (scene.slide.kind, scene.slide.body) == ("code", "ssh root@host\n\nrsync -a site/ host:")
    assert scene.text == "Log in as root. Copy the pages."


def test_no_heading_over_code_is_said_only_after_it(english: Grammar) -> None:
    prose = STORY.format(END)
    code = "Run this once a month:\n\n```sh\ncertbot renew --dry-run\n```\n\nYou are done."
    scene = next(scene for scene in write(f"{prose}{code}", english) if scene.slide.kind == "code")
    assert scene.text.endswith("You are done.")
    assert scene.slide.heading == "C"


def test_a_command_with_a_flag_has_no_capital(english: Grammar) -> None:
    entries = "- `curl -I host` asks for the headers only.\n- `the -v flag` shows what went wrong.\n"
    (scene,) = write(entries, english)
    assert [item.text[:3] for item in scene.slide.items] == ["cur", "The"]

"""Which words a document's pictures are shown over."""

from __future__ import annotations

import pytest

from aurad.api import Artifact, Brief, BriefAsset
from aurad_plugins.script_document.grammar import Grammar
from aurad_plugins.script_document.write import write_document

PICTURE = Artifact(sha256="0" * 64, size_bytes=1, media_type="image/png")
ASSETS = tuple(BriefAsset(artifact=PICTURE, name=f"{name}.png") for name in "abc")
HEAD = "# Colours\n\nThis text is about three colours and what they do.\n\n"
RED, GREEN, BLUE = "Red paint covers the old barn.", "Green leaves hang over it.", "Blue water runs past them both."


def image(name: str) -> str:
    return f"![{name}]({name}.png)"


def shown(parts: list[str], head: str = HEAD) -> list[tuple[str, str]]:
    """Each picture and the first word that is said over it."""
    brief = Brief(source=head + "\n\n".join(parts), assets=ASSETS)
    scenes = write_document(brief, Grammar(None), lambda code, detail: None).scenes
    return [(scene.slide.picture.alt, scene.text.split()[0]) for scene in scenes if scene.slide.picture]


A, B, C = map(image, "abc")
OWN = [("a", "Red"), ("b", "Green"), ("c", "Blue")]


@pytest.mark.parametrize("head", [HEAD, HEAD + "## Farm\n\n"])
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([A, RED, B, GREEN, C, BLUE], OWN),
        ([RED, A, GREEN, B, BLUE, C], OWN),
        ([f"{RED} {A}", f"{GREEN} {B}", f"{BLUE} {C}"], OWN),
        ([f"{A} {RED}", f"{B} {GREEN}", f"{C} {BLUE}"], OWN),
        ([f"{A} {RED}", GREEN, C, BLUE], [("a", "Red"), ("c", "Blue")]),
        ([RED, A, GREEN, BLUE], [("a", "Green")]),
        ([RED, GREEN, A], [("a", "Green")]),
        ([RED[:-1] + ":", A, GREEN], [("a", "Red")]),
        ([A, B, C, f"{RED} {GREEN} {BLUE}"], OWN),
        ([RED, A, "- one thing\n- another thing", GREEN], [("a", "Red")]),
    ],
    ids=["before", "after", "inside", "inside-first", "mixed", "between", "last", "announced", "gallery", "list"],
)
def test_picture_is_shown_over_its_own_words(head: str, parts: list[str], expected: list[tuple[str, str]]) -> None:
    assert shown(parts, head) == expected


@pytest.mark.parametrize("parts", [[A, RED, B, C, GREEN, BLUE], [A, B, RED, C, GREEN], [RED, A, B, GREEN, C, BLUE]])
def test_pictures_keep_their_order(parts: list[str]) -> None:
    names = [name for name, _ in shown(parts)]
    assert names == sorted(names)
    assert len(names) >= 2


def test_long_paragraph_goes_on_without_its_picture() -> None:
    long = " ".join(f"The {word} painter likes to mix old colours on a wooden board." for word in "abcdefghi")
    (found,) = shown([A, RED + " " + long])
    assert found == ("a", "Red")


def test_last_words_stay_with_their_picture() -> None:
    parts = [RED, GREEN, BLUE, RED, GREEN, BLUE, A, "Yellow light falls on all of it when the sun goes down at last."]
    assert shown(parts) == [("a", "Yellow")]

"""Sections called `Sources` or `References`: links and citations are left out, sentences are told."""

from __future__ import annotations

import pytest

from aurad_plugins.script_document.read import read_document

PROSE = "Our numbers come from two surveys that we made ourselves in the spring."
CITATIONS = [
    "Frisch, K. von (1967). The Dance Language of Bees.",
    "Seeley, Thomas D. Honeybee Democracy. Princeton University Press.",
    "[1] The waggle dance explained at length, and why it matters.",
    "A. Smith, B. Jones: How bees see the world of flowers, 2019.",
    "How bees see the world of flowers, at https://example.org/bees.",
    "Wikipedia: Honey bee",
]


def texts(source: str) -> list[str]:
    found = []
    for block in read_document(f"# Bees\n\nBees see a lot.\n\n{source}", "markdown").blocks:
        text = getattr(block, "text", "")
        found.append(text if isinstance(text, str) else text.text)
    return found[2:]


@pytest.mark.parametrize("head", ["Sources", "References", "See also", "Further reading:", "Links"])
@pytest.mark.parametrize("text", [*CITATIONS, "[The dance of bees in all its glory, told.](https://example.org)"])
def test_links_and_citations_are_left_out(head: str, text: str) -> None:
    assert texts(f"## {head}\n\n{text}\n") == []
    assert texts(f"## {head}\n\n- {text}\n- {CITATIONS[0]}\n\n## Then\n\nMore.\n") == ["Then", "More."]


@pytest.mark.parametrize("head", ["Sources", "References", "See also"])
def test_prose_is_told_without_the_citations_around_it(head: str) -> None:
    cited = "\n".join(f"- {text}" for text in CITATIONS)
    assert texts(f"## {head}\n\n{PROSE}\n\nThese were of help:\n\n{cited}\n\n### More\n\n{PROSE}") == [
        head,
        PROSE,
        PROSE,
    ]


@pytest.mark.parametrize(
    "text",
    [
        "The figures come from the national census (2021), which counts every household.",
        "The pages were accessed by many people at the last Conference on bees.",
    ],
)
def test_a_year_alone_makes_no_citation(text: str) -> None:
    assert texts(f"## Sources\n\n{text}") == ["Sources", text]


def test_entries_that_are_sentences_are_told() -> None:
    found = read_document(f"# Bees\n\nBees see.\n\n## Sources\n\n- {PROSE}\n- {PROSE}\n", "markdown").blocks
    assert [type(block).__name__ for block in found[2:]] == ["Heading", "Listing"]

"""Settings at a document's head: those that do nothing are told."""

from __future__ import annotations

import pytest

from aurad_plugins.script_document.read import read_document


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (
            "---\ntitel: A\n---\n",
            "cannot use 'titel' (did you mean 'title'?) of the front matter: what is known there is",
        ),
        ("+++\nvoice = 'x'\n[extra]\na = 1\n+++\n", "cannot use 'voice', 'extra' of the front matter"),
        ("---\n" + "".join(f"k{n}: 1\n" for n in range(7)) + "---\n", "'k4' and 2 more of"),
        ("---\ntitle: A\ndate: 2024-01-01\nlayout: post\npronounce:\n  aurad: ow-rad\n---\n", ""),
    ],
)
def test_settings_that_do_nothing_are_told(head: str, told: str) -> None:
    found = read_document(f"{head}\nA is the first letter.", None).unknown
    assert told in found
    assert bool(told) == bool(found)

"""The pronunciation dictionary: which words it means, and that it brings only what a text needs."""

from __future__ import annotations

import msgspec
import pytest

from aurad.model.brief import Brief
from aurad.model.job import JobSettings
from aurad.model.pronounce import occurring, respelled
from aurad.model.recipe import Preset, resolve
from aurad.model.settings import Defaults, Settings


@pytest.mark.parametrize(
    ("word", "pronounce", "said"),
    [
        ("aurad.", {"aurad": "ow rad"}, "ow rad."),
        ("(Aurad’s", {"aurad": "ow rad"}, "(ow rad’s"),
        ("aurads", {"aurad": "ow rad"}, "aurads"),
        ("us", {"US": "you ess"}, "us"),
        ("US,", {"US": "you ess"}, "you ess,"),
        ("C++.", {"C": "see", "C++": "see plus plus"}, "see plus plus."),
        (".NET", {".NET": "dot net"}, "dot net"),
        ("sql-based", {"sql": r"\1 sequel"}, r"\1 sequel-based"),
    ],
)
def test_a_word_is_found_as_it_stands_in_a_text(word: str, pronounce: dict[str, str], said: str) -> None:
    assert respelled([word], pronounce) == [said]


def test_only_what_a_text_needs_is_brought() -> None:
    assert occurring("A US car by Acme's.", {"acme": "ack me", "us": "x", "bee": "b"}) == {"acme": "ack me", "us": "x"}
    assert occurring("nothing", {}) == {}


def test_a_job_comes_before_its_preset_and_that_before_the_settings() -> None:
    settings = Settings(defaults=Defaults(preset="p", pronounce={"a": "1", "b": "1", "c": "1"}))
    preset = Preset(pronounce={"b": "2", "c": "2"})
    recipe = resolve(Brief(topic="bees"), JobSettings(pronounce={"c": "3"}), settings, {"p": preset})
    assert recipe.pronounce == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize("entry", [{"two words": "x"}, {"word": "  "}, {"": "x"}, {"w": "x" * 121}])
def test_what_is_no_word_or_no_sound_is_refused(entry: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"pronounce": entry}, JobSettings)

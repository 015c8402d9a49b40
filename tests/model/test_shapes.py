"""Patterns in the words that people read."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from aurad.model.brief import Language
from aurad.model.settings import Address
from aurad.model.shapes import in_words, shape, words_of


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        (Language, "en_US", "Expected a language tag, as in en or pt-BR"),
        (Address, "nonsense", "Expected an address and a port, as in 127.0.0.1:8765"),
        (dict[str, Language], {"a": ""}, "Expected a language tag, as in en or pt-BR - at `$[...]`"),
        (Annotated[str, Meta(pattern="^x$")], "y", "Expected `str` matching regex '^x$'"),
        (int, "y", "Expected `int`, got `str`"),
    ],
)
def test_errors_speak_in_words(kind: Any, value: object, says: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, kind)
    assert in_words(caught.value) == says


def test_a_shape_is_its_pattern() -> None:
    assert shape("^a'b$", "a'b itself") == "^a'b$"
    assert words_of("^a'b$") == "a'b itself"

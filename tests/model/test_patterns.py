"""Texts of a given form have no line end behind it: in Python's patterns `$` would let one pass."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurad.model.brief import Language
from aurad.model.job import Webhook
from aurad.model.pronounce import Written
from aurad.model.settings import Address
from aurad.serve.operations.secrets import Name
from aurad.serve.operations.table import CorrelationId


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Language, "pt-BR"),
        (Written, "GIF"),
        (Address, "127.0.0.1:8765"),
        (Address, "[::1]:80"),
        (Name, "api_key"),
        (CorrelationId, "from-the-editor/7"),
        (CorrelationId, ""),
    ],
)
def test_a_line_end_does_not_pass(form: Any, text: str) -> None:
    assert msgspec.convert(text, form) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text + "\n", form)


def test_nor_behind_an_address_of_the_web() -> None:
    assert msgspec.convert({"url": "https://example.org/x"}, Webhook).url == "https://example.org/x"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": "https://example.org/x\n"}, Webhook)

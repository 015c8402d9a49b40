"""Every hook, called as the daemon's workers call it."""

from __future__ import annotations

import sys
import types

import pytest

from aurad.api import Value, VoiceStage, hookimpl
from aurad.hooks.load import load_stages
from aurad.model.errors import AuradError


class Hum(VoiceStage[Value]):
    name = "hum"


def offer(monkeypatch: pytest.MonkeyPatch, answer: object) -> str:
    """A module whose `aurad_stages` gives `answer`, or raises it; the name to load it by."""
    module = types.ModuleType("offering")

    @hookimpl
    def aurad_stages() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    module.aurad_stages = aurad_stages  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "offering", module)
    return "module:offering"


def test_hook_aurad_stages_offers_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [stage.name for stage in load_stages(offer(monkeypatch, [Hum]))] == ["hum"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "no stages"),
        ([Hum, Hum], "two stages are called 'hum'"),
        ([int], "no subclass of Stage"),
        (RuntimeError("no luck"), "no luck"),
    ],
)
def test_hook_aurad_stages_that_fails_breaks_the_plugin(
    monkeypatch: pytest.MonkeyPatch, answer: object, why: str
) -> None:
    with pytest.raises(AuradError, match=why) as caught:
        load_stages(offer(monkeypatch, answer))
    assert caught.value.code == "E600-PLUGIN_BROKEN"

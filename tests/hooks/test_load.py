"""One plugin is loaded, or it is said why not."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest

from aurad.hooks.load import load_plugin, load_stages
from aurad.hooks.specs import hookimpl
from aurad.model.errors import AuradError
from aurad.model.stage import Finisher, Stage, VoiceStage
from aurad.model.value import Value

Make = Callable[..., str]


class Good(VoiceStage[Value]):
    name = "good"


class Nameless(VoiceStage[Value]):
    pass


class Kindless(Stage[Value]):
    name = "kindless"


class Loose(VoiceStage[Value]):
    name = "loose"
    Options = dict  # type: ignore[assignment]


class Demanding(Value, frozen=True, kw_only=True):
    key: str


class Needy(Finisher[Demanding]):
    name = "needy"
    Options = Demanding


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Make:
    def make(*stages: Any, hook: Any = None) -> str:
        module = types.ModuleType("toy_plugin")
        module.aurad_stages = hookimpl(hook or (lambda: list(stages)))  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "toy_plugin", module)
        return "module:toy_plugin"

    return make


def test_stages_are_constructed(plugin: Make) -> None:
    assert [type(stage) for stage in load_stages(plugin(Good))] == [Good]


def test_an_entry_point_has_the_version_of_its_distribution() -> None:
    loaded = load_plugin("script_document")
    assert loaded.version == metadata.version("aurad")
    assert loaded.stages


@pytest.mark.parametrize(
    ("stages", "why"),
    [
        ((), "offers no stages"),
        ((Good, Good), "two stages are called 'good'"),
        ((Nameless,), "Nameless has no name"),
        ((Kindless,), "kindless is of the unknown kind None"),
        ((Loose,), "the Options of loose are no subclass"),
        ((Needy,), "the Options of needy have no schema or no defaults"),
        ((Good(),), "is no subclass of Stage"),
        ((3,), "3 is no subclass of Stage"),
    ],
)
def test_a_broken_plugin_says_why(plugin: Make, stages: tuple[Any, ...], why: str) -> None:
    with pytest.raises(AuradError) as caught:
        load_stages(plugin(*stages))
    assert caught.value.code == "E600-PLUGIN_BROKEN"
    assert why in caught.value.detail


@pytest.mark.parametrize("error", [RuntimeError("no model"), SystemExit("no model")])
def test_a_hook_that_raises_marks_the_plugin_as_broken(plugin: Make, error: BaseException) -> None:
    def hook() -> list[Any]:
        raise error

    with pytest.raises(AuradError, match="no model"):
        load_stages(plugin(hook=hook))


@pytest.mark.parametrize("name", ["nowhere", "module:nowhere"])
def test_an_absent_plugin_is_named(name: str) -> None:
    with pytest.raises(AuradError, match=f"cannot load the plugin {name}: "):
        load_stages(name)

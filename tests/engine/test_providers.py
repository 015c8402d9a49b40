"""Who does what: in the order asked for, in the job's language, and the story of those that failed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aurad.engine.catalog import Stage
from aurad.engine.providers import ProviderFailed, Providers, speaks
from aurad.model.errors import AuradError
from aurad.wire.worker import StageInfo


class Catalogue:
    """Voices by name, with their languages."""

    def __init__(self, **voices: Sequence[str]) -> None:
        self.stages = {("voice", name): voice(name, languages) for name, languages in voices.items()}

    def why_off(self, kind: str, name: str) -> str:
        stage = self.stages.get((kind, name))
        return "is not installed" if stage is None else stage.info.lacks and f"cannot be used: {stage.info.lacks}"

    def find(self, kind: str, name: str, *, setting: str = "") -> Stage:
        raise AuradError("E104-PLUGIN", f"cannot find a {kind} stage {name!r}")


def voice(name: str, languages: Sequence[str] = ("*",), lacks: str = "") -> Stage:
    info = StageInfo(kind="voice", name=name, methods=("speak",), languages=tuple(languages), lacks=lacks)
    return Stage(plugin=name, version="2", fingerprint="", info=info)


def providers(catalogue: Catalogue, *names: str, language: str = "en") -> Providers:
    return Providers(catalogue, {"voice": names}, language)  # type: ignore[arg-type]


def names(left: Providers) -> list[str]:
    return [stage.info.name for stage in left.all("voice")]


def failed(name: str) -> ProviderFailed:
    return ProviderFailed("voice", AuradError("E312-UNAVAILABLE", f"cannot use {name}: no key", remedy=f"Pay {name}."))


def test_the_order_asked_for_is_kept_and_what_is_not_installed_is_passed_over() -> None:
    left = providers(Catalogue(a="*", b="*", c="*"), "c", "nobody", "a")
    assert names(left) == ["c", "a"]
    assert left.first("voice").info.name == "c"
    assert left.next_after("voice", left.all("voice")[0]) == left.all("voice")[1]
    assert left.next_after("voice", left.all("voice")[1]) is None
    assert left.choice(left.first("voice")).reason == "first in the order configured"


def test_none_installed_names_the_first() -> None:
    with pytest.raises(AuradError, match="nobody") as caught:
        providers(Catalogue(a="*"), "nobody", "else")
    assert caught.value.code == "E104-PLUGIN"


def test_only_who_speaks_the_language_is_asked() -> None:
    catalogue = Catalogue(english=["en"], all=["*"], german=["de", "de-AT"])
    assert names(providers(catalogue, "english", "all", "german", language="de-AT")) == ["all", "german"]
    with pytest.raises(
        AuradError, match="language 'fr': english does not speak fr; german does not speak fr"
    ) as caught:
        providers(catalogue, "english", "german", language="fr")
    assert caught.value.code == "E109-LANGUAGE"


def test_what_lacks_a_part_is_passed_over_and_named() -> None:
    catalogue = Catalogue(english=["en"])
    catalogue.stages["voice", "all"] = voice("all", lacks="pip install 'x[all]'")
    assert names(providers(catalogue, "all", "english")) == ["english"]
    with pytest.raises(AuradError, match=r"all cannot be used: pip install 'x\[all\]'") as caught:
        providers(catalogue, "english", "all", language="fr")
    assert caught.value.code == "E109-LANGUAGE"


@pytest.mark.parametrize(
    ("known", "language", "expected"),
    [
        (["en"], "en-GB", True),
        (["en"], "EN-gb", True),
        (["en-GB"], "en-gb", True),
        (["en-GB"], "en", False),
        (["en-GB"], "en-US", False),
        (["*"], "tlh", True),
        (["zh-Hans"], "zh-Hans-CN", True),
        ([], "en", False),
    ],
)
def test_a_language_covers_its_regions(known: Sequence[str], language: str, expected: bool) -> None:
    assert speaks(voice("a", known), language) is expected


def test_the_next_one_knows_why_it_is_asked() -> None:
    left = providers(Catalogue(a="*", b="*"), "a", "b")
    left.drop(failed("a"))
    choice = left.choice(left.first("voice"))
    assert (choice.name, choice.version, choice.fallback_from) == ("b", "2", "a")
    assert "no key" in choice.reason


def test_a_single_failure_is_told_as_it_was() -> None:
    left, failure = providers(Catalogue(a="*"), "a"), failed("a")
    left.drop(failure)
    with pytest.raises(AuradError) as caught:
        left.first("voice")
    assert caught.value is failure.error


def test_several_failures_are_told_in_order() -> None:
    left = providers(Catalogue(a="*", b="*"), "a", "b")
    for name in "ab":
        left.drop(failed(name))
    with pytest.raises(AuradError, match=r"a: cannot use a: no key; b: cannot use b: no key") as caught:
        left.first("voice")
    assert (caught.value.code, caught.value.remedy) == ("E303-PROVIDERS", "Pay b.")
    assert [attempt["provider"] for attempt in caught.value.details["attempts"]] == ["a", "b"]  # type: ignore[attr-defined]


def test_nobody_configured_is_told() -> None:
    with pytest.raises(AuradError, match="none is configured") as caught:
        providers(Catalogue()).first("voice")
    assert caught.value.code == "E303-PROVIDERS"

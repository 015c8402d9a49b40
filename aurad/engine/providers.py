"""Who does what: providers in the order asked for, dropped one by one as they fail for good."""

from __future__ import annotations

from typing import cast

from aurad.engine.catalog import Catalog, Stage
from aurad.model.errors import AuradError
from aurad.model.event import PluginChoice
from aurad.model.stage import StageKind

HOPELESS = frozenset({"E207-COST", "E501-DISK", "E502-STOPPING", "E506-STORE"})  # no other provider would fare better


class ProviderFailed(Exception):
    """A provider failed for good at a step that only one may do; the next one redoes the step."""

    def __init__(self, kind: StageKind, error: AuradError) -> None:
        super().__init__(error.detail)
        self.kind, self.error = kind, error


class Providers:
    """The providers left for one job, and the story of those that failed."""

    def __init__(
        self, catalog: Catalog, asked: dict[StageKind, tuple[str, ...]], language: str, voice: str = ""
    ) -> None:
        self.catalog, self._asked, self._language, self._voice = catalog, asked, language, voice
        self._passed_over: dict[tuple[StageKind, str], list[tuple[str, AuradError]]] = {}
        self._left: dict[StageKind, list[Stage]] = {kind: self._fitting(kind, names) for kind, names in asked.items()}
        self._failed: dict[StageKind, list[tuple[str, AuradError]]] = {}

    def _fitting(self, kind: StageKind, names: tuple[str, ...]) -> list[Stage]:
        """The installed ones of `names` that speak the language. Raises E104 or E109 if none is left."""
        installed = [self.catalog.stages[kind, name] for name in names if (kind, name) in self.catalog.stages]
        if names and not installed:
            self.catalog.find(kind, names[0], setting=f"{kind}.providers")
        fitting = [stage for stage in installed if not stage.info.lacks and speaks(stage, self._language)]
        if installed and not fitting:
            raise self._nobody(kind, names)
        if kind == "voice" and self._voice:
            return [s for s in fitting if self._voice in self.catalog.described([s], "voices")] or fitting
        return fitting

    def _nobody(self, kind: StageKind, names: tuple[str, ...]) -> AuradError:
        told = "; ".join(f"{name} {self._why_not(kind, name)}" for name in names)
        what = f"for language {self._language!r}" if kind == "voice" else "that can be used"
        code = "E109-LANGUAGE" if kind == "voice" else "E312-UNAVAILABLE"
        return AuradError(code, f"cannot find a {kind} stage {what}: {told}")

    def all(self, kind: StageKind) -> list[Stage]:
        """Every provider left, best first."""
        return self._left.get(kind, [])

    def first(self, kind: StageKind) -> Stage:
        """The provider to use. Raises E303 with the story once none is left."""
        left = self.all(kind)
        if not left:
            raise self.story(kind)
        return left[0]

    def next_after(self, kind: StageKind, stage: Stage) -> Stage | None:
        """The provider that comes after `stage`, None if it is the last."""
        later = self.all(kind)[self.all(kind).index(stage) + 1 :]
        return later[0] if later else None

    def drop(self, failed: ProviderFailed) -> None:
        """The first provider of a kind is out of this job."""
        stage = self._left[failed.kind].pop(0)
        self._failed.setdefault(failed.kind, []).append((stage.info.name, failed.error))

    def story(self, kind: StageKind) -> AuradError:
        """Why no provider is left: the one error as it was, or all of them in order."""
        attempts = self._failed.get(kind, [])
        if len(attempts) == 1:
            return attempts[0][1]
        if not attempts:
            return AuradError("E303-PROVIDERS", f"cannot find a provider for {kind}: none is configured")
        told = "; ".join(f"{name}: {error.detail}" for name, error in attempts)
        details: dict[str, object] = {
            "attempts": [{"provider": n, "code": e.code, "detail": e.detail} for n, e in attempts]
        }
        return AuradError(
            "E303-PROVIDERS", f"cannot finish {kind}: {told}", remedy=attempts[-1][1].remedy, details=details
        )

    def choice(self, stage: Stage) -> PluginChoice:
        """Who does it and why, for the journal and for people."""
        kind, name = cast(StageKind, stage.info.kind), stage.info.name
        failed = dict(self._failed.get(kind, [])) | dict(self._passed_over.get((kind, name), []))
        if failed:
            last, error = list(failed.items())[-1]
            return PluginChoice(
                name=name, version=stage.version, reason=f"after {last} failed: {error.detail}", fallback_from=last
            )
        return PluginChoice(name=name, version=stage.version, reason=self._reason(kind, name))

    def _reason(self, kind: StageKind, name: str) -> str:
        if kind == "finish":
            return "one of the finishers configured"
        asked = self._asked.get(kind, ())
        before = asked[: asked.index(name)] if name in asked else ()
        if not before:
            return "first in the order configured"
        return "; ".join(f"{other} {self._why_not(kind, other)}" for other in before)

    def _why_not(self, kind: StageKind, name: str) -> str:
        if why := self.catalog.why_off(kind, name):
            return why
        if not speaks(self.catalog.stages[kind, name], self._language):
            return f"does not speak {self._language}"
        return f"has no voice {self._voice!r}"

    def pass_over(self, stage: Stage, following: Stage, error: AuradError) -> None:
        """`stage` could not do one scene, `following` does it: remembered for the reason of its choice."""
        kind = cast(StageKind, stage.info.kind)
        self._passed_over.setdefault((kind, following.info.name), []).append((stage.info.name, error))


def speaks(stage: Stage, language: str) -> bool:
    """Whether a stage knows a BCP 47 language; `*` is any, `en` covers `en-GB`."""
    parts = language.lower().split("-")
    tags = {"-".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return any(known == "*" or known.lower() in tags for known in stage.info.languages)

"""A task: a pure function of its digest. What is run, by whom, and what it is known by."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from aurad.model.artifact import Artifact
from aurad.model.job import Step
from aurad.model.stage import Slot
from aurad.model.value import Value, canonical, digest


class Task(Value, frozen=True, kw_only=True, dict=True):
    """One call of one stage. `salt` keeps apart what must not be shared: a lineage, another take.

    `size` is the work in the method's unit (characters, frames, seconds), for estimates only; `leads_to`
    names plugins that will be asked once it is done; `secrets` names what the worker is handed; `scene_id` and
    `name` are for people. None of these is hashed.
    """

    plugin: str
    stage: str
    method: str
    request: Value
    fingerprint: str
    slot: Slot = "cpu"
    options: dict[str, Any] = {}
    salt: str = ""
    step: Step
    name: str
    scene_id: str = ""
    size: float = 1.0
    order: float = 0.0
    leads_to: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        return digest(
            self.fingerprint.encode(),
            f"{self.stage}.{self.method}".encode(),
            canonical(self.request),
            canonical(self.options),
            self.salt.encode(),
        )


def seeded(request: Value, take: int = 0) -> Any:
    """The same request with its seed set: 31 bits that follow from everything else in it, and from the take."""
    return msgspec.structs.replace(request, seed=seed_of(request, take) if take else seed_of(request))


def seed_of(*facts: object) -> int:
    """A seed of 31 bits that follows from these facts alone."""
    return int(digest(canonical(facts))[:8], 16) >> 1


def artifacts_in(value: object) -> list[Artifact]:
    """Every artifact inside a value, however deep."""
    found: list[Artifact] = []
    _gather_artifacts(value, found)
    return found


def _gather_artifacts(value: object, found: list[Artifact]) -> None:
    if isinstance(value, (str, float, int)) or value is None:
        return  # which most are
    if isinstance(value, Artifact):
        found.append(value)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _gather_artifacts(getattr(value, name), found)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _gather_artifacts(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _gather_artifacts(item, found)

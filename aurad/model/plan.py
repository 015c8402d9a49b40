"""What a job would come to, before there is one."""

from __future__ import annotations

from aurad.model.event import PluginChoice
from aurad.model.stage import StageKind
from aurad.model.value import Value


class Plan(Value, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=False):
    """`seconds` is how long this machine will work if it does nothing else; `cost` what providers charge for sure."""

    providers: dict[StageKind, tuple[PluginChoice, ...]]
    scenes: int
    video_seconds: float
    seconds: float
    disk_bytes: int
    cost: float

"""What an older client makes of a newer daemon's words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aurad.client.lenient import read
from aurad.model.event import AnyEvent, ArtifactView, Items, JobCompleted, JobView, StepProgress, StepView
from aurad.model.job import Status

COMMON: dict[str, Any] = {
    "seq": 1, "jobSeq": 1, "jobId": "a", "timestamp": "t", "correlationId": "c", "status": "Running",
    "stage": "Voice", "progress": 1.0, "message": "", "eta": None,
}  # fmt: skip
JOB = {"jobId": "a", "correlationId": "c", "owner": {"uid": 1, "name": "o"}, "status": "Running", "createdAt": "t",
       "priority": 5, "brief": {"topic": "x", "unknown": {"kept": 1}}, "settings": {}}  # fmt: skip


def test_members_nobody_knows_are_left_out_at_every_depth() -> None:
    event = {"type": "step-progress", **COMMON, "step": "Voice", "progressPct": 2.0, "new": 1,
             "items": {"done": 1, "total": 2, "more": []}}  # fmt: skip
    found = read(event, AnyEvent)
    assert isinstance(found, StepProgress)
    assert found.items == Items(done=1, total=2)
    job = read({**JOB, "new": {}, "steps": [{"name": "Voice", "plugin": {"name": "p", "new": 1}, "new": 2}]}, JobView)
    assert job.status is Status.RUNNING
    assert [step.plugin.name for step in job.steps if step.plugin] == ["p"]
    assert job.brief == {"topic": "x", "unknown": {"kept": 1}}


def test_members_inside_lists_and_optional_ones() -> None:
    artifact = {"artifactId": "1", "name": "n", "kind": "video", "mediaType": "m", "sizeBytes": 1, "sha256": "s"}
    event = {"type": "job-completed", **COMMON, "output": None, "artifacts": [{**artifact, "href": "/x"}]}
    found = read(event, AnyEvent)
    assert isinstance(found, JobCompleted)
    assert [each.name for each in found.artifacts] == ["n"]
    assert read({"name": "Voice"}, StepView).name == "Voice"
    assert read([{**artifact, "new": 1}], tuple[ArtifactView, ...])[0].name == "n"


@pytest.mark.parametrize("value", [{"type": "not-known", **COMMON}, {"type": "warning"}, {}, 3, None])
def test_what_is_none_of_these_is_told(value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(value, AnyEvent)

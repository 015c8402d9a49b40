"""The order in which jobs that wait are started."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from aurad.engine.record import Job
from aurad.model.job import Status


def in_turn(live: Iterable[Job], running: Iterable[Job]) -> list[Job]:
    """The queue: the urgent first; among equals owners take turns, and each owner's oldest is first."""
    queued = sorted((job for job in live if job.status is Status.QUEUED), key=lambda job: job.rank)
    turns = collections.Counter(job.view.owner.uid for job in running)
    places = {}
    for job in queued:
        uid = job.view.owner.uid
        places[job] = (job.view.priority, turns[uid])
        turns[uid] += 1
    return sorted(queued, key=places.__getitem__)

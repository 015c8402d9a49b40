"""Which jobs a list holds: the newest first, page by page, of one owner, some states, some labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from aurad.engine.journal import Journal
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Status

PAGE_BYTES = 4 << 20  # of the jobs in one answer or snapshot: half of what a message may have, and of what clients read


class Listed(NamedTuple):
    """Some jobs; what follows is before `cursor`, None at the end."""

    jobs: list[JobView]
    cursor: str | None


async def list_ids(
    journal: Journal,
    owner: int | None,
    limit: int,
    *,
    before: str | None = None,
    status: Sequence[Status] | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[str]:
    """Ids sort by time and are the table's key: a page costs what it shows, wherever it begins.

    `before` need not exist any more.
    """
    where, values = ["1"], list[Any]()
    if owner is not None:
        where.append("owner_uid = ?")
        values.append(owner)
    if before is not None:
        where.append("job_id < ?")
        values.append(before)
    if status is not None:
        where.append(f"status IN ({','.join('?' * len(status))})")
        values += [each.value for each in status]
    for name, value in (labels or {}).items():
        where.append("EXISTS (SELECT 1 FROM json_each(CAST(view AS TEXT), '$.labels') WHERE key = ? AND value = ?)")
        values += [name, value]
    sql = f"SELECT job_id FROM jobs WHERE {' AND '.join(where)} ORDER BY job_id DESC LIMIT ?"
    rows: list[sqlite3.Row] = await journal.read(sql, *values, limit)
    return [row[0] for row in rows]


async def fill(ids: Sequence[str], limit: int, get: Callable[[str], Awaitable[JobView]]) -> Listed:
    """Of jobs, of which there may be more than `limit`, as many as a page holds; one always fits."""
    views, room = list[JobView](), PAGE_BYTES
    for job_id in ids[:limit]:
        try:
            view = await get(job_id)
        except AuradError:  # forgotten meanwhile
            continue
        room -= _size(view)
        if views and room < 0:
            return Listed(views, views[-1].job_id)
        views.append(view)
    return Listed(views, ids[limit - 1] if len(ids) > limit else None)


def fitting(views: Sequence[JobView]) -> tuple[JobView, ...]:
    """As many of these as a snapshot holds, first those that have not ended; one always fits."""
    chosen, room = set[str](), PAGE_BYTES
    for view in sorted(views, key=lambda view: view.status.terminal):
        room -= _size(view)
        if chosen and room < 0:
            break
        chosen.add(view.job_id)
    return tuple(view for view in views if view.job_id in chosen)


def _size(view: JobView) -> int:
    return len(msgspec.json.encode(view))

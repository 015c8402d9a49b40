"""Which jobs a list holds: the newest first, page by page, of one owner, some states, some labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from aurad.engine.journal import Journal
from aurad.model.job import Status


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

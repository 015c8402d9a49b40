"""What fits into a page of jobs, and into a snapshot: bounded by bytes, and never silently."""

from __future__ import annotations

import msgspec
import pytest

from aurad.engine import listing
from aurad.engine.listing import fill, fitting
from aurad.model.errors import AuradError
from aurad.model.event import JobView, Owner
from aurad.model.job import Status

SIZE = 100_000


def job(name: str, status: Status = Status.SUCCEEDED) -> JobView:
    return JobView(
        job_id=name, correlation_id="c", owner=Owner(uid=1, name="o"), status=status, created_at="t", priority=5,
        brief={"style": "x" * SIZE}, settings={},
    )  # fmt: skip


async def get(job_id: str) -> JobView:
    if job_id == "gone":
        raise AuradError("E200-NO_JOB", "cannot find it")
    return job(job_id)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> int:
    """For three jobs."""
    monkeypatch.setattr(listing, "PAGE_BYTES", room := 3 * SIZE + SIZE // 2)
    return room


@pytest.mark.parametrize(
    ("ids", "limit", "told", "cursor"),
    [
        ("abc", 5, "abc", None),
        ("abc", 3, "abc", None),
        ("abc", 2, "ab", "b"),
        ("abcdef", 5, "abc", "c"),
    ],
)
async def test_a_page_ends_at_its_limit_or_where_it_is_full(
    room: int, ids: str, limit: int, told: str, cursor: str | None
) -> None:
    page = await fill(ids, limit, get)
    assert ("".join(view.job_id for view in page.jobs), page.cursor) == (told, cursor)
    assert len(msgspec.json.encode(page.jobs)) <= room


async def test_a_job_that_is_forgotten_meanwhile_is_left_out_and_ends_nothing() -> None:
    page = await fill(["a", "gone", "b"], 2, get)
    assert ([view.job_id for view in page.jobs], page.cursor) == (["a"], "gone")


async def test_one_job_fits_whatever_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE_BYTES", 10)
    assert (await fill("abc", 3, get)).cursor == "a"
    assert len(fitting([job("a"), job("b")])) == 1


def test_of_a_snapshot_those_that_have_ended_are_left_out_first(room: int) -> None:
    jobs = [job("a"), job("b", Status.RUNNING), job("c"), job("d"), job("e", Status.QUEUED)]
    assert [view.job_id for view in fitting(jobs)] == ["a", "b", "e"]
    assert fitting(jobs[:3]) == tuple(jobs[:3])

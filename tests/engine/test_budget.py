"""What a job may cost: bills add up, over restarts too, and what would pass the limit is not begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trio
import trio.testing

from aurad.api import Transient
from aurad.engine import attempts
from aurad.engine.budget import Budget, Usage
from aurad.engine.task import Task
from aurad.model.errors import AuradError
from aurad.model.job import Status
from aurad.model.value import Value
from aurad.wire.worker import UsageNews
from tests.engine.house import TALE, open_house
from tests.engine.toys import Billed

EQUAL = "Bees see red. Cats see all. Dogs see far. Owls see now."  # sentences of one length


@pytest.fixture(autouse=True)
def _free(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(attempts, "PAUSE", 0.01)
    Billed.gate, Billed.error, Billed.billed = None, None, 0
    yield
    Billed.gate = Billed.error = None


def task(name: str, size: float = 10.0, stage: str = "billed") -> Task:
    return Task(
        plugin=stage, stage=stage, method="speak", request=Value(), fingerprint="1", step="Voice", name=name, size=size
    )


def bill(cost: float | None, currency: str = "EUR") -> UsageNews:
    return UsageNews(task_id="", unit="characters", amount=1, cost=cost, currency=currency)


def spend(budget: Budget, name: str, cost: float, currency: str = "EUR", size: float = 10.0) -> None:
    one = task(name, size)
    budget.began(one)
    budget.bill(one, bill(cost, currency))
    budget.ended(one)


def test_what_reaches_the_limit_exactly_is_allowed() -> None:
    budget = Budget(0.3)
    spend(budget, "a", 0.1)
    spend(budget, "b", 0.1)
    assert budget.refusal(task("c")) is None
    spend(budget, "c", 0.1)
    assert budget.excess() is None
    assert budget.refusal(task("d")) is not None


def test_a_task_is_expected_to_cost_as_much_for_its_size_as_others_of_its_kind() -> None:
    budget = Budget(1.0)
    spend(budget, "a", 0.4, size=10)
    assert budget.refusal(task("b", size=15)) is None
    refused = budget.refusal(task("b", size=20))
    assert refused is not None
    assert refused.detail == "cannot start b, for about 0.8 EUR: 0.4 EUR are spent, and maxCost is 1 EUR"
    assert refused.details == {"spent": 0.4, "currency": "EUR", "maxCost": 1.0}
    assert budget.refusal(task("c", size=99, stage="free")) is None


def test_what_is_under_way_and_not_billed_counts_as_well() -> None:
    budget = Budget(0.3)
    spend(budget, "a", 0.1)
    for name in ("b", "c"):
        assert budget.refusal(task(name)) is None
        budget.began(task(name))
    assert budget.refusal(task("d")) is not None
    budget.ended(task("c"))
    assert budget.refusal(task("d")) is None


def test_currencies_are_not_added_to_one_another() -> None:
    budget = Budget(1.0)
    spend(budget, "a", 0.9, "EUR")
    spend(budget, "b", 0.9, "USD")
    assert budget.excess() is None
    spend(budget, "c", 0.2, "USD")
    assert "1.1 USD are spent" in str(budget.excess())


def test_without_a_limit_bills_are_noted_only() -> None:
    saved: list[tuple[Usage, ...]] = []
    budget = Budget(save=lambda usage: saved.append(tuple(usage)))
    spend(budget, "a", 1e9)
    assert budget.refusal(task("b")) is None
    assert saved == [budget.usage]
    assert budget.usage == ({"task": "a", "unit": "characters", "amount": 1, "cost": 1e9, "currency": "EUR"},)


async def test_a_job_fails_at_its_limit_and_tells_both_sums(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("billed", "tone")) as house:
        view = await house.make(EQUAL, maxCost=0.025)
        assert view.status is Status.FAILED
        (problem,) = view.errors
        assert problem["errorCode"] == "E207-COST"
        assert problem["detail"].endswith("0.02 EUR are spent, and maxCost is 0.025 EUR")
        assert problem["details"]["spent"] == 0.02
        assert (Billed.billed, len(view.usage)) == (2, 2)
        assert view.usage[0]["currency"] == "EUR"


async def test_what_was_paid_for_is_kept_for_the_next_job(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("billed",)) as house:
        failed = await house.make(EQUAL, maxCost=0.025)
        assert failed.status is Status.FAILED
        view = await house.make(EQUAL, maxCost=0.02)
        assert view.status is Status.SUCCEEDED
        assert sum(bill["cost"] for bill in view.usage) == 0.02
    assert Billed.billed == 4


async def test_a_bill_over_the_limit_ends_the_job_once_its_task_is_done(tmp_path: Path) -> None:
    Billed.gate = trio.Event()
    async with open_house(tmp_path, voice=("billed",)) as house:
        job_id = await house.submit("One sentence.", maxCost=0)
        await trio.testing.wait_all_tasks_blocked(0.1)
        assert (await house.engine.jobs.get(job_id)).status is Status.RUNNING
        Billed.gate.set()
        view = await house.engine.jobs.wait(job_id)
        assert view.errors[0]["detail"] == "cannot go on: 0.01 EUR are spent, and maxCost is 0 EUR"
        again = await house.make("One sentence.", maxCost=0)
    assert (again.status, Billed.billed) == (Status.SUCCEEDED, 1)


async def test_a_job_without_a_limit_or_below_it_is_made(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("billed",)) as house:
        assert (await house.make(TALE)).status is Status.SUCCEEDED
        assert (await house.make(EQUAL, maxCost=0.04)).status is Status.SUCCEEDED


async def test_a_restart_forgives_no_bill(tmp_path: Path) -> None:
    Billed.gate = trio.Event()
    async with open_house(tmp_path, voice=("billed",)) as house:
        job_id = await house.submit("One sentence.", maxCost=0.015)
        with trio.fail_after(10):
            while not Billed.billed:  # noqa: ASYNC110  # by the stage
                await trio.sleep(0.01)
    Billed.gate = None
    async with open_house(tmp_path, voice=("billed",)) as house:
        view = await house.engine.jobs.wait(job_id)
        assert [bill["cost"] for bill in view.usage] == [0.01, 0.01]
        assert view.errors[0]["details"]["spent"] == 0.02
        rows = await house.engine._journal.read("SELECT view FROM jobs")
    assert msgspec.json.decode(bytes(rows[0][0]))["usage"] == list(view.usage)


async def test_what_was_billed_and_failed_is_not_tried_again_over_the_limit(tmp_path: Path) -> None:
    Billed.error = Transient("cannot reach it: not now")
    async with open_house(tmp_path, voice=("billed", "tone")) as house:
        view = await house.make("One sentence.", maxCost=0.015)
        assert (view.errors[0]["errorCode"], Billed.billed) == ("E207-COST", 1)
        assert view.errors[0]["detail"].startswith("cannot start voice s1, for about 0.01 EUR")


async def test_another_job_that_may_pay_is_not_refused_with_the_poor_one(tmp_path: Path) -> None:
    async with open_house(tmp_path, voice=("billed",)) as house:
        poor = await house.submit(EQUAL, maxCost=0.01)
        rich = await house.submit(EQUAL)
        with trio.fail_after(10):
            assert (await house.engine.jobs.wait(poor)).status is Status.FAILED
            assert (await house.engine.jobs.wait(rich)).status is Status.SUCCEEDED


@pytest.mark.parametrize("limit", [-1, "much"])
async def test_a_limit_is_a_number_from_nothing_up(tmp_path: Path, limit: object) -> None:
    async with open_house(tmp_path) as house:
        with pytest.raises(AuradError, match=r"max_?[cC]ost"):
            await house.submit(maxCost=limit)

"""What one job may cost: bills of its stages add up, and what would pass the limit is not begun.

Nobody knows what a task costs before its stage tells it. After that, tasks of the same kind are expected to cost as
much for their size, those under way too. What has been billed and still runs may end: its result is paid for.
Currencies are not converted, so the limit holds for each by itself.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import Any

import trio

from aurad.engine.task import Task
from aurad.model.errors import AuradError
from aurad.wire.worker import UsageNews

Usage = dict[str, Any]
EXACT = 6  # decimals that count: sums of floats are never quite right
TINY = 1e-6  # the least size of a task, to divide by


class Overspent(AuradError):
    """A job's limit does not allow what it asks for."""


class Budget:
    """One job's bills; without a `limit` they are only noted. `save` makes them last beyond the daemon."""

    def __init__(
        self,
        limit: float | None = None,
        usage: Sequence[Usage] = (),
        save: Callable[[Sequence[Usage]], None] = lambda usage: None,
    ) -> None:
        self._limit, self.usage, self._save = limit, tuple(usage), save
        self._spent = collections.defaultdict[str, float](float)  # by currency
        for bill in usage:
            self._spent[bill.get("currency", "")] += bill["cost"] or 0.0
        self._prices: dict[tuple[str, str, str], float] = {}  # for a unit of a task's size
        self._under_way: dict[str, Task] = {}
        self._billed = collections.defaultdict[tuple[str, str], float](float)  # of those under way, by currency
        self._ended = trio.Event()

    @property
    def under_way(self) -> tuple[str, ...]:
        """Names of the tasks that run for the job."""
        return tuple(self._under_way)

    def began(self, task: Task) -> None:
        self._under_way[task.name] = task

    def bill(self, task: Task, news: UsageNews) -> None:
        """A stage has told what it used."""
        used = {"task": task.name, "unit": news.unit, "amount": news.amount, "cost": news.cost}
        self.usage = (*self.usage, used | ({"currency": news.currency} if news.currency else {}))
        self._save(self.usage)
        if news.cost:
            self._spent[news.currency] += news.cost
            self._billed[task.name, news.currency] += news.cost
            self._learn(task, news.currency)

    def _learn(self, task: Task, currency: str) -> None:
        price = self._billed[task.name, currency] / max(task.size, TINY)
        key = (task.stage, task.method, currency)
        self._prices[key] = max(price, self._prices.get(key, 0.0))

    def ended(self, task: Task) -> None:
        """An attempt is over, in whatever way."""
        self._under_way.pop(task.name, None)
        for key in [key for key in self._billed if key[0] == task.name]:
            del self._billed[key]
        self._ended.set()
        self._ended = trio.Event()

    def refusal(self, task: Task) -> Overspent | None:
        """Why this must not be begun."""
        return self.excess() or self._over(task)

    def excess(self) -> Overspent | None:
        """That more was spent than may be."""
        for currency, spent in self._spent.items():
            if self._is_over(spent):
                return self._error(currency, f"cannot go on: {_money(spent, currency)} are spent")
        return None

    def _over(self, task: Task) -> Overspent | None:
        for currency, spent in self._spent.items():
            more = self._expected(task, currency)
            if more and self._is_over(spent + more + self._coming(currency)):
                so_far = f"{_money(spent, currency)} are spent"
                return self._error(currency, f"cannot start {task.name}, for about {_money(more, currency)}: {so_far}")
        return None

    def _is_over(self, total: float) -> bool:
        return self._limit is not None and round(total - self._limit, EXACT) > 0

    def _expected(self, task: Task, currency: str) -> float:
        return self._prices.get((task.stage, task.method, currency), 0.0) * max(task.size, TINY)

    def _coming(self, currency: str) -> float:
        """What those under way are still to be billed."""
        unbilled = [task for name, task in self._under_way.items() if (name, currency) not in self._billed]
        return sum(self._expected(task, currency) for task in unbilled)

    def _error(self, currency: str, why: str) -> Overspent:
        limit = self._limit or 0.0
        details = {"spent": round(self._spent[currency], EXACT), "currency": currency, "maxCost": limit}
        return Overspent("E207-COST", f"{why}, and maxCost is {_money(limit, currency)}", details=details)

    async def wait_paid(self) -> None:
        """Until nothing is under way that was billed."""
        while self._billed:
            await self._ended.wait()


def _money(amount: float, currency: str) -> str:
    return f"{round(amount, EXACT):g} {currency}".rstrip()

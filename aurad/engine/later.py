"""Values that are being made: started at once, awaited by whoever needs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import trio

from aurad.engine.catalog import Stage
from aurad.model.errors import AuradError

T = TypeVar("T")


class Later(Generic[T]):
    """A value that is being made; awaiting it any number of times gives it once it is there.

    What is there is given at once: hundreds are gathered in a row.
    """

    def __init__(self, nursery: trio.Nursery, make: Callable[[], Awaitable[T]]) -> None:
        self._made, self._values = trio.Event(), list[T]()
        nursery.start_soon(self._run, make)

    async def _run(self, make: Callable[[], Awaitable[T]]) -> None:
        self._values.append(await make())
        self._made.set()

    async def __call__(self) -> T:
        if self._values:
            await trio.lowlevel.checkpoint_if_cancelled()
        else:
            await self._made.wait()
        return self._values[0]


class Plans:
    """The job-wide plan of each visuals stage that wants one, made when the first scene asks for it."""

    def __init__(self, nursery: trio.Nursery, make: Callable[[Stage], Awaitable[list[Any]]]) -> None:
        self._nursery, self._make = nursery, make
        self._plans: dict[str, Later[list[Any] | AuradError]] = {}

    async def of(self, stage: Stage) -> list[Any]:
        """One part for each scene. Raises what making it raised, for every scene anew."""
        name = stage.info.name
        if name not in self._plans:
            self._plans[name] = Later(self._nursery, partial(self._try, stage))
        plan = await self._plans[name]()
        if isinstance(plan, AuradError):
            raise plan
        return plan

    async def _try(self, stage: Stage) -> list[Any] | AuradError:
        try:
            return await self._make(stage)
        except AuradError as error:
            return error


async def outlive(nursery: trio.Nursery, make: Callable[[], Awaitable[T]]) -> T:
    """What `make` gives or raises; it goes on in `nursery` to its end even if whoever asked leaves meanwhile."""

    async def tried() -> T | Exception:
        try:
            return await make()
        except Exception as error:
            return error

    made = await Later(nursery, tried)()
    if isinstance(made, Exception):
        raise made
    return made


async def gather(laters: Sequence[Later[T]]) -> list[T]:
    return [await later() for later in laters]

"""How an operation is entered into THE TABLE, and what all of them share: the call, the types, who may see."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from types import CoroutineType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_type_hints

from msgspec import Meta

from aurad.engine.engine import Engine
from aurad.engine.ids import LONGEST_OF_A_CALLER, OF_A_CALLER
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.shapes import shape
from aurad.model.value import Value
from aurad.serve.access import Caller, Role

if TYPE_CHECKING:
    from aurad.serve.tokens import Tokens

PAGE = 500  # entries of one list at most; the rest is asked for by cursor
JobId = Annotated[str, Meta(min_length=1, max_length=64)]
CorrelationId = Annotated[
    str,
    Meta(
        max_length=LONGEST_OF_A_CALLER,
        pattern=shape(rf"^({OF_A_CALLER})?(?!\n)$", "an id of printable ASCII without spaces at its ends"),
    ),
]


class Call(NamedTuple):
    """One call of an operation; `fds` came with it, `reply_fds` go back with the answer and are closed then.

    `tokens` is None where there is no HTTP edge.
    """

    engine: Engine
    caller: Caller
    fds: list[int]
    reply_fds: list[int]
    tokens: Tokens | None = None


Handler = Callable[[Call, Any], Any]  # a coroutine function if it may wait, a plain one if it never does


class Route(NamedTuple):
    """Where REST offers an operation: `{jobId}` in `path` is a parameter, the others are query or JSON body.

    `location` names the resource of a 201 or 202 answer by the members of the result. `also` has the statuses
    of results of other types.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    status: int = 200
    location: str = ""
    also: tuple[tuple[int, type[Value]], ...] = ()

    def status_of(self, result: object) -> int:
        return next((status for status, kind in self.also if isinstance(result, kind)), self.status)


class Operation(NamedTuple):
    """An operation as every edge offers it; `result` is what its handler is annotated to return."""

    name: str
    params: type[Value]
    role: Role
    handler: Handler
    summary: str
    route: Route | None = None
    result: Any = Any
    deprecated: str = ""  # the method to use instead
    waits: bool = False  # whether its handler may

    async def perform(self, call: Call, params: Any) -> Any:
        """What the handler gives."""
        answer = self.handler(call, params)
        return await answer if isinstance(answer, CoroutineType) else answer

    @property
    def results(self) -> tuple[Any, ...]:
        """Its result's types: more than one where the answer depends on what was asked."""
        return get_args(self.result) if isinstance(self.result, UnionType) else (self.result,)


TABLE: dict[str, Operation] = {}


def operation(
    name: str, params: type[Value], role: Role, route: Route | None = None, *, deprecated: str = ""
) -> Callable[[Handler], Handler]:
    """Enter a handler into the table; its docstring is the summary, its return type the result."""

    def enter(handler: Handler) -> Handler:
        result = get_type_hints(handler, include_extras=True).get("return", Any)
        summary = (handler.__doc__ or "").strip()
        waits = iscoroutinefunction(handler)
        TABLE[name] = Operation(name, params, role, handler, summary, route, result, deprecated, waits)
        return handler

    return enter


class Result(Value, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=False):
    """The base of results: every member is always told, and more may come in a later version."""


class Nothing(Value, frozen=True, kw_only=True):
    """No parameters."""


class Done(Result, frozen=True, kw_only=True):
    """Nothing more to say."""


class ByJob(Value, frozen=True, kw_only=True):
    job_id: JobId


async def visible(call: Call, job_id: str) -> JobView:
    """The job, if this caller may know of it; else E200, as if it did not exist."""
    view = await call.engine.jobs.get(job_id)
    if not call.caller.sees(view.owner):
        raise AuradError("E200-NO_JOB", f"cannot find job {job_id!r}")
    return view

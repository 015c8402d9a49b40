"""Operations on secrets: keys and passwords of services, which stages ask for by name. None ever tells a value."""

from __future__ import annotations

from typing import Annotated

import structlog
from msgspec import Meta

from aurad.model.shapes import shape
from aurad.model.value import Value
from aurad.serve.operations.table import Call, Done, Nothing, Result, operation

Name = Annotated[
    str,
    Meta(
        pattern=shape(r"^[A-Za-z][A-Za-z0-9_.-]{0,63}(?!\n)$", "a name of at most 64 letters, digits, _, . and -"),
        description="As stages ask for it.",
    ),
]

log = structlog.get_logger()


class SecretNames(Result, frozen=True, kw_only=True):
    """Those that are set, and those that a stage asks for and nobody has set."""

    names: list[str]
    missing: list[str]


class SetSecret(Value, frozen=True, kw_only=True):
    name: Name
    value: Annotated[str, Meta(min_length=1, max_length=16384)]

    def __repr__(self) -> str:
        return f"SetSecret(name={self.name!r})"


class ByName(Value, frozen=True, kw_only=True):
    name: Name


@operation("secrets.list", Nothing, "admin")
async def names(call: Call, params: Nothing) -> SecretNames:
    """Names of secrets; never a value."""
    await call.engine.catalog.load()
    there = await call.engine.secrets.names()
    asked = {name for stage in call.engine.catalog.stages.values() for name in stage.info.secrets}
    return SecretNames(names=there, missing=sorted(asked.difference(there)))


@operation("secrets.set", SetSecret, "admin")
async def put(call: Call, params: SetSecret) -> Done:
    """Keep a secret, in a file that only the daemon's user can read; stages are handed it from now on."""
    await call.engine.secrets.set(params.name, params.value)
    log.info("secret set", name=params.name, by=call.caller.owner.name)
    return Done()


@operation("secrets.delete", ByName, "admin")
async def delete(call: Call, params: ByName) -> Done:
    """Forget a secret."""
    await call.engine.secrets.delete(params.name)
    log.info("secret deleted", name=params.name, by=call.caller.owner.name)
    return Done()

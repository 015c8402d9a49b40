"""Operations on the daemon itself: hello, health, check-up, settings, stop."""

from __future__ import annotations

import os
from typing import Any

import msgspec

from aurad import __version__
from aurad.model.errors import AuradError
from aurad.model.settings import Settings
from aurad.model.value import Value
from aurad.serve.doctor import doctor
from aurad.serve.health import Health, health
from aurad.serve.operations.table import Call, Done, Nothing, Result, Route, operation

PROTOCOL = 1


class Hello(Value, frozen=True, kw_only=True):
    client: str = ""
    version: str = ""
    protocol: tuple[int, ...] = (PROTOCOL,)


class Welcome(Result, frozen=True, kw_only=True):
    """Who is at the other end."""

    protocol: int
    server: str
    version: str
    role: str
    boot_id: str
    pid: int
    private: bool


class Pong(Result, frozen=True, kw_only=True):
    pong: bool = True


class Checks(Result, frozen=True, kw_only=True):
    checks: list[dict[str, Any]]


class Configuration(Result, frozen=True, kw_only=True):
    settings: Settings


class Drain(Value, frozen=True, kw_only=True):
    on: bool = True


class Draining(Result, frozen=True, kw_only=True):
    draining: bool


@operation("rpc.ping", Nothing, "read")
async def ping(call: Call, params: Nothing) -> Pong:
    """Answers at once."""
    return Pong()


@operation("system.hello", Hello, "read")
async def hello(call: Call, params: Hello) -> Welcome:
    """Agree on the protocol's version, and learn who is at the other end."""
    if PROTOCOL not in params.protocol:
        why = f"cannot speak protocol {', '.join(map(str, params.protocol))}: this daemon speaks {PROTOCOL}"
        raise AuradError("E107-MESSAGE", why)
    return Welcome(
        protocol=PROTOCOL, server="aurad", version=__version__, role=call.caller.role, boot_id=call.engine.boot_id,
        pid=os.getpid(), private=call.engine.private,
    )  # fmt: skip


@operation("system.health", Nothing, "read", Route("GET", "/api/health/ready"))
async def ready(call: Call, params: Nothing) -> Health:
    """Whether jobs can be taken and made: the journal answers, the store has room, the stages are known."""
    return await health(call.engine)


@operation("system.doctor", Nothing, "read")
async def diagnose(call: Call, params: Nothing) -> Checks:
    """Check FFmpeg, fonts, voices, disk and plugins."""
    return Checks(checks=await doctor(call.engine))


@operation("config.get", Nothing, "read")
async def config(call: Call, params: Nothing) -> Configuration:
    """The settings the daemon runs with."""
    return Configuration(settings=call.engine.settings)


@operation("config.schema", Nothing, "read", Route("GET", "/api/config/schema"))
async def config_schema(call: Call, params: Nothing) -> dict[str, Any]:
    """The JSON Schema of the settings file."""
    return msgspec.json.schema(Settings)


@operation("system.drain", Drain, "admin")
async def drain(call: Call, params: Drain) -> Draining:
    """Start no further job; those that run go on, and new ones wait. `on: false` ends it, as a restart does."""
    call.engine.jobs.drain(params.on)
    return Draining(draining=params.on)


@operation("system.stop", Nothing, "admin")
async def stop(call: Call, params: Nothing) -> Done:
    """Stop the daemon; jobs that run are resumed when it is back."""
    call.engine.stop_soon()
    return Done()

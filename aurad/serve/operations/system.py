"""Operations on the daemon itself: hello, health, check-up, facts, stop."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

from aurad import __version__
from aurad.engine.listing import PAGE_BYTES
from aurad.model.brief import SOURCE_LIMIT
from aurad.model.errors import AuradError
from aurad.model.folders import environment_stamp
from aurad.model.value import Value
from aurad.serve import limits
from aurad.serve.doctor import doctor
from aurad.serve.health import Health, health
from aurad.serve.operations.files import INLINE
from aurad.serve.operations.table import PAGE, TABLE, Call, Done, Nothing, Result, Route, operation

PROTOCOL = 1
FEATURES = ("batch", "cancel", "descriptors", "events", "websocket")


class Hello(Value, frozen=True, kw_only=True):
    client: str = ""
    version: str = ""
    protocol: tuple[int, ...] = (PROTOCOL,)


class Welcome(Result, frozen=True, kw_only=True):
    """Who is at the other end. `environment` is a digest of the settings that a private daemon took from there."""

    protocol: int
    server: str
    version: str
    role: str
    boot_id: str
    pid: int
    private: bool
    environment: str
    features: tuple[str, ...]
    limits: dict[str, float]


class Pong(Result, frozen=True, kw_only=True):
    pong: bool = True


class Info(Result, frozen=True, kw_only=True):
    """What runs here, on what, and where it keeps its things."""

    version: str
    boot_id: str
    pid: int
    private: bool
    uptime_seconds: float
    python: str
    platform: str
    cpus: int
    ffmpeg: str
    folders: dict[str, str]
    limits: dict[str, float]


class Checks(Result, frozen=True, kw_only=True):
    checks: list[dict[str, Any]]


class Drain(Value, frozen=True, kw_only=True):
    on: bool = True


class Draining(Result, frozen=True, kw_only=True):
    draining: bool


@operation("rpc.ping", Nothing, "read")
def ping(call: Call, params: Nothing) -> Pong:
    """Answers at once."""
    return Pong()


@operation("rpc.discover", Nothing, "read")
def discover(call: Call, params: Nothing) -> dict[str, Any]:
    """Every method with its parameters, result, errors and role, as an OpenRPC document."""
    from aurad.serve.openrpc import document  # it needs the whole table, which is not there yet

    return document(tuple(TABLE.values()))


@operation("system.hello", Hello, "read")
def hello(call: Call, params: Hello) -> Welcome:
    """Agree on the protocol's version, and learn who is at the other end."""
    if PROTOCOL not in params.protocol:
        why = f"cannot speak protocol {', '.join(map(str, params.protocol))}: this daemon speaks {PROTOCOL}"
        raise AuradError("E206-VERSION", why)
    return Welcome(
        protocol=PROTOCOL, server="aurad", version=__version__, role=call.caller.role, boot_id=call.engine.boot_id,
        pid=os.getpid(), private=call.engine.private,
        environment=environment_stamp(os.environ) if call.engine.private else "", features=FEATURES,
        limits=limits.told(),
    )  # fmt: skip


@operation("system.health", Nothing, "read", Route("GET", "/api/health/ready"))
async def ready(call: Call, params: Nothing) -> Health:
    """Whether jobs can be taken and made: the journal answers, the store has room, the stages are known."""
    return await health(call.engine)


@operation("system.info", Nothing, "read")
async def info(call: Call, params: Nothing) -> Info:
    """Version, machine, folders, FFmpeg and limits of this daemon."""
    engine = call.engine
    await engine.catalog.load()
    started, now = engine.started_with, engine.settings
    return Info(
        version=__version__, boot_id=engine.boot_id, pid=os.getpid(), private=engine.private,
        uptime_seconds=round(time.monotonic() - engine.started_at, 3), python=platform.python_version(),
        platform=platform.platform(), cpus=len(os.sched_getaffinity(0)), ffmpeg=str(engine.catalog.ffmpeg or ""),
        folders={name: str(path) for name, path in vars(engine.folders).items()},
        limits={
            "cpu": started.workers.cpu or os.cpu_count() or 1, "network": started.workers.network,
            "gpu": started.workers.gpu, "memoryMib": started.workers.memory_mib,
            "maxRunning": started.jobs.max_running, "maxQueued": started.jobs.max_queued,
            "storeGib": now.store.max_gib, "keepDays": now.jobs.keep_days,
            "sourceBytes": SOURCE_LIMIT, "inlineAssetBytes": INLINE, "page": PAGE,
            "pageBytes": PAGE_BYTES,
        },
    )  # fmt: skip


@operation("system.doctor", Nothing, "read")
async def diagnose(call: Call, params: Nothing) -> Checks:
    """Check FFmpeg, fonts, voices, disk and plugins."""
    return Checks(checks=await doctor(call.engine))


@operation("system.drain", Drain, "admin")
def drain(call: Call, params: Drain) -> Draining:
    """Start no further job; those that run go on, and new ones wait. `on: false` ends it, as a restart does."""
    call.engine.jobs.drain(params.on)
    return Draining(draining=params.on)


@operation("system.stop", Nothing, "admin")
def stop(call: Call, params: Nothing) -> Done:
    """Stop the daemon; jobs that run are resumed when it is back."""
    call.engine.stop_soon()
    return Done()

"""THE TABLE: every operation once, with its parameters, its role and what it does."""

from __future__ import annotations

import os
import stat
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

import msgspec
import trio
from msgspec import Meta

from aurad import __version__
from aurad.engine.engine import Engine
from aurad.engine.record import Job
from aurad.hooks.registry import CORE
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import JobSettings
from aurad.model.value import Value
from aurad.serve.access import Caller, Role
from aurad.serve.doctor import doctor

PROTOCOL = 1
PAGE = 500  # jobs in one list at most
INLINE = 1 << 20  # bytes of an asset that may come as base64
JobId = Annotated[str, Meta(min_length=1, max_length=64)]


class Call(NamedTuple):
    """One call of an operation; `fds` came with it, `reply_fds` go back with the answer and are closed then."""

    engine: Engine
    caller: Caller
    fds: list[int]
    reply_fds: list[int]


Handler = Callable[[Call, Any], Awaitable[Any]]


class Operation(NamedTuple):
    """An operation as every edge offers it."""

    name: str
    params: type[Value]
    role: Role
    handler: Handler
    summary: str


TABLE: dict[str, Operation] = {}


def operation(name: str, params: type[Value], role: Role) -> Callable[[Handler], Handler]:
    """Enter a handler into the table; its docstring is the summary."""

    def enter(handler: Handler) -> Handler:
        TABLE[name] = Operation(name, params, role, handler, (handler.__doc__ or "").strip())
        return handler

    return enter


class Nothing(Value, frozen=True, kw_only=True):
    """No parameters."""


class Hello(Value, frozen=True, kw_only=True):
    client: str = ""
    version: str = ""
    protocol: tuple[int, ...] = (PROTOCOL,)


class ByJob(Value, frozen=True, kw_only=True):
    job_id: JobId


class Cancel(ByJob, frozen=True, kw_only=True):
    reason: str = ""


class Retry(ByJob, frozen=True, kw_only=True):
    correlation_id: str = ""


class Page(Value, frozen=True, kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=PAGE)] = 50


class Submit(JobSettings, frozen=True, kw_only=True):
    """A brief and the job's settings."""

    brief: dict[str, Any]
    correlation_id: Annotated[str, Meta(max_length=128, pattern=r"^[\x21-\x7e]*$")] = ""


class PutAsset(Value, frozen=True, kw_only=True):
    """A file by descriptor, or at most 1 MiB of it as base64 in `data`."""

    media_type: str = "application/octet-stream"
    size: int | None = None
    data: str | None = None


class OpenArtifact(Value, frozen=True, kw_only=True):
    artifact_id: str


@operation("rpc.ping", Nothing, "read")
async def ping(call: Call, params: Nothing) -> Any:
    """Answers at once."""
    return {"pong": True}


@operation("system.hello", Hello, "read")
async def hello(call: Call, params: Hello) -> Any:
    """Agree on the protocol's version, and learn who is at the other end."""
    if PROTOCOL not in params.protocol:
        why = f"cannot speak protocol {', '.join(map(str, params.protocol))}: this daemon speaks {PROTOCOL}"
        raise AuradError("E107-MESSAGE", why)
    return {
        "protocol": PROTOCOL, "server": "aurad", "version": __version__, "role": call.caller.role,
        "bootId": call.engine.boot_id, "pid": os.getpid(), "private": call.engine.private,
    }  # fmt: skip


@operation("system.doctor", Nothing, "read")
async def diagnose(call: Call, params: Nothing) -> Any:
    """Check FFmpeg, fonts, voices, disk and plugins."""
    return {"checks": await doctor(call.engine)}


@operation("assets.put", PutAsset, "operate")
async def put_asset(call: Call, params: PutAsset) -> Any:
    """Bring a file in; it is copied and hashed before the answer."""
    if params.data is None and len(call.fds) != 1:
        raise AuradError(
            "E100-REQUEST", f"cannot take the asset: it comes with {len(call.fds)} descriptors and no data"
        )
    artifact = await call.engine.put_asset(_content(call, params), params.media_type, call.caller.owner)
    return {"asset": f"asset:{artifact.sha256}", "sizeBytes": artifact.size_bytes, "mediaType": artifact.media_type}


def _content(call: Call, params: PutAsset) -> int | bytes:
    if params.data is None:
        if not stat.S_ISREG(os.fstat(call.fds[0]).st_mode):  # reading a pipe may never end
            raise AuradError("E100-REQUEST", "cannot take the asset: it is no regular file")
        return call.fds[0]
    try:
        data = b64decode(params.data, validate=True)
    except (Base64Error, ValueError) as error:
        raise AuradError("E100-REQUEST", f"cannot read data: it is not base64 ({error})") from error
    if len(data) > INLINE:
        raise AuradError(
            "E105-TOO_LARGE", f"cannot take {len(data)} bytes inline: the limit is {INLINE}; send a descriptor"
        )
    return data


@operation("jobs.submit", Submit, "operate")
async def submit(call: Call, params: Submit) -> Any:
    """Take a job; it is on disk before the answer."""
    settings = msgspec.to_builtins(params)
    brief, correlation_id = settings.pop("brief"), settings.pop("correlationId", "")
    job = await call.engine.jobs.submit({"brief": brief, "settings": settings}, call.caller.owner, correlation_id)
    return await _accepted(call, job)


@operation("jobs.retry", Retry, "operate")
async def retry(call: Call, params: Retry) -> Any:
    """A new job that asks for the same; finished tasks are reused."""
    await _visible(call, params.job_id)
    job = await call.engine.jobs.retry(params.job_id, call.caller.owner, params.correlation_id)
    return await _accepted(call, job)


@operation("jobs.cancel", Cancel, "operate")
async def cancel(call: Call, params: Cancel) -> Any:
    """End a job; the answer comes when nothing of it runs any more."""
    await _visible(call, params.job_id)
    return await call.engine.jobs.cancel(params.job_id, call.caller.owner.name, params.reason)


@operation("jobs.get", ByJob, "read")
async def get(call: Call, params: ByJob) -> Any:
    """A job as it is now."""
    return await _visible(call, params.job_id)


@operation("jobs.wait", ByJob, "read")
async def wait(call: Call, params: ByJob) -> Any:
    """A job once it has ended."""
    await _visible(call, params.job_id)
    return await call.engine.jobs.wait(params.job_id)


@operation("jobs.list", Page, "read")
async def newest(call: Call, params: Page) -> Any:
    """The newest jobs first."""
    return {"jobs": await call.engine.jobs.newest(call.caller.filter, params.limit)}


@operation("jobs.tasks", ByJob, "read")
async def tasks(call: Call, params: ByJob) -> Any:
    """The timeline of a job's tasks."""
    await _visible(call, params.job_id)
    return {"tasks": await call.engine.jobs.tasks(params.job_id)}


@operation("jobs.artifacts", ByJob, "read")
async def artifacts(call: Call, params: ByJob) -> Any:
    """The files of a job."""
    return {"artifacts": (await _visible(call, params.job_id)).artifacts}


@operation("artifacts.open", OpenArtifact, "read")
async def open_artifact(call: Call, params: OpenArtifact) -> Any:
    """A file of a job as a descriptor, open for reading."""
    view, job_id, path = await call.engine.find_artifact(params.artifact_id)
    await _visible(call, job_id)
    call.reply_fds.append(await trio.to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC))
    return view


@operation("plugins.list", Nothing, "read")
async def plugins(call: Call, params: Nothing) -> Any:
    """Every plugin with its stages, or with the reason why it cannot be used."""
    catalog = call.engine.catalog
    await catalog.load()
    usable = [
        {
            "name": stage.info.name, "kind": stage.info.kind, "plugin": stage.plugin, "version": stage.version,
            "status": "ready", "reason": "", "languages": stage.info.languages, "slot": stage.info.slot,
            "needs": stage.info.needs, "optionsSchema": stage.info.options_schema,
        }
        for stage in catalog.stages.values() if stage.info.kind != CORE
    ]  # fmt: skip
    off = [
        {"name": b.plugin, "kind": "", "plugin": b.plugin, "version": "", "status": "broken", "reason": b.detail}
        for b in catalog.broken.values()
    ]
    return {"plugins": [*usable, *off]}


@operation("catalog.voices", Nothing, "read")
async def voices(call: Call, params: Nothing) -> Any:
    """Every voice of every voice stage."""
    return {"voices": await _described(call, "voice", "voices")}


@operation("catalog.themes", Nothing, "read")
async def themes(call: Call, params: Nothing) -> Any:
    """Every theme of every visuals stage."""
    return {"themes": await _described(call, "visuals", "themes")}


@operation("catalog.presets", Nothing, "read")
async def presets(call: Call, params: Nothing) -> Any:
    """Every preset with what it chooses."""
    return {"presets": [{"name": name, **msgspec.to_builtins(p)} for name, p in call.engine.presets.items()]}


@operation("config.get", Nothing, "read")
async def config(call: Call, params: Nothing) -> Any:
    """The settings the daemon runs with."""
    return {"settings": call.engine.settings}


@operation("system.stop", Nothing, "admin")
async def stop(call: Call, params: Nothing) -> Any:
    """Stop the daemon; jobs that run are resumed when it is back."""
    call.engine.stop_soon()
    return {}


async def _described(call: Call, kind: str, what: str) -> list[dict[str, Any]]:
    await call.engine.catalog.load()
    stages = [stage for stage in call.engine.catalog.stages.values() if stage.info.kind == kind]
    found = [(stage, entry) for stage in stages for entry in stage.info.describe.get(what, ())]
    return [{"provider": s.info.name, **(e if isinstance(e, dict) else {"name": e})} for s, e in found]


async def _visible(call: Call, job_id: str) -> JobView:
    """The job, if this caller may know of it; else E200, as if it did not exist."""
    view = await call.engine.jobs.get(job_id)
    if not call.caller.sees(view.owner):
        raise AuradError("E200-NO_JOB", f"cannot find job {job_id!r}")
    return view


async def _accepted(call: Call, job: Job) -> Any:
    view = await call.engine.jobs.get(job.view.job_id)
    return {"jobId": view.job_id, "correlationId": view.correlation_id, "position": view.position}

"""What the daemon and a worker process say to each other: methods, parameters and results (PROTOCOL 7).

Requests are `initialize`, `supports`, `run` and `shutdown`; `$/cancel` and all news from the worker are
notifications. Which JSON a stage's method takes and gives is in `METHODS`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from aurad.model import assembly
from aurad.model.errors import KINDS, AuradError
from aurad.model.narration import Narration
from aurad.model.script import Script
from aurad.model.stage import (
    FinishRequest,
    PlanRequest,
    ProfileRequest,
    SampleRequest,
    ScriptRequest,
    SegmentRequest,
    VisualRequest,
    VoiceRequest,
)
from aurad.model.stage_errors import BadInput, RateLimited, Refused, StageError, Transient, Unavailable
from aurad.model.value import Value
from aurad.model.video import Deliverables, Profile, Segment
from aurad.model.visual import Sample, Visual

API = 1  # version of this protocol

# ---------------------------------------------------------------- methods of stages


class Method(NamedTuple):
    """The types of a stage method's request and result."""

    request: type[Any]
    result: Any


METHODS: dict[str, Method] = {
    "write": Method(ScriptRequest, Script),
    "speak": Method(VoiceRequest, Narration),
    "plan": Method(PlanRequest, list[Any]),
    "draw": Method(VisualRequest, Visual),
    "sample": Method(SampleRequest, Sample),
    "profile": Method(ProfileRequest, Profile),
    "render_scene": Method(SegmentRequest, Segment),
    "finish": Method(FinishRequest, Deliverables),
    "sound": Method(assembly.SoundRequest, assembly.Soundtrack),
    "join": Method(assembly.JoinRequest, Segment),
    "preview": Method(assembly.PreviewRequest, assembly.Preview),
    "listen": Method(assembly.ListenRequest, assembly.Heard),
    "verify": Method(assembly.VerifyRequest, assembly.Verified),
}

MAIN_METHOD = {"script": "write", "voice": "speak", "visuals": "draw", "render": "render_scene", "finish": "finish"}

# ---------------------------------------------------------------- daemon -> worker


class Tools(Value, frozen=True, kw_only=True):
    """Programs the daemon found; "" where there is none."""

    ffmpeg: str = ""


class Limits(Value, frozen=True, kw_only=True):
    """Limits of the worker and, each on its own, of its tools; None: none of ours.

    `memory_bytes` is RLIMIT_DATA, `file_bytes` RLIMIT_FSIZE, `cpu_seconds` of processor time are for each task;
    FFmpeg without progress for `silence_seconds` is hung.
    """

    memory_bytes: int | None = None
    open_files: int | None = None
    file_bytes: int | None = None
    cpu_seconds: float | None = None
    silence_seconds: float = 30.0


class Initialize(Value, frozen=True, kw_only=True):
    """First request of a worker's life."""

    api: int
    plugin: str
    cache_dir: str
    tools: Tools = Tools()
    limits: Limits = Limits()


class Supports(Value, frozen=True, kw_only=True):
    """Can this stage serve this request, here and now? `method` is the one it is meant for ("": the kind's main)."""

    stage: str
    request: Any
    method: str = ""
    options: dict[str, Any] = {}


class Run(Value, frozen=True, kw_only=True):
    """Do one task. `deadline` is in seconds from now. The ids are for logs, never for results."""

    task_id: str
    stage: str
    method: str
    request: Any
    workspace: str
    job_id: str = ""
    correlation_id: str = ""
    options: dict[str, Any] = {}
    files: dict[str, str] = {}
    secrets: dict[str, str] = {}
    deadline: float | None = None


class Cancel(Value, frozen=True, kw_only=True):
    task_id: str


# ---------------------------------------------------------------- results: unknown members are ignored


class StageInfo(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What the daemon knows about a stage. `methods` tells, for instance, whether there is a `plan`.

    What it `lacks`, if anything, keeps it from being used on this machine.
    """

    kind: str
    name: str
    slot: str = "cpu"
    needs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("*",)
    lacks: str = ""
    fresh_per_job: bool = False
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    methods: tuple[str, ...]
    options_schema: dict[str, Any] = {}
    fingerprint: dict[str, str] = {}
    describe: dict[str, Any] = {}


class Version(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What of `Initialized` stays the same in every version of this protocol."""

    api: int


def check_version(plugin: str, *, worker: int, daemon: int) -> None:
    """Raises E600 if the two sides do not speak the same version."""
    if worker != daemon:
        why = f"its worker speaks version {worker} of the protocol, the daemon version {daemon}"
        remedy = "Restart the daemon if aurad was upgraded while it ran; else upgrade the plugin."
        raise AuradError("E600-PLUGIN_BROKEN", f"cannot use {plugin}: {why}", remedy=remedy)


class Initialized(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Who the worker is."""

    api: int
    plugin: str
    version: str
    stages: tuple[StageInfo, ...]
    fingerprint: dict[str, str] = {}


class Supported(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    reason: str | None = None


class ResultFile(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A file of the answer, in the workspace, for the daemon to copy."""

    path: str
    sha256: str
    size_bytes: int
    media_type: str


class RunResult(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """`output` is JSON that fits the method's result type."""

    output: Any
    files: tuple[ResultFile, ...] = ()


# ---------------------------------------------------------------- worker -> daemon, notifications


class ProgressNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    task_id: str
    done: float
    message: str = ""


class PartNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Something of the answer already: `value` is the JSON of scene `index` of a script."""

    task_id: str
    index: int
    value: Any


class LogNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A line; `run_id` says of which tool's run, "" is the stage itself."""

    task_id: str
    stream: Literal["log", "stdout", "stderr"]
    line: str
    run_id: str = ""


class WarningNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    task_id: str
    code: str
    detail: str


class UsageNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    task_id: str
    unit: str
    amount: float
    cost: float | None = None
    currency: str = ""


class ToolNews(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A tool started (`argv`, `path`, `resolution`) or, with `exit_code`, ended."""

    task_id: str
    run_id: str
    argv: tuple[str, ...] = ()
    path: str = ""
    resolution: str = ""
    exit_code: int | None = None


NEWS: dict[str, type[Value]] = {
    "progress": ProgressNews,
    "part": PartNews,
    "log": LogNews,
    "warning": WarningNews,
    "usage": UsageNews,
    "tool": ToolNews,
}

# ---------------------------------------------------------------- errors by name


class StageProblem(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """`error.data` of a failed request. `name` decides what the daemon does about it."""

    name: str
    code: str
    detail: str
    remedy: str = ""
    details: dict[str, Any] = {}
    retry_after: float | None = None
    traceback: str = ""


NAMED: dict[str, type[StageError]] = {
    error.__name__: error for error in (Unavailable, BadInput, RateLimited, Refused, Transient)
}


def error_to_problem(error: AuradError) -> StageProblem:
    """An error of a stage as it crosses to the daemon; `AuradError` is any without a name of its own."""
    name = next((name for name, kind in NAMED.items() if isinstance(error, kind)), "AuradError")
    return StageProblem(
        name=name,
        code=error.code,
        detail=error.detail,
        remedy=error.remedy,
        details=dict(error.details),
        retry_after=error.retry_after if isinstance(error, RateLimited) else None,
    )


def problem_to_error(problem: StageProblem) -> AuradError:
    """The daemon's side of `error_to_problem`; a code it does not know counts as a crash."""
    details: dict[str, object] = dict(problem.details)
    if problem.name == "RateLimited":
        return RateLimited(problem.detail, retry_after=problem.retry_after or 0.0, remedy=problem.remedy)
    if problem.name in NAMED:
        return NAMED[problem.name](problem.detail, remedy=problem.remedy, details=details)
    if problem.traceback:
        details["traceback"] = problem.traceback
    code = problem.code if problem.code in KINDS else "E300-CRASH"
    return AuradError(code, problem.detail, remedy=problem.remedy, details=details)

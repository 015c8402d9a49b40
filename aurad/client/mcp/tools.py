"""The tools an agent has: each a typed record of arguments and what is done with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from aurad.client.blocking import Client, ConnectionLost
from aurad.client.cli import deliver, images, make, source
from aurad.client.cli.jobs import about, find
from aurad.client.cli.session import FINAL_TYPES
from aurad.client.mcp.asked import Asked
from aurad.client.mcp.lines import Lines
from aurad.client.mcp.schemas import schema_of_answer, schema_of_arguments
from aurad.model.errors import AuradError
from aurad.model.event import JobView
from aurad.model.job import Accepted, Status, Step
from aurad.model.script import Script
from aurad.model.value import Value

TICK = 0.25  # seconds between two looks whether a wait is still wanted
LONGEST = 3600.0  # seconds of one wait
Job = Annotated[str, Meta(description="A job's id, a part of it, or `last`.")]


class MakeVideo(Value, frozen=True, kw_only=True, rename=None):
    """Exactly one of `text`, `topic` and `file`."""

    text: Annotated[str | None, Meta(description="A document: Markdown, plain text or HTML.")] = None
    topic: Annotated[str | None, Meta(description="A topic in a few words; a document gives a far better video.")] = (
        None
    )
    file: Annotated[str | None, Meta(description="Path of a document on this machine; its pictures are used.")] = None
    aspect: Literal["16:9", "9:16", "1:1", "4:5"] | None = None
    duration_seconds: Annotated[float, Meta(ge=10, le=3600)] | None = None
    language: str | None = None
    voice: str | None = None
    theme: str | None = None
    preset: Annotated[str | None, Meta(description="`draft` is fast and small; youtube-1080p is usual.")] = None
    captions: Literal["burn", "soft", "none"] | None = None
    until: Annotated[Literal["Script", "Voice", "Visuals"] | None, Meta(description="Stop after this stage.")] = None


class ListJobs(Value, frozen=True, kw_only=True, rename=None):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class OneJob(Value, frozen=True, kw_only=True, rename=None):
    job: Job = "last"


class WaitForJob(OneJob, frozen=True, kw_only=True, rename=None):
    seconds: Annotated[float, Meta(gt=0, le=LONGEST, description="How long to wait at most.")] = 600.0


class EditScript(OneJob, frozen=True, kw_only=True, rename=None):
    """What is not named stays."""

    scenes: Annotated[
        tuple[dict[str, Any], ...],
        Meta(description="Changed scenes: sceneId, and text, heading, voice or visual (merged into its slide)."),
    ] = ()
    order: Annotated[tuple[str, ...] | None, Meta(description="The ids of all scenes that stay, in order.")] = None
    remove: tuple[str, ...] = ()
    insert: Annotated[
        tuple[dict[str, Any], ...], Meta(description="New scenes: text, heading, and `after` which scene.")
    ] = ()
    settings: Annotated[dict[str, Any] | None, Meta(description="Settings to change, such as voice or theme.")] = None


class Remake(OneJob, frozen=True, kw_only=True, rename=None):
    stage: Literal["Script", "Voice", "Visuals", "Rendering", "Postprocessing"]
    scene_id: Annotated[str | None, Meta(description="Of this scene only.")] = None


class ListedJob(Value, frozen=True, kw_only=True):
    """Enough of a job to choose it by."""

    job_id: str
    status: Status
    progress: float
    stage: Step
    message: str
    created_at: str
    ended_at: str | None
    position: int | None
    retry_of: str | None
    about: str


class ListedJobs(Value, frozen=True, kw_only=True):
    jobs: tuple[ListedJob, ...]


class SavedFile(Value, frozen=True, kw_only=True):
    name: str
    kind: str
    path: str
    size_bytes: int
    sha256: str


class SavedFiles(Value, frozen=True, kw_only=True):
    files: tuple[SavedFile, ...]


class SaveFiles(OneJob, frozen=True, kw_only=True, rename=None):
    folder: Annotated[str, Meta(description="An existing folder of this machine.")]


class Tool(NamedTuple):
    """`run` gives a `result` as JSON has it."""

    arguments: type[Value]
    result: type[Value]
    run: Callable[[Client, Any, Asked], dict[str, Any]]
    summary: str
    read_only: bool = False


def described() -> list[dict[str, Any]]:
    """As `tools/list` has them."""
    return [
        {
            "name": name,
            "description": tool.summary,
            "inputSchema": schema_of_arguments(tool.arguments),
            "outputSchema": schema_of_answer(tool.result),
            "annotations": {"readOnlyHint": tool.read_only, "openWorldHint": False},
        }
        for name, tool in TOOLS.items()
    ]


def call(name: str, arguments: dict[str, Any], asked: Asked, lines: Lines) -> dict[str, Any]:
    """What only looks goes on by itself after a restart of the daemon.

    Raises E104 for an unknown tool, E102 for arguments that do not fit, and whatever the daemon says.
    """
    if name not in TOOLS:
        raise AuradError(
            "E104-PLUGIN", f"cannot find the tool {name!r}: there are {', '.join(TOOLS)}.", remedy="Call one of those."
        )
    tool = TOOLS[name]
    try:
        given = msgspec.convert(arguments, tool.arguments)
    except msgspec.ValidationError as error:
        raise AuradError(
            "E102-OPTION", f"cannot use the arguments of {name}: {error}.", remedy="tools/list has their schema."
        ) from error
    if tool.read_only:
        with suppress(ConnectionLost), lines.shared() as client:
            given = _identified(client, given)
            return tool.run(client, given, asked)
    with lines.shared() as client:
        return tool.run(client, _identified(client, given), asked)


def _identified(client: Client, given: Value) -> Value:
    """With the whole id of the job that is meant: later another one may be the last."""
    return msgspec.structs.replace(given, job=find(client, given.job)) if isinstance(given, OneJob) else given


# ---------------------------------------------------------------- what they do


def _make_video(client: Client, given: MakeVideo, asked: Asked) -> dict[str, Any]:
    brief = {"language": given.language, "aspect": given.aspect, "durationSeconds": given.duration_seconds}
    job = {name: getattr(given, name) for name in ("preset", "voice", "theme", "captions", "until")}
    order = make.Order(source=_source(given), brief=_given(brief), job=_given(job), quiet=True)
    assets = images.upload(client, make.find_pictures(order))
    return dict(client.call("jobs.submit", make.job(order, assets)))


def _source(given: MakeVideo) -> source.Source:
    ways = [way for way in (given.text, given.topic, given.file) if way is not None]
    if len(ways) != 1:
        raise AuradError("E101-BRIEF", f"cannot make a video of {len(ways)} things: give text, topic or file")
    if given.file is not None:
        if not Path(given.file).is_file():
            raise AuradError("E101-BRIEF", f"cannot read {given.file}: no such file")
        return source.read(given.file)
    if given.topic is not None:
        return source.Source(brief={"topic": given.topic}, name=source.slug(given.topic), label=given.topic)
    return source.Source(brief={"source": given.text}, name="video", label="a text of an agent")


def _list_jobs(client: Client, given: ListJobs, asked: Asked) -> dict[str, Any]:
    return {"jobs": [_brief(job) for job in client.call("jobs.list", {"limit": given.limit})["jobs"]]}


def _brief(job: dict[str, Any]) -> dict[str, Any]:
    shown = (field.encode_name for field in msgspec.structs.fields(ListedJob))
    return {**{name: job.get(name) for name in shown}, "about": about(job)}


def _get_job(client: Client, given: OneJob, asked: Asked) -> dict[str, Any]:
    return dict(client.call("jobs.get", {"jobId": given.job}))


def _wait_for_job(client: Client, given: WaitForJob, asked: Asked) -> dict[str, Any]:
    """The job once it has ended, or as it is when the time is over; its progress is told meanwhile."""
    end, subscription = asked.began + given.seconds, client.subscribe([given.job], after="earliest")
    try:
        for event in client.events(subscription, tick=TICK):
            asked.check()
            if event and "progress" in event:
                asked.progress(float(event["progress"]), str(event.get("message") or event.get("stage") or ""))
            if time.monotonic() >= end or (event and event["type"] in {*FINAL_TYPES.values(), "ended"}):
                break
    finally:
        client.unsubscribe(subscription)
    return _get_job(client, given, asked)


def _read_script(client: Client, given: OneJob, asked: Asked) -> dict[str, Any]:
    return dict(client.call("jobs.script", {"jobId": given.job}))


def _edit_script(client: Client, given: EditScript, asked: Asked) -> dict[str, Any]:
    changes = {"scenes": given.scenes, "remove": given.remove, "insert": given.insert}
    more = _given({"order": given.order, "settings": given.settings})
    return dict(client.call("jobs.edit", {"jobId": given.job, **changes, **more}))


def _remake(client: Client, given: Remake, asked: Asked) -> dict[str, Any]:
    what = _given({"stage": given.stage, "sceneId": given.scene_id})
    return dict(client.call("jobs.edit", {"jobId": given.job, "remake": [what]}))


def _cancel_job(client: Client, given: OneJob, asked: Asked) -> dict[str, Any]:
    return dict(client.call("jobs.cancel", {"jobId": given.job, "reason": "an agent cancelled it"}))


def _save_files(client: Client, given: SaveFiles, asked: Asked) -> dict[str, Any]:
    job = client.call("jobs.get", {"jobId": given.job})
    where = deliver.place(given.folder, source.slug(about(job)))
    deliver.check(where)
    return {"files": [one.shown() for one in deliver.deliver(client, job["artifacts"], where)]}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


TOOLS = {
    "make_video": Tool(
        MakeVideo, Accepted, _make_video, "Make a narrated video of a text, a topic or a file; gives a job at once."
    ),
    "wait_for_job": Tool(
        WaitForJob, JobView, _wait_for_job, "Wait until a job has ended, and tell how.", read_only=True
    ),
    "list_jobs": Tool(ListJobs, ListedJobs, _list_jobs, "The newest jobs.", read_only=True),
    "get_job": Tool(OneJob, JobView, _get_job, "Everything about a job: status, steps, errors, files.", read_only=True),
    "read_script": Tool(OneJob, Script, _read_script, "What is said and shown, scene by scene.", read_only=True),
    "edit_script": Tool(
        EditScript, Accepted, _edit_script, "Change scenes or settings; gives a new job that remakes only what changed."
    ),
    "remake": Tool(Remake, Accepted, _remake, "Another take of a stage, of one scene or all; gives a new job."),
    "cancel_job": Tool(OneJob, JobView, _cancel_job, "End a job."),
    "save_files": Tool(
        SaveFiles, SavedFiles, _save_files, "Write the video and its files into a folder of this machine."
    ),
}

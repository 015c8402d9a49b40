"""The stage protocols: what a stage is sent, what it answers, and all that it may touch meanwhile.

A stage sees nothing that is not hashed into its task's digest: no job id, no scene number, no absolute
time. A request carries the projected input; `Stage.needs` says which neighbours it holds besides.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from aurad.model.artifact import Artifact, Credit
from aurad.model.brief import Brief, Pacing
from aurad.model.cues import Cue
from aurad.model.narration import Narration
from aurad.model.pronounce import Pronounce
from aurad.model.provenance import Provenance
from aurad.model.script import Scene, Script
from aurad.model.value import Value
from aurad.model.video import Canvas, Deliverables, Profile, Quality, Segment
from aurad.model.visual import Sample, Shot, Visual

StageKind = Literal["script", "voice", "visuals", "render", "finish"]
Slot = Literal["cpu", "network", "gpu"]
Need = Literal["narration", "previous", "next", "script", "plan"]
FinishNeed = Literal["script", "chapters", "cues", "speech", "posters", "credits", "provenance", "tags", "music"]


class ScriptRequest(Value, frozen=True, kw_only=True):
    """`brief` without what a script does not depend on (aspect, and assets' roles other than pictures)."""

    brief: Brief
    seed: int


class VoiceRequest(Value, frozen=True, kw_only=True):
    """Speak `text`; the answer's words are exactly `text.split()`.

    `pronounce` holds the respellings of words that occur in `text`; see `aurad.api.respelled`.
    """

    text: str
    language: str
    voice: str = ""
    pacing: Pacing = "conversational"
    pronounce: Pronounce = {}
    seed: int = 0
    previous: Scene | None = None
    next: Scene | None = None
    script: Script | None = None


class PlanRequest(Value, frozen=True, kw_only=True):
    """Optional, once for a job: decide what every scene shows before any is drawn."""

    script: Script
    canvas: Canvas
    theme: str
    seed: int


class VisualRequest(Value, frozen=True, kw_only=True):
    """Draw one scene. `safe_bottom` is the part of the height (0..0.5) that burned-in captions take.

    `plan` is this scene's part of the stage's own plan, as the JSON value it gave. `logo` and `font` are
    the brand's files, as somebody brought them: check them.
    """

    scene: Scene
    language: str
    canvas: Canvas
    theme: str
    safe_bottom: float = 0.0
    seed: int = 0
    narration: Narration | None = None
    previous: Scene | None = None
    next: Scene | None = None
    script: Script | None = None
    plan: Any = None
    logo: Artifact | None = None
    font: Artifact | None = None


class SampleRequest(Value, frozen=True, kw_only=True):
    """Show what a theme looks like: every layout once, on slides of the canvas's shape."""

    theme: str
    canvas: Canvas


class ProfileRequest(Value, frozen=True, kw_only=True):
    """Find the best encoder that works here; try it before answering.

    `avoid` names encoders that passed a trial before and failed later in this job; `machine` stands for
    the devices and drivers there are, so that another trial is made when they change.
    """

    canvas: Canvas
    quality: Quality
    avoid: tuple[str, ...] = ()
    machine: str = ""


class Placed(Value, frozen=True, kw_only=True):
    """Shots on a scene's clock: `marks` gives the frame at which each word that an `at` names starts.

    A shot lasts until the next one starts, the last until frame `frames`.
    """

    shots: tuple[Shot, ...]
    marks: dict[int, int]
    frames: int

    def frame_of(self, at: int | None) -> int:
        """The frame at which `at` happens; None is the start."""
        return 0 if at is None else self.marks[at]


class SegmentRequest(Value, frozen=True, kw_only=True):
    """Render one scene to exactly `placed.frames` frames.

    The first `transition` frames blend from `tail`: the previous scene's last shot, going on beyond its
    own end (its frame `tail.frames + k` under our frame `k`); of one that has come to rest only the rest is
    sent. `cues` are burned in, in seconds of this scene; empty where captions are soft.
    """

    placed: Placed
    canvas: Canvas
    profile: Profile
    tail: Placed | None = None
    transition: int = 0
    cues: tuple[Cue, ...] = ()
    caption_style: str = ""
    theme: str = ""
    seed: int = 0


class Chapter(Value, frozen=True, kw_only=True):
    """A chapter's title and its start in seconds of the video."""

    title: str
    start: float


class Speech(Value, frozen=True, kw_only=True):
    """A stretch of the video in which somebody speaks, in seconds."""

    start: float
    end: float


class FinishRequest(Value, frozen=True, kw_only=True):
    """What a finisher works on: `files` by name, those it `takes`; the rest only if it `needs` it.

    `tags` gives description and tags, `music` what music is wanted and how loud it all is to be (LUFS).
    """

    title: str
    language: str
    duration: float
    canvas: Canvas
    files: dict[str, Artifact] = {}
    description: str = ""
    tags: tuple[str, ...] = ()
    music: str = "auto"
    music_file: Artifact | None = None
    loudness: float = -14.0
    seed: int = 0
    script: Script | None = None
    chapters: tuple[Chapter, ...] = ()
    cues: tuple[Cue, ...] = ()
    speech: tuple[Speech, ...] = ()
    posters: tuple[Artifact, ...] = ()
    credits: tuple[Credit, ...] = ()
    provenance: Provenance | None = None


class Probe(Value, frozen=True, kw_only=True):
    """What a media file really holds. Missing streams have empty or zero members."""

    format: str
    duration: float
    video_codec: str = ""
    pixel_format: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    audio_codec: str = ""
    sample_rate: int = 0
    channels: int = 0
    subtitles: int = 0
    chapters: int = 0
    tags: dict[str, str] = {}


class ToolResult(Value, frozen=True, kw_only=True):
    """How a tool ended, and the last of what it said (at most 64 KiB of each)."""

    status: int
    stdout: bytes
    stderr: bytes


class Encode(Protocol):
    """A running FFmpeg that reads frames from its standard input."""

    async def send(self, planes: bytes | bytearray | memoryview) -> None:
        """Write one raw frame (or any bytes). Waits while FFmpeg is busy."""


OptionsT_co = TypeVar("OptionsT_co", covariant=True)


class StageContext(Protocol[OptionsT_co]):
    """All that a stage may touch while it serves one request. Safe to use from a plain-`def` method's thread."""

    @property
    def options(self) -> OptionsT_co:
        """This plugin's options, validated against its `Options`."""

    @property
    def workspace(self) -> Path:
        """A private, empty folder for this task, on the store's file system; gone afterwards."""

    @property
    def cache(self) -> Path:
        """A folder of the plugin's own that is kept between tasks and shared by its workers."""

    def progress(self, done: float, message: str = "") -> None:
        """Say how much of this request is done, 0..1. Cheap; call it as often as you like."""

    def working(self, message: str = "") -> None:
        """Say that something goes on that cannot be measured; who says nothing for long is stopped as stalled."""

    def log(self, line: str) -> None:
        """Write a line to the job's log."""

    def warn(self, code: str, detail: str) -> None:
        """Tell the user about something that is worse than asked, but not a failure."""

    def usage(self, unit: str, amount: float, cost: float | None = None, currency: str = "") -> None:
        """Report what was used (tokens, characters, images) and what it cost, as soon as that is known.

        Costs add up to what a job's `maxCost` limits; tasks of the same kind are expected to cost as much.
        """

    def keep(self, path: Path, media_type: str) -> Artifact:
        """Hand over a regular file of the workspace as part of the answer. Do not touch it afterwards."""

    def path(self, artifact: Artifact) -> Path:
        """Where to read an artifact of the request. Never write there."""

    def secret(self, name: str) -> str:
        """One of the stage's `secrets` by name; raises `Unavailable` if it is not set."""

    def ffmpeg(
        self, arguments: Sequence[str], *, frames: int | None = None, stdin: bool = False
    ) -> AbstractAsyncContextManager[Encode]:
        """Run FFmpeg with `arguments` (after the safe global ones) as long as the block lasts.

        With `stdin`, frames are piped with `send`; leaving the block closes the pipe and waits. With
        `frames`, progress is counted and the end is checked. Raises `AuradError` E304..E307.
        """

    async def run_tool(self, argv: Sequence[str], *, stdin: bytes = b"") -> ToolResult:
        """Run another program to its end; it and all its children die with a cancel."""

    async def probe(self, path: Path) -> Probe:
        """Look into a media file; raises `AuradError` E308 if it is none."""


class Stage(Generic[OptionsT_co]):
    """What all stages have in common. A stage is constructed without arguments, in a worker process.

    Methods may be `async def` under Trio, `async def` under asyncio with `loop = "asyncio"`, or plain
    `def`, which runs in a thread: a cancel then kills the worker.
    """

    name: ClassVar[str]
    kind: ClassVar[StageKind]
    slot: ClassVar[Slot] = "cpu"
    languages: ClassVar[tuple[str, ...]] = ("*",)
    needs: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()
    fresh_per_job: ClassVar[bool] = False
    loop: ClassVar[Literal["trio", "asyncio"]] = "trio"
    Options: ClassVar[type[Value]] = Value

    def supports(self, request: Any) -> str | None:
        """Why this request cannot be served here and now, or None. Quick, no network."""
        return None

    def lacks(self) -> str | None:
        """What this machine lacks for any request at all, and how to get it, or None. Quick, no network.

        Such a stage is passed over, and people are told: "its extra is not installed: pip install 'x[y]'".
        """
        return None

    def fingerprint(self) -> Mapping[str, str]:
        """Versions of what shapes the result besides the plugin's own distribution: models, tools, fonts."""
        return {}

    def describe(self) -> Mapping[str, Any]:
        """What people can choose from, for catalogues: e.g. `{"voices": [...]}` or `{"themes": [...]}`.

        `"languages"` here stands for the class's, where they depend on what is installed.
        """
        return {}

    async def open(self, cache: Path) -> None:
        """Get warm: load models. Called once in a worker, before the first request."""

    async def close(self) -> None:
        """Let go of what `open` took."""


class ScriptStage(Stage[OptionsT_co]):
    """Turns a brief into a script."""

    kind = "script"

    def write(
        self, request: ScriptRequest, context: StageContext[OptionsT_co]
    ) -> Script | Awaitable[Script] | AsyncIterator[Scene | Script]:
        """The whole script; or, as an async generator, scenes one by one and optionally the `Script` last.

        Scenes handed over early are speculation; a final `Script` is authoritative.
        """
        raise NotImplementedError


class VoiceStage(Stage[OptionsT_co]):
    """Speaks a scene."""

    kind = "voice"

    def speak(self, request: VoiceRequest, context: StageContext[OptionsT_co]) -> Narration | Awaitable[Narration]:
        """The scene's sound, with the time of every word."""
        raise NotImplementedError


class VisualsStage(Stage[OptionsT_co]):
    """Draws a scene. With `plan` in `needs`, `plan` is called once for the job first."""

    kind = "visuals"

    def plan(self, request: PlanRequest, context: StageContext[OptionsT_co]) -> Any:
        """A JSON array with one value for each scene; scene i's `draw` gets value i as `request.plan`."""
        raise NotImplementedError

    def draw(self, request: VisualRequest, context: StageContext[OptionsT_co]) -> Visual | Awaitable[Visual]:
        """What the scene shows."""
        raise NotImplementedError

    def sample(self, request: SampleRequest, context: StageContext[OptionsT_co]) -> Sample | Awaitable[Sample]:
        """Optional: what one of the themes that `describe` names looks like, for people who choose one."""
        raise NotImplementedError


class RenderStage(Stage[OptionsT_co]):
    """Encodes scenes."""

    kind = "render"

    def profile(self, request: ProfileRequest, context: StageContext[OptionsT_co]) -> Profile | Awaitable[Profile]:
        """The encoder settings that every segment of the video will share."""
        raise NotImplementedError

    def render_scene(self, request: SegmentRequest, context: StageContext[OptionsT_co]) -> Segment | Awaitable[Segment]:
        """One scene as silent H.264 in MP4 of exactly the asked number of frames."""
        raise NotImplementedError


class Finisher(Stage[OptionsT_co]):
    """Works on the whole video. Finishers start as soon as the files they take are there.

    The core offers `picture.mp4` (all segments joined, silent) and `voice.wav` (all that is heard,
    48 kHz, before music). A taken name that nobody gives is simply absent from `request.files`.
    """

    kind = "finish"
    takes: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()

    def finish(
        self, request: FinishRequest, context: StageContext[OptionsT_co]
    ) -> Deliverables | Awaitable[Deliverables]:
        """The files this finisher makes, all of them named in `gives`."""
        raise NotImplementedError

"""Every setting of the daemon: its section, key, type, default and the sentence that explains it.

`config/aurad.toml` and the reference page are generated from here. Keys are spelt as in TOML.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from aurad.model.brief import Aspect, Language
from aurad.model.job import Captions, CardLine, CardSeconds, FrameRate, Loudness, ShortSide
from aurad.model.pronounce import Pronounce
from aurad.model.shapes import shape
from aurad.model.stage import StageKind
from aurad.model.value import Value
from aurad.model.video import Quality

Address = Annotated[
    str,
    Meta(
        pattern=shape(
            r"^(\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+):[0-9]{1,5}(?!\n)$", "an address and a port, as in 127.0.0.1:8765"
        )
    ),
]
Slots = Annotated[int, Meta(ge=0, le=1024)]
Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Names = Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]


def _as_written(name: str) -> str:
    return name


class Section(Value, frozen=True, kw_only=True, rename=_as_written, omit_defaults=False):
    """A table of the settings file; its keys keep their underscores and are always shown."""


class Http(Section, frozen=True, kw_only=True):
    """The web edge: REST, events and the page."""

    bind: Annotated[Address, Meta(description="Address and port of the web page and the REST interface.")] = (
        "127.0.0.1:8765"
    )
    auth: Annotated[
        Literal["token", "loopback"],
        Meta(
            description="Who may come in: `token` asks everybody for a token or for the cookie of `auractl open`;"
            " `loopback` lets in anybody on this machine, and only works with a loopback address."
        ),
    ] = "token"
    hosts: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Names under which browsers reach this daemon besides its own address, as those of a proxy"
            ' in front of it: ["video.example.org"].'
        ),
    ] = ()


class Control(Section, frozen=True, kw_only=True):
    """The control socket of the system's daemon; a user's own serves that user only."""

    readers: Annotated[
        str,
        Meta(
            description="A group whose members may look at everything of their own and change nothing. Members of"
            " aurad-users may also submit and steer jobs, those of aurad-admin all."
        ),
    ] = ""


class Providers(Section, frozen=True, kw_only=True):
    """Which plugins do one stage of a job."""

    providers: Annotated[Names, Meta(description="Stages by name, in order.")]
    stall_seconds: Annotated[
        Seconds,
        Meta(
            description="An attempt that tells neither progress nor a line for this long is stopped and tried again;"
            " half of it brings a warning. Raise it for an engine that works in silence."
        ),
    ] = 180.0
    deadline_seconds: Annotated[
        Seconds, Meta(description="A single task may take this long, then it counts as hung.")
    ] = 3600.0


class Catalogue(Section, frozen=True, kw_only=True):
    """Which of the installed plugins are there for jobs."""

    disabled: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(description="Plugins that are not used, as `auractl plugins` names them; nothing of them is started."),
    ] = ()


class Defaults(Section, frozen=True, kw_only=True):
    """What a job gets if neither the job itself nor its preset says otherwise."""

    preset: Annotated[
        str, Meta(min_length=1, description="Preset of a job that names none; see `auractl presets`.")
    ] = "youtube-1080p"
    language: Annotated[Language, Meta(description="Language of a brief that names none, as a BCP 47 tag.")] = "en"
    aspect: Annotated[Aspect, Meta(description="Shape of the picture.")] = "16:9"
    short_side: Annotated[ShortSide, Meta(description="Pixels of the picture's shorter side.")] = 1080
    fps: Annotated[FrameRate, Meta(description="Frames a second.")] = 30
    quality: Annotated[Quality, Meta(description="What the encoder spends: time against size and looks.")] = "standard"
    voice: Annotated[str, Meta(description="Name of a voice; empty: the voice provider's own choice.")] = ""
    theme: Annotated[str, Meta(description="Look of the slides; empty: the visuals provider's own choice.")] = ""
    captions: Annotated[
        Literal["auto", "burn", "soft", "none"],
        Meta(
            description="Captions: drawn into the picture (burn), a track one can switch (soft); auto burns for 9:16."
        ),
    ] = "auto"
    caption_style: Annotated[str, Meta(description="Look of burned-in captions; empty: the renderer's own choice.")] = (
        ""
    )
    music: Annotated[
        str, Meta(description="Music below the voice: `auto`, `none`, or a name that a finisher knows.")
    ] = "auto"
    loudness: Annotated[Loudness, Meta(description="Loudness of the finished video in LUFS.")] = -14.0
    intro_card: Annotated[
        CardLine,
        Meta(description="Line of a silent card before the video, below the logo if there is one; empty: no card."),
    ] = ""
    outro_card: Annotated[
        CardLine, Meta(description="Line of a silent card after the video: an address, thanks; empty: no card.")
    ] = ""
    card_seconds: Annotated[CardSeconds, Meta(description="How long such a card is shown, in seconds.")] = 3.0
    logo: Annotated[
        str, Meta(description="Path of a logo (PNG, JPEG, WebP or SVG) for videos whose brief brings none.")
    ] = ""
    font: Annotated[
        str, Meta(description="Path of a font (TTF, OTF or WOFF2) for headings, where the brief brings none.")
    ] = ""
    pronounce: Annotated[
        Pronounce,
        Meta(
            description='How words are said that a voice gets wrong, as plain words: kubectl = "cube control".'
            " A document's own `pronounce` comes before it."
        ),
    ] = {}

    def captions_for(self, aspect: Aspect) -> Captions:
        """What `auto` means: upright videos are watched muted on phones, whose players hide soft tracks."""
        if self.captions != "auto":
            return self.captions
        return "burn" if aspect == "9:16" else "soft"


class Workers(Section, frozen=True, kw_only=True):
    """The processes in which stages run."""

    cpu: Annotated[Slots, Meta(description="Tasks that compute at the same time; 0: one for each processor core.")] = 0
    network: Annotated[Slots, Meta(description="Tasks that wait for a network service at the same time.")] = 8
    gpu: Annotated[Slots, Meta(description="Tasks that use the graphics card at the same time.")] = 1
    idle_seconds: Annotated[
        Seconds, Meta(description="A warm worker that no task waits for is let go after this long.")
    ] = 2.0
    memory_mib: Annotated[
        int, Meta(ge=256, description="Memory that one worker or tool may take for its data, in MiB.")
    ] = 4096
    cpu_seconds: Annotated[
        Seconds, Meta(description="Processor time that one task may use, in its worker and again in each tool.")
    ] = 7200.0
    open_files: Annotated[int, Meta(ge=64, description="Files that one worker or tool may have open.")] = 1024
    file_gib: Annotated[
        Seconds, Meta(description="Size of the largest file that a worker or tool may write, in GiB.")
    ] = 32.0
    environment: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(
            description="Names of environment variables that stages see besides the usual ones (PATH, HOME, LANG,"
            " proxies and the like); for secrets see `auractl secrets`."
        ),
    ] = ()
    silence_seconds: Annotated[
        Seconds, Meta(description="FFmpeg that makes no progress for this long counts as hung and is tried again.")
    ] = 30.0


class Store(Section, frozen=True, kw_only=True):
    """Results that are kept so that nothing is made twice."""

    max_gib: Annotated[Seconds, Meta(description="Size of the store in GiB; the least recently used goes first.")] = (
        20.0
    )
    max_age_days: Annotated[Seconds, Meta(description="Results that nothing used for this many days are removed.")] = (
        30.0
    )
    reserve_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="Space of the disk that is kept free, in MiB; a job that may need it waits for room.",
        ),
    ] = 512


class Jobs(Section, frozen=True, kw_only=True):
    """How many jobs, and for how long."""

    max_running: Annotated[Count, Meta(description="Jobs that run at the same time, sharing the workers' slots.")] = 4
    max_queued: Annotated[Count, Meta(description="Jobs that may wait; a further one is refused as busy.")] = 1000
    keep_days: Annotated[
        Seconds, Meta(description="A finished job and its files are forgotten after so many days.")
    ] = 30.0
    keep_count: Annotated[Count, Meta(description="Finished jobs kept at most; the oldest are forgotten first.")] = (
        10000
    )
    previews: Annotated[
        bool,
        Meta(
            description="Make a preview of each scene in idle moments, to be watched before the video is done;"
            " the private daemon of `auractl make`, whose jobs nobody watches, makes none."
        ),
    ] = True
    stop_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=5,
            description="How long a service that is to stop lets running tasks end; what is finished is kept in any"
            " case, and jobs go on at the next start.",
        ),
    ] = 2.0


class Tools(Section, frozen=True, kw_only=True):
    """Programs of others."""

    ffmpeg: Annotated[
        str,
        Meta(
            description="Path of FFmpeg; empty: the one on PATH if it can do all that is needed, else the bundled one."
        ),
    ] = ""


class Log(Section, frozen=True, kw_only=True):
    """What the daemon says of itself; logs of jobs are files of their own."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Lines of less weight are left out.")
    ] = "info"
    format: Annotated[
        Literal["auto", "pretty", "json", "journal"],
        Meta(
            description="Form of a line; auto: pretty on a terminal, fields in systemd's journal, else a line of JSON."
        ),
    ] = "auto"


class Private(Section, frozen=True, kw_only=True):
    """The daemon that `auractl make` starts when none is running."""

    idle_seconds: Annotated[Seconds, Meta(description="It ends after this long without a job or a client.")] = 10.0


class Settings(Section, frozen=True, kw_only=True):
    """All of `aurad.toml`."""

    http: Http = Http()
    control: Control = Control()
    script: Annotated[Providers, Meta(description="Who writes the script: tried in order.")] = Providers(
        providers=("document",)
    )
    voice: Annotated[Providers, Meta(description="Who speaks: tried in order, one voice provider a video.")] = (
        Providers(providers=("hibari", "espeak"))
    )
    visuals: Annotated[Providers, Meta(description="Who draws: tried in order, for each scene.")] = Providers(
        providers=("slides",)
    )
    render: Annotated[Providers, Meta(description="Who encodes: tried in order.")] = Providers(providers=("ffmpeg",))
    finish: Annotated[Providers, Meta(description="Who works on the whole video: all of them, in order.")] = Providers(
        providers=("master", "captions", "package")
    )
    catalog: Catalogue = Catalogue()
    defaults: Defaults = Defaults()
    workers: Workers = Workers()
    store: Store = Store()
    jobs: Jobs = Jobs()
    tools: Tools = Tools()
    log: Log = Log()
    private: Private = Private()
    plugins: dict[str, dict[str, Any]] = {}

    def providers(self) -> dict[StageKind, tuple[str, ...]]:
        """The configured order of every stage."""
        return {
            "script": self.script.providers,
            "voice": self.voice.providers,
            "visuals": self.visuals.providers,
            "render": self.render.providers,
            "finish": self.finish.providers,
        }

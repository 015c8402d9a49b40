"""The command line of `auractl make` and what its words mean; others share them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from aurad.client.cli import codes
from aurad.model.errors import AuradError

ASPECTS = ("16:9", "9:16", "1:1", "4:5")
CAPTIONS = ("burn", "soft", "none")
SHORTEST, LONGEST = 10, 3600  # seconds, as in a brief
FILE = click.Path(path_type=Path)
UNTIL = ("Script", "Voice", "Visuals")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d\d)")
_UNITS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


def seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A length of time: `90`, `90s`, `1:30`, `1m30s`."""
    if value is None:
        return None
    text = value.strip().lower()
    match = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if not text or not match:
        raise click.BadParameter(f"{value!r} is no length of time; write 90, 1:30 or 1m30s")
    hours, minutes, rest = (float(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + rest
    if not SHORTEST <= total <= LONGEST:
        raise click.BadParameter(f"{value!r} is {total:g} s; allowed are {SHORTEST} s to {LONGEST} s")
    return total


_JOB_OPTIONS = (
    click.option("--preset", metavar="NAME", help="See `auractl presets`; youtube-1080p unless configured."),
    click.option("--aspect", type=click.Choice(ASPECTS), help="Shape of the picture."),
    click.option("--duration", callback=seconds, metavar="TIME", help="Aim at this length: 90, 1:30, 2m."),
    click.option("--language", metavar="TAG", help="Language of the document and the voice: en, pt-BR."),
    click.option("--voice", metavar="NAME", help="See `auractl voices`."),
    click.option("--theme", metavar="NAME", help="See `auractl themes`."),
    click.option("--captions", type=click.Choice(CAPTIONS), help="In the picture, as a track one can switch, or not."),
    click.option(
        "--caption-style", metavar="NAME", help="Look of captions in the picture: plain, box, highlight, pill, pop."
    ),
    click.option("--music", metavar="NAME", help="`auto`, `none`, or the name of a bed."),
    click.option(
        "--set", "settings", metavar="PLUGIN.OPTION=VALUE", multiple=True, help="An option of a plugin; repeat it."
    ),
    click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
                 multiple=True, help="Another folder whose pictures the document may show; repeat it."),
    click.option("--logo", type=FILE, metavar="FILE", help="Logo in the margin and on cards: PNG, JPEG, WebP or SVG."),
    click.option("--font", type=FILE, metavar="FILE", help="Font of headings: TTF, OTF, WOFF or WOFF2."),
    click.option("--intro", metavar="TEXT", help="Line of a silent card before the video."),
    click.option("--outro", metavar="TEXT", help="Line of a silent card after the video."),
    click.option("--max-cost", type=click.FloatRange(min=0), metavar="SUM", help="Spend no more on paid services."),
    click.option("--until", type=click.Choice(UNTIL, case_sensitive=False), help="Stop after this stage."),
)  # fmt: skip


dry_run = click.option(
    "--dry-run", is_flag=True, help="Only tell what it would come to: plugins, time and disk. Nothing is stored."
)


def job_options(command: Callable[..., int]) -> Callable[..., int]:
    """What a job may choose, as options of a command."""
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return command


def chosen(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `job_options` as arguments of an `Order`."""
    return {
        "brief": _given(language=given["language"], aspect=given["aspect"], durationSeconds=given["duration"]),
        "job": _given(
            **{name: given[name] for name in ("preset", "voice", "theme", "captions", "music", "until")},
            captionStyle=given["caption_style"],
            maxCost=given["max_cost"],
            introCard=given["intro"],
            outroCard=given["outro"],
            options=plugin_options(given["settings"]) or None,
        ),
        **{name: given[name] for name in ("images", "logo", "font")},
    }


@click.command(epilog=f"Example: `auractl make talk.md --aspect 9:16 -o short.mp4`.\n\n{codes.HELP}")
@click.argument("source", metavar="SOURCE|TOPIC", required=False)
@click.option("-o", "out", metavar="OUT", help="The video's file (.mp4), or a folder for it and its deliverables.")
@job_options
@click.option("--script", type=click.Path(path_type=Path), metavar="FILE", help="Start from a (changed) script.json.")
@click.option("--trace", metavar="FILE", help="Write the timeline in Chrome's format; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout: job, deliverables, timeline.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@dry_run
def make(source: str | None, script: Path | None, **given: Any) -> int:
    """Make a video of a Markdown, text or HTML file, of standard input (-), or of a quoted TOPIC.

    The video's path is printed on stdout; beside the video a folder of the same name holds captions,
    script, cover, credits and manifest. A daemon that runs is used; otherwise a private one is started.
    """
    from aurad.client.cli import make as making
    from aurad.client.cli import source as sources

    if (source is None) == (script is None):
        raise click.UsageError("Give a document, a topic, or --script FILE, and only one of them.")
    read = sources.read_script(script) if script else sources.read(source or "")
    order = making.Order(
        source=read,
        **chosen(given),
        out=given["out"],
        trace=given["trace"],
        json=given["as_json"],
        quiet=given["quiet"],
        dry_run=given["dry_run"],
    )
    return making.make(order)


def plugin_options(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`slides.scale=2` -> `{"slides": {"scale": 2}}`; what is not JSON is text."""
    options: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, raw = setting.partition("=")
        plugin, dot, option = key.strip().partition(".")
        if not (equals and dot and plugin and option):
            raise AuradError("E102-OPTION", f"cannot use --set {setting}: it is not PLUGIN.OPTION=VALUE")
        options.setdefault(plugin, {})[option] = json_or_text(raw)
    return options


def json_or_text(raw: str) -> Any:
    """What was typed: JSON if it is any, text otherwise."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

"""From a brief and what was asked to a recipe: every choice made, by one order of precedence. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from aurad.model.brief import Aspect, Brief
from aurad.model.errors import AuradError
from aurad.model.job import Captions, CardLine, CardSeconds, FrameRate, JobSettings, Loudness, Recipe, ShortSide
from aurad.model.pronounce import Pronounce
from aurad.model.settings import Defaults, Section, Settings
from aurad.model.stage import StageKind
from aurad.model.video import Canvas, Quality

T = TypeVar("T")
Brand = Literal["logo", "font"]  # roles of assets
SHAPES: dict[Aspect, tuple[int, int]] = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5)}


class Preset(Section, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of choices for a kind of video; what it leaves out comes from `[defaults]`."""

    description: str = ""
    aspect: Aspect | None = None
    short_side: ShortSide | None = None
    fps: FrameRate | None = None
    quality: Quality | None = None
    voice: str | None = None
    theme: str | None = None
    captions: Captions | None = None
    caption_style: str | None = None
    music: str | None = None
    loudness: Loudness | None = None
    intro_card: CardLine | None = None
    outro_card: CardLine | None = None
    card_seconds: CardSeconds | None = None
    logo: str | None = None
    font: str | None = None
    pronounce: Pronounce = {}
    providers: dict[StageKind, tuple[str, ...]] = {}
    options: dict[str, dict[str, Any]] = {}


def resolve(brief: Brief, asked: JobSettings, settings: Settings, presets: Mapping[str, Preset]) -> Recipe:
    """Make every choice: what was asked, else the brief's aspect, else the preset's, else `[defaults]`."""
    defaults = settings.defaults
    preset = _preset(asked, defaults, presets)
    aspect: Aspect = _first(brief.aspect, preset.aspect, defaults.aspect)
    return Recipe(
        brief=brief,
        canvas=canvas_of(
            aspect,
            _first(asked.short_side, preset.short_side, defaults.short_side),
            _first(asked.fps, preset.fps, defaults.fps),
        ),
        quality=_first(asked.quality, preset.quality, defaults.quality),
        voice=_first(asked.voice, preset.voice, defaults.voice),
        theme=_first(asked.theme, preset.theme, defaults.theme),
        captions=_first(asked.captions, preset.captions, defaults.captions_for(aspect)),
        caption_style=_first(asked.caption_style, preset.caption_style, defaults.caption_style),
        music=_first(asked.music, preset.music, defaults.music),
        loudness=_first(asked.loudness, preset.loudness, defaults.loudness),
        intro_card=_first(asked.intro_card, preset.intro_card, defaults.intro_card),
        outro_card=_first(asked.outro_card, preset.outro_card, defaults.outro_card),
        card_seconds=_first(asked.card_seconds, preset.card_seconds, defaults.card_seconds),
        pronounce=defaults.pronounce | preset.pronounce | asked.pronounce,
        providers=settings.providers() | preset.providers | asked.providers,
        options=_options(settings.plugins, preset.options, asked.options),
        until=asked.until,
    )


def brand_files(asked: JobSettings, settings: Settings, presets: Mapping[str, Preset]) -> dict[Brand, str]:
    """Paths of the brand's files that the preset or `[defaults]` name; "" for none."""
    defaults = settings.defaults
    preset = _preset(asked, defaults, presets)
    return {"logo": _first(preset.logo, defaults.logo), "font": _first(preset.font, defaults.font)}


def canvas_of(aspect: Aspect, short_side: int, fps: int) -> Canvas:
    """The canvas of that shape; the longer side is rounded to an even number, as 4:2:0 needs."""
    across, down = SHAPES[aspect]
    unit = short_side / min(across, down)
    return Canvas(width=_even(across * unit), height=_even(down * unit), fps=fps)


def complete_brief(brief: Mapping[str, object], defaults: Defaults) -> dict[str, object]:
    """A brief as it came in (JSON members), with `[defaults] language` where it names none."""
    return {"language": defaults.language, **brief}


def _preset(asked: JobSettings, defaults: Defaults, presets: Mapping[str, Preset]) -> Preset:
    name = asked.preset or defaults.preset
    if name in presets:
        return presets[name]
    close = difflib.get_close_matches(name, presets, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    known = ", ".join(sorted(presets)) or "none"
    which, setting = (
        ("the preset", {}) if asked.preset else ("the preset of [defaults]", {"setting": "defaults.preset"})
    )
    why = f"cannot use {which} {name!r}: there is none of that name"
    raise AuradError("E103-PRESET", why, remedy=f"{hint}Known: {known}.", details=setting)


def _first(*choices: T | None) -> T:
    return next(choice for choice in choices if choice is not None)


def _even(length: float) -> int:
    return 2 * round(length / 2)


def _options(*layers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Option by option, later layers win."""
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for plugin, options in layer.items():
            merged[plugin] = {**merged.get(plugin, {}), **options}
    return merged

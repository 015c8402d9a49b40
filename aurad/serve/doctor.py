"""What a user should know about this set-up before the first job: each check with its remedy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trio

from aurad.configuration import load_presets, load_settings
from aurad.engine.engine import Engine
from aurad.engine.room import REMEDY
from aurad.engine.salvage import ASIDE
from aurad.engine.tools import missing_parts
from aurad.model.errors import AuradError
from aurad.model.stage import StageKind

ROOM = 2 << 30  # bytes; an hour's 1080p video with everything in between needs about this much

OFFERED: tuple[tuple[StageKind, str], ...] = (("voice", "voices"), ("visuals", "themes"), ("visuals", "fonts"))
SHOWN = 12  # names in a row


async def doctor(engine: Engine) -> list[dict[str, Any]]:
    """All checks, the good ones too."""
    await engine.catalog.load()
    usage = await engine.memo.usage()
    missing = await _missing(engine.catalog.ffmpeg)
    settings = await trio.to_thread.run_sync(_settings, engine)
    return [
        settings,
        *_ffmpeg(engine, missing),
        *_disk(engine, usage.size_bytes),
        *_journal(engine),
        *_stages(engine),
        *_plugins(engine),
    ]


async def _missing(ffmpeg: Path | None) -> list[str]:
    try:
        return await trio.to_thread.run_sync(missing_parts, ffmpeg) if ffmpeg else []
    except AuradError as error:
        return [f"everything: {error.detail}"]


def _check(name: str, ok: bool, detail: str, remedy: str = "") -> dict[str, Any]:
    return {"name": name, "ok": ok, "detail": detail, "remedy": "" if ok else remedy}


def _settings(engine: Engine) -> dict[str, Any]:
    """Of the files as they are now: those in force may be older, or the defaults."""
    broken = engine.holds.broken
    try:
        load_settings(engine.folders, environ=os.environ)
        load_presets(engine.folders)
    except AuradError as error:
        detail = broken.detail if broken else f"{error.detail}; until that is mended those of before are in force"
        return _check("settings", False, detail, error.remedy)
    return _check("settings", not broken, "not yet in force" if broken else "in force", "`auractl config reload`.")


def _ffmpeg(engine: Engine, missing: list[str]) -> Iterator[dict[str, Any]]:
    error, path = engine.catalog.ffmpeg_error, engine.catalog.ffmpeg
    if error or path is None:
        yield _check("ffmpeg", False, error.detail if error else "not found", error.remedy if error else "")
        return
    yield _check("ffmpeg", True, str(path))
    lacks = f"lacks {', '.join(missing)}" if missing else "has every encoder and filter that is needed"
    yield _check("ffmpeg parts", not missing, lacks, "Install a full build, or leave tools.ffmpeg empty.")


def _disk(engine: Engine, used: int) -> Iterator[dict[str, Any]]:
    state = engine.folders.state
    free, kept = shutil.disk_usage(state).free, engine.settings.store.max_gib
    detail = f"{free / 2**30:.1f} GiB free in {state}; the store holds {used / 2**30:.2f} of {kept:g} GiB"
    detail += f", {engine.holds.room.reserve >> 20} MiB are kept free"
    yield _check("disk", free > max(ROOM, engine.holds.room.reserve) and os.access(state, os.W_OK), detail, REMEDY)


def _journal(engine: Engine) -> Iterator[dict[str, Any]]:
    aside = sorted(engine.folders.state.glob(f"{ASIDE}*"))
    told = f"one that was damaged was set aside in {aside[-1]}" if aside else str(engine.folders.state)
    yield _check("journal", not aside, told, "Look whether jobs are missing, and at the disk; then remove that folder.")


def _stages(engine: Engine) -> Iterator[dict[str, Any]]:
    for kind, wanted in engine.settings.providers().items():
        off = {name: engine.catalog.why_off(kind, name) for name in wanted}
        usable = [name for name, why in off.items() if not why]
        detail = "; ".join([", ".join(usable) or "none", *(f"{name} {why}" for name, why in off.items() if why)])
        yield _check(f"{kind} providers", bool(usable), detail, f"Install or enable one of {', '.join(wanted)}.")
    for kind, what in OFFERED:
        found = [
            entry
            for s in engine.catalog.in_order(kind, engine.settings.providers()[kind])
            for entry in s.info.describe.get(what, ())
        ]
        names = [str(entry.get("name", entry)) if isinstance(entry, dict) else str(entry) for entry in found]
        yield _check(what, bool(names), _listed(names), f"Install a {kind} plugin.")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "none") + more


def _plugins(engine: Engine) -> Iterator[dict[str, Any]]:
    for name, source in engine.catalog.sources.items():
        broken, aside = engine.catalog.broken.get(name), engine.runner.quarantine.reason(name)
        detail = broken.detail if broken else aside or f"{source.distribution} {source.version}"
        remedy = broken.remedy if broken else "See a job's log; `auractl plugins reload` tries it again at once."
        yield _check(f"plugin {name}", not (broken or aside), detail, remedy)
    for name in engine.catalog.disabled:
        yield _check(f"plugin {name}", True, "disabled")

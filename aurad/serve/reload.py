"""Settings and presets read again while the daemon runs: by `config.reload`, after `config.set`, on SIGHUP."""

from __future__ import annotations

import os

import msgspec
import structlog
import trio

from aurad.configuration import by_default, load_presets, load_settings, stamp
from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.model.recipe import Preset
from aurad.model.settings import Settings
from aurad.model.value import Value

# What was opened with them stays: sockets, slots, the log. All others are in force at once.
AT_START = ("http.", "workers.", "log.", "private.", "jobs.max_running", "jobs.max_queued", "jobs.previews")

log = structlog.get_logger()


class Reloaded(Value, frozen=True, kw_only=True, omit_defaults=False, forbid_unknown_fields=False):
    """Keys that have another value than before, and those that wait for a restart of the daemon."""

    changed: list[str]
    restart: list[str]


async def reload(engine: Engine) -> Reloaded:
    """Go by what the files and the environment say now.

    Raises E503 that names file, line and key for what cannot be used; the settings of before stay in force.
    """
    async with engine.configuring:  # of two at once the later one reads later
        settings, presets = await _read(engine)
        before = engine.settings
        engine.adopt(settings, presets)
    answer = Reloaded(changed=differing(before, settings), restart=waiting(engine))
    log.info("settings read", changed=answer.changed, restart=answer.restart)
    return answer


async def _read(engine: Engine) -> tuple[Settings, dict[str, Preset]]:
    """What the files say; where the daemon goes by the defaults, what is wrong with them now is why."""
    try:
        return await trio.to_thread.run_sync(
            lambda: (load_settings(engine.folders, environ=os.environ).settings, load_presets(engine.folders))
        )
    except AuradError as error:
        engine.holds.broken = engine.holds.broken and by_default(error)
        raise


async def refresh(engine: Engine) -> None:
    """For a private daemon: nobody knows that it is there, so edited files count from the next job on. Raises E503."""
    if not engine.private or not engine.settings_stamp:  # or its settings came from elsewhere than files
        return
    if (now := await trio.to_thread.run_sync(stamp, engine.folders)) != engine.settings_stamp:
        await reload(engine)
        engine.settings_stamp = now


def waiting(engine: Engine) -> list[str]:
    """Keys whose new value is in force only after a restart."""
    return [key for key in differing(engine.started_with, engine.settings) if key.startswith(AT_START)]


def differing(one: Settings, other: Settings) -> list[str]:
    """Dotted keys of settings that are not the same; those of plugins by option."""
    first, second = flat(msgspec.to_builtins(one)), flat(msgspec.to_builtins(other))
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))


def flat(table: dict[str, object]) -> dict[str, object]:
    """Settings by dotted key: two parts, three below `plugins`."""
    found: dict[str, object] = {}
    for section, keys in table.items():
        assert isinstance(keys, dict)
        for key, value in keys.items():
            options = value if section == "plugins" else {"": value}
            found |= {".".join(filter(None, (section, key, option))): each for option, each in options.items()}
    return found

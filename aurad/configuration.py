"""The settings and presets on disk: found, read and changed. The daemon and its clients both start here.

What the bytes mean is `aurad.wire.toml`'s business; where folders are, `aurad.model.folders`'. Everything here
blocks for a few small files.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from aurad.durable import make_folder, write_whole
from aurad.model.errors import AuradError
from aurad.model.folders import Folders
from aurad.model.recipe import Preset
from aurad.model.settings import Settings
from aurad.model.value import digest
from aurad.wire.toml import (
    Loaded,
    entries_of,
    entries_of_environment,
    entries_of_flags,
    merge,
    preset_of,
    typed,
    with_value,
)

OWN_DROP_IN = "90-auractl.toml"  # read late, so that what was set by command wins over packaged drop-ins
SHARED = 0o644  # settings hold no secrets; clients read them too
FILE_LIMIT = 1024 * 1024  # bytes of one file; more is a mistake, not settings


class Usable(NamedTuple):
    """Settings and presets to go on with; `broken` says why they are not those of the files."""

    settings: Settings
    presets: dict[str, Preset]
    broken: AuradError | None = None


def load_usable(places: Folders, *, environ: Mapping[str, str]) -> Usable:
    """What the files and the environment say; if that cannot be used, the defaults and what came with aurad."""
    try:
        return Usable(load_settings(places, environ=environ).settings, load_presets(places))
    except AuradError as error:
        return Usable(_without_files(environ), _packaged_presets(), by_default(error))


def by_default(error: AuradError) -> AuradError:
    """The same, and what is in force for it."""
    why = f"{error.detail}; until that is mended the defaults are in force"
    return AuradError(error.code, why, remedy=error.remedy, details=error.details)


def _without_files(environ: Mapping[str, str]) -> Settings:
    with suppress(AuradError):
        return merge(entries_of_environment(environ)).settings
    return Settings()


def load_settings(places: Folders, *, environ: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Loaded:
    """Defaults, `aurad.toml`, `aurad.d/*.toml`, environment, flags (by dotted key): later ones win."""
    files = {places.settings_file: _read_if_there(places.settings_file)}
    files |= {path: _read(path) for path in _toml_in(places.drop_ins)}
    entries = [entry for path, data in files.items() for entry in entries_of(data, str(path))]
    return merge([*entries, *entries_of_environment(environ), *entries_of_flags(flags or {})])


def load_presets(places: Folders) -> dict[str, Preset]:
    """The presets that came with aurad, and the user's own, which win, by name."""
    found = _packaged_presets()
    for path in _toml_in(places.presets):
        found[path.stem] = preset_of(_read(path), str(path))
    return dict(sorted(found.items()))


def _packaged_presets() -> dict[str, Preset]:
    files = resources.files("aurad_config.presets").iterdir()
    return {
        file.name.removesuffix(".toml"): preset_of(file.read_bytes(), file.name)
        for file in files
        if file.name.endswith(".toml")
    }


def stamp(places: Folders) -> str:
    """Changes with every file that `load_settings` or `load_presets` would read; folders we may not read hold none."""
    found = [places.settings_file]
    for folder in (places.drop_ins, places.presets):
        with suppress(AuradError):
            found += _toml_in(folder)
    return digest(*(f"{path} {_state(path)}".encode() for path in found))


def set_value(places: Folders, key: str, raw: str | None) -> Path:
    """`write_value` of what somebody typed."""
    return write_value(places, key, None if raw is None else typed(key, raw))


def write_value(places: Folders, key: str, value: object) -> Path:
    """Write one setting (None: take it back) into auractl's own drop-in, atomically; gives its path."""
    path = places.drop_ins / OWN_DROP_IN
    data = with_value(_read_if_there(path), str(path), key, value)
    try:
        make_folder(path.parent)
        write_whole(path, data, mode=SHARED)
    except OSError as error:
        raise AuradError(
            "E503-CONFIG", f"cannot write {path}: {error.strerror}",
            remedy="Check who owns the folder; for a system service, `auractl config set --system` as root.",
        ) from error  # fmt: skip
    return path


def _toml_in(folder: Path) -> list[Path]:
    """Raises E503 if it is there and cannot be looked into: what somebody set is not to be overlooked."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def _state(path: Path) -> str:
    try:
        info = path.stat()
    except OSError:
        return ""
    return f"{info.st_mtime_ns} {info.st_size} {info.st_ino}"


def _read_if_there(path: Path) -> bytes:
    """Nothing if there is no such file; raises E503 if nobody can tell, as `_read` does."""
    try:
        path.lstat()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _unreadable(path, error) from error
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) > FILE_LIMIT:
        raise AuradError("E503-CONFIG", f"cannot read {path}: it is over {FILE_LIMIT} bytes")
    return data


def _unreadable(path: Path, error: OSError) -> AuradError:
    return AuradError("E503-CONFIG", f"cannot read {path}: {error.strerror}", remedy="Check its owner and mode.")

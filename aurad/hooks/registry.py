"""Which stage plugins are installed and what shapes their results, found without importing any of them.

A plugin is an entry point of group `aurad.stages`. Its fingerprint is the hash of its distribution's
RECORD, or of its sources when it is installed editable: an edited plugin never gets stale results.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from aurad.model.value import Value, digest

GROUP = "aurad.stages"
WORKER_ROOMS = ("worker", "wire", "model")  # our code that runs around every stage: it shapes results as well
FILES = 4096  # sources whose hashes are remembered: a few times those of all bundled plugins
SETTLED = 1_000_000_000  # nanoseconds after a change until the next one is sure to show in the file's times
COMPILED = 2.0  # seconds after a change until the next one is sure to be in another second
CORE = "core"  # the core's own tasks, served by a worker like a plugin's


class PluginSource(Value, frozen=True, kw_only=True):
    """An installed plugin as its metadata tell."""

    name: str
    module: str
    distribution: str
    version: str
    fingerprint: str


def find_plugins() -> dict[str, PluginSource]:
    """Every installed plugin by its entry point's name, the core's own included."""
    points = importlib.metadata.entry_points(group=GROUP)
    about = cache(_about)  # for this look: most distributions have several plugins
    found = [
        _source(point.name, point.value.partition(":")[0], about(point.dist) if point.dist else None)
        for point in points
    ]
    core = _source(CORE, "aurad.worker.core", about(importlib.metadata.distribution("aurad")))
    ours = digest(*(_hash_sources(f"aurad.{room}").encode() for room in WORKER_ROOMS))
    whole = (replace(p, fingerprint=digest(p.fingerprint.encode(), ours.encode())) for p in (*found, core))
    return {plugin.name: plugin for plugin in sorted(whole, key=lambda plugin: plugin.name)}


def environment_stamp() -> str:
    """Changes whenever anything is installed, upgraded or removed in this environment."""
    lines = [f"{record} {info.st_size} {info.st_mtime_ns}" for record, info in _records()]
    return digest(sys.version.encode(), *(line.encode() for line in sorted(lines)))


def _records() -> Iterator[tuple[Path, os.stat_result]]:
    for folder in {Path(entry) for entry in sys.path if entry}:
        for record in folder.glob("*.dist-info/RECORD"):
            yield record, record.stat()


class _About(NamedTuple):
    """A distribution; the fingerprint is empty where only its sources tell what it is."""

    name: str = ""
    version: str = ""
    fingerprint: str = ""


def _about(distribution: importlib.metadata.Distribution) -> _About:
    record = distribution.read_text("RECORD")  # None of a source tree's egg-info, which comes first when we run in it
    known = distribution.metadata  # which is read and parsed each time
    fingerprint = digest(record.encode()) if record and not _is_editable(distribution) else ""
    return _About(known["Name"], known["Version"], fingerprint)


def _source(name: str, module: str, about: _About | None) -> PluginSource:
    distribution, version, fingerprint = about or _About()
    return PluginSource(
        name=name, module=module, distribution=distribution, version=version,
        fingerprint=fingerprint or _hash_sources(module),
    )  # fmt: skip


def _is_editable(distribution: importlib.metadata.Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _hash_sources(module: str) -> str:
    root = str(_locate(module))
    files = sorted(_files(root))
    return digest(
        *(part for file, info in files for part in (file.removeprefix(root).encode(), _hash_file(file, info)))
    )


def _files(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """A single module, or all files of a folder that may shape what it does."""
    if os.path.isfile(root):
        yield root, os.stat(root)
    for folder, _, names in os.walk(root):
        for file in (f"{folder}/{name}" for name in names if not name.endswith(".pyc")):
            with suppress(OSError):  # editors lock with links to nothing
                info = os.stat(file)
                if stat.S_ISREG(info.st_mode):
                    yield file, info


def _hash_file(file: str, info: os.stat_result) -> bytes:
    """Of its content, which is read again only once the file has been touched: every job and every check-up asks."""
    state = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    settled = time.time_ns() - info.st_ctime_ns > SETTLED
    return _read_and_hash(file, state) if settled else _read_and_hash.__wrapped__(file, state)


@lru_cache(FILES)
def _read_and_hash(file: str, state: tuple[int, ...]) -> bytes:
    """`state` is that of the file: with another one it has another content."""
    return sha256(Path(file).read_bytes()).digest()


def changed_lately(module: str) -> bool:
    """Whether another change could still hide from Python: it tells compiled modules by whole seconds and the size."""
    return time.time() - max((info.st_mtime for _, info in _files(str(_locate(module)))), default=0.0) < COMPILED


def _locate(module: str) -> Path:
    """The folder or file of a module; only the finders of its top package are asked, nothing is imported."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return Path("/nonexistent")
    if not spec.submodule_search_locations:
        return Path(spec.origin or "/nonexistent")
    here = Path(next(iter(spec.submodule_search_locations))).joinpath(*rest)
    if here.is_dir():
        return here
    return here.parent if len(rest) > 1 else here.with_suffix(".py")  # a module's siblings shape what it does, too

"""Keys and passwords that stages ask for by name: in one file that only the daemon's user can read.

A worker is handed those that its stage declares, nothing else ever leaves: no event, log, answer or digest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import trio

from aurad.durable import write_whole
from aurad.model.errors import AuradError
from aurad.model.value import Value

ValueT = TypeVar("ValueT", bound=Value)
FILE = "secrets.json"
COUNT = 256  # secrets; more is a mistake
HIDDEN = "***"
SHORTEST = 8  # characters; to hide a shorter one wherever it occurs would eat ordinary words


class Secrets:
    """All secrets of a daemon, read from `folder` when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._path, self._writing = folder / FILE, trio.Lock()
        self._values: dict[str, str] | None = None

    async def names(self) -> list[str]:
        return sorted(await self._all())

    async def chosen(self, names: Iterable[str]) -> dict[str, str]:
        """Those of `names` that are set."""
        values = await self._all() if names else {}
        return {name: values[name] for name in names if name in values}

    async def set(self, name: str, value: str) -> None:
        """On disk when this returns. Raises E100 if there are too many."""
        async with self._writing:
            values = {**await self._all(), name: value}
            if len(values) > COUNT:
                raise AuradError("E100-REQUEST", f"cannot keep the secret {name}: there are {COUNT} already")
            await self._keep(values)

    async def delete(self, name: str) -> None:
        """Raises E200 if there is none of that name."""
        async with self._writing:
            values = dict(await self._all())
            if values.pop(name, None) is None:
                raise AuradError("E200-NO_JOB", f"cannot find the secret {name!r}", remedy="See `auractl secrets`.")
            await self._keep(values)

    async def _all(self) -> dict[str, str]:
        if self._values is None:
            self._values = await trio.to_thread.run_sync(_load, self._path)
        return self._values

    async def _keep(self, values: dict[str, str]) -> None:
        with trio.CancelScope(shield=True):  # what is on disk is what is known
            await trio.to_thread.run_sync(write_private, self._path, msgspec.json.encode(values))
            self._values = values


def without(value: Any, secrets: Collection[str]) -> Any:
    """A plain JSON value with every occurrence of a secret hidden: a stage may have said it by mistake."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, HIDDEN) if len(secret) >= SHORTEST else value
            return value
        case dict():
            return {key: without(item, secrets) for key, item in value.items()}
        case list() | tuple():
            return [without(item, secrets) for item in value]
    return value


def discreet(news: ValueT, secrets: Collection[str]) -> ValueT:
    """A worker's news without them."""
    return msgspec.convert(without(msgspec.to_builtins(news), secrets), type(news))


def discreet_error(error: AuradError, secrets: Collection[str]) -> AuradError:
    """A stage's error without them, of the same kind: what is done about it depends on that."""
    error.detail, error.remedy = without(error.detail, secrets), without(error.remedy, secrets)
    error.details, error.args = without(error.details, secrets), (error.detail,)
    return error


def write_private(path: Path, data: bytes) -> None:
    """For its owner only, atomically and durably. Raises E500."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise AuradError("E500-INTERNAL", f"cannot write {path}: {error.strerror or error}") from error


def _load(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError):  # the decoder's words may hold what it read
        raise AuradError(
            "E503-CONFIG", f"cannot read the secrets in {path}", remedy="Remove the file and set them anew."
        ) from None

"""Operations that install and remove plugins, by pip in the daemon's own environment."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import structlog
from msgspec import Meta

from aurad.engine.engine import Engine
from aurad.model.errors import AuradError
from aurad.model.value import Value
from aurad.serve.operations.plugins import ByPlugin, find, look_again
from aurad.serve.operations.table import Call, Result, operation
from aurad.serve.pip import check_environment, check_requirement, pip

OURS = "aurad"

log = structlog.get_logger()


class Install(Value, frozen=True, kw_only=True):
    """A name with extras and versions, or the absolute path of a wheel, an archive or a folder.

    With `offline` nothing is looked for anywhere else than at that path.
    """

    requirement: Annotated[str, Meta(min_length=1, max_length=4096)]
    offline: bool = False


class Installed(Result, frozen=True, kw_only=True):
    """Plugins that came, went or are of another version now, and what pip said."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    output: str


@operation("plugins.install", Install, "admin")
async def install(call: Call, params: Install) -> Installed:
    """Install a package with plugins, at most ten minutes long; they can be used at once."""
    requirement = check_requirement(params.requirement)
    return await _change(call, "install", *(["--no-index"] if params.offline else []), "--", requirement)


@operation("plugins.uninstall", ByPlugin, "admin")
async def uninstall(call: Call, params: ByPlugin) -> Installed:
    """Remove the package of a plugin, and so all plugins that came with it."""
    await call.engine.catalog.load()
    source = find(call.engine.catalog, params.name)
    if source.distribution in ("", OURS):
        why = "it is part of aurad" if source.distribution else "it belongs to no package"
        raise AuradError(
            "E601-INSTALL", f"cannot uninstall {source.name}: {why}", remedy="Disable it: `auractl plugins disable`."
        )
    return await _change(call, "uninstall", "--yes", "--", source.distribution)


async def _change(call: Call, *arguments: str) -> Installed:
    """One at a time: two of pip at once would spoil each other's work. It is never left half done."""
    engine = call.engine
    if engine.installing.locked():
        raise AuradError("E202-BUSY", f"cannot {arguments[0]} {arguments[-1]}: pip is at work already")
    log.info("pip", arguments=arguments, by=call.caller.owner.name)
    return await engine.to_the_end(partial(_run, engine, arguments))


async def _run(engine: Engine, arguments: tuple[str, ...]) -> Installed:
    async with engine.installing:
        check_environment()
        await engine.catalog.load()
        before = _versions(engine)
        output = await pip(*arguments, cwd=engine.folders.state)
        await look_again(engine)
    after = _versions(engine)
    return Installed(
        added=sorted(after.keys() - before.keys()),
        changed=sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
        removed=sorted(before.keys() - after.keys()),
        output=output,
    )


def _versions(engine: Engine) -> dict[str, str]:
    catalog = engine.catalog
    return {name: source.version for name, source in (catalog.sources | catalog.disabled).items()}

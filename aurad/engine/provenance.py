"""The provenance of a job's video: what finishers write into the file, and delivery into the manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, metadata

import msgspec

from aurad import __version__
from aurad.engine.catalog import Catalog, Stage
from aurad.model.artifact import Credit
from aurad.model.event import TaskView
from aurad.model.job import Recipe
from aurad.model.provenance import Maker, Provenance
from aurad.model.script import Script
from aurad.model.value import canonical, digest

ORDER = ("script", "voice", "visuals", "render", "finish")


def provenance_of(recipe: Recipe, script: Script, tasks: Iterable[TaskView], catalog: Catalog) -> Provenance:
    """Facts that follow from the recipe alone, so that the same video always tells the same story.

    Of tasks only those before finishing count: which finishers are done when somebody asks is chance, so all
    that the recipe names are listed.
    """
    used = {("finish", name) for name in recipe.providers.get("finish", ())}
    used |= {(kind, task.plugin) for task in tasks for kind in ORDER[:-1] if (kind, task.plugin) in catalog.stages}
    found = [
        catalog.stages[key]
        for key in sorted(used, key=lambda key: (ORDER.index(key[0]), key[1]))
        if key in catalog.stages
    ]
    return Provenance(
        aurad=__version__,
        makers=tuple(_maker(stage, catalog) for stage in found),
        options={name: options for name, options in sorted(recipe.options.items()) if options},
        digests={"recipe": digest(canonical(recipe)), "script": digest(canonical(script))},
        credits=tuple(dict.fromkeys(credit for stage in found for credit in _credits(stage))),
    )


def _maker(stage: Stage, catalog: Catalog) -> Maker:
    source = catalog.sources.get(stage.plugin)
    licence = licence_of(source.distribution) if source else ""
    return Maker(
        kind=stage.info.kind, name=stage.info.name, plugin=stage.plugin, version=stage.version, licence=licence
    )


def _credits(stage: Stage) -> Iterator[Credit]:
    """What a stage says it is made with: fonts, icons, models. A wrong entry is its author's bug, not the video's."""
    for entry in stage.info.describe.get("credits", ()):
        try:
            yield msgspec.convert(entry, Credit)
        except msgspec.ValidationError:
            continue


@lru_cache(maxsize=64)
def licence_of(distribution: str) -> str:
    """The licence that an installed distribution declares, "" if it says none."""
    try:
        found = metadata(distribution)
    except (PackageNotFoundError, ValueError):
        return ""
    declared = next((found[name] for name in ("License-Expression", "License") if name in found), "")
    return declared.partition("\n")[0]

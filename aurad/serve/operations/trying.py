"""The operation that tries a plugin out: a small real request, served by its worker as in a job."""

from __future__ import annotations

import os
from typing import Annotated, Any

import trio
from msgspec import Meta

from aurad.engine.trial import SENTENCE, Trial
from aurad.model.brief import Language
from aurad.model.errors import AuradError, to_problem
from aurad.model.value import Value
from aurad.serve.operations.plugins import Name, find
from aurad.serve.operations.table import Call, Result, operation


class Try(Value, frozen=True, kw_only=True):
    """A stage, or a plugin of which the first is tried; what it says, draws or writes is `text`.

    With `file` the result's file comes along as a descriptor, if it has one.
    """

    name: Name
    text: Annotated[str, Meta(min_length=1, max_length=500)] = SENTENCE
    language: Language | None = None
    voice: str = ""
    options: dict[str, Any] = {}
    file: bool = False


class Tried(Result, frozen=True, kw_only=True):
    """What came of it, in `facts` and perhaps a file; or `problem`, the error that a job would have met.

    `name`, `media_type` and `size_bytes` are the file's, empty and 0 where there is none. `log` holds
    the last lines that the stage and its tools said.
    """

    stage: str
    kind: str
    plugin: str
    version: str
    method: str
    ok: bool
    seconds: float
    facts: dict[str, Any]
    name: str
    media_type: str
    size_bytes: int
    problem: dict[str, Any] | None
    log: list[str]


@operation("plugins.test", Try, "operate")
async def test(call: Call, params: Try) -> Tried:
    """Have a stage do something small for real, within two minutes; nothing that is known already is reused."""
    engine = call.engine
    await engine.catalog.load()
    plugin = find(engine.catalog, params.name).name
    if plugin in engine.catalog.disabled:
        raise AuradError("E600-PLUGIN_BROKEN", f"cannot try {params.name}: it is disabled", remedy="Enable it first.")
    if broken := engine.catalog.broken.get(plugin):
        raise AuradError(broken.code, broken.detail, remedy=broken.remedy)
    engine.catalog.check_options({params.name: params.options})
    stage = next(engine.catalog.named(params.name))
    with engine.store.pinned() as pins:
        trial = Trial(stage, engine.catalog, engine.settings, engine.runner, engine.store, pins)
        outcome = await trial.run(params.text, params.language, params.voice, params.options)
        if outcome.file and params.file:
            path = await engine.store.check(outcome.file.sha256)
            call.reply_fds.append(await trio.to_thread.run_sync(os.open, path, os.O_RDONLY | os.O_CLOEXEC))
    file = outcome.file
    return Tried(
        stage=stage.info.name, kind=stage.info.kind, plugin=plugin, version=stage.version, method=outcome.method,
        ok=outcome.error is None, seconds=outcome.seconds, facts=outcome.facts, name=outcome.file_name,
        media_type=file.media_type if file else "", size_bytes=file.size_bytes if file else 0,
        problem=to_problem(outcome.error) if outcome.error else None, log=outcome.log,
    )  # fmt: skip

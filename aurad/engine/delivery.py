"""The end of a job: its files published, and a manifest that says how each of them came about."""

from __future__ import annotations

from typing import Any

import msgspec

from aurad import __version__
from aurad.engine.board import Board
from aurad.engine.catalog import Catalog
from aurad.engine.pipeline import VIDEO, Made
from aurad.engine.previews import PREVIEW
from aurad.engine.provenance import provenance_of
from aurad.engine.store import Store
from aurad.model.artifact import Artifact
from aurad.model.event import Output
from aurad.model.job import Recipe
from aurad.model.value import canonical

KINDS = {
    ".mp4": "video", ".srt": "captions", ".vtt": "captions", ".jpg": "image", ".png": "image", ".m4a": "audio",
    ".wav": "audio", ".json": "script", ".m3u8": "playlist",
}  # fmt: skip


async def deliver(board: Board, recipe: Recipe, made: Made, catalog: Catalog, store: Store) -> Output | None:
    """Publish every deliverable and the manifest; None for a job that was to end early.

    Raises `Damaged` for a file whose bytes are not what they were when it was made.
    """
    for file in made.files:
        if file.published:
            await store.check(file.artifact.sha256)
            kind = KINDS.get("." + file.name.rpartition(".")[2], "manifest")
            board.publish(file.name, kind, file.artifact)
    data = msgspec.json.format(canonical(manifest(board, recipe, made, catalog)), indent=2)
    board.publish("manifest.json", "manifest", await store.put_bytes(data, "application/json", board.pins))
    video = next((file.artifact for file in made.files if file.name == VIDEO), None)
    if video is None or made.verified is None:
        return None
    return Output(
        video_path=VIDEO,
        size_bytes=video.size_bytes,
        duration_seconds=made.verified.duration,
        width=recipe.canvas.width,
        height=recipe.canvas.height,
    )


def manifest(board: Board, recipe: Recipe, made: Made, catalog: Catalog) -> dict[str, Any]:
    """Provenance: what was asked, who did what with which version, what came out. The same for the same inputs."""
    tasks = [task for _, task in sorted(board.tasks.items()) if not task.name.startswith(PREVIEW)]
    used = {task.plugin for task in tasks}
    stages = [stage for (_, name), stage in sorted(catalog.stages.items()) if name in used]
    return {
        "aurad": __version__,
        "title": made.script.title,
        "recipe": recipe,
        "stages": [
            {
                "kind": stage.info.kind,
                "name": stage.info.name,
                "plugin": stage.plugin,
                "version": stage.version,
                "fingerprint": stage.fingerprint,
            }
            for stage in stages
        ],
        "tasks": [{"name": task.name, "digest": task.digest} for task in tasks],
        "files": [{"name": name, **msgspec.to_builtins(artifact)} for name, artifact in _files(board, made)],
        "facts": made.facts,
        "provenance": provenance_of(recipe, made.script, tasks, catalog),
        "verified": made.verified,
    }


def _files(board: Board, made: Made) -> list[tuple[str, Artifact]]:
    """Those of the video; of a job that was to end early, all that there are."""
    if made.files:
        return [(file.name, file.artifact) for file in made.files if file.published]
    return [
        (view.name, Artifact(sha256=view.sha256, size_bytes=view.size_bytes, media_type=view.media_type))
        for view in board.view().artifacts
        if view.kind != PREVIEW
    ]

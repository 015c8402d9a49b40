"""Puts a job's result where the user wants it: the video, and beside it a folder of all deliverables.

Written with the caller's rights from descriptors the daemon hands over. Everything is made under a
hidden name first and renamed at the end, so a cancel or a full disk leaves nothing behind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurad.client.blocking import Client
from aurad.client.cli import files, interrupts
from aurad.model.errors import AuradError

VIDEO = "video.mp4"
SUFFIX = ".mp4"
MANIFEST = "manifest.json"
KNOWN = (VIDEO, "captions.srt", "captions.vtt", "script.json", "cover.jpg", "credits.txt", MANIFEST)
OTHER_SUFFIXES = (".mkv", ".mov", ".webm", ".avi", ".m4v")
NOT_DELIVERED = ("preview", "log")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the result goes: `video` is a file, `folder` holds all deliverables. `named`: by the user."""

    video: Path
    folder: Path
    named: bool


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A file of the result."""

    name: str
    kind: str
    path: Path
    size: int
    sha256: str

    def shown(self) -> dict[str, Any]:
        """As in `--json`."""
        path = str(self.path.absolute())
        return {"name": self.name, "kind": self.kind, "path": path, "sizeBytes": self.size, "sha256": self.sha256}


def place(out: str | None, name: str) -> Place:
    """`-o` may name the video (`talk.mp4`) or a folder; the default is the current one. Raises E505."""
    if out == "-":
        detail = "cannot write the video to standard output: beside it there is a folder of deliverables"
        raise AuradError("E505-OUTPUT", detail, remedy="Name a file or a folder; ./- is a folder of that name.")
    if out and out.lower().endswith(SUFFIX) and not Path(out).is_dir():
        video = Path(out)
        return Place(video=video, folder=video.with_suffix(""), named=True)
    parent = Path(out or ".")
    if parent.suffix.lower() in OTHER_SUFFIXES and not parent.is_dir():
        raise _taken(parent, "videos are MP4 files", f"Choose -o {parent.with_suffix(SUFFIX)}, or a folder.")
    return Place(video=parent / (name + SUFFIX), folder=parent / name, named=False)


def check(where: Place) -> None:
    """Refuse a place that cannot be written, or that holds something which is not ours; raises E505.

    A former result is replaced: it has a manifest. A video that the user named is theirs to replace.
    """
    files.check_writable(where.folder.parent)
    ours = _is_ours(where.folder)
    if where.folder.is_dir():
        files.check_writable(where.folder)
        if not ours and any(where.folder.iterdir()):
            raise _taken(where.folder, "it holds other files and is no earlier result", "Choose another place with -o.")
    elif where.folder.exists():
        raise _taken(where.folder, "it is a file, not a folder", "Choose another place with -o.")
    if where.video.is_dir():
        raise _taken(where.video, "it is a folder", "Choose another place with -o.")
    if where.video.exists() and not where.named and not ours:
        raise _taken(where.video, "it is there and no earlier result", f"Name it to replace it: -o {where.video}")


def _is_ours(folder: Path) -> bool:
    """Whether the folder is an earlier result: its manifest says so."""
    return "aurad" in _manifest(folder)


def _listed(folder: Path) -> list[str]:
    """The files of an earlier result."""
    files = _manifest(folder).get("files")
    return [str(one["name"]) for one in files if isinstance(one, dict) and one.get("name")] if files else []


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _taken(path: Path, cause: str, remedy: str) -> AuradError:
    return AuradError("E505-OUTPUT", f"cannot write {path}: {cause}", remedy=remedy)


def deliver(client: Client, artifacts: Sequence[dict[str, Any]], where: Place) -> list[Delivered]:
    """Fetch and publish the files; the first of the answer is the main one (the video, if there is one)."""
    chosen = _chosen(artifacts)
    with files.naming(where.folder), files.staging(where.folder.parent) as part:
        for name, artifact in chosen.items():
            _fetch(client, artifact, part / name)
        _publish(part, where)
    delivered = [_delivered(where, name, artifact) for name, artifact in chosen.items()]
    return sorted(delivered, key=lambda one: (one.name != VIDEO, one.name != "script.json", one.name))


def _chosen(artifacts: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By file name; what belongs to one scene counts only where there is no whole video yet."""
    wanted = [one for one in artifacts if one["kind"] not in NOT_DELIVERED]
    whole = [one for one in wanted if not one.get("sceneId")]
    if not any(one["name"] == VIDEO for one in whole):
        whole = wanted
    chosen = {str(one["name"]): one for one in whole}
    for name in chosen:
        if Path(name).name != name or name.startswith("."):
            raise AuradError("E308-RESULT", f"cannot write a deliverable called {name!r}: it is no plain file name")
    if not chosen:
        raise AuradError("E308-RESULT", "cannot deliver the result: the job has no files")
    return chosen


def _fetch(client: Client, artifact: dict[str, Any], target: Path) -> None:
    opened = client.open_artifact(artifact["artifactId"])
    try:
        files.copy(opened.fd, target, opened.size)
    finally:
        os.close(opened.fd)


def _publish(part: Path, where: Place) -> None:
    """Give everything its final name. Nothing is copied here unless the file system knows no links."""
    beside = files.temporary(part) if (part / VIDEO).exists() else None
    if beside:
        files.link_or_copy(part / VIDEO, beside)
    files.sync_folder(part)
    with interrupts.held():
        if beside:
            os.replace(beside, where.video)
        _replace_folder(part, where.folder)
    files.sync_folder(where.folder.parent)


def _replace_folder(part: Path, folder: Path) -> None:
    """One rename for a new folder; into an old one file by file, and what the new result lacks goes.

    What a job made that ended early joins a whole result, whose files and manifest stay.
    """
    if not folder.exists():
        part.rename(folder)
        return
    if (folder / VIDEO).exists() and not (part / VIDEO).exists():
        (part / MANIFEST).unlink(missing_ok=True)
    else:
        _remove_former(part, folder)
    for path in part.iterdir():
        os.replace(path, folder / path.name)


def _remove_former(part: Path, folder: Path) -> None:
    for name in {*KNOWN, *_listed(folder)}:
        if Path(name).name == name and not (part / name).exists():
            (folder / name).unlink(missing_ok=True)


def _delivered(where: Place, name: str, artifact: dict[str, Any]) -> Delivered:
    return Delivered(
        name=name,
        kind=str(artifact["kind"]),
        path=where.video if name == VIDEO else where.folder / name,
        size=int(artifact["sizeBytes"]),
        sha256=str(artifact["sha256"]),
    )

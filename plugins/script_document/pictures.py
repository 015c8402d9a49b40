"""Pictures that a document names, found among the files that came with it. Nothing is ever fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from aurad.api import BriefAsset, Picture, Slide
from aurad_plugins.script_document.blocks import Image

REMOTE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
NAMED = 3  # missing pictures that a warning names; the rest are counted


class Pictures:
    """The brief's pictures by name, and those that were asked for in vain."""

    def __init__(self, assets: Sequence[BriefAsset]) -> None:
        shown = [asset for asset in assets if asset.role in ("image", "clip")]
        self._by_name = {normal(asset.name): asset for asset in shown}
        self._by_last: dict[str, list[BriefAsset]] = {}
        for asset in shown:
            self._by_last.setdefault(PurePosixPath(normal(asset.name)).name, []).append(asset)
        self.remote: list[str] = []
        self.missing: list[str] = []

    def slide(self, image: Image) -> Slide | None:
        """The picture's slide, or None if there is no such file."""
        if REMOTE.match(image.src) or image.src.startswith("data:"):
            self.remote.append(image.src[:80])
            return None
        asset = self.find(image.src)
        if asset is None:
            self.missing.append(image.src[:80])
            return None
        return Slide(
            kind="image", note=image.caption or image.alt, picture=Picture(artifact=asset.artifact, alt=image.alt)
        )

    def find(self, src: str) -> BriefAsset | None:
        name = normal(src)
        if name in self._by_name:
            return self._by_name[name]
        alike = self._by_last.get(PurePosixPath(name).name, [])
        return alike[0] if len(alike) == 1 else None

    def warnings(self) -> list[tuple[str, str]]:
        found = []
        if self.remote:
            found.append(
                (
                    "picture-remote",
                    f"{listed(self.remote)} not used: pictures are never fetched; put them beside the document",
                )
            )
        if self.missing:
            found.append(("picture-missing", f"{listed(self.missing)} not used: no such file came with the document"))
        return found


def normal(name: str) -> str:
    name = unquote(name.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]).replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "/".join(parts)


def listed(names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

"""What one daemon of a test run has learnt of the bundled plugins the next one knows: asking them all takes seconds."""

from __future__ import annotations

import json
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

from aurad.hooks.registry import find_plugins

BUNDLED = find_plugins().keys()  # what tests' own plugins say may hang on more than their source
_learnt: dict[str, Any] = {}  # believed by a daemon only as far as nothing that it may depend on has changed


def lend(cache: Path) -> None:
    """Put it where a daemon with this cache folder, which has not begun yet, looks for it."""
    if _learnt and not cache.exists():
        cache.mkdir(parents=True)
        (cache / "stages.json").write_text(json.dumps(_learnt))


def keep(cache: Path, plugins: Container[str] = BUNDLED) -> None:
    """Take over what a daemon with this cache folder has learnt of them."""
    with suppress(OSError):
        found = json.loads((cache / "stages.json").read_bytes())
        _learnt.update((name, one) for name, one in found.items() if name in plugins)

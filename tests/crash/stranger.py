"""The witness's stages by other names, in a plugin of their own whose worker may speak another version.

It does once a test has put up that mischief; before, it passes as one of ours.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mischief
import witness

import aurad.worker.describe
from aurad.api import Stage, hookimpl

PUT_UP = Path(os.environ["XDG_CACHE_HOME"]) / "aurad/plugins/stranger"
VERSION = 99


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    if any(path.read_text() == mischief.STRANGE for path in PUT_UP.glob("mischief-*")):
        aurad.worker.describe.API = VERSION
    return [type(one.__name__, (one,), {"name": f"strange-{one.name}"}) for one in witness.aurad_stages()]

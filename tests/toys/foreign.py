"""A voice whose worker speaks another version of the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aurad.worker.describe
from aurad.api import Stage, hookimpl
from tests.toys.voices import Blocking

VERSION = 99


@hookimpl
def aurad_stages() -> Sequence[type[Stage[Any]]]:
    aurad.worker.describe.API = VERSION
    return [Blocking]

"""A brand's own font: checked, made known to the renderer under a name of its own, used for all that is set large."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from aurad.api import BadInput
from aurad_plugins.visuals_slides.painter import renderer
from aurad_plugins.visuals_slides.takumi import FontError, FontResource

MOST_BYTES = 32 << 20  # a font for all of Chinese has 20 MiB
STARTS = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"ttcf", b"wOF2", b"wOFF")
REMEDY = "Give a TTF, OTF, WOFF or WOFF2 file."


@cache
def family_of(path: Path) -> str:
    """The name under which style sheets find the font of the file; the same for the same bytes."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise BadInput(f"cannot use the brand's font: it is over {MOST_BYTES >> 20} MiB", remedy=REMEDY)
    if not data.startswith(STARTS):
        raise BadInput("cannot use the brand's font: the file is no font", remedy=REMEDY)
    name = f"Brand {hashlib.sha256(data).hexdigest()[:12]}"
    try:
        known = renderer().register_font(FontResource(data, name=name))
    except FontError as error:
        raise BadInput(f"cannot use the brand's font: {error}", remedy=REMEDY) from error
    if not known:  # what the renderer cannot read at all it passes over in silence
        raise BadInput("cannot use the brand's font: the file is damaged", remedy=REMEDY)
    return name

"""Where a video comes from: who made it with what, and how much of it no camera and no person made.

The marking is IPTC's digital source type. Ours is `compositeSynthetic`: several elements put together, of which
at least one, the voice, is synthetic; the words, pictures and clips of the brief are not. The purer codes would
claim too much (`trainedAlgorithmicMedia`: all of it made by a model) or too little (`algorithmicMedia`: nothing
in it learnt from samples).
"""

from __future__ import annotations

from typing import Any

from aurad.model.artifact import Credit
from aurad.model.value import Value

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
NOTICE = "Assembled automatically. The voice is synthetic: nobody spoke these words."


class Maker(Value, frozen=True, kw_only=True):
    """A stage that had a part in it. `licence` is that of its plugin, an SPDX expression where it says one."""

    kind: str
    name: str
    plugin: str
    version: str
    licence: str = ""


class Provenance(Value, frozen=True, kw_only=True, omit_defaults=False):
    """The facts, the same for the same video.

    `digests` are SHA-256 of recipe and script, `credits` what it is made with: fonts, icons, models.
    """

    aurad: str
    makers: tuple[Maker, ...] = ()
    options: dict[str, dict[str, Any]] = {}
    digests: dict[str, str] = {}
    credits: tuple[Credit, ...] = ()
    source_type: str = SOURCE_TYPE
    notice: str = NOTICE

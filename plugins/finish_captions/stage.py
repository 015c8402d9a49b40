"""The finisher `captions`."""

from __future__ import annotations

from typing import ClassVar

from aurad.api import Deliverable, Deliverables, Finisher, FinishRequest, StageContext, Value
from aurad_plugins.finish_captions.text import cues_to_srt, cues_to_vtt

SRT, VTT = "captions.srt", "captions.vtt"


class Captions(Finisher[Value]):
    """Writes the cues that the core has cut; gives nothing if nobody speaks."""

    name = "captions"
    needs: ClassVar[tuple[str, ...]] = ("cues",)
    gives: ClassVar[tuple[str, ...]] = (SRT, VTT)

    def finish(self, request: FinishRequest, context: StageContext[Value]) -> Deliverables:
        """Both files in UTF-8 without a byte order mark, which browsers and FFmpeg expect."""
        if not request.cues:
            return Deliverables()
        files = (
            self._file(SRT, cues_to_srt(request.cues), "application/x-subrip", context),
            self._file(VTT, cues_to_vtt(request.cues), "text/vtt", context),
        )
        return Deliverables(files=files, facts={"cues": len(request.cues)})

    def _file(self, name: str, text: str, media_type: str, context: StageContext[Value]) -> Deliverable:
        path = context.workspace / name
        path.write_text(text, encoding="utf-8", newline="\n")
        return Deliverable(name=name, artifact=context.keep(path, media_type))

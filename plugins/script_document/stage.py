"""The stage `document`: a brief's source or topic becomes a script, without any model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from aurad.api import BadInput, Script, ScriptRequest, ScriptStage, StageContext, Value
from aurad_plugins.script_document import topic
from aurad_plugins.script_document.grammar import Grammar, load_english
from aurad_plugins.script_document.write import write_document

LIBRARIES = ("markdown-it-py", "sentencex", "numpy", "hibari-tts")


class DocumentStage(ScriptStage[Value]):
    """Markdown, plain text and HTML as scenes; a bare topic as an outline."""

    name = "document"

    def __init__(self) -> None:
        self._english: Grammar | None = None

    def fingerprint(self) -> Mapping[str, str]:
        return {name: version(name) for name in LIBRARIES}

    async def open(self, cache: Path) -> None:
        self._english = load_english()

    def write(self, request: ScriptRequest, context: StageContext[Value]) -> Script:
        brief = request.brief
        if brief.source is not None:
            return write_document(brief, self.grammar(brief.language), context.warn)
        if brief.topic is None:
            raise BadInput("cannot write a script: the brief has neither a source nor a topic")
        context.warn(topic.CODE, topic.DETAIL)
        return topic.outline(brief.topic, brief.language, brief.audience, brief.goal)

    def grammar(self, language: str) -> Grammar:
        if language.split("-", maxsplit=1)[0].lower() not in ("en", "eng"):
            return Grammar(None)
        if self._english is None:
            self._english = load_english()
        return self._english

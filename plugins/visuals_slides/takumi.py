"""Takumi, or its absence: where it cannot be loaded, whoever wants to paint gets a `TakumiError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from takumi_py import CompiledStyleSheet, FontError, FontResource, MeasuredNode, Renderer, TakumiError
else:
    try:
        from takumi_py import CompiledStyleSheet, FontError, FontResource, MeasuredNode, Renderer, TakumiError
    except ImportError as error:
        ABSENT = f"takumi cannot be loaded: {error}"

        class TakumiError(Exception):
            """What Takumi raises."""

        class FontError(TakumiError):
            """What Takumi raises for a font."""

        class Renderer:
            """Nothing that could paint."""

            def __init__(self, *_: Any, **__: Any) -> NoReturn:
                raise TakumiError(ABSENT)

        FontResource = Renderer
        CompiledStyleSheet = MeasuredNode = object

__all__ = ["CompiledStyleSheet", "FontError", "FontResource", "MeasuredNode", "Renderer", "TakumiError"]

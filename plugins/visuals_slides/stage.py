"""The visuals stage `slides`: a scene's slide as a shot, with layers that come in with the words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import msgspec

from aurad.api import (
    Animation,
    Artifact,
    Clip,
    Layer,
    Motion,
    Sample,
    SampleRequest,
    Slide,
    StageContext,
    Still,
    Value,
    Visual,
    VisualRequest,
    VisualsStage,
)  # fmt: skip
from aurad_plugins.visuals_slides.brand import LOGO_LETTERS, LOGO_PATTERN, card, signed, with_ground, with_logo
from aurad_plugins.visuals_slides.compose import Composition, Pixels, Sheet, compose
from aurad_plugins.visuals_slides.content import prepared
from aurad_plugins.visuals_slides.fonts import CREDITS, families
from aurad_plugins.visuals_slides.frame import Frame, frame_of
from aurad_plugins.visuals_slides.lettering import family_of
from aurad_plugins.visuals_slides.painter import provide, renderer
from aurad_plugins.visuals_slides.picture_slide import picture_composition
from aurad_plugins.visuals_slides.plain import plain_composition
from aurad_plugins.visuals_slides.scripts import EXTRA, script_of, versions
from aurad_plugins.visuals_slides.sheet import sheet
from aurad_plugins.visuals_slides.takumi import TakumiError
from aurad_plugins.visuals_slides.themes import DEFAULT, THEMES, Theme, theme_named

RISE = 1.6  # units that a layer rises or slides
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]  # the store is no gallery: size matters less than time
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92]


class SlidesOptions(Value, frozen=True, kw_only=True):
    """What people can set for their slides."""

    accent: Annotated[
        str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6})?$", description="accent colour, #rrggbb; empty: the theme's")
    ] = ""
    background: Annotated[
        str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6})?$", description="ground colour, #rrggbb; empty: the theme's")
    ] = ""
    headings: Annotated[Literal["theme", "sans", "serif"], msgspec.Meta(description="type of headings")] = "theme"
    logo: Annotated[
        str,
        msgspec.Meta(
            pattern=LOGO_PATTERN, max_length=LOGO_LETTERS,
            description="a small PNG, JPEG, WebP or SVG as data:image/png;base64,..., shown in the upper margin",
        ),
    ] = ""  # fmt: skip
    intro: Annotated[str, msgspec.Meta(max_length=80, description="line over the heading of the first slide")] = ""
    outro: Annotated[str, msgspec.Meta(max_length=120, description="line on the last slide: an address, thanks")] = ""
    motion: Annotated[bool, msgspec.Meta(description="move pictures gently while they are shown")] = True


class SlidesStage(VisualsStage[SlidesOptions]):
    """Draws slides with shipped fonts and icons, offline."""

    name = "slides"
    Options = SlidesOptions

    def describe(self) -> Mapping[str, Any]:
        themes = [
            {"name": theme.name, "description": theme.description, "default": theme.name == DEFAULT}
            for theme in THEMES.values()
        ]
        return {"themes": themes, "fonts": families(), "credits": list(CREDITS)}

    def fingerprint(self) -> Mapping[str, str]:
        from importlib.metadata import version  # only the worker that asks pays for it

        tools = ("takumi-py", "pillow", "opencv-python-headless", "numpy")
        return {name: version(name) for name in tools} | versions()

    async def open(self, cache: Path) -> None:
        with suppress(TakumiError):  # then slides will be plain, and each says why
            renderer()  # parsing the fonts takes longer than a slide

    def draw(self, request: VisualRequest, context: StageContext[SlidesOptions]) -> Visual:
        options = context.options
        theme = _theme(request.theme, options)
        if request.font:
            with suppress(TakumiError):
                theme = replace(theme, family=family_of(context.path(request.font)))
        logo = context.path(request.logo) if request.logo else options.logo
        ready = prepared(
            signed(request.scene.slide, options.intro, options.outro),
            len(request.scene.words),
            branded=request.font is not None,
        )
        frame = frame_of(request.canvas, request.safe_bottom, from_right=ready.from_right, language=request.language)
        slide = ready.slide
        with suppress(TakumiError):
            provide(ready.scripts)
        if ready.missing:
            context.warn("slides-script", _lacking(ready.missing))
        picture = slide.picture
        if picture and picture.artifact.media_type.startswith("video/"):
            return Visual(shots=(Clip(video=picture.artifact, credit=picture.credit),))
        if not request.scene.words:
            made = _card(slide, logo, frame, theme, context)
            return _visual(made, None, slide, frame, context)
        made, motion = _composed(slide, frame, theme, context)
        if made.shortened or ready.cut:
            context.warn("slides-shortened", f"cannot show all text of the slide {slide.heading!r}: it was shortened")
        if logo:
            made = with_logo(made, logo, frame)
        return _visual(made, motion, slide, frame, context)

    def sample(self, request: SampleRequest, context: StageContext[SlidesOptions]) -> Sample:
        path = context.workspace / "sheet.png"
        sheet(_theme(request.theme, context.options), request.canvas).save(path)
        return Sample(image=context.keep(path, "image/png"))


def _theme(name: str, options: SlidesOptions) -> Theme:
    theme = theme_named(name, options.accent, None if options.headings == "theme" else options.headings)
    return with_ground(theme, options.background) if options.background else theme


def _lacking(letters: str) -> str:
    script = next((found.name for letter in letters if (found := script_of(letter))), None)
    remedy = f"install aurad[{EXTRA}] for {script}" if script else "no font package that aurad knows has them"
    return f"cannot draw letters like {letters[0]!r} on this slide: no font here has them; {remedy}"


def _card(
    slide: Slide, logo: Path | str, frame: Frame, theme: Theme, context: StageContext[SlidesOptions]
) -> Composition:
    try:
        return card(slide.heading, logo, frame, theme)
    except TakumiError as error:
        return _plainly(slide, frame, theme, context, error)


def _plainly(
    slide: Slide, frame: Frame, theme: Theme, context: StageContext[SlidesOptions], error: TakumiError
) -> Composition:
    context.warn("slides-plain", f"cannot draw the slide as designed: {error}; a plain one takes its place")
    return plain_composition(slide, frame, theme)


def _composed(
    slide: Slide, frame: Frame, theme: Theme, context: StageContext[SlidesOptions]
) -> tuple[Composition, Motion | None]:
    try:
        if slide.picture and slide.kind in {"image", "title", "section", "closing"}:
            made, motion = picture_composition(slide, context.path(slide.picture.artifact), frame, theme)
            return made, motion if context.options.motion else None
        return compose(slide, frame, theme), None
    except TakumiError as error:
        return _plainly(slide, frame, theme, context, error), None


def _visual(
    made: Composition, motion: Motion | None, slide: Slide, frame: Frame, context: StageContext[SlidesOptions]
) -> Visual:
    base = _kept(made.base, "base.png", context)
    poster = _kept(made.poster, "poster.jpg", context)
    credit = slide.picture.credit if slide.picture else None
    if not made.layers:
        return Visual(shots=(Still(image=base, motion=motion, credit=credit),), poster=poster, texts=made.texts)
    layers = tuple(_layer(sheet, place, frame, context) for place, sheet in enumerate(made.layers))
    return Visual(
        shots=(Animation(base=base, layers=layers, motion=motion, credit=credit),), poster=poster, texts=made.texts
    )


def _layer(sheet: Sheet, place: int, frame: Frame, context: StageContext[SlidesOptions]) -> Layer:
    reveal = sheet.reveal
    return Layer(
        image=_kept(sheet.pixels, f"layer{place:02}.png", context), x=sheet.x, y=sheet.y,
        at=reveal.at, delay=reveal.delay, effect=reveal.effect, seconds=reveal.seconds,
        distance=round(RISE * frame.unit),
    )  # fmt: skip


def _kept(pixels: Pixels, name: str, context: StageContext[SlidesOptions]) -> Artifact:
    path = context.workspace / name
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    jpeg = path.suffix == ".jpg"
    done, encoded = cv2.imencode(path.suffix, cv2.cvtColor(pixels, order), JPEG if jpeg else PNG)
    if not done:
        raise OSError(f"cannot encode {name}: OpenCV gave no reason")
    path.write_bytes(encoded.tobytes())
    return context.keep(path, "image/jpeg" if jpeg else "image/png")

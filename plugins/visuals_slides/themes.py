"""The themes: named colours and grounds. The type of headings is in `serif.css`, all else in `slides.css`."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Literal

from aurad.api import BadInput

Headings = Literal["sans", "serif"]
Mood = Literal["hero", "calm"]  # a hero slide carries one thought, a calm one carries detail
Rgb = tuple[int, int, int]
AA = 4.5  # WCAG contrast of normal text


@dataclass(frozen=True, slots=True)
class Glow:
    """A soft light on the ground: centre and radius as fractions of width, height and the longer side."""

    x: float
    y: float
    radius: float
    colour: str
    hero: float
    calm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """All colours are `#rrggbb`; `panel_alpha` is how much of `panel` covers the ground in a card.

    `family` is a font, known to the renderer, that takes the place of the theme's for all that is set large.
    """

    name: str
    description: str
    ground: tuple[str, str]
    glows: tuple[Glow, ...]
    ink: str
    soft: str
    accent: str
    second: str
    bar: tuple[str, str]
    on_accent: str
    panel: str
    panel_alpha: float
    line: str
    line_alpha: float
    shadow: str
    ornament_alpha: float
    headings: Headings = "sans"
    family: str = ""

    def variables(self) -> str:
        """The colours as custom properties for the style sheets."""
        colours = {
            "ink": self.ink, "soft": self.soft, "accent": self.accent, "second": self.second,
            "on-accent": self.on_accent, "panel": rgba(self.panel, self.panel_alpha),
            "line": rgba(self.line, self.line_alpha), "lane": rgba(self.line, self.line_alpha * 0.4),
            "bar-from": self.bar[0], "bar-to": self.bar[1], "tint": rgba(self.accent, 0.14), "shadow": self.shadow,
        }  # fmt: skip
        return ":root{" + "".join(f"--{name}:{value};" for name, value in colours.items()) + "}"


MIDNIGHT = Theme(
    name="midnight",
    description="Deep blue-green with soft light and mint accents; for technology, science and evening viewing.",
    ground=("#06111c", "#0a222d"),
    glows=(
        Glow(0.88, 0.10, 0.62, "#1d8a68", 0.58, 0.34),
        Glow(0.04, 1.02, 0.55, "#1c6a99", 0.58, 0.36),
    ),
    ink="#f7fbfd",
    soft="#bfd0dc",
    accent="#6ee7b7",
    second="#85d6fc",
    bar=("#34d399", "#38bdf8"),
    on_accent="#052019",
    panel="#ffffff",
    panel_alpha=0.065,
    line="#ffffff",
    line_alpha=0.15,
    shadow="rgba(0,8,16,0.30)",
    ornament_alpha=0.13,
)
PAPER = Theme(
    name="paper",
    description="Warm white with ink, a serif for headings and rust accents; calm, editorial, good in daylight.",
    ground=("#faf7f1", "#f1ebe0"),
    glows=(
        Glow(0.90, 0.06, 0.55, "#fbdcc2", 0.60, 0.34),
        Glow(0.02, 1.00, 0.55, "#dfe8e2", 0.75, 0.50),
    ),
    ink="#1e1b17",
    soft="#5a5248",
    accent="#a83a17",
    second="#1f6d68",
    bar=("#a83a17", "#d9793c"),
    on_accent="#fffaf4",
    panel="#fffdf9",
    panel_alpha=0.86,
    line="#6b5a45",
    line_alpha=0.20,
    shadow="rgba(84,62,36,0.10)",
    ornament_alpha=0.12,
    headings="serif",
)
DAYLIGHT = Theme(
    name="daylight",
    description="Cool white with cobalt and plum; clear and businesslike, for reports, products and screencasts.",
    ground=("#fbfcff", "#eaf0fb"),
    glows=(
        Glow(0.92, 0.04, 0.55, "#c9dcff", 0.75, 0.45),
        Glow(0.03, 1.00, 0.50, "#eadcff", 0.70, 0.45),
    ),
    ink="#0f1b33",
    soft="#44516b",
    accent="#1d4ed8",
    second="#8a1f8f",
    bar=("#1d4ed8", "#6d5df5"),
    on_accent="#ffffff",
    panel="#ffffff",
    panel_alpha=0.82,
    line="#22408a",
    line_alpha=0.16,
    shadow="rgba(30,58,138,0.12)",
    ornament_alpha=0.10,
)
EMBER = Theme(
    name="ember",
    description="Plum-black with warm light, amber accents and a serif for headings; for history, culture and stories.",
    ground=("#150b14", "#261019"),
    glows=(
        Glow(0.90, 0.08, 0.60, "#8a3420", 0.55, 0.36),
        Glow(0.03, 1.02, 0.55, "#5b1f58", 0.60, 0.40),
    ),
    ink="#fff8f0",
    soft="#e2cdc2",
    accent="#ffbe5c",
    second="#ff9f94",
    bar=("#ff8a4c", "#ffc857"),
    on_accent="#2a1206",
    panel="#ffffff",
    panel_alpha=0.065,
    line="#ffe9d6",
    line_alpha=0.16,
    shadow="rgba(12,4,8,0.32)",
    ornament_alpha=0.13,
    headings="serif",
)
THEMES = {theme.name: theme for theme in (MIDNIGHT, PAPER, DAYLIGHT, EMBER)}
DEFAULT = "midnight"


def theme_named(name: str, accent: str = "", headings: Headings | None = None) -> Theme:
    """The theme of that name (empty: the default), with another accent or kind of headings if that is given."""
    theme = THEMES.get(name or DEFAULT)
    if theme is None:
        known = ", ".join(THEMES)
        raise BadInput(f"cannot draw with theme {name!r}: there is none of that name", remedy=f"Use one of: {known}.")
    theme = replace(theme, headings=headings or theme.headings)
    return with_accent(theme, accent) if accent else theme


def with_accent(theme: Theme, accent: str) -> Theme:
    """The theme with another accent, lightened or darkened until text in it can be read on the ground."""
    hue, light, vivid = colorsys.rgb_to_hls(*(part / 255 for part in rgb(accent)))
    step = 0.02 if luminance(rgb(theme.ink)) > 0.5 else -0.02
    shade = accent
    while not readable(shade, theme) and 0 < light + step < 1:
        light += step
        red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue, light, vivid))
        shade = f"#{red:02x}{green:02x}{blue:02x}"
    on_accent = max((theme.ink, theme.ground[0]), key=lambda tone: contrast(rgb(tone), rgb(shade)))
    return replace(theme, accent=shade, bar=(shade, shade), on_accent=on_accent)


def readable(colour: str, theme: Theme) -> bool:
    """Whether text in `colour` meets WCAG AA wherever on the theme's ground it stands."""
    return all(contrast(rgb(colour), tone) >= AA for tone in extremes(theme))


def extremes(theme: Theme) -> list[Rgb]:
    """The tones of the ground that are hardest on text: plain, in the midst of each glow, and in a panel."""
    tones = [rgb(tone) for tone in theme.ground]
    hero = [mix(tone, rgb(glow.colour), glow.hero) for glow in theme.glows for tone in tones]
    calm = [mix(tone, rgb(glow.colour), glow.calm) for glow in theme.glows for tone in tones]
    panels = [mix(tone, rgb(theme.panel), theme.panel_alpha) for tone in (*tones, *calm)]
    return tones + hero + panels


def rgb(colour: str) -> Rgb:
    """`#rrggbb` as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def rgba(colour: str, alpha: float) -> str:
    """A colour with `alpha`, as CSS."""
    return f"rgba({','.join(map(str, rgb(colour)))},{alpha})"


def mix(under: Rgb, over: Rgb, share: float) -> Rgb:
    """`over` laid upon `under`, covering `share` of it."""
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(under, over, strict=True))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = [part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG contrast ratio, 1..21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)

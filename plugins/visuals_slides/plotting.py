"""Where the points of a line chart lie, and the drawing under its labels. All sizes are in em."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurad_plugins.visuals_slides.nodes import Node, Reveal, box
from aurad_plugins.visuals_slides.page import Look

SIDE, ABOVE, BELOW = 3.2, 3.2, 2.6  # em round a line chart, for its labels
DETAIL = 48  # raster pixels for one em of a drawing: sharp at 4K
GRID = 4  # faint lines above the floor
ROOM_BELOW = 0.35  # of the span, below the lowest value where the axis does not start at nought: its label's place
LIFT = 0.92  # share of the height that the highest point reaches
Spots = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """The size of the drawing, its margins beside and above, and the values from its floor to its top."""

    width: float
    height: float
    low: float
    high: float
    side: float = SIDE
    above: float = ABOVE

    @property
    def floor(self) -> float:
        return self.height - BELOW

    @property
    def across(self) -> float:
        return self.width - 2 * self.side

    def spots(self, values: Sequence[float]) -> tuple[tuple[float, float], ...]:
        """The points of one line, evenly across the drawing."""
        up, span, last = self.height - self.above - BELOW, (self.high - self.low) or 1.0, len(values) - 1
        places = [self.side + self.across * (place / last if last else 0.5) for place in range(len(values))]
        return tuple(
            (x, self.above + up * (1 - (value - self.low) / span * LIFT))
            for x, value in zip(places, values, strict=True)
        )


def plot_of(values: Sequence[float], width: float, height: float, side: float = SIDE, above: float = ABOVE) -> Plot:
    low, high = min(values), max(values)
    # An axis that starts at nought is honest; only where all values are close together would it hide them.
    low = 0.0 if 0 <= low <= high * 0.6 else low - (high - low) * ROOM_BELOW
    return Plot(width, height, low, high, side, above)


def path_of(spots: Spots) -> str:
    return " ".join(f"{'L' if place else 'M'}{x:.3f} {y:.3f}" for place, (x, y) in enumerate(spots))


def spot(x: float, y: float, inner: Node | None, room: float, width: float, reveal: Reveal | None = None) -> Node:
    """A label centred on `x`, kept inside the drawing."""
    reach = min(room / 2, max(1.6, min(x, width - x)))
    return box(
        "row", inner, position="absolute", justify_content="center",
        width=f"{2 * reach:.3f}em", left=f"{x - reach:.3f}em", top=f"{y:.3f}em", reveal=reveal,
    )  # fmt: skip


def axis(look: Look, plot: Plot) -> bytes:
    """The floor and faint lines above it: there before the line comes."""
    theme, floor = look.theme, plot.floor
    reach = f"H{plot.width - plot.side + 1.5:.3f}"
    alpha = min(1, theme.line_alpha * 1.8)
    heights = [floor - (floor - plot.above) * LIFT * part / GRID for part in range(GRID + 1)]
    lines = "".join(
        f'<path d="M{plot.side - 1.5} {height:.3f} {reach}" stroke="{theme.line}"'
        f' stroke-opacity="{alpha * (0.35 if place else 1):.3f}" stroke-width="{0.05 if place else 0.08}"/>'
        for place, height in enumerate(heights)
    )
    return drawing(plot.width, plot.height, lines)


def drawing(width: float, height: float, inner: str) -> bytes:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"'
        f' width="{round(width * DETAIL)}" height="{round(height * DETAIL)}"'
        f' viewBox="0 0 {width:.3f} {height:.3f}">{inner}</svg>'
    ).encode()

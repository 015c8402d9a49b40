"""Every layout at every shape with texts that would break a careless one: inside the margins, nothing overlapping."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from aurad.api import Canvas, Item, Slide
from aurad_plugins.visuals_slides.content import prepared, united
from aurad_plugins.visuals_slides.fit import fitted, placed
from aurad_plugins.visuals_slides.frame import frame_of
from aurad_plugins.visuals_slides.layouts import LAYOUTS, layout_for
from aurad_plugins.visuals_slides.nodes import Node, box, text, texts
from aurad_plugins.visuals_slides.page import Fit, Look
from aurad_plugins.visuals_slides.painter import Painter, provide
from aurad_plugins.visuals_slides.themes import THEMES
from tests.serve.chaos import FULL, dice

SIZES = {"16:9": (320, 180), "9:16": (180, 320), "1:1": (240, 240), "4:5": (216, 270)}
TEXTS = {
    "plain": "Bees dance to tell their sisters where the flowers are",
    "markup": "<script>alert('x')</script> &amp; {\\an8} ',drawbox=t=fill %{x} \"quotes\"",
    "word": "Donaudampfschifffahrtsgesellschaftskapitän" * 6,
    "long": "Nectar is carried home by thousands of foragers every single day. " * 160,
    "short": "A",
    "foreign": "日本語のテキスト العربية שלום हिन्दी Ελληνικά Русский",
    "right": "ماذا ترى النحلة في العالم حولها كل يوم",
    "emoji": "🐝🌱 Growth 🚀 and 👩‍👩‍👧 more ✓ → ½ CO₂",
}
Rect = tuple[float, float, float, float]
TRIES = 10  # cases from which the one with most new pairs is taken; about 160 are, of 5,000
TOLERANCE = 1.6  # px: boxes are rounded outwards to whole pixels


def hostile(kind: str, words: str, count: int) -> Slide:
    value = len(words) * 1234.5
    items = tuple(
        Item(text=words, detail=words, icon="no-such-icon", value=value if place else -3.0, at=place)
        for place in range(count)
    )
    rows = tuple((words,) * (count * 3) for _ in range(count * 3))
    return Slide(
        kind=kind,  # type: ignore[arg-type]
        kicker=words, heading=words, body=words, note=words, unit=words, items=items, rows=rows,
    )  # fmt: skip


def laid_out(slide: Slide, theme: str, aspect: str, safe_bottom: float = 0.0) -> tuple[list[Rect], Fit]:
    width, height = SIZES[aspect]
    ready = prepared(slide, 40)
    frame = frame_of(Canvas(width=width, height=height), safe_bottom, from_right=ready.from_right)
    provide(ready.scripts)
    painter = Painter(frame, THEMES[theme])
    slide = ready.slide
    node, fit = fitted(layout_for(slide)(Look(slide, frame, painter.theme)), painter)
    assert texts(node), "nothing is shown"
    boxes = [rect for part, rect in placed(node, painter) if part.kind == "text"]
    for left, top, right, bottom in boxes:
        assert left >= frame.left - TOLERANCE
        assert right <= width - frame.left + TOLERANCE
        assert top >= frame.top - TOLERANCE
        assert bottom <= height - frame.bottom + TOLERANCE
    return boxes, fit


def assert_apart(boxes: list[Rect]) -> None:
    for one, other in itertools.combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        assert across <= TOLERANCE or down <= TOLERANCE, (one, other)


Case = tuple[str, str, str, str, int]
CASES: list[Case] = list(itertools.product(LAYOUTS, THEMES, SIZES, TEXTS, (1, 3, 8)))


def pairs(*cases: Case) -> set[tuple[object, ...]]:
    return {pair for case in cases for pair in itertools.combinations(enumerate(case), 2)}


@pytest.fixture(scope="module")
def chosen(request: pytest.FixtureRequest) -> list[Case]:
    """All cases, or some by chance that together hold every pair of circumstances."""
    if FULL:
        return CASES
    numbers, left, found = dice(request), pairs(*CASES), list[Case]()
    while left:
        found.append(max(numbers.sample(CASES, TRIES), key=lambda case: len(left & pairs(case))))
        left -= pairs(found[-1])
    return found


def assert_sound(case: Case) -> None:
    """Inside the margins, and nothing over anything else."""
    kind, theme, aspect, name, count = case
    boxes, _ = laid_out(hostile(kind, TEXTS[name], count), theme, aspect)
    assert_apart(boxes)


@pytest.mark.parametrize("case", CASES[::61])
def test_nothing_is_cut_or_overlaps(case: Case) -> None:
    assert_sound(case)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LAYOUTS)
def test_nothing_is_cut_or_overlaps_in_more_cases(kind: str, chosen: list[Case]) -> None:
    own = [case for case in chosen if case[0] == kind]
    assert own
    for case in own:
        assert_sound(case)


@pytest.mark.parametrize("kind", ["title", "bullets", "cards", "table"])
def test_captions_keep_their_place(kind: str) -> None:
    laid_out(hostile(kind, TEXTS["plain"], 3), "midnight", "9:16", safe_bottom=0.25)


def test_ordinary_text_is_never_shortened() -> None:
    for kind, aspect in itertools.product(LAYOUTS, SIZES):
        items = tuple(Item(text="A short point", detail="With a word of explanation", value=float(n)) for n in range(4))
        slide = Slide(
            kind=kind,  # type: ignore[arg-type]
            kicker="Part one", heading="What bees do all day", body="They fly.", note="A source", items=items,
            rows=(("A", "B"), ("1", "2")),
        )  # fmt: skip
        _, fit = laid_out(slide, "paper", aspect)
        assert not fit.shortens, (kind, aspect)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (64, 1024), (1024, 64)])
def test_absurd_canvases_still_get_a_slide(width: int, height: int) -> None:
    frame = frame_of(Canvas(width=width, height=height))
    painter = Painter(frame, THEMES["midnight"])
    slide = prepared(hostile("bullets", TEXTS["plain"], 3), 40).slide
    node, _ = fitted(layout_for(slide)(Look(slide, frame, painter.theme)), painter)
    assert painter.paint(node).shape == (height, width, 4)


@pytest.mark.parametrize("kind", ["bullets", "cards", "steps", "comparison", "bar-chart", "line-chart", "table"])
@pytest.mark.parametrize("aspect", SIZES)
def test_the_frame_is_not_empty_before_the_first_word(kind: str, aspect: str) -> None:
    """What waits for its words leaves a place for them: the base shows structure in the lower half."""
    width, height = SIZES[aspect]
    painter = Painter(frame_of(Canvas(width=width, height=height)), THEMES["midnight"])
    items = tuple(Item(text=f"Point {place}", detail="In other words", value=place + 1.0, at=9) for place in range(3))
    slide = Slide(kind=kind, heading="Bees", items=items, rows=(("A", "B"), ("1", "2"), ("3", "4")))  # type: ignore[arg-type]
    node, _ = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    structure = painter.paint(node, frozenset())[height // 2 :, :, 3]
    assert structure.any(axis=0).mean() > 0.5, "most columns have something in them"


def test_the_points_of_a_side_come_in_one_by_one() -> None:
    """Items with the same text are one side: its name and each point wait for words of their own."""
    told = [("Pump", "quiet", 0), ("Boiler", "loud", 4), ("Pump", "dear", 8), ("Boiler", "cheap", 12)]
    slide = Slide(kind="comparison", items=tuple(Item(text=name, detail=point, at=at) for name, point, at in told))
    painter = Painter(frame_of(Canvas(width=320, height=180)), THEMES["paper"])
    node, _ = fitted(layout_for(slide)(Look(slide, painter.frame, painter.theme)), painter)
    shown = {at: words for at, words in revealed(node, None) if words}
    assert shown == {0: "Pump quiet", 4: "Boiler loud", 8: "dear", 12: "cheap"}


def revealed(node: Node, at: int | None) -> Iterator[tuple[int | None, str]]:
    """All that comes in with each word."""
    own = node.reveal.at if node.reveal else at
    inner = [found for child in node.children for found in revealed(child, own)]
    same = " ".join(words for place, words in inner if place == own and words)
    yield own, " ".join(part for part in (node.text, same) if part)
    yield from (found for found in inner if found[0] != own)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_no_line_ends_between_a_number_and_its_unit(theme: str) -> None:
    painter = Painter(frame_of(Canvas(width=320, height=180)), THEMES[theme])

    def first_line(words: str) -> int:
        """Where the ink of the first line ends, in pixels."""
        column = box("col", text("strong", united(words), 1.6, color="#fff"), width="150px", **{"font-size": "11px"})
        ink = painter.paint(column)[:, :, 3] > 0
        rows = ink.any(axis=1)
        start = int(rows.argmax())
        end = start + int((~rows[start:]).argmax())
        return int(ink[start:end].any(axis=0).nonzero()[0].max())

    assert first_line("It can deliver 300 MW") == first_line("It can deliver")

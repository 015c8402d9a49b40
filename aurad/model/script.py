"""What is said and shown, scene by scene. Times are told in words, never in seconds.

A scene's words are `scene.text.split()`: word `n` of a narration, of a cue and of every `at` below is
the n-th of those, so voices, slides and captions agree without knowing each other.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from aurad.model.artifact import Picture
from aurad.model.pronounce import Pronounce
from aurad.model.value import Value
from aurad.model.written import Written

SlideKind = Literal[
    "title", "section", "bullets", "cards", "statistic", "quote", "code", "table",
    "bar-chart", "line-chart", "steps", "comparison", "image", "closing",
]  # fmt: skip
WordIndex = Annotated[int, Meta(ge=0, description="index into scene.text.split()")]


class Item(Value, frozen=True, kw_only=True):
    """One bullet, card, step, bar or column of a slide. It comes in with word `at` (None: at once)."""

    text: str
    detail: str = ""
    icon: str = ""
    value: float | None = None
    at: WordIndex | None = None


class Slide(Value, frozen=True, kw_only=True):
    """What a scene shows, as content; a visuals stage decides how it looks.

    `kicker` is the small line over `heading`. `items` serve bullets, cards, steps, charts (with
    `value`, in `unit`) and comparisons, where those with the same text are the points of one side;
    `rows` a table, header first; `body` a quote, code or paragraph; `note` a quote's source, code's
    language or a caption. A chart of two or three series has its numbers in `rows`, as a table has, and the
    series' names in `items`, which tell when each comes in.
    """

    kind: SlideKind = "section"
    kicker: str = ""
    heading: str = ""
    body: str = ""
    note: str = ""
    unit: str = ""
    icon: str = ""
    items: tuple[Item, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    picture: Picture | None = None


class Scene(Value, frozen=True, kw_only=True):
    """One slide and what is said over it. `scene_id` is stable over edits and is never sent to a stage.

    `chapter`, if set, starts a chapter of that title here. `voice` overrides the job's voice. A scene with
    an empty `text` is a silent card that lasts `seconds`. `written` tells what captions show for words of the text
    that are written otherwise than they are said: `--prune` for `dash dash prune`.
    """

    scene_id: str = ""
    chapter: str = ""
    text: str
    written: Written = {}
    slide: Slide = Slide()
    voice: str = ""
    seconds: Annotated[float, Meta(ge=0, le=60)] = 0.0

    @property
    def words(self) -> list[str]:
        return self.text.split()


class Script(Value, frozen=True, kw_only=True):
    """A whole video on paper. Scenes in order; each says at least one word, or is a silent card.

    `pronounce` tells how words of the text are said, before what settings tell.
    """

    title: str
    language: str = "en"
    description: str = ""
    tags: tuple[str, ...] = ()
    pronounce: Pronounce = {}
    scenes: tuple[Scene, ...] = ()

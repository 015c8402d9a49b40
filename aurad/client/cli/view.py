"""Shows a running job: a live picture on a terminal, plain lines elsewhere, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from aurad.client.cli import talk
from aurad.client.cli.board import OVER, RUNNING, Board, Step

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

FRAME_SECONDS = 0.08  # a faster picture costs processor time that the encoder wants
PLAIN_SECONDS = 5.0
PLAIN_PERCENT = 10.0
BAR_WIDTH = 28
PAUSED = "Paused"
SIGNS = {"Pending": "·", RUNNING: "●", "Succeeded": "✓", "Failed": "✗", "Skipped": "-", "Cancelled": "✗"}
STYLES = {
    "Pending": "dim",
    RUNNING: "cyan",
    "Succeeded": "green",
    "Failed": "red",
    "Skipped": "dim",
    "Cancelled": "yellow",
}


class View(AbstractContextManager["View"], Protocol):
    """Something that shows a board; cheap to call on every event and several times a second."""

    def show(self, board: Board) -> None: ...


def open_view(*, quiet: bool, title: str) -> View:
    """The view that fits stderr."""
    if quiet:
        return Silent()
    return Live(title) if talk.interactive() else Plain()


class Silent:
    """Says nothing."""

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, board: Board) -> None:
        pass


class Plain(Silent):
    """A line for every change of a stage, and every 10 percent or 5 seconds."""

    def __init__(self, say: Callable[[str], None] = talk.note, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._known: dict[str, str] = {}
        self._percent, self._said_at = 0.0, clock()
        self._warnings = 0

    def show(self, board: Board) -> None:
        for warning in board.warnings[self._warnings :]:
            self._say(f"warning: {warning.get('detail', '')}")
        self._warnings = len(board.warnings)
        self._show_status(board)
        for step in board.steps.values():
            if self._known.get(step.name, "Pending") != step.status:
                self._known[step.name] = step.status
                if step.status != "Skipped":
                    self._line(board, _changed(step, board.clock()))
        if board.final or self._due(board):
            self._line(board, overall(board) if board.final else remaining(board))

    def _show_status(self, board: Board) -> None:
        """The first one, and a pause with its end."""
        before, now = self._known.get("job"), board.status
        if board.job_id and (before is None or (before != now and PAUSED in (before, now) and not board.final)):
            self._known["job"] = now
            self._line(board, f"job {board.job_id} is {now.lower()}")

    def _due(self, board: Board) -> bool:
        if board.status == PAUSED:  # nothing changes, maybe for days
            return False
        far, long = self._percent + PLAIN_PERCENT, self._said_at + PLAIN_SECONDS
        return board.percent >= far or self._clock() >= long

    def _line(self, board: Board, text: str) -> None:
        self._percent, self._said_at = board.percent, self._clock()
        self._say(f"[{short_time(board.elapsed)} {board.percent:5.1f} %] {text}")


class Live:
    """A picture that changes in place: a line for each stage, the whole below. Its last state stays."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        from rich.console import Console  # only a terminal pays for rich
        from rich.live import Live as RichLive

        self._title = title
        self._live = RichLive(console=console or Console(stderr=True), auto_refresh=False)
        self._shown_at, self._board = 0.0, Board()

    def __enter__(self) -> Live:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update(_picture(self._title, self._board), refresh=True)
        self._live.stop()

    def show(self, board: Board) -> None:
        self._board = board
        if (now := time.monotonic()) >= self._shown_at + FRAME_SECONDS or board.final:
            self._shown_at = now
            self._live.update(_picture(self._title, board), refresh=True)


def short_time(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _picture(title: str, board: Board) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    now = board.clock()
    for step in board.steps.values():
        style = STYLES.get(step.status, "")
        table.add_row(
            Text("  " + SIGNS.get(step.status, "?"), style=style),
            Text(step.name, style="dim" if step.status in {"Pending", "Skipped"} else ""),
            _bar(step),
            Text(_items(step), justify="right"),
            Text(f"{step.elapsed(now):.1f} s" if step.started is not None else "", style="dim", justify="right"),
            Text(_left(step, board), style="dim", justify="right"),
            Text(step.detail if step.status == RUNNING else "", style="dim", overflow="ellipsis", no_wrap=True),
        )
    notes = [Text(f"  ! {one.get('detail', '')}", style="yellow") for one in board.warnings]
    return Group(
        Text(title, style="bold", overflow="ellipsis", no_wrap=True), table, *notes, Text(f"  {overall(board)}")
    )


def _bar(step: Step) -> RenderableType:
    from rich.progress_bar import ProgressBar

    return ProgressBar(
        total=100.0,
        completed=step.percent,
        width=BAR_WIDTH,
        complete_style=STYLES.get(step.status, "cyan"),
        finished_style=STYLES.get(step.status, "green"),
    )


def _left(step: Step, board: Board) -> str:
    """No step takes longer than the whole."""
    left = step.left(board.clock())
    if left is None:
        return ""
    return f"~{short_time(max(left if board.eta is None else min(left, board.eta), 1.0))}"


def _items(step: Step) -> str:
    if not step.total:
        return ""
    return f"{step.done}/{step.total}" + (f", {step.reused} reused" if step.reused else "")


def _changed(step: Step, now: float) -> str:
    parts = [step.status.lower(), _items(step)]
    if step.status == RUNNING and step.plugin:
        parts.append(f"by {step.plugin}")
    if step.status in OVER:
        parts.append(f"{step.elapsed(now):.1f} s")
    return f"{step.name}: " + ", ".join(filter(None, parts))


def overall(board: Board) -> str:
    """How far a job is, and how long it takes still."""
    if board.final or board.status in OVER:
        return f"{board.status.lower()}, {board.percent:.0f} % in {short_time(board.elapsed)}"
    return ", ".join(filter(None, [f"{board.percent:.0f} %", f"{short_time(board.elapsed)} so far", remaining(board)]))


def remaining(board: Board) -> str:
    """How long a running job takes still, or what it does."""
    if board.status == PAUSED:
        return "paused"
    return board.message if board.eta is None else f"about {short_time(max(board.eta, 1.0))} left"

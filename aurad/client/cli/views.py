"""Shows several jobs at once: a line for each on a terminal, plain lines that begin with the job elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from aurad.client.cli import talk
from aurad.client.cli.board import Board
from aurad.client.cli.view import BAR_WIDTH, FRAME_SECONDS, SIGNS, STYLES, Plain, View, open_view, overall

if TYPE_CHECKING:
    from rich.console import RenderableType


class Views(AbstractContextManager["Views"], Protocol):
    """Something that shows boards by the ids of their jobs; cheap to call often."""

    def show(self, boards: Mapping[str, Board]) -> None: ...


def open_views(titles: Mapping[str, str], *, quiet: bool) -> Views:
    """The view of jobs with these titles that fits stderr; of one job all of its stages."""
    if len(titles) > 1 and not quiet:
        return Lines(titles) if talk.interactive() else Each({job: Plain(partial(_say, job)) for job in titles})
    return Each({job: open_view(quiet=quiet, title=title) for job, title in titles.items()})


def _say(job_id: str, text: str) -> None:
    talk.note(f"{job_id} {text}")


class Each(ExitStack):
    """A view for each job."""

    def __init__(self, views: Mapping[str, View]) -> None:
        super().__init__()
        self._views = {job_id: self.enter_context(view) for job_id, view in views.items()}

    def show(self, boards: Mapping[str, Board]) -> None:
        for job_id, view in self._views.items():
            view.show(boards[job_id])


class Lines:
    """A picture that changes in place."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._titles, self._boards, self._shown_at = titles, dict[str, Board](), 0.0
        self._live = Live(console=Console(stderr=True), auto_refresh=False)

    def __enter__(self) -> Lines:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.update(self._picture(), refresh=True)
        self._live.stop()

    def show(self, boards: Mapping[str, Board]) -> None:
        self._boards = dict(boards)
        if (now := time.monotonic()) >= self._shown_at + FRAME_SECONDS:
            self._shown_at = now
            self._live.update(self._picture(), refresh=True)

    def _picture(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        for job_id, board in self._boards.items():
            style = STYLES.get(board.status, "dim")
            table.add_row(
                Text(SIGNS.get(board.status, "·"), style=style),
                Text(job_id, style="dim"),
                Text(self._titles[job_id], overflow="ellipsis", no_wrap=True),
                ProgressBar(total=100.0, completed=board.percent, width=BAR_WIDTH, complete_style=style),
                Text(overall(board), overflow="ellipsis", no_wrap=True),
            )
        return table

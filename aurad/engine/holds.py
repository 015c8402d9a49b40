"""Why jobs wait although they could run: settings that cannot be used, no FFmpeg, no room on the disk.

A hold passes by itself, or once somebody has mended something; no job fails for it. Room is made by giving up results
that no job needs, if that is enough. Who waits, and is told of it, is the business of `jobs`. A private daemon holds
nothing: its jobs fail at once, before their user's eyes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog
import trio

from aurad.engine.catalog import Catalog
from aurad.engine.memo import Memo
from aurad.engine.room import Room, Writer
from aurad.model.errors import AuradError

ROUND = 2.0  # seconds between two looks whether jobs may go on
LOOK_AGAIN = 10.0  # seconds between two looks for FFmpeg while there is none: each may run programs

log = structlog.get_logger()


class Holds:
    """What keeps jobs from being started. `broken` says why the settings in force are not those of the files."""

    def __init__(
        self, catalog: Catalog, room: Room, memo: Memo, *, private: bool, broken: AuradError | None = None
    ) -> None:
        self._catalog, self.room, self._memo, self._private, self.broken = catalog, room, memo, private, broken
        self.looked = private  # whether it is known if there is an FFmpeg
        self._news, self._next_look = trio.Event(), 0.0

    @property
    def problem(self) -> AuradError | None:
        """What keeps all jobs from being started."""
        return self.broken or (None if self._private else self._catalog.ffmpeg_error)

    def why(self, job: Writer, running: Iterable[Writer]) -> AuradError | None:
        """What keeps this one from being started beside those that run."""
        return self.problem or (None if self._private else self.room.lacks(job, running))

    def covers(self, failure: Exception | None) -> bool:
        """Whether a job failed for nothing but what is a hold by now: it only has to wait."""
        problem = self.problem
        return problem is not None and isinstance(failure, AuradError) and failure.code == problem.code

    def mended(self) -> None:
        """The settings are those of the files again, and may name another FFmpeg."""
        self.broken, self._next_look = None, 0.0
        self._news.set()

    async def serve_forever(self, tend: Callable[[], None]) -> None:
        """Look again and again, and let `tend` start whatever may go on."""
        while True:
            self._news = trio.Event()
            await self._look()
            self.room.short = 0.0
            tend()
            if self.room.short and await self._memo.spare(self.room.short):
                tend()
            with trio.move_on_after(ROUND):
                await self._news.wait()

    async def _look(self) -> None:
        wanted = not self.looked or (self._catalog.ffmpeg_error and not self._private)
        if not wanted or trio.current_time() < self._next_look:
            return
        try:
            await self._catalog.load()
        except (AuradError, OSError) as error:  # told to everybody who asks for what is missing
            log.warning("cannot look at what is installed", error=str(error))
        self.looked, self._next_look = True, trio.current_time() + LOOK_AGAIN

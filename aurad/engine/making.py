"""Makes one job's video: asks for it until it is there, with another provider or encoder when one fails."""

from __future__ import annotations

from aurad.engine.asking import STEP
from aurad.engine.board import Board, EncoderFailed
from aurad.engine.catalog import Catalog
from aurad.engine.delivery import deliver
from aurad.engine.options import check_merged
from aurad.engine.outcome import unwrap
from aurad.engine.pipeline import Made, Pipeline
from aurad.engine.providers import ProviderFailed, Providers
from aurad.engine.record import Job
from aurad.engine.runner import Runner
from aurad.engine.store import Damaged, Store
from aurad.model.errors import AuradError
from aurad.model.event import Output
from aurad.model.job import StepStatus

DAMAGE_PATIENCE = 5  # times one job starts over because a stored file was damaged; more is a dying disk


class Maker:
    """What every job is made with."""

    def __init__(self, catalog: Catalog, runner: Runner, store: Store, *, previews: bool) -> None:
        self._catalog, self._runner, self._store, self._previews = catalog, runner, store, previews

    async def make(self, job: Job, board: Board) -> tuple[Made, Output | None]:
        """All of a job's work; the video is None if it ends before there is one. Raises what ends the job."""
        board.enter("Initialization")
        await self._catalog.load()
        board.remarks = self._runner.memo.remarks
        await board.remarks.load()
        if self._catalog.ffmpeg_error:
            raise self._catalog.ffmpeg_error
        check_merged(self._catalog, job.recipe.options, job.submitted.settings.options)
        providers = Providers(self._catalog, job.recipe.providers, job.recipe.brief.language, job.recipe.voice)
        board.leave("Initialization", StepStatus.SUCCEEDED)
        return await self._build(job, board, providers)

    async def _build(self, job: Job, board: Board, providers: Providers) -> tuple[Made, Output | None]:
        """Ask for the video until it is there; every round finds done what the rounds before did."""
        damaged = 0
        while True:
            try:
                pipeline = Pipeline(
                    job.recipe, self._runner, board, providers, self._catalog.core, previews=self._previews
                )
                made = await pipeline.run()
                return made, await deliver(board, job.recipe, made, self._catalog, self._store)
            except Exception as group:
                error = unwrap(group)
            if isinstance(error, Damaged) and (damaged := damaged + 1) <= DAMAGE_PATIENCE:
                told = f"a stored file was damaged and is made anew: {error.sha256[:12]}"
                board.warn("Initialization", "E506-STORE", told)
                await self._runner.memo.forget_file(error.sha256)
            elif isinstance(error, Damaged):
                why = f"cannot go on: the stored file {error.sha256[:12]} is damaged again and again"
                raise AuradError("E506-STORE", why, remedy="If you uploaded it, do so again; else check the disk.")
            elif isinstance(error, ProviderFailed):
                self._switch(board, providers, error)
            elif not isinstance(error, EncoderFailed):
                raise error
            board.restart()

    def _switch(self, board: Board, providers: Providers, failed: ProviderFailed) -> None:
        stage = providers.first(failed.kind)
        following = providers.next_after(failed.kind, stage)
        providers.drop(failed)
        if following is None:
            raise providers.story(failed.kind)
        board.fall_back(STEP[failed.kind], stage.info.name, following.info.name, failed.error)

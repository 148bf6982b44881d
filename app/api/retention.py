"""The removal of what projects keep no longer, hour by hour, by whichever instance comes to it first."""

import asyncio
import logging
import time
from collections.abc import Collection

from app.api.delivery import Delivery
from app.api.volume.threads import on_volume
from app.api.volume.uploads import UploadVolume
from app.core.errors import DependencyDown, VocalyxError
from app.core.identifiers import ProjectId, TranscriptionId
from app.db import retention
from app.db.database import Database
from app.db.retention import Removed, Retention
from app.settings import Settings

# What is removed in one transaction: it waits for nobody, and nobody is to wait for it for long.
_BATCH = 20

logger = logging.getLogger(__name__)


def site_limits(settings: Settings) -> Retention:
    """Return how long the operator lets things be kept."""
    return Retention(settings.retention_max_audio_days, settings.retention_max_text_days)


class RetentionSweep:
    """Runs in every API instance; only one sweeps at a time, and a step that is cut off is taken again by the next."""

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        volume: UploadVolume,
        limits: Retention,
        *,
        interval_seconds: float,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._volume = volume
        self._limits = limits
        self._interval = interval_seconds

    async def run(self) -> None:
        """Sweep at every interval until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.sweep()
            except (VocalyxError, OSError) as error:
                logger.warning("removing what is kept no longer waits: %s", error)
            except Exception:
                # Whatever went wrong with one round must not end all later ones: things would be kept for ever.
                logger.exception("removing what is kept no longer failed")
            await asyncio.sleep(max(0.0, self._interval - (time.monotonic() - began)))

    async def sweep(self) -> tuple[int, int]:
        """Remove all that is too old; return of how many transcriptions the audio went, and how many went whole."""
        audio = whole = 0
        for project in await self._database.run(retention.projects_with_limits, self._limits):
            while due := await self._database.run(retention.due, project, self._limits, _BATCH):
                removed = await self._remove(project, due)
                if removed is None:
                    return audio, whole
                audio += len(removed.audio)
                whole += len(removed.transcriptions)
                if not removed.files:
                    break  # What is left is in other hands just now: the next round looks again.
            await self._remove_questions(project)
        if audio or whole:
            logger.info("removed what is kept no longer", extra={"fields": {"audio": audio, "transcriptions": whole}})
        return audio, whole

    async def _remove_questions(self, project: ProjectId) -> None:
        while outcomes := await self._database.run(retention.remove_questions, project, self._limits):
            for outcome in outcomes:
                await self._delivery.follow(outcome)

    async def _remove(self, project: ProjectId, due: Collection[TranscriptionId]) -> Removed | None:
        try:
            return await self._remove_together(project, due)
        except DependencyDown:
            raise
        except Exception:
            # One that cannot be removed must not keep the others.
            logger.exception("some could not be removed together: they are tried one by one")
        together = Removed()
        for one in due:
            try:
                removed = await self._remove_together(project, [one])
            except DependencyDown:
                raise
            except Exception:
                logger.exception("a transcription could not be removed", extra={"fields": {"transcription": one}})
                continue
            if removed is None:
                return None
            together.audio += removed.audio
            together.transcriptions += removed.transcriptions
        return together

    async def _remove_together(self, project: ProjectId, due: Collection[TranscriptionId]) -> Removed | None:
        """Remove the rows, then the files: noted before, so that after a crash in between the rows decide."""
        for one in due:
            await self._volume.use(self._volume.unsettle, one)
        removed = await self._database.run(retention.remove, project, self._limits, due)
        if removed is None:
            return None
        for one in removed.files:
            await on_volume(self._volume.settle, one, kept=False)
        for outcome in removed.outcomes:
            await self._delivery.follow(outcome)
        return removed

"""What a recording on the volume is, and whether it was the recording or the volume that gave no answer."""

import asyncio
import time
from pathlib import Path

from app.api.volume.uploads import UploadVolume
from app.core.errors import DamagedMedia, DependencyDown
from app.media.information import MediaInfo
from app.media.probe import probe


async def probed(volume: UploadVolume, slots: asyncio.Semaphore, path: Path, timeout_seconds: float) -> MediaInfo:
    """Return `probe` of a file on the volume, so many at a time as there are slots.

    Raises what `probe` raises, and `UploadsVolumeAway` for a file that could not be read while the volume hung: nothing
    is known of it, and nobody may be told that it is damaged.
    """
    async with slots:
        volume.require()
        begun = time.monotonic()
        try:
            return await probe(path, timeout_seconds)
        except (DamagedMedia, DependencyDown):
            volume.require(since=begun)
            raise

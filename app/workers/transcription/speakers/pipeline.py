"""A pyannote.audio pipeline for speaker diarization, taken apart: the steps of its `apply`, one by one."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalog.offline import import_pyannote_audio
from app.media.decode import SAMPLE_RATE
from app.workers.transcription.speakers.trunk import Blocks, SharedTrunk, Sound, is_shareable
from app.workers.transcription.speakers.turns import NOBODY
from app.workers.transcription.speakers.voices import Voices

# Agglomerative clustering compares every embedding with every other. Above this number an evenly spread choice of them
# makes the clusters, and all are assigned to the nearest: 100 MB and seconds, however long the recording.
MOST_CLUSTERED = 5000

_BLOCKS = Blocks()

Active = NDArray[np.uint8]
"""Who speaks when in each window, (windows, frames, speakers): 1 or 0."""
Embeddings = NDArray[np.float32]
"""(windows, speakers, dimension); not a number where there is nothing to take one of."""
Progress = Callable[[int, int], None]
"""Told what is done, and of how much, after every batch."""


class NotDiarization(Exception):
    """The folder holds another kind of pipeline."""


class SpeakerPipeline:
    """Any `SpeakerDiarization` that `pyannote.audio.Pipeline.from_pretrained` loads from a folder.

    Its windows begin every `step` samples of the recording and are `size` samples long. An embedding network that
    exposes its halves hears the recording in `blocks`, every second once; with None, as any other network, it hears all
    of it once a window, as pyannote runs it.
    """

    def __init__(self, folder: Path, *, blocks: Blocks | None = _BLOCKS) -> None:
        """Import pyannote.audio, several seconds once a process, and load. Raises `NotDiarization`."""
        pyannote_audio = import_pyannote_audio()
        with known_warnings_ignored():
            pipeline = pyannote_audio.Pipeline.from_pretrained(folder)
        if not isinstance(pipeline, pyannote_audio.pipelines.SpeakerDiarization):
            raise NotDiarization
        bound_training(pipeline.clustering, MOST_CLUSTERED)
        self._pipeline: Any = pipeline
        self._slide: Any = pipeline._segmentation  # noqa: SLF001 - pyannote gives no other way to its parts
        self._embedding: Any = pipeline._embedding  # noqa: SLF001 - as above
        network = getattr(self._embedding, "model_", None)
        self._trunk = SharedTrunk(network, blocks) if blocks and is_shareable(network) else None
        self.size = round(self._slide.duration * SAMPLE_RATE)
        self.step = round(self._slide.step * SAMPLE_RATE)

    @property
    def window_seconds(self) -> float:
        return float(self._slide.duration)

    @property
    def step_seconds(self) -> float:
        return float(self._slide.step)

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        return int(self._embedding.dimension)

    @property
    def reach(self) -> int:
        """How many samples on either side of a window its embeddings may need."""
        return self._trunk.reach if self._trunk else 0

    @property
    def longest_gap(self) -> float:
        """Seconds below which a gap in a person's turn is none."""
        return float(self._pipeline.segmentation.min_duration_off)

    @property
    def frames(self) -> Any:
        """The frames of the segmentation, laid out from a recording's start (`pyannote.core.SlidingWindow`)."""
        from pyannote.core import SlidingWindow

        frame = self._slide.model.receptive_field
        return SlidingWindow(start=0.0, duration=frame.duration, step=frame.step)

    @property
    def needs_number(self) -> bool:
        """Whether its clustering must be told how many people speak."""
        return bool(self._pipeline._expects_num_speakers)  # noqa: SLF001 - as above

    def bounds(self, exact: int | None, least: int | None, most: int | None) -> tuple[int | None, int, float]:
        """Complete what is known of the number of speakers: exactly, at least, at most."""
        known: tuple[int | None, int, float] = self._pipeline.set_num_speakers(exact, least, most)
        return known

    def segment(self, sound: Sound, begin: int, end: int, progress: Progress) -> Active:
        """Tell who speaks when in the windows of the recording's samples from `begin` to `end`."""
        with known_warnings_ignored():
            found = self._pipeline.get_segmentations(_file(sound, begin, end), hook=_hook(progress))
        if not self._slide.model.specifications.powerset:
            from pyannote.audio.utils.signal import binarize

            found = binarize(found, onset=self._pipeline.segmentation.threshold, initial_state=False)
        active: Active = (found.data > 0).astype(np.uint8)
        return active

    def embed(self, sound: Sound, begin: int, end: int, active: Active, progress: Progress) -> Embeddings:
        """Take the embedding of each speaker of the windows that `segment` found from `begin` to `end`."""
        if not active.any():
            return np.full((len(active), active.shape[2], self.dimension), np.nan, np.float32)
        with known_warnings_ignored():
            if self._trunk is not None:
                starts = range(begin, begin + len(active) * self.step, self.step)
                masks = self._masks(active)
                return self._trunk.embeddings(sound, starts, self.size, masks, progress)
            found = self._pipeline.get_embeddings(
                _file(sound, begin, end),
                self._places(active.astype(np.float32)),
                exclude_overlap=self._pipeline.embedding_exclude_overlap,
                hook=_hook(progress),
            )
        return np.asarray(found, np.float32)

    def cluster(
        self, voices: Voices, exact: int | None, least: int, most: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the cluster of each window's speakers, (windows, speakers), and each cluster's mean embedding.

        Takes some seconds for a recording of many hours, and cannot be stopped.
        """
        with known_warnings_ignored():
            found, _, centroids = self._pipeline.clustering(
                embeddings=voices.embeddings,
                segmentations=self._places(voices.active),
                num_clusters=exact,
                min_clusters=least,
                max_clusters=most,
            )
        clusters = np.asarray(found, np.int64)
        clusters[~voices.active.any(axis=1)] = NOBODY
        return clusters, centroids

    def _places(self, data: NDArray[Any]) -> Any:
        from pyannote.core import SlidingWindow, SlidingWindowFeature

        return SlidingWindowFeature(
            data, SlidingWindow(start=0.0, duration=self._slide.duration, step=self._slide.step)
        )

    def _masks(self, active: Active) -> NDArray[np.float32]:
        """Return the frames from which each embedding is taken: those without overlap, if they are enough.

        The rule of pyannote's `get_embeddings`.
        """
        if not self._pipeline.embedding_exclude_overlap:
            return active.astype(np.float32)
        alone = active * (active.sum(axis=2, keepdims=True) == 1)
        fewest = math.ceil(active.shape[1] * self._embedding.min_num_samples / self.size)
        enough = alone.sum(axis=1, keepdims=True) > fewest
        return np.where(enough, alone, active).astype(np.float32)


def bound_training(clustering: Any, most: int) -> None:
    """Make pyannote's clustering learn its clusters from `most` embeddings at the most, spread evenly over time."""
    every = clustering.filter_embeddings

    def some(*args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        embeddings, windows, speakers = every(*args, **kwargs)
        if len(embeddings) <= most:
            return embeddings, windows, speakers
        kept = np.arange(most) * len(embeddings) // most
        return embeddings[kept], windows[kept], speakers[kept]

    clustering.filter_embeddings = some


def _file(sound: Sound, begin: int, end: int) -> dict[str, Any]:
    """Return a piece of sound as pyannote takes it."""
    import torch

    return {"waveform": torch.from_numpy(sound.cut(begin, end))[None], "sample_rate": SAMPLE_RATE}


def _hook(progress: Progress) -> Callable[..., None]:
    """Return what pyannote calls after every batch."""

    def hook(*_: object, completed: int | None = None, total: int | None = None, **__: object) -> None:
        if completed is not None and total:
            progress(min(completed, total), total)

    return hook


@contextmanager
def known_warnings_ignored() -> Iterator[None]:
    """Ignore what pyannote warns of and what is handled or harmless here; anything else still shows."""
    with warnings.catch_warnings():
        # No stretch long enough to learn a voice from: one speaker is assumed, and their mean voice is undefined.
        warnings.filterwarnings("ignore", message="Mean of empty slice", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message="invalid value encountered", category=RuntimeWarning)
        # A pooled stretch of one frame has no deviation; the embedding is NaN and left out of the clustering.
        warnings.filterwarnings("ignore", message=r"std\(\): degrees of freedom is <= 0", category=UserWarning)
        yield

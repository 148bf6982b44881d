"""Who spoke when: a pyannote pipeline from the models directory, kept loaded, in two halves.

The first, `voices`, hears a stretch of a recording, and can be done for all stretches at once on different workers. The
second, `diarize`, hears nothing more: it tells the voices of all stretches apart together, so that a label means one
person from start to end.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalog import InstalledModel
from app.core.errors import InvalidOptions, UnknownModel
from app.core.options import TranscriptionOptions
from app.core.transcript import Diarization, Span
from app.media.decode import SAMPLE_RATE
from app.workers.context import Checkpoint
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.speakers.pipeline import NotDiarization, SpeakerPipeline
from app.workers.transcription.speakers.trunk import Sound
from app.workers.transcription.speakers.turns import SpeakingFrames, labelled
from app.workers.transcription.speakers.voices import Voices, WindowShape

logger = logging.getLogger(__name__)

# Where each stage begins, in percent of the work on a stretch. From a measurement on one thread.
_SEGMENTATION_BEGINS, _EMBEDDINGS_BEGIN, _VOICES_END = 0.0, 37.0, 100.0
# The same of telling the voices of a recording of hours apart.
_READING_BEGINS, _CLUSTERING_BEGINS, _LAYING_BEGINS, _TURNS_BEGIN = 0.0, 15.0, 80.0, 90.0


class Diarizer:
    """Tells the speakers of recordings apart.

    Any folder that `pyannote.audio.Pipeline.from_pretrained` loads into a `SpeakerDiarization` will do: the community
    one that the demo brings, or pyannote's own. The engine is imported and loaded with the first recording, or by
    `load`. One recording at a time.
    """

    def __init__(
        self,
        model: InstalledModel,
        *,
        threads: int,
        sound: SoundMemory | None = None,
        load: Callable[[Path], SpeakerPipeline] = SpeakerPipeline,
    ) -> None:
        self._model = model
        self._threads = threads
        self._sound = sound or SoundMemory()
        self._load_from = load
        self._loaded: SpeakerPipeline | None = None

    @property
    def loaded(self) -> str | None:
        """The name of the model, once it is loaded; may be asked for by any thread."""
        return None if self._loaded is None else self._model.name

    def load(self) -> None:
        """Import pyannote.audio and load the pipeline. Does nothing the second time.

        Raises `UnknownModel` where the model is another pipeline than one for speaker diarization.
        """
        self._load()

    def _load(self) -> SpeakerPipeline:
        if self._loaded is not None:
            return self._loaded
        started = time.monotonic()
        # Tells in every start that it read an older checkpoint, which it reads rightly.
        logging.getLogger("pytorch_lightning.utilities.migration.utils").setLevel(logging.WARNING)
        try:
            self._loaded = self._load_from(self._model.folder)
        except NotDiarization as error:
            raise UnknownModel(
                f"{self._model.name} is not a speaker diarization pipeline of pyannote.audio.",
                remedy="Install one and name it in VOCALYX_DIARIZATION_MODEL.",
            ) from error
        fields = {"model": self._model.name, "seconds": f"{time.monotonic() - started:.1f}"}
        logger.info("diarization model loaded", extra={"fields": fields})
        return self._loaded

    def voices(self, audio_path: Path, stretch: Span, context: Checkpoint) -> dict[str, Any]:
        """Hear a stretch of a recording: who speaks in its windows, and what they sound like, as `diarize` takes it.

        The windows of a recording begin every so many seconds from its start. Those that begin in [start, end) are the
        stretch's; the last reaches a window's length behind its end. Where the recording ends inside a window, that
        window is filled up with silence and is the last. Memory grows with the stretch, not with the recording.
        Raises what decoding raises, and what `context.checkpoint` raises: it is asked every second or so.
        """
        pipeline = self._ready(context)
        size, step = pipeline.size, pipeline.step
        first, behind = (
            math.ceil(round(seconds / pipeline.step_seconds, 6)) for seconds in (stretch.start, stretch.end)
        )
        begin, end = first * step, (behind - 1) * step + size
        sound = self._hear(audio_path, begin - pipeline.reach, end + pipeline.reach)
        context.checkpoint()
        heard = len(sound.cut(begin, end))
        # No window begins here, or the one before already holds the recording's end.
        if behind <= first or not heard or (first and heard <= size - step):
            active, embeddings = np.empty((0, 0, 0), np.uint8), np.empty((0, 0, 0), np.float32)
        else:
            report = partial(_report, context)
            active = pipeline.segment(
                sound, begin, end, partial(report, "segmentation", _SEGMENTATION_BEGINS, _EMBEDDINGS_BEGIN)
            )
            progress = partial(report, "embeddings", _EMBEDDINGS_BEGIN, _VOICES_END)
            progress(0, 1)
            context.checkpoint()
            embeddings = pipeline.embed(sound, begin, end, active, progress)
        shape = self._shape(pipeline, frames=active.shape[1], speakers=active.shape[2])
        return Voices(shape, np.arange(first, first + len(active)), active, embeddings).to_dict()

    def diarize(
        self,
        voices: Iterable[Mapping[str, Any]],
        options: TranscriptionOptions,
        context: Checkpoint,
        *,
        duration: float,
        embeddings: bool,
    ) -> Diarization:
        """Tell the voices of all stretches of a recording, in any order, apart; return the speakers' turns by time.

        Speakers are `SPEAKER_00`, `SPEAKER_01`, … in the order in which they first speak. The numbers of speakers in
        `options` are honoured where the recording has speech enough to tell so many apart. No turn passes `duration`,
        the recording's length in seconds; where no stretch is, nobody speaks. With `embeddings` the answer holds what
        each speaker sounds like (unit length, five decimals), but for those who spoke too little to tell.

        Raises `VoicesUnfit` where stretches do not fit one another or this pipeline, `InvalidOptions` where the
        pipeline must be told the number of speakers and was not, and what `context.checkpoint` raises: it is asked
        every second or so, but while clustering, which takes some seconds for a recording of many hours.
        """
        pipeline = self._ready(context)
        context.report("clustering", _READING_BEGINS)
        exact, least, most = pipeline.bounds(options.num_speakers, options.min_speakers, options.max_speakers)
        if pipeline.needs_number and exact is None:
            raise InvalidOptions(
                f"The model {self._model.name} must be told how many people speak.",
                remedy="Give num_speakers, or use another diarization model.",
                field="num_speakers",
            )
        whole = self._join(pipeline, voices, context)
        if not whole.active.any():
            return Diarization((), ())
        context.report("clustering", _CLUSTERING_BEGINS)
        context.checkpoint()
        clusters, centroids = pipeline.cluster(whole, exact, least, most)
        context.report("clustering", _LAYING_BEGINS)
        frames = SpeakingFrames.of(whole, clusters, pipeline.frames, most, context.checkpoint)
        context.report("clustering", _TURNS_BEGIN)
        turns = partial(frames.turns, longest_gap=pipeline.longest_gap, checkpoint=context.checkpoint)
        found, labels = labelled(turns(exclusive=False), turns(exclusive=True), duration=duration)
        if not embeddings:
            return found
        return replace(found, embeddings=_unit_vectors(centroids, labels), embedding_model=self._model.name)

    def _ready(self, context: Checkpoint) -> SpeakerPipeline:
        if self._loaded is None:
            context.report("loading-model", 0.0)
        pipeline = self._load()
        import torch

        torch.set_num_threads(self._threads)  # process-wide, and another engine may have set it since
        return pipeline

    def _hear(self, audio_path: Path, begin: int, end: int) -> Sound:
        """Decode the recording's samples from `begin` to `end`, as far as there are any."""
        begin, end = max(0, begin), max(0, end)
        return Sound(begin, self._sound.span(audio_path, begin / SAMPLE_RATE, end / SAMPLE_RATE))

    def _shape(self, pipeline: SpeakerPipeline, *, frames: int, speakers: int) -> WindowShape:
        return WindowShape(
            model=self._model.name,
            source=self._model.source,
            duration=pipeline.window_seconds,
            step=pipeline.step_seconds,
            frames=frames,
            speakers=speakers,
            dimension=pipeline.dimension,
        )

    def _join(self, pipeline: SpeakerPipeline, voices: Iterable[Mapping[str, Any]], context: Checkpoint) -> Voices:
        parts = []
        for values in voices:
            context.checkpoint()
            part = Voices.from_dict(values)
            if len(part.windows):
                parts.append(part)
        frames, speakers = (parts[0].shape.frames, parts[0].shape.speakers) if parts else (0, 0)
        return Voices.join(parts, shape=self._shape(pipeline, frames=frames, speakers=speakers))


def _report(context: Checkpoint, stage: str, begin: float, end: float, done: int, of: int) -> None:
    context.checkpoint()
    context.report(stage, begin + (end - begin) * done / of)


def _unit_vectors(centroids: NDArray[np.float64], labels: Mapping[int, str]) -> dict[str, tuple[float, ...]]:
    """Return each label's centroid, of length one, rounded to 5 decimals; none for a cluster without a voice."""
    vectors = {}
    for cluster, label in sorted(labels.items(), key=lambda item: item[1]):
        # More people may have been counted at once than voices were found.
        length = float(np.linalg.norm(centroids[cluster])) if cluster < len(centroids) else math.nan
        if math.isfinite(length) and length > 0:
            vectors[label] = tuple(round(float(number), 5) for number in centroids[cluster] / length)
    return vectors

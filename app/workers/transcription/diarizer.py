"""Who spoke when: a pyannote pipeline from the models directory, kept loaded."""

import logging
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.catalog import InstalledModel
from app.catalog.offline import import_pyannote_audio
from app.core.options import TranscriptionOptions
from app.core.transcript import Diarization, SpeakerTurn
from app.media.decode import SAMPLE_RATE, Samples
from app.workers.context import Checkpoint
from app.workers.transcription.sound import SoundMemory

logger = logging.getLogger(__name__)

BLOCK_SECONDS = 60.0

# Where each stage begins, in percent of the job. From a measurement on two cores: segmentation takes about a seventh of
# the time, embeddings nearly all the rest.
STAGE_BEGINS = {"segmentation": 0.0, "embeddings": 15.0, "clustering": 99.0}
STAGE_ENDS = {"segmentation": 15.0, "embeddings": 99.0, "clustering": 100.0}


class Diarizer:
    """Tells the speakers of whole recordings apart.

    Any folder that `pyannote.audio.Pipeline.from_pretrained` loads will do: the community one that the demo brings, or
    pyannote's own. The engine is imported and loaded with the first recording, or by `load`. One recording at a time.
    """

    def __init__(self, model: InstalledModel, *, threads: int, sound: SoundMemory | None = None) -> None:
        self._model = model
        self._threads = threads
        self._sound = sound or SoundMemory()
        self._pipeline: Any = None

    def load(self) -> None:
        """Import pyannote.audio and load the pipeline. Does nothing the second time."""
        if self._pipeline is not None:
            return
        started = time.monotonic()
        pyannote_audio = import_pyannote_audio()
        # Tells in every start that it read an older checkpoint, which it reads rightly.
        logging.getLogger("pytorch_lightning.utilities.migration.utils").setLevel(logging.WARNING)
        with _known_warnings_ignored():
            self._pipeline = pyannote_audio.Pipeline.from_pretrained(self._model.folder)
        fields = {"model": self._model.name, "seconds": f"{time.monotonic() - started:.1f}"}
        logger.info("diarization model loaded", extra={"fields": fields})

    def diarize(self, audio_path: Path, options: TranscriptionOptions, context: Checkpoint) -> Diarization:
        """Return the speakers' turns of the recording, in order of time.

        Speakers are `SPEAKER_00`, `SPEAKER_01`, … in the order in which they first speak. The numbers of speakers in
        `options` are honoured where the recording has speech enough to tell so many apart. Raises what decoding raises,
        and what `context.checkpoint` raises: it is asked after every batch, not within one nor while clustering.
        """
        if self._pipeline is None:
            context.report("loading-model", 0.0)
        self.load()
        samples = self._read(audio_path, context)
        if not len(samples):
            return Diarization((), ())
        import torch

        torch.set_num_threads(self._threads)  # process-wide, and another engine may have set it since
        recording = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE, "uri": audio_path.name}
        with _known_warnings_ignored():
            found = self._pipeline(
                recording,
                num_speakers=options.num_speakers,
                min_speakers=options.min_speakers,
                max_speakers=options.max_speakers,
                hook=_Hook(context),
            )
        context.checkpoint()
        return diarization_of(
            found.speaker_diarization.itertracks(yield_label=True),
            found.exclusive_speaker_diarization.itertracks(yield_label=True),
            duration=len(samples) / SAMPLE_RATE,
        )

    def _read(self, audio_path: Path, context: Checkpoint) -> Samples:
        """Decode the whole recording: float32, (samples,), growing in place so that a long one is not held twice."""
        samples = np.empty(0, np.float32)
        for block in self._sound.blocks(audio_path, BLOCK_SECONDS):
            context.checkpoint()
            filled = len(samples)
            samples.resize(filled + len(block), refcheck=False)
            samples[filled:] = block
        return samples


class _Hook:
    """What the pipeline calls after every batch: the one place where a running diarization can be asked to stop."""

    def __init__(self, context: Checkpoint) -> None:
        self._context = context

    def __call__(
        self, step: str, _artifact: object, *, completed: int | None = None, total: int | None = None, **_: object
    ) -> None:
        self._context.checkpoint()
        if completed is not None and total:
            begin, end = STAGE_BEGINS[step], STAGE_ENDS[step]
            self._context.report(step, begin + (end - begin) * min(1.0, completed / total))
        elif step == "embeddings":  # all there: clustering, which reports nothing itself, comes next
            self._context.report("clustering", STAGE_BEGINS["clustering"])


Track = tuple[Any, Any, str]
"""(segment with `start` and `end`, track name, label), as `pyannote.core.Annotation.itertracks` yields."""


def diarization_of(turns: Iterable[Track], exclusive_turns: Iterable[Track], *, duration: float) -> Diarization:
    """Make a `Diarization` of pyannote's tracks: sorted, cut at the recording's end, labelled by first appearance."""
    all_turns = sorted(_within(turns, duration))
    labels: dict[str, str] = {}
    for _, _, speaker in all_turns:
        labels.setdefault(speaker, f"SPEAKER_{len(labels):02d}")
    return Diarization(
        turns=tuple(SpeakerTurn(start, end, labels[speaker]) for start, end, speaker in all_turns),
        exclusive_turns=tuple(
            SpeakerTurn(start, end, labels[speaker])
            for start, end, speaker in sorted(_within(exclusive_turns, duration))
            if speaker in labels
        ),
    )


def _within(tracks: Iterable[Track], duration: float) -> Iterator[tuple[float, float, str]]:
    """Yield (start, end, label); the last chunk is padded, so a turn may run past the end of the recording."""
    for segment, _, label in tracks:
        start, end = max(0.0, float(segment.start)), min(float(segment.end), duration)
        if start < end:
            yield start, end, str(label)


@contextmanager
def _known_warnings_ignored() -> Iterator[None]:
    """Ignore what pyannote warns of and what is handled or harmless here; anything else still shows."""
    with warnings.catch_warnings():
        # Asked for more speakers than the speech can tell apart: the answer is the best there is.
        warnings.filterwarnings("ignore", message=r"\s*The detected number of speakers", category=UserWarning)
        # No stretch long enough to learn a voice from: one speaker is assumed, and their mean voice is undefined.
        warnings.filterwarnings("ignore", message="Mean of empty slice", category=RuntimeWarning)
        warnings.filterwarnings("ignore", message="invalid value encountered", category=RuntimeWarning)
        # A pooled stretch of one frame has no deviation; the embedding is NaN and left out of the clustering.
        warnings.filterwarnings("ignore", message=r"std\(\): degrees of freedom is <= 0", category=UserWarning)
        yield

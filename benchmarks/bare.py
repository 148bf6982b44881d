"""The bare engines: faster-whisper and pyannote.audio called as their own documentation shows, in one process.

They get the models that Vocalyx has, and nothing of what Vocalyx does around them.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.catalog import ModelKind, find
from app.catalog.offline import forbid_network, import_pyannote_audio
from app.media.decode import SAMPLE_RATE
from app.settings import Settings
from app.workers import environment
from benchmarks.recordings import TimedWord

# The library's own defaults for batched decoding.
BEAM_SIZE = 5
BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class BareTimes:
    """Seconds of one recording, stage by stage."""

    decoding: float
    transcription: float
    diarization: float
    merging: float

    @property
    def total(self) -> float:
        return self.decoding + self.transcription + self.diarization + self.merging


@dataclass(frozen=True, slots=True)
class BareResult:
    """What a plain script makes of a recording: words, pyannote's annotation, and who said each word."""

    words: tuple[TimedWord, ...]
    speakers: Any
    spoken_by: tuple[str | None, ...]
    times: BareTimes


class BareEngines:
    """Both engines, loaded once from the same folders and with the same number of threads as a Vocalyx worker."""

    def __init__(self, settings: Settings) -> None:
        forbid_network()
        # As a worker has it: more threads than that, in any library, would slow a plain script down by far.
        environment.prepare(settings.threads)
        import torch
        from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

        speech = find(settings.models_dir, ModelKind.WHISPER, settings.default_model)
        speakers = find(settings.models_dir, ModelKind.DIARIZATION, settings.diarization_model)
        self._torch = torch
        self._threads = settings.threads
        self._decode_audio = decode_audio
        self._whisper = WhisperModel(
            str(speech.folder), device="cpu", compute_type="int8", cpu_threads=settings.threads, local_files_only=True
        )
        self._batched = BatchedInferencePipeline(self._whisper)
        self._pipeline: Any = import_pyannote_audio().Pipeline.from_pretrained(speakers.folder)

    def run(self, recording: Path, language: str | None) -> BareResult:
        """Do it all, one after the other, as a plain sequential script does."""
        moments = [time.monotonic()]
        samples = self.decode(recording)
        moments.append(time.monotonic())
        words = self.words(samples, language)
        moments.append(time.monotonic())
        speakers = self.diarize(samples)
        moments.append(time.monotonic())
        spoken_by = told_apart(words, speakers)
        moments.append(time.monotonic())
        times = BareTimes(*(after - before for before, after in itertools.pairwise(moments)))
        return BareResult(tuple(words), speakers, tuple(spoken_by), times)

    def decode(self, recording: Path) -> Any:
        """Return the recording as 16 kHz mono float32, (samples,)."""
        return self._decode_audio(str(recording), sampling_rate=SAMPLE_RATE)

    def transcribe(self, samples: Any, language: str | None) -> str:
        """Return the text, by batched decoding with voice activity detection and word timestamps."""
        return " ".join(segment.text for segment in self._segments(samples, language))

    def words(self, samples: Any, language: str | None) -> list[TimedWord]:
        """Return the words with their times, by the same decoding."""
        return [
            (word.start, word.end, word.word) for segment in self._segments(samples, language) for word in segment.words
        ]

    def diarize(self, samples: Any) -> Any:
        """Return pyannote's own diarization (`pyannote.core.Annotation`)."""
        self._torch.set_num_threads(self._threads)
        waveform = self._torch.from_numpy(samples)[None]
        return self._pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE}).speaker_diarization

    def _segments(self, samples: Any, language: str | None) -> Any:
        segments, _ = self._batched.transcribe(
            samples,
            language=language,
            vad_filter=True,
            beam_size=BEAM_SIZE,
            batch_size=BATCH_SIZE,
            word_timestamps=True,
        )
        return segments


def told_apart(words: Sequence[TimedWord], speakers: Any) -> list[str | None]:
    """Return for each word, in order of time, who speaks most of it."""
    turns = sorted((turn.start, turn.end, label) for turn, _, label in speakers.itertracks(yield_label=True))
    found: list[str | None] = []
    first = 0
    for start, end, _ in words:
        while first < len(turns) and turns[first][1] < start:
            first += 1
        shares = [
            (min(end, turn_end) - max(start, turn_start), label)
            for turn_start, turn_end, label in turns[first : first + 8]
            if turn_start < end
        ]
        found.append(max(shares)[1] if shares else None)
    return found

"""The bare engines: faster-whisper and pyannote.audio called as their own documentation shows, in one process.

They get the options that Vocalyx gives them and nothing of what Vocalyx does around them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.catalog import ModelKind, find
from app.catalog.offline import forbid_network, import_pyannote_audio
from app.media.decode import SAMPLE_RATE
from app.settings import Settings
from app.workers.transcription.whisper import BATCH_SIZE, BEAM_SIZE


@dataclass(frozen=True, slots=True)
class BareTimes:
    """Seconds of one recording, stage by stage."""

    decoding: float
    transcription: float
    diarization: float

    @property
    def total(self) -> float:
        return self.decoding + self.transcription + self.diarization


class BareEngines:
    """Both engines, loaded once from the same folders and with the same number of threads as a Vocalyx worker."""

    def __init__(self, settings: Settings) -> None:
        forbid_network()
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

    def decode(self, recording: Path) -> Any:
        """Return the recording as 16 kHz mono float32, (samples,)."""
        return self._decode_audio(str(recording), sampling_rate=SAMPLE_RATE)

    def transcribe(self, samples: Any, language: str | None) -> str:
        """Return the text, by batched decoding with voice activity detection and word timestamps."""
        return " ".join(self._texts(samples, language))

    def _texts(self, samples: Any, language: str | None) -> Iterator[str]:
        segments, _ = self._batched.transcribe(
            samples,
            language=language,
            vad_filter=True,
            beam_size=BEAM_SIZE,
            batch_size=BATCH_SIZE,
            word_timestamps=True,
        )
        for segment in segments:
            yield segment.text

    def diarize(self, samples: Any) -> Any:
        """Return pyannote's own diarization (`pyannote.core.Annotation`)."""
        self._torch.set_num_threads(self._threads)
        waveform = self._torch.from_numpy(samples)[None]
        return self._pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE}).speaker_diarization

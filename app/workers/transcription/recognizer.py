"""Speech to text: keeps Whisper models loaded and turns chunks of recordings into segments."""

import gc
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from app.catalog.installed import find
from app.core.errors import InvalidOptions
from app.core.options import TranscriptionOptions
from app.core.transcript import ChunkPlan, Segment, Span
from app.media.decode import Samples
from app.workers.context import Checkpoint
from app.workers.transcription.sentences import split_sentences
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.whisper import Whisper

log = logging.getLogger(__name__)

_MODELS_KEPT = 2

# Two windows that agree settle the language of a recording, unless the model itself is in doubt.
_WINDOWS_HEARD_AT_LEAST = 2
_SURE_PROBABILITY = 0.8


class Recognizer:
    """Whisper models by name, the least recently used dropped; not for several threads at once.

    `sound` is the recording at work, shared by whatever reads it in this process.
    """

    def __init__(self, models_dir: Path, threads: int, default_model: str = "base") -> None:
        self.sound = SoundMemory()
        self._models_dir = models_dir
        self._threads = threads
        self._default_model = default_model
        self._loaded: OrderedDict[str, Whisper] = OrderedDict()

    def load(self, name: str | None = None, context: Checkpoint | None = None) -> Whisper:
        """Return the model `name` (None: the site's default), loaded. Raises `UnknownModel`."""
        name = name or self._default_model
        if name in self._loaded:
            self._loaded.move_to_end(name)
            return self._loaded[name]
        folder = find(self._models_dir, "whisper", name).folder
        if context is not None:
            context.report("loading-model", 0)
        while len(self._loaded) >= _MODELS_KEPT:
            # No name may hold on to it: it has to be gone before the next one is loaded.
            dropped = next(iter(self._loaded))
            del self._loaded[dropped]
            gc.collect()
            log.info("model unloaded", extra={"fields": {"model": dropped}})
        began = time.monotonic()
        self._loaded[name] = Whisper(folder, self._threads)
        fields = {"model": name, "seconds": f"{time.monotonic() - began:.1f}"}
        log.info("model loaded", extra={"fields": fields})
        return self._loaded[name]

    def require_language(self, options: TranscriptionOptions, context: Checkpoint | None = None) -> None:
        """Raise `InvalidOptions` where the model does not know the language that was asked for."""
        if options.language not in {None, "en"} and not self.load(options.model, context).multilingual:
            raise InvalidOptions(
                field="language",
                detail=f"The model {options.model or self._default_model!r} knows English only, not {options.language!r}.",
                remedy="Choose a multilingual model, or leave the language out.",
            )

    def detect_language(
        self, windows: Iterable[Samples], options: TranscriptionOptions, context: Checkpoint
    ) -> tuple[str | None, float]:
        """Return the language spoken in `windows` of speech (up to 30 s each) and its mean probability.

        Windows are drawn and heard one by one until the answer is sure. An English-only model answers without hearing.
        (None, 0.0) where there is no window.
        """
        model = self.load(options.model, context)
        if not model.multilingual:
            return "en", 1.0
        totals: dict[str, float] = {}
        heard = 0
        for window in windows:
            context.checkpoint()
            for language, probability in model.language_probabilities(window).items():
                totals[language] = totals.get(language, 0.0) + probability
            heard += 1
            if heard >= _WINDOWS_HEARD_AT_LEAST and max(totals.values()) / heard >= _SURE_PROBABILITY:
                break
        if not heard:
            return None, 0.0
        best = max(totals, key=totals.__getitem__)
        return best, totals[best] / heard

    def transcribe(
        self,
        audio_path: Path,
        chunk: ChunkPlan,
        language: str | None,
        options: TranscriptionOptions,
        context: Checkpoint,
    ) -> list[Segment]:
        """Decode one chunk; report segments as they appear and return them all, in order, in times of the recording.

        Words are monotone and inside their segment; a segment's text is its words' text, stripped.
        """
        model = self.load(options.model, context)
        context.checkpoint()
        context.report("transcribing", 0)
        samples = self.sound.span(audio_path, chunk.start, chunk.end)
        if chunk.speech is None:
            decoded = model.decode_everything(samples, language, options)
        else:
            speech = [Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.speech]
            decoded = model.decode_speech(samples, speech, language, options)
        result: list[Segment] = []
        for part, found in decoded:
            new = [piece for segment in found for piece in split_sentences(segment.shifted(chunk.start))]
            result.extend(new)
            context.report("transcribing", 100 * part, segments=new)
            context.checkpoint()
        return result

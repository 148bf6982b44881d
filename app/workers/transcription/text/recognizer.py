"""Speech to text: keeps Whisper models loaded and turns chunks of recordings into segments."""

import gc
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from app.catalog.installed import ENGLISH_ALONE, InstalledModel, find
from app.core.errors import InvalidOptions
from app.core.options import Task, TranscriptionOptions
from app.core.transcript import ChunkPlan, ChunkText, Segment, Span
from app.media.decode import SAMPLE_RATE, Samples
from app.workers.context import Checkpoint
from app.workers.memory import MemoryLimit, has_room, memory_limit, require_room
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.text.edges import MARGIN_SECONDS, in_order, owned
from app.workers.transcription.text.evidence import voiced_seconds
from app.workers.transcription.text.guards import guarded
from app.workers.transcription.text.whisper import Whisper

log = logging.getLogger(__name__)

_MODELS_KEPT = 2

# Two windows that agree settle the language of a recording, unless the model itself is in doubt.
_WINDOWS_HEARD_AT_LEAST = 2
_SURE_PROBABILITY = 0.8

_ROUNDING_SECONDS = 0.01
"""Cuts are kept to the millisecond; the last chunk's end may lie past the last sample by so much."""


class Recognizer:
    """Whisper models by name, the least recently used dropped; not for several threads at once.

    `sound` is the recording at work, shared by whatever reads it in this process. All that is loaded has to stay below
    `limit`, together with the models `beside` it.
    """

    def __init__(
        self,
        models_dir: Path,
        threads: int,
        default_model: str = "base",
        *,
        limit: MemoryLimit | None = None,
        beside: Sequence[InstalledModel] = (),
    ) -> None:
        self.sound = SoundMemory()
        self._models_dir = models_dir
        self._threads = threads
        self._default_model = default_model
        self._limit = limit or memory_limit()
        self._beside = tuple(beside)
        self._loaded: OrderedDict[str, Whisper] = OrderedDict()
        self._installed: dict[str, InstalledModel] = {}
        self._seconds: dict[str, float] = {}

    @property
    def loaded(self) -> tuple[str, ...]:
        """The names of the models that are loaded just now; may be asked for by any thread."""
        return tuple(self._loaded)

    def load(self, name: str | None = None, context: Checkpoint | None = None) -> Whisper:
        """Return the model `name` (None: the site's default), loaded.

        Raises `UnknownModel`, and `ModelTooLarge` where it would not fit even alone; others make room for it.
        """
        name = name or self._default_model
        if name in self._loaded:
            self._loaded.move_to_end(name)
            return self._loaded[name]
        model = find(self._models_dir, "whisper", name)
        require_room((*self._beside, model), self._limit, self._models_dir)
        if context is not None:
            context.report("loading-model", 0)
        while self._loaded and (len(self._loaded) >= _MODELS_KEPT or not self._has_room(model)):
            # No name may hold on to it: it has to be gone before the next one is loaded.
            dropped = next(iter(self._loaded))
            self._collect_seconds(self._loaded[dropped].seconds)
            del self._loaded[dropped], self._installed[dropped]
            gc.collect()
            log.info("model unloaded", extra={"fields": {"model": dropped}})
        began = time.monotonic()
        self._loaded[name] = Whisper(model.folder, self._threads)
        self._installed[name] = model
        fields = {"model": name, "seconds": f"{time.monotonic() - began:.1f}"}
        log.info("model loaded", extra={"fields": fields})
        return self._loaded[name]

    def _has_room(self, model: InstalledModel) -> bool:
        return has_room((*self._beside, *self._installed.values(), model), self._limit)

    def take_seconds(self) -> dict[str, float]:
        """Return how long each part of the work took since this was last asked.

        Keys, of the parts that did anything: `encoder_seconds`, `decoder_seconds`, `alignment_seconds`,
        `features_seconds`, `second_attempt_seconds` (what was decoded once more; the others are inside of it), and what
        `sound` counts, whoever read from it: `sound_seconds`, `voice_activity_seconds`.
        """
        for model in self._loaded.values():
            self._collect_seconds(model.seconds)
        self._collect_seconds(self.sound.seconds)
        taken = dict(self._seconds)
        self._seconds.clear()
        return taken

    def _collect_seconds(self, parts: dict[str, float]) -> None:
        for part, seconds in parts.items():
            self._seconds[part] = self._seconds.get(part, 0.0) + seconds
        parts.clear()

    def require_language(self, options: TranscriptionOptions, context: Checkpoint | None = None) -> None:
        """Raise `InvalidOptions` where the model does not know the language that was asked for, or cannot translate."""
        translates = options.task is Task.TRANSLATE
        if options.language in {None, "en"} and not translates:
            return
        if not self._knows_english_only(options.model, context):
            return
        if translates:
            raise InvalidOptions(
                field="task",
                detail=f"The model {options.model or self._default_model!r} knows English only: it cannot translate.",
                remedy="Choose a multilingual model.",
            )
        raise InvalidOptions(
            field="language",
            detail=f"The model {options.model or self._default_model!r} knows English only, not {options.language!r}.",
            remedy="Choose a multilingual model, or leave the language out.",
        )

    def _knows_english_only(self, name: str | None, context: Checkpoint | None) -> bool:
        """Tell by the vocabulary, and by the description: what was distilled for English has kept the large one."""
        model = self.load(name, context)
        return not model.multilingual or self._installed[name or self._default_model].languages == ENGLISH_ALONE

    def detect_language(
        self, windows: Iterable[Samples], options: TranscriptionOptions, context: Checkpoint
    ) -> tuple[str | None, float]:
        """Return the language spoken in `windows` of speech (up to 30 s each) and its mean probability.

        Windows are drawn and heard one by one until the answer is sure. An English-only model answers without hearing.
        (None, 0.0) where there is no window.
        """
        if self._knows_english_only(options.model, context):
            return "en", 1.0
        model = self.load(options.model, context)
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
    ) -> ChunkText:
        """Decode one chunk; report segments as they appear and return them all, in order, in times of the recording.

        Words are monotone and inside their segment, segments are monotone and inside the chunk; a segment's text is its
        words' text, stripped. What nobody said is taken out, with the reason.
        """
        model = self.load(options.model, context)
        context.checkpoint()
        context.report("transcribing", 0)
        margin = MARGIN_SECONDS if chunk.speech is None else 0.0
        begin = max(0.0, chunk.start - margin)
        samples = self.sound.span(audio_path, begin, chunk.end + margin, chunk.channel)
        if chunk.speech is None:
            decoded = model.decode_everything(samples, language, options)
        else:
            speech = [Span(span.start - begin, span.end - begin) for span in chunk.speech]
            decoded = model.decode_speech(samples, speech, language, options)

        def voice(start: float, end: float) -> float:
            return voiced_seconds(samples, start - begin, end - begin)

        def wanted(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
            return segments if options.word_timestamps else tuple(replace(segment, words=()) for segment in segments)

        told = f"{options.initial_prompt or ''} {options.hotwords or ''}"
        # After the recording's last chunk nobody else takes a word that its alignment has set on the very end.
        more_follows = begin + len(samples) / SAMPLE_RATE > chunk.end + _ROUNDING_SECONDS
        written: list[Segment] = []
        for part, found in decoded:
            new = [segment.shifted(begin) for segment in found]
            if margin:
                new = owned(new, chunk.start, chunk.end if more_follows else math.inf)
            new = in_order(new, written[-1].end if written else chunk.start, chunk.end)
            written.extend(new)
            context.report("transcribing", 100 * part, segments=wanted(guarded(new, voice, told).segments))
            context.checkpoint()
        # Once more over all of it: a loop can go on from window to window.
        text = guarded(written, voice, told)
        return replace(text, segments=wanted(text.segments))

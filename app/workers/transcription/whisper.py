"""One loaded Whisper model: what it decodes from samples, in times of those samples.

Recordings with known speech are decoded in batches: the speech is packed into windows of up to 30 s, its silences left
out, four windows at a time. Without known speech the decoder walks through the sound itself, because only that walk
recognises silence and skips it.
"""

import logging
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.options import TranscriptionOptions
from app.core.transcript import Segment, Span, Word
from app.media.decode import SAMPLE_RATE, Samples
from app.workers.transcription.cutting import windows

if TYPE_CHECKING:
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from faster_whisper.transcribe import Segment as DecodedSegment

log = logging.getLogger(__name__)

WINDOW_SECONDS = 30.0
BEAM_SIZE = 5
BATCH_SIZE = 4

# Radford et al. 2022, section 4.5: a window outside these was decoded badly, or holds no speech.
_WORST_COMPRESSION_RATIO = 2.4
_WORST_LOG_PROBABILITY = -1.0
_SILENCE_PROBABILITY = 0.6
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# The first attempt was made already, and in a wrongly chosen language every window fails: few more, or hours pass.
_TEMPERATURES_AGAIN = (0.0, 0.4)
_FRUITLESS_ATTEMPTS = 2
_SAMPLES = 2
_UNHEARD_SECONDS = 4.0
_SUSPICIOUS_SILENCE_SECONDS = 2.0

# Half of the decoder's 448 tokens less one is for what precedes the text; hot words may take half of that from a prompt.
_PROMPT_TOKENS = 223
_HOTWORD_TOKENS_BESIDE_PROMPT = 111


class Whisper:
    """A Whisper model in CTranslate2 format, int8 on the processor, from a local folder."""

    def __init__(self, folder: Path, threads: int) -> None:
        # A folder without its tokenizer would make the library ask the model hub.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        # Heavy, and not to be loaded before a process forks.
        import ctranslate2
        import faster_whisper

        self._set_random_seed = ctranslate2.set_random_seed
        self._model: WhisperModel = faster_whisper.WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        self._pipeline: BatchedInferencePipeline = faster_whisper.BatchedInferencePipeline(self._model)

    @property
    def multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return bool(self._model.model.is_multilingual)

    def language_probabilities(self, samples: Samples) -> dict[str, float]:
        """Return the probability of each language in the first 30 s of `samples`."""
        _, _, probabilities = self._model.detect_language(audio=samples)
        return dict(probabilities)

    def decode_speech(
        self, samples: Samples, speech: Sequence[Span], language: str | None, options: TranscriptionOptions
    ) -> Iterator[tuple[float, list[Segment]]]:
        """Decode the spans `speech` of `samples`; yield (part done, 0 to 1, segments of one window) in order of time.

        Times are seconds from the first sample. Windows that come out badly are decoded again with the thresholds and
        the rising temperatures of the sequential decoder; those in which there is no speech after all give nothing.
        """
        groups = windows(speech, WINDOW_SECONDS)
        if not groups:
            return
        packed = [_Packed(samples, group) for group in groups]
        starts = [0, *accumulate(len(window.samples) for window in packed)]
        decoded, _ = self._pipeline.transcribe(
            np.concatenate([window.samples for window in packed]),
            # Half a sample more: the engine cuts to whole samples, and n/16000*16000 can fall just short of n.
            clip_timestamps=[
                {"start": (start + 0.5) / SAMPLE_RATE, "end": (end + 0.5) / SAMPLE_RATE}
                for start, end in pairwise(starts)
            ],
            batch_size=BATCH_SIZE,
            # With words, segments are made from the words; without, the decoder's own timestamps part them.
            without_timestamps=options.word_timestamps,
            **self._arguments(language, options),
        )
        # The engine names a window by its first feature frame.
        by_frame = {int(start / SAMPLE_RATE * self._model.frames_per_second): i for i, start in enumerate(starts[:-1])}
        fruitless = 0
        for index, parts in _grouped(decoded, by_frame):
            segments = [_segment(part).shifted(-starts[index] / SAMPLE_RATE) for part in parts]
            if any(_went_wrong(segment) for segment in segments):
                # Where second attempts do no good (another language, music), more of them only cost time.
                if fruitless < _FRUITLESS_ATTEMPTS:
                    segments = self._decode_again(packed[index], segments, language, options)
                    fruitless += any(_went_wrong(segment) for segment in segments)
            else:
                segments += self._decode_rest(packed[index], segments, language, options)
            yield (index + 1) / len(packed), [packed[index].restore(segment) for segment in segments if segment.text]

    def decode_everything(
        self, samples: Samples, language: str | None, options: TranscriptionOptions
    ) -> Iterator[tuple[float, list[Segment]]]:
        """Decode all of `samples`, sequentially; yield as `decode_speech` does."""
        seconds = len(samples) / SAMPLE_RATE
        for segment in self._walk(samples, language, options, _TEMPERATURES):
            yield min(1.0, segment.end / seconds), [segment]

    def _walk(
        self, samples: Samples, language: str | None, options: TranscriptionOptions, temperatures: Sequence[float]
    ) -> Iterator[Segment]:
        if not len(samples):
            return
        # Higher temperatures draw at random; the same sound shall give the same text each time.
        self._set_random_seed(0)
        decoded, _ = self._model.transcribe(
            samples,
            vad_filter=False,
            condition_on_previous_text=False,
            temperature=list(temperatures),
            best_of=_SAMPLES,
            compression_ratio_threshold=_WORST_COMPRESSION_RATIO,
            log_prob_threshold=_WORST_LOG_PROBABILITY,
            no_speech_threshold=_SILENCE_PROBABILITY,
            hallucination_silence_threshold=_SUSPICIOUS_SILENCE_SECONDS if options.word_timestamps else None,
            **self._arguments(language, options),
        )
        whole = Span(0.0, len(samples) / SAMPLE_RATE)
        for part in decoded:
            segment = settled(_segment(part), whole)
            if segment.text:
                yield segment

    def _decode_again(
        self, window: "_Packed", segments: list[Segment], language: str | None, options: TranscriptionOptions
    ) -> list[Segment]:
        if all(_is_silence(segment) for segment in segments):
            return []
        again = list(self._walk(window.samples, language, options, _TEMPERATURES_AGAIN))
        log.debug("decoded a window again", extra={"fields": {"segments": len(again)}})
        return again

    def _decode_rest(
        self, window: "_Packed", segments: list[Segment], language: str | None, options: TranscriptionOptions
    ) -> list[Segment]:
        """Decode what is left of a window in which the decoder stopped long before the speech does.

        It happens where the speaker changes inside a window. Only words tell where it stopped.
        """
        if not segments or not segments[-1].words:
            return []
        heard = segments[-1].words[-1].end
        if len(window.samples) / SAMPLE_RATE - heard < _UNHEARD_SECONDS:
            return []
        rest = self._walk(window.samples[round(heard * SAMPLE_RATE) :], language, options, _TEMPERATURES_AGAIN)
        return [segment.shifted(heard) for segment in rest if not _went_wrong(segment)]

    def _arguments(self, language: str | None, options: TranscriptionOptions) -> dict[str, Any]:
        prompt, hotwords = self._fitting(options.initial_prompt, options.hotwords)
        return {
            "language": language,
            "beam_size": BEAM_SIZE,
            "initial_prompt": prompt,
            "hotwords": hotwords,
            "word_timestamps": options.word_timestamps,
        }

    def _fitting(self, prompt: str | None, hotwords: str | None) -> tuple[str | None, str | None]:
        """Shorten both so that together they leave the decoder room: the prompt's end, the first hot words."""
        tokenizer = self._model.hf_tokenizer
        prompt, hotwords = (prompt or "").strip(), (hotwords or "").strip()
        words = tokenizer.encode(" " + hotwords, add_special_tokens=False).ids if hotwords else []
        said = tokenizer.encode(prompt, add_special_tokens=False).ids if prompt else []
        if len(words) + len(said) <= _PROMPT_TOKENS:
            return prompt or None, hotwords or None
        kept_words = words[: max(_PROMPT_TOKENS - len(said), _HOTWORD_TOKENS_BESIDE_PROMPT)]
        kept_said = said[-(_PROMPT_TOKENS - len(kept_words)) :] if len(kept_words) < _PROMPT_TOKENS else []
        fields = {"tokens": len(words) + len(said), "limit": _PROMPT_TOKENS}
        log.warning("the initial prompt and the hot words are longer than the model can take", extra={"fields": fields})
        # A cut inside a character of several tokens leaves a replacement character.
        texts = [tokenizer.decode(ids).strip("\ufffd ") for ids in (kept_said, kept_words)]
        return texts[0] or None, texts[1] or None


class _Packed:
    """The speech of one window, silences left out, and the way back to the recording's clock."""

    def __init__(self, samples: Samples, spans: Sequence[Span]) -> None:
        pieces = []
        self._spans: list[Span] = []
        self._starts: list[float] = []
        length = 0
        for span in spans:
            first = round(span.start * SAMPLE_RATE)
            piece = samples[first : round(span.end * SAMPLE_RATE)]
            self._starts.append(length / SAMPLE_RATE)
            self._spans.append(Span(first / SAMPLE_RATE, (first + len(piece)) / SAMPLE_RATE))
            pieces.append(piece)
            length += len(piece)
        self.samples: Samples = np.concatenate(pieces)

    def restore(self, segment: Segment) -> Segment:
        """Return the segment, given in times of the packed samples, in times of the recording."""
        words = []
        for word in segment.words:
            # A word belongs to one span, that of its middle, and cannot reach over a silence that was left out.
            index = self._index((word.start + word.end) / 2)
            words.append(replace(word, start=self._time(word.start, index), end=self._time(word.end, index)))
        first, last = self._index(segment.start), self._index(segment.end, at_end=True)
        bounds = Span(self._spans[0].start, self._spans[-1].end)
        start, end = self._time(segment.start, first), self._time(segment.end, last)
        return settled(replace(segment, start=start, end=end, words=tuple(words)), bounds)

    def _index(self, time: float, *, at_end: bool = False) -> int:
        return max(0, bisect_right(self._starts, time - 1e-6 if at_end else time) - 1)

    def _time(self, time: float, index: int) -> float:
        span = self._spans[index]
        return min(max(span.start + time - self._starts[index], span.start), span.end)


def settled(segment: Segment, bounds: Span) -> Segment:
    """Return the segment with times in order: words within `bounds`, none before the one before it, none outside.

    Word alignment can overrun a window's end, and the engine's own repairs of long words can set one back.
    """
    time = bounds.start
    words = []
    for word in segment.words:
        start = min(max(word.start, time), bounds.end)
        end = min(max(word.end, start), bounds.end)
        words.append(replace(word, start=start, end=end))
        time = end
    if words:
        return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))
    start = min(max(segment.start, bounds.start), bounds.end)
    return replace(segment, start=start, end=min(max(segment.end, start), bounds.end))


def _segment(decoded: "DecodedSegment") -> Segment:
    words = tuple(
        Word(float(word.start), float(word.end), word.word, float(word.probability)) for word in decoded.words or ()
    )
    return Segment(
        start=float(decoded.start),
        end=float(decoded.end),
        text=("".join(word.text for word in words) if words else decoded.text).strip(),
        words=words,
        average_log_probability=float(decoded.avg_logprob),
        no_speech_probability=float(decoded.no_speech_prob),
        compression_ratio=float(decoded.compression_ratio),
    )


def _went_wrong(segment: Segment) -> bool:
    return (
        segment.compression_ratio > _WORST_COMPRESSION_RATIO or segment.average_log_probability < _WORST_LOG_PROBABILITY
    )


def _is_silence(segment: Segment) -> bool:
    return (
        segment.no_speech_probability > _SILENCE_PROBABILITY
        and segment.average_log_probability < _WORST_LOG_PROBABILITY
    )


def _grouped(
    decoded: "Iterator[DecodedSegment]", window_of_frame: dict[int, int]
) -> Iterator[tuple[int, list["DecodedSegment"]]]:
    """Gather the decoder's segments by their window, as they come."""
    current: int | None = None
    parts: list[DecodedSegment] = []
    for part in decoded:
        index = window_of_frame[part.seek]
        if current is not None and index != current:
            yield current, parts
            parts = []
        current = index
        parts.append(part)
    if current is not None:
        yield current, parts

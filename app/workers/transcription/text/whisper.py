"""One loaded Whisper model: what it decodes from samples, in times of those samples.

Recordings with known speech are decoded in batches: the speech is packed into windows of up to 30 s, its silences left
out, four windows at a time. Without known speech the decoder walks through the sound itself, because only that walk
recognises silence and skips it.

The model hears a batch of short windows only as far as the longest of them goes. Whisper was trained on windows of 30 s, the
rest of them silent, but needs no more than a second of that silence to know where the speech ends. Hearing half a minute
each time costs several times as much on a single sentence.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.core.options import TranscriptionOptions
from app.core.transcript import Segment, Span, Word
from app.media.decode import SAMPLE_RATE, Samples
from app.workers.transcription.text.guards import (
    SILENCE_PROBABILITY,
    WORST_COMPRESSION_RATIO,
    WORST_LOG_PROBABILITY,
    on_silence,
    unsure,
    went_wrong,
)
from app.workers.transcription.text.packing import Packed, balanced, settled
from app.workers.transcription.timing import Timed, counted

if TYPE_CHECKING:
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from faster_whisper.transcribe import Segment as DecodedSegment

log = logging.getLogger(__name__)

WINDOW_SECONDS = 30.0
BEAM_SIZE = 5
BATCH_SIZE = 4

# Steps keep the number of different sizes of a batch small.
_HEARD_STEP_SECONDS = 0.5
_NEARLY_FULL_SECONDS = 20.0
"""What is so long is heard as the model was trained to hear it: the rest of the half minute would save a twentieth."""

# Radford et al. 2022, section 4.5.
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# The first attempt was made already, and in a wrongly chosen language every window fails: few more, or hours pass.
_TEMPERATURES_AGAIN = (0.0, 0.4)
_FRUITLESS_ATTEMPTS = 2
_SAMPLES = 2
_UNHEARD_SECONDS = 4.0
_SUSPICIOUS_SILENCE_SECONDS = 2.0

# Alphabets of three bytes a character in UTF-8, in which the same text compresses so much better than with one byte.
# Chinese, Japanese and Korean have too many characters for that.
_THREE_BYTES_A_CHARACTER = frozenset(
    (
        *("am", "as", "bn", "bo", "gu", "hi", "ka", "km", "kn", "lo"),
        *("ml", "mr", "my", "ne", "pa", "sa", "si", "ta", "te", "th"),
    )
)
_COMPRESSES_BETTER = 1.75

# Half of the decoder's 448 tokens less one is for what precedes the text; hot words may take half of that from a prompt.
_PROMPT_TOKENS = 223
_HOTWORD_TOKENS_BESIDE_PROMPT = 111

_PARTS_OF_MODEL = {"encode": "encoder_seconds", "generate": "decoder_seconds", "align": "alignment_seconds"}
_PART_OF_FEATURES = {"__call__": "features_seconds"}
# All that decoding a window or its rest again takes; the parts above are inside of it.
_SECOND_ATTEMPT_SECONDS = "second_attempt_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How the engine is run. The defaults are the fastest of those that cost no accuracy: `benchmarks.decoding`."""

    beam_size: int = BEAM_SIZE
    batch_size: int = BATCH_SIZE
    longest_window_seconds: float = WINDOW_SECONDS
    silence_after_window_seconds: float = 1.0
    """Without some silence after it the decoder runs in circles."""
    compute_type: str = "int8"


class Whisper:
    """A Whisper model in CTranslate2 format, on the processor, from a local folder."""

    def __init__(self, folder: Path, threads: int, decoding: Decoding | None = None) -> None:
        # A folder without its tokenizer would make the library ask the model hub.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        # Heavy, and not to be loaded before a process forks.
        import ctranslate2
        import faster_whisper

        self._decoding = decoding or Decoding()
        self._set_random_seed = ctranslate2.set_random_seed
        self._model: WhisperModel = faster_whisper.WhisperModel(
            str(folder),
            device="cpu",
            compute_type=self._decoding.compute_type,
            cpu_threads=threads,
            local_files_only=True,
        )
        self.seconds: dict[str, float] = {}
        """How long each part of the model has worked since somebody cleared this; parts by name, `…_seconds`."""
        self._model.model = Timed(self._model.model, _PARTS_OF_MODEL, self.seconds)
        self._model.feature_extractor = Timed(self._model.feature_extractor, _PART_OF_FEATURES, self.seconds)
        self._pipeline: BatchedInferencePipeline = faster_whisper.BatchedInferencePipeline(self._model)
        self._decode_batch = self._pipeline.forward
        self._pipeline.forward = self._decode_heard

    @property
    def multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return bool(self._model.model.is_multilingual)

    def language_probabilities(self, samples: Samples) -> dict[str, float]:
        """Return the probability of each language in the first 30 s of `samples`."""
        heard = samples[: round(WINDOW_SECONDS * SAMPLE_RATE)]
        frames = self._frames_heard(len(heard) / SAMPLE_RATE)
        features = self._model.feature_extractor(heard)[..., :frames]
        encoded = self._model.encode(np.pad(features, ((0, 0), (0, frames - features.shape[-1]))))
        # Tokens are written <|en|>.
        return {token[2:-2]: probability for token, probability in self._model.model.detect_language(encoded)[0]}

    def decode_speech(
        self, samples: Samples, speech: Sequence[Span], language: str | None, options: TranscriptionOptions
    ) -> Iterator[tuple[float, list[Segment]]]:
        """Decode the spans `speech` of `samples`; yield (part done, 0 to 1, segments of one window) in order of time.

        Times are seconds from the first sample. Windows that come out badly are decoded again, over 30 s of sound,
        with the thresholds and the rising temperatures of the sequential decoder.
        """
        groups = balanced(speech, self._decoding.longest_window_seconds)
        if not groups:
            return
        packed = [Packed(samples, group) for group in groups]
        starts = [0, *accumulate(len(window.samples) for window in packed)]
        decoded, _ = self._pipeline.transcribe(
            np.concatenate([window.samples for window in packed]),
            # Half a sample more: the engine cuts to whole samples, and n/16000*16000 can fall just short of n.
            clip_timestamps=[
                {"start": (start + 0.5) / SAMPLE_RATE, "end": (end + 0.5) / SAMPLE_RATE}
                for start, end in pairwise(starts)
            ],
            batch_size=self._decoding.batch_size,
            without_timestamps=True,  # segments are made from the words
            **self._arguments(language, options),
        )
        # The engine names a window by its first feature frame.
        by_frame = {int(start / SAMPLE_RATE * self._model.frames_per_second): i for i, start in enumerate(starts[:-1])}
        fruitless = 0
        for index, parts in _grouped(decoded, by_frame):
            segments = [_segment(part).shifted(-starts[index] / SAMPLE_RATE) for part in parts]
            if went_wrong([segment for segment in segments if not on_silence(segment)]):
                # Where second attempts do no good (another language, music), more of them only cost time.
                if fruitless < _FRUITLESS_ATTEMPTS:
                    segments = self._decode_again(packed[index], language, options)
                    fruitless += went_wrong(segments)
            elif not went_wrong(segments):
                segments += self._decode_rest(packed[index], segments, language, options)
            yield (index + 1) / len(packed), [packed[index].restore(segment) for segment in segments if segment.text]

    def _decode_heard(self, features: Any, tokenizer: Any, chunks_metadata: list[dict[str, Any]], options: Any) -> Any:
        """Decode a batch as the library does, but with the silence after its longest window cut short."""
        frames = self._frames_heard(max(metadata["duration"] for metadata in chunks_metadata))
        return self._decode_batch(features[..., :frames], tokenizer, chunks_metadata, options)

    def _frames_heard(self, seconds: float) -> int:
        """Return how many feature frames the model is to hear of a window that holds so much sound."""
        heard = seconds + self._decoding.silence_after_window_seconds
        if seconds >= _NEARLY_FULL_SECONDS:
            heard = WINDOW_SECONDS
        frames_per_second: int = self._model.frames_per_second
        in_steps = ceil(heard / _HEARD_STEP_SECONDS) * _HEARD_STEP_SECONDS
        return round(min(in_steps, WINDOW_SECONDS) * frames_per_second)

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
            compression_ratio_threshold=_worst_compression_ratio(options.text_language(language)),
            log_prob_threshold=WORST_LOG_PROBABILITY,
            no_speech_threshold=SILENCE_PROBABILITY,
            hallucination_silence_threshold=_SUSPICIOUS_SILENCE_SECONDS,
            **self._arguments(language, options) | self._prompt_of_each_window(options),
        )
        whole = Span(0.0, len(samples) / SAMPLE_RATE)
        for part in decoded:
            segment = settled(_segment(part), whole)
            if segment.text:
                yield segment

    def _decode_again(self, window: Packed, language: str | None, options: TranscriptionOptions) -> list[Segment]:
        with counted(self.seconds, _SECOND_ATTEMPT_SECONDS):
            again = list(self._walk(window.samples, language, options, _TEMPERATURES_AGAIN))
        log.debug("decoded a window again", extra={"fields": {"segments": len(again)}})
        return again

    def _decode_rest(
        self, window: Packed, segments: list[Segment], language: str | None, options: TranscriptionOptions
    ) -> list[Segment]:
        """Decode what is left of a window in which the decoder stopped long before the speech does.

        It happens where the speaker changes inside a window. Only words tell where it stopped.
        """
        if not segments or not segments[-1].words:
            return []
        heard = segments[-1].words[-1].end
        if len(window.samples) / SAMPLE_RATE - heard < _UNHEARD_SECONDS:
            return []
        with counted(self.seconds, _SECOND_ATTEMPT_SECONDS):
            rest = list(
                self._walk(window.samples[round(heard * SAMPLE_RATE) :], language, options, _TEMPERATURES_AGAIN)
            )
        return [segment.shifted(heard) for segment in rest if not unsure(segment)]

    def _arguments(self, language: str | None, options: TranscriptionOptions) -> dict[str, Any]:
        prompt, hotwords = self._fitting(options.initial_prompt, options.hotwords)
        return {
            "language": language,
            "task": str(options.task),
            "beam_size": self._decoding.beam_size,
            "initial_prompt": prompt,
            "hotwords": hotwords,
            "word_timestamps": True,  # always: the guards weigh words
        }

    def _prompt_of_each_window(self, options: TranscriptionOptions) -> dict[str, str | None]:
        """Return the prompt as hot words: those the walk repeats in each window, a prompt it forgets after the first."""
        prompt, hotwords = self._fitting(options.initial_prompt, options.hotwords)
        said = " ".join(text for text in (hotwords, prompt) if text)
        return {"initial_prompt": None, "hotwords": said or None}

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


def _worst_compression_ratio(language: str | None) -> float:
    """Return the threshold for the library's measure, which is taken of UTF-8."""
    return WORST_COMPRESSION_RATIO * (_COMPRESSES_BETTER if language in _THREE_BYTES_A_CHARACTER else 1)


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

"""The plan of a recording: how long it is, where anybody speaks, where to cut it, in which language it is."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from app.core.options import TranscriptionOptions
from app.core.transcript import RecordingPlan, Span
from app.media.decode import Samples, declared_duration
from app.workers.context import Checkpoint
from app.workers.transcription.cutting import cut_anywhere, cut_at_pauses, padded, windows
from app.workers.transcription.recognizer import Recognizer
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.voice import BLOCK_SECONDS, FRAME_SECONDS, Listener
from app.workers.transcription.whisper import WINDOW_SECONDS

log = logging.getLogger(__name__)

# Spread over the recording: an announcement in another language at its start shall not decide for all of it.
_LANGUAGE_WINDOWS = 5

# A second opinion on hours in which nobody was heard would take as long as if everybody had spoken.
_LONGEST_FAINT_SECONDS = 600.0

_LISTENING_PERCENT = 90.0
"""How much of the plan's work is listening; the rest is detecting the language."""


def plan_recording(
    audio_path: Path, options: TranscriptionOptions, recognizer: Recognizer, context: Checkpoint
) -> RecordingPlan:
    """Listen once to the whole recording and plan its transcription. Memory does not grow with its length.

    Raises the errors of `app.media.decode`, `UnknownModel`, and `InvalidOptions` where the model does not know the
    language.
    """
    context.report("probing", 0)
    recognizer.require_language(options, context)
    listener = _listen(audio_path, options, recognizer.sound, context)
    duration = listener.seconds
    spoken = listener.speech() if options.vad else []
    if options.vad:
        chunks = cut_at_pauses(spoken, duration)
    else:
        chunks = cut_anywhere(listener.loudness, FRAME_SECONDS, duration)
    language, probability = options.language, 1.0 if options.language else 0.0
    if language is None and chunks:
        context.report("detecting-language", _LISTENING_PERCENT)
        heard = padded(spoken, duration) if options.vad else _loud_stretches(listener, duration)
        samples = _language_windows(recognizer.sound, audio_path, heard)
        language, probability = recognizer.detect_language(samples, options, context)
    fields = {"seconds": f"{duration:.1f}", "spans": len(spoken), "chunks": len(chunks), "language": language or "-"}
    log.info("planned", extra={"fields": fields})
    faint = not chunks and duration <= _LONGEST_FAINT_SECONDS and listener.faint
    return RecordingPlan(duration, language, probability, chunks, faint)


def _listen(path: Path, options: TranscriptionOptions, sound: SoundMemory, context: Checkpoint) -> Listener:
    expected = declared_duration(path)
    listener = Listener(voice=options.vad)
    for block in sound.blocks(path, BLOCK_SECONDS):
        context.checkpoint()
        listener.hear(block)
        context.report("listening", min(1.0, listener.seconds / expected) * _LISTENING_PERCENT if expected else 0.0)
    return listener


def _loud_stretches(listener: Listener, duration: float) -> list[Span]:
    """Return windows of the recording, the loudest first: without voice activity, the likeliest to hold speech."""
    per_window = round(WINDOW_SECONDS / FRAME_SECONDS)
    loudness = listener.loudness
    means = [float(loudness[begin : begin + per_window].mean()) for begin in range(0, len(loudness), per_window)]
    order = sorted(range(len(means)), key=lambda index: -means[index])[:_LANGUAGE_WINDOWS]
    starts = [index * per_window * FRAME_SECONDS for index in order]
    return [Span(start, min(start + WINDOW_SECONDS, duration)) for start in starts]


def _language_windows(sound: SoundMemory, path: Path, spans: Sequence[Span]) -> Iterator[Samples]:
    """Yield up to five windows of speech spread over the recording, read only when they are asked for."""
    groups = windows(spans, WINDOW_SECONDS)
    count = min(_LANGUAGE_WINDOWS, len(groups))
    # From the middle outwards: 2, 1, 3, 0, 4 of five evenly spaced ones.
    places = sorted(range(count), key=lambda place: abs(place - (count - 1) / 2))
    for place in places:
        group = groups[int((place + 0.5) * len(groups) / count)]
        yield np.concatenate([sound.span(path, span.start, span.end) for span in group])

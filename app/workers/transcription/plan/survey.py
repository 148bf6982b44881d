"""What holds for a whole recording, heard at a few places spread over it: its language, and who is on which channel."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from app.core.options import TranscriptionOptions
from app.core.transcript import Span
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.workers.context import Checkpoint
from app.workers.transcription.plan.channels import alike, forced, one_party_each
from app.workers.transcription.plan.cutting import padded, windows
from app.workers.transcription.plan.voice import FRAME_SECONDS, Frames, Listener, speech_frames
from app.workers.transcription.sound import VOICE_ACTIVITY_SECONDS, SoundMemory
from app.workers.transcription.text.whisper import WINDOW_SECONDS
from app.workers.transcription.timing import counted

_Item = TypeVar("_Item")

# Spread over the recording: an announcement in another language at its start shall not decide for all of it.
_PLACES = 5
_PLACES_THAT_TELL = 2
# A place with less speech is heard only where no other has more: a single word tells little of a language.
_ENOUGH_SPEECH_SECONDS = 3.0


def places(duration: float) -> list[Span]:
    """Return up to five windows of 30 s, evenly spread over `duration` seconds, from the middle outwards."""
    count = min(_PLACES, max(1, int(duration // WINDOW_SECONDS)))
    share = duration / count
    starts = [(number + 0.5) * share - WINDOW_SECONDS / 2 for number in range(count)]
    found = [Span(max(0.0, start), min(max(0.0, start) + WINDOW_SECONDS, duration)) for start in starts]
    return _from_the_middle(found)


def parties_have_channels(
    path: Path, options: TranscriptionOptions, channels: int, duration: float | None, context: Checkpoint
) -> bool:
    """Tell whether each party has a channel of their own: as the options have it, or by the sound of a few places.

    `duration`: None: unknown; then only the beginning is heard.
    """
    known = forced(options, channels)
    if known is not None:
        return known
    # A recording that was cut off states a length at whose places there is nothing.
    for length in (duration, 2 * WINDOW_SECONDS):
        if length is not None and (told := _told_by_sound(path, places(length), context)) is not None:
            return told
    return False


def _told_by_sound(path: Path, spread: Sequence[Span], context: Checkpoint) -> bool | None:
    """Tell whether each of two channels has a party of its own, by these places; None: the recording has none of them."""
    loudness: tuple[list[Frames], list[Frames]] = ([], [])
    probabilities: tuple[list[Frames], list[Frames]] = ([], [])
    for place in spread:
        for channel in (0, 1):
            context.checkpoint()
            context.report("surveying", 0)
            listener = Listener(voice=True)
            listener.hear(decode_span(path, place.start, place.end, channel))
            loudness[channel].append(listener.loudness)
            probabilities[channel].append(listener.probabilities)
        # Both have the same frames, unless the recording changes its format.
        shortest = min(len(loudness[0][-1]), len(loudness[1][-1]))
        for side in (*loudness, *probabilities):
            side[-1] = side[-1][:shortest]
        # Most recordings in stereo are no calls: two places tell.
        if sum(alike(*sides) for sides in zip(*loudness, strict=True)) >= _PLACES_THAT_TELL:
            return False
    heard = (np.concatenate(loudness[0]), np.concatenate(loudness[1]))
    if not len(heard[0]):
        return None
    speech = (speech_frames(np.concatenate(probabilities[0])), speech_frames(np.concatenate(probabilities[1])))
    return one_party_each(heard, speech)


def spoken_places(sound: SoundMemory, path: Path, duration: float, context: Checkpoint) -> Iterator[Samples]:
    """Yield the speech of each window of `places`, silences left out, read only when it is asked for.

    Those with little speech come last, and only where there is no other.
    """
    enough = False
    scant: list[Samples] = []
    for place in places(duration):
        context.checkpoint()
        context.report("surveying", 0)
        samples = sound.span(path, place.start, place.end)
        listener = Listener(voice=True)
        with counted(sound.seconds, VOICE_ACTIVITY_SECONDS):
            listener.hear(samples)
        speech = padded(listener.speech(), 0.0, listener.seconds)
        if sum(span.duration for span in speech) >= _ENOUGH_SPEECH_SECONDS:
            enough = True
            yield _of(samples, speech)
        elif speech:
            scant.append(_of(samples, speech))
    if not enough:
        yield from scant


def spoken_windows(sound: SoundMemory, path: Path, spans: Sequence[Span], context: Checkpoint) -> Iterator[Samples]:
    """Yield up to five windows of the speech `spans` (padded, in order), spread over them, from the middle outwards."""
    groups = windows(spans, WINDOW_SECONDS)
    count = min(_PLACES, len(groups))
    for group in _from_the_middle([groups[int((place + 0.5) * len(groups) / count)] for place in range(count)]):
        context.report("surveying", 0)
        yield np.concatenate([sound.span(path, span.start, span.end) for span in group])


def loudest_windows(loudness: Frames, begin: float) -> list[Span]:
    """Return the windows of what was heard from `begin` on, the loudest ones: the likeliest to hold speech."""
    per_window = round(WINDOW_SECONDS / FRAME_SECONDS)
    means = [float(loudness[first : first + per_window].mean()) for first in range(0, len(loudness), per_window)]
    order = sorted(range(len(means)), key=lambda index: -means[index])[:_PLACES]
    end = begin + len(loudness) * FRAME_SECONDS
    starts = [begin + index * per_window * FRAME_SECONDS for index in sorted(order)]
    return [Span(start, min(start + WINDOW_SECONDS, end)) for start in starts]


def _of(samples: Samples, spans: Sequence[Span]) -> Samples:
    return np.concatenate([samples[round(s.start * SAMPLE_RATE) : round(s.end * SAMPLE_RATE)] for s in spans])


def _from_the_middle(items: Sequence[_Item]) -> list[_Item]:
    return [items[place] for place in sorted(range(len(items)), key=lambda place: abs(place - (len(items) - 1) / 2))]

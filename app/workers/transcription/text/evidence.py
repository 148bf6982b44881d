"""Whether there is a voice under a piece of text: what the guards ask where the text alone leaves a doubt."""

from app.media.decode import SAMPLE_RATE, Samples
from app.workers.transcription.plan.voice import FRAME_SAMPLES, FRAME_SECONDS, RUN_UP_SECONDS, Listener

# Below what counts as speech when a recording is planned: text stays where there may have been a voice.
_FAINT_PROBABILITY = 0.2
# The alignment of words is that much off at times.
_AROUND_SECONDS = 0.25


def voiced_seconds(samples: Samples, start: float, end: float) -> float:
    """Return how many seconds between `start` and `end` (in `samples`) may hold a voice, be it faint."""
    first = max(0, round((start - _AROUND_SECONDS) * SAMPLE_RATE))
    last = round((end + _AROUND_SECONDS) * SAMPLE_RATE)
    run_up = min(first, round(RUN_UP_SECONDS * SAMPLE_RATE)) // FRAME_SAMPLES * FRAME_SAMPLES
    listener = Listener(voice=True)
    listener.run_up(samples[first - run_up : first])
    listener.hear(samples[first:last])
    return float((listener.probabilities >= _FAINT_PROBABILITY).sum()) * FRAME_SECONDS

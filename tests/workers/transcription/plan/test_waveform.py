"""The waveform that a plan reports, part by part, is that of the whole recording."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.waveform import cells, put_together
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.workers.transcription.plan.hearing import Hearing, Limits
from app.workers.transcription.sound import SoundMemory
from tests.media.recordings import write
from tests.workers.transcription.listening import RememberingJob

CELL = SAMPLE_RATE // 10


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes and a bit, louder and louder, longer than no part."""
    seconds = 307.777
    sound = np.random.default_rng(1).uniform(-1, 1, round(seconds * SAMPLE_RATE)).astype(np.float32)
    sound *= np.linspace(0, 1, len(sound), dtype=np.float32)
    return write(tmp_path_factory.mktemp("noise") / "noise.flac", sound, "flac")


def expected(sound: Samples) -> np.ndarray:
    padded = np.pad(np.abs(sound), (0, -len(sound) % CELL))
    return np.rint(255 * np.sqrt(padded.reshape(-1, CELL).max(axis=1)))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sound=st.floats(20, 200), reach=st.floats(1, 60))
def test_parts_report_the_waveform_of_the_whole(noise: Path, sound: float, reach: float) -> None:
    parts, start = [], 0.0
    while True:
        hearing = Hearing(SoundMemory(), noise, start=start, channels=(None,), voice=False)
        hearing.listen(Limits(speech=sound, sound=sound, reach=reach), None, RememberingJob())
        part = cells(hearing.start, hearing.end)
        peaks = hearing.peaks()
        assert len(peaks) == len(part)
        parts.append((part.start, peaks))
        if hearing.last:
            break
        start = round(hearing.end, 3)
    whole = put_together(parts, complete=True)
    assert list(whole.peaks) == list(expected(decode_span(noise)))


def test_the_loudest_channel_is_drawn(tmp_path: Path) -> None:
    left, right = np.zeros(SAMPLE_RATE, np.float32), np.zeros(SAMPLE_RATE, np.float32)
    left[: SAMPLE_RATE // 2] = 0.5
    right[SAMPLE_RATE // 2 :] = -0.25
    path = write(tmp_path / "call.wav", np.stack([left, right]), "pcm_s16le", layout="stereo")
    hearing = Hearing(SoundMemory(), path, start=0, channels=(0, 1), voice=False)
    hearing.listen(Limits(speech=60, sound=60, reach=1), None, RememberingJob())
    assert list(hearing.peaks()) == pytest.approx([180] * 5 + [128] * 5, abs=1)

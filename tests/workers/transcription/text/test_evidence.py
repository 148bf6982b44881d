"""How much voice there is under a piece of text."""

import numpy as np
import pytest

from app.media.decode import SAMPLE_RATE, decode_span
from app.workers.transcription.text.evidence import voiced_seconds
from tests.media.recordings import AUDIO
from tests.workers.transcription.sounds import chords

pytestmark = pytest.mark.engine


def test_a_voice_is_heard_where_it_is() -> None:
    said = decode_span(AUDIO / "jfk.ogg")
    sound = np.concatenate([np.zeros(20 * SAMPLE_RATE, np.float32), said])
    assert voiced_seconds(sound, 20.3, 22.0) > 1.0
    assert voiced_seconds(sound, 3.0, 15.0) == 0.0
    assert voiced_seconds(sound, 0.0, 31.0) == pytest.approx(9, abs=2)


def test_noise_and_music_are_no_voice() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(30 * SAMPLE_RATE).astype(np.float32)
    for sound in (noise, chords(30), np.zeros(0, np.float32)):
        assert voiced_seconds(sound, 5.0, 25.0) < 0.1

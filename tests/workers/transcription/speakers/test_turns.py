"""From windows to turns: the same answer as pyannote.audio's own arithmetic."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.offline import import_pyannote_audio
from app.core.transcript import Diarization
from app.workers.transcription.speakers.turns import NOBODY, SpeakingFrames, Turn, labelled
from app.workers.transcription.speakers.voices import Voices, WindowShape

FRAMES = 59
SHAPE = WindowShape(model="a", source="a", duration=1.0, step=0.25, frames=FRAMES, speakers=3, dimension=2)
FRAME_SECONDS, FRAME_STEP = 0.062, 0.0169


@pytest.fixture(scope="module")
def pyannote() -> Any:
    import_pyannote_audio()
    from pyannote.audio.pipelines import speaker_diarization

    return speaker_diarization


def grid() -> Any:
    from pyannote.core import SlidingWindow

    return SlidingWindow(start=0.0, duration=FRAME_SECONDS, step=FRAME_STEP)


def made(seed: int, windows: list[int], clusters: int) -> tuple[Voices, np.ndarray]:
    """Windows in which people speak for a while each, and whom each of them was found to be."""
    generator = np.random.default_rng(seed)
    active = np.zeros((len(windows), FRAMES, 3), np.uint8)
    for window, speaker in np.ndindex(len(windows), 3):
        begin, end = sorted(generator.integers(0, FRAMES + 1, 2))
        if generator.random() < 0.7:
            active[window, begin:end, speaker] = 1
    found = generator.integers(0, clusters, (len(windows), 3))
    found[~active.any(axis=1)] = NOBODY
    return Voices(SHAPE, np.array(windows), active, np.zeros((len(windows), 3, 2), np.float32)), found


def nothing() -> None:
    """No checkpoint."""


def ours(voices: Voices, found: np.ndarray, *, most: float, gap: float, exclusive: bool) -> list[Turn]:
    frames = SpeakingFrames.of(voices, found, grid(), most, nothing)
    return sorted(frames.turns(exclusive=exclusive, longest_gap=gap, checkpoint=nothing))


def theirs(pyannote: Any, voices: Voices, found: np.ndarray, *, most: float, gap: float, exclusive: bool) -> list[Turn]:
    """As `SpeakerDiarization.apply` does it."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    mixin = pyannote.SpeakerDiarizationMixin()
    places = SlidingWindow(start=0.0, duration=SHAPE.duration, step=SHAPE.step)
    segmentations = SlidingWindowFeature(voices.active.astype(np.float32), places)
    count = mixin.speaker_count(segmentations, grid(), warm_up=(0.0, 0.0))
    count.data = np.minimum(count.data, min(most, 1) if exclusive else most).astype(np.int8)
    discrete = pyannote.SpeakerDiarization.reconstruct(mixin, segmentations, found, count)
    tracks = mixin.to_annotation(discrete, min_duration_off=gap).itertracks(yield_label=True)
    return sorted((segment.start, segment.end, cluster) for segment, _, cluster in tracks)


@pytest.mark.engine
@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 12),
    clusters=st.integers(1, 5),
    most=st.sampled_from([1, 2, np.inf]),
    gap=st.sampled_from([0.0, 0.1]),
    exclusive=st.booleans(),
)
def test_turns_are_those_that_pyannote_finds(
    pyannote: Any, seed: int, count: int, clusters: int, most: float, gap: float, exclusive: bool
) -> None:
    voices, found = made(seed, list(range(count)), clusters)
    if not voices.active.any():
        return
    mine = ours(voices, found, most=most, gap=gap, exclusive=exclusive)
    other = theirs(pyannote, voices, found, most=most, gap=gap, exclusive=exclusive)
    assert [turn[2] for turn in mine] == [turn[2] for turn in other]
    np.testing.assert_allclose([turn[:2] for turn in mine], [turn[:2] for turn in other])


@pytest.mark.engine
@given(st.integers(0, 10_000), st.integers(30, 4000))
@settings(deadline=None, max_examples=20)
def test_where_no_window_lies_nobody_speaks_and_the_rest_is_undisturbed(seed: int, gap: int) -> None:
    import_pyannote_audio()
    voices, found = made(seed, [0, 1, 2, 3, gap, gap + 1], 3)
    before = Voices(SHAPE, voices.windows[:4], voices.active[:4], voices.embeddings[:4])
    turns = ours(voices, found, most=np.inf, gap=0.0, exclusive=False)
    silence_begins, silence_ends = 3 * SHAPE.step + SHAPE.duration + 0.1, gap * SHAPE.step
    assert all(end <= silence_begins or start >= silence_ends for start, end, _ in turns)
    if before.active.any():
        alone = ours(before, found[:4], most=np.inf, gap=0.0, exclusive=False)
        assert [turn for turn in turns if turn[0] < silence_begins - 0.2] == [
            turn for turn in alone if turn[0] < silence_begins - 0.2
        ]


def speakers(diarization: Diarization) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in diarization.turns))


@given(st.lists(st.tuples(st.floats(-1, 50), st.floats(-1, 60), st.integers(0, 4))), st.floats(0, 40))
def test_labels_follow_the_first_appearance_and_turns_stay_inside(turns: list[Turn], duration: float) -> None:
    found, labels = labelled(turns, turns, duration=duration)
    assert speakers(found) == [f"SPEAKER_{number:02d}" for number in range(len(speakers(found)))]
    assert list(labels.values()) == speakers(found)
    assert all(0 <= turn.start < turn.end <= duration for turn in found.turns)
    assert list(found.turns) == sorted(found.turns, key=lambda turn: (turn.start, turn.end))
    assert found.turns == found.exclusive_turns

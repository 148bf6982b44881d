"""The real pipeline on real voices."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import find
from app.core.options import TranscriptionOptions
from app.core.transcript import Diarization
from app.media.decode import decode_span
from app.workers.transcription.diarizer import Diarizer, diarization_of
from tests.workers.transcription.speakers import (
    SAMPLE_RATE,
    RememberingContext,
    Stopped,
    overlaps,
    read_rttm,
    write_wav,
)

ROOT = Path(__file__).resolve().parents[3]
TWO_SPEAKERS = ROOT / "tests/audio/two-speakers.ogg"
LARGEST_ERROR_RATE = 0.15
"""Measured: 0.117, without any collar."""


@pytest.fixture(scope="module")
def diarizer(models_dir: Path) -> Diarizer:
    return Diarizer(find(models_dir, "diarization", "community-campplus"), threads=2)


@pytest.fixture(scope="module")
def told() -> RememberingContext:
    return RememberingContext()


@pytest.fixture(scope="module")
def two_speakers(diarizer: Diarizer, told: RememberingContext) -> Diarization:
    return diarizer.diarize(TWO_SPEAKERS, TranscriptionOptions(), told)


@pytest.fixture(scope="module")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of both people: for what does not depend on the length."""
    return write_wav(tmp_path_factory.mktemp("sound") / "excerpt.wav", decode_span(TWO_SPEAKERS, 0.0, 32.0))


def speakers(diarization: Diarization) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in diarization.turns))


@pytest.mark.engine
def test_two_people_are_told_apart(two_speakers: Diarization) -> None:
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, found = Annotation(), Annotation()
    for number, (start, end, speaker) in enumerate(read_rttm(TWO_SPEAKERS.with_suffix(".rttm"))):
        reference[Segment(start, end), number] = speaker
    for number, turn in enumerate(two_speakers.turns):
        found[Segment(turn.start, turn.end), number] = turn.speaker
    extent = Timeline([reference.get_timeline().union(found.get_timeline()).extent()])
    assert DiarizationErrorRate()(reference, found, uem=extent) < LARGEST_ERROR_RATE
    assert speakers(two_speakers) == ["SPEAKER_00", "SPEAKER_01"]


@pytest.mark.engine
def test_turns_are_in_order_and_exclusive_ones_never_overlap(two_speakers: Diarization) -> None:
    for turns in (two_speakers.turns, two_speakers.exclusive_turns):
        assert turns
        assert list(turns) == sorted(turns, key=lambda turn: turn.start)
        assert all(0 <= turn.start < turn.end for turn in turns)
    assert not overlaps(two_speakers.exclusive_turns)
    assert {turn.speaker for turn in two_speakers.exclusive_turns} <= set(speakers(two_speakers))


@pytest.mark.engine
def test_progress_rises_through_the_stages(two_speakers: Diarization, told: RememberingContext) -> None:
    assert [stage for stage in told.stages if stage != "loading-model"] == ["segmentation", "embeddings", "clustering"]
    percents = [percent for _, percent in told.reports]
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100
    assert told.checkpoints > len(told.stages)


@pytest.mark.engine
def test_the_same_recording_gives_the_same_answer(diarizer: Diarizer, excerpt: Path) -> None:
    first, second = (diarizer.diarize(excerpt, TranscriptionOptions(), RememberingContext()) for _ in range(2))
    assert first == second
    assert len(speakers(first)) == 2


@pytest.mark.engine
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (TranscriptionOptions(num_speakers=1), 1),
        (TranscriptionOptions(num_speakers=3), 3),
        (TranscriptionOptions(min_speakers=3), 3),
        (TranscriptionOptions(max_speakers=1), 1),
    ],
)
def test_the_number_of_speakers_is_honoured(
    diarizer: Diarizer, excerpt: Path, options: TranscriptionOptions, expected: int
) -> None:
    found = diarizer.diarize(excerpt, options, RememberingContext())
    assert len(speakers(found)) == expected


@pytest.mark.engine
@pytest.mark.parametrize("stage", ["segmentation", "embeddings", "clustering"])
def test_a_checkpoint_stops_it_in_every_stage(diarizer: Diarizer, excerpt: Path, stage: str) -> None:
    context = RememberingContext(stop_at_stage=stage)
    with pytest.raises(Stopped):
        diarizer.diarize(excerpt, TranscriptionOptions(), context)
    assert context.stages[-1] == stage
    assert context.after_stop == 0


@pytest.mark.engine
@pytest.mark.parametrize("options", [TranscriptionOptions(), TranscriptionOptions(num_speakers=2)])
@pytest.mark.parametrize("seconds", [0.01, 0.3, 0.99, 4.0, 12.5])
def test_silence_of_any_length_has_no_speakers(
    diarizer: Diarizer, tmp_path: Path, seconds: float, options: TranscriptionOptions
) -> None:
    recording = write_wav(tmp_path / "silence.wav", np.zeros(int(seconds * SAMPLE_RATE), np.float32))
    assert diarizer.diarize(recording, options, RememberingContext()) == Diarization((), ())


@pytest.mark.engine
@pytest.mark.parametrize(("seconds", "hint"), [(0.5, None), (1.5, 2), (5.0, 1), (5.0, 2)])
def test_one_person_heard_briefly_is_one_speaker(
    diarizer: Diarizer, tmp_path: Path, seconds: float, hint: int | None
) -> None:
    recording = write_wav(tmp_path / "brief.wav", decode_span(TWO_SPEAKERS, 4.0, 4.0 + seconds))
    found = diarizer.diarize(recording, TranscriptionOptions(num_speakers=hint), RememberingContext())
    assert speakers(found) == ["SPEAKER_00"]
    assert max(turn.end for turn in found.turns) <= seconds


GUARDED_RUN = """
import sys
attempts = []
def guard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        attempts.append((event, arguments[1:] if event == "socket.connect" else arguments))
sys.addaudithook(guard)

from pathlib import Path
from app.catalog import find
from app.core.options import TranscriptionOptions
from app.workers.transcription.diarizer import Diarizer
from tests.workers.transcription.speakers import RememberingContext

models_dir, recording = map(Path, sys.argv[1:])
diarizer = Diarizer(find(models_dir, "diarization", "community-campplus"), threads=2)
found = diarizer.diarize(recording, TranscriptionOptions(), RememberingContext())
assert found.turns

from pyannote.audio.telemetry import metrics
assert not metrics.is_metrics_enabled()
metrics.provider.force_flush()
assert attempts == [], attempts

metrics.set_telemetry_metrics(True)  # the counter-proof: this guard does see telemetry
metrics.track_pipeline_init(None)
metrics.provider.force_flush()
assert attempts
"""


@pytest.mark.engine
def test_no_telemetry_and_no_network_even_where_the_environment_asks_for_it(models_dir: Path, tmp_path: Path) -> None:
    recording = write_wav(tmp_path / "short.wav", decode_span(TWO_SPEAKERS, 0.0, 12.0))
    asked_for = {"PYANNOTE_METRICS_ENABLED": "1", "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "0"}
    done = subprocess.run(
        [sys.executable, "-c", GUARDED_RUN, str(models_dir), str(recording)],
        cwd=ROOT,
        # Telemetry that gets out all the same goes to a port where nobody listens.
        env={**os.environ, **asked_for, "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@dataclass
class Stretch:
    start: float
    end: float


@given(
    st.lists(
        st.tuples(st.floats(-1, 50), st.floats(-1, 60), st.sampled_from("ABCDE")).map(
            lambda track: (Stretch(track[0], track[1]), "_", track[2])
        )
    ),
    st.floats(0, 40),
)
def test_labels_follow_the_first_appearance_and_turns_stay_inside(
    tracks: list[tuple[Stretch, str, str]], duration: float
) -> None:
    found = diarization_of(tracks, tracks, duration=duration)
    assert speakers(found) == [f"SPEAKER_{number:02d}" for number in range(len(speakers(found)))]
    assert all(0 <= turn.start < turn.end <= duration for turn in found.turns)
    assert list(found.turns) == sorted(found.turns, key=lambda turn: (turn.start, turn.end))
    assert found.turns == found.exclusive_turns

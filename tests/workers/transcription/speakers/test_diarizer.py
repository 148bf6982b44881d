"""The real pipeline on real voices."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from app.catalog import InstalledModel, find
from app.catalog.offline import import_pyannote_audio
from app.core.errors import UnknownModel
from app.core.options import TranscriptionOptions
from app.core.transcript import Diarization, Span, SpeakerTurn
from app.media.decode import decode_span
from app.workers.transcription.speakers.diarizer import Diarizer
from app.workers.transcription.speakers.pipeline import SpeakerPipeline
from app.workers.transcription.speakers.voices import VoicesUnfit
from tests.workers.transcription.dialogues import (
    SAMPLE_RATE,
    RememberingContext,
    Stopped,
    overlaps,
    read_rttm,
    write_wav,
)

ROOT = Path(__file__).resolve().parents[4]
TWO_SPEAKERS = ROOT / "tests/audio/two-speakers.ogg"
LARGEST_ERROR_RATE = 0.15
"""Measured: 0.117, without any collar."""

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def model(models_dir: Path) -> InstalledModel:
    return find(models_dir, "diarization", "community-campplus")


@pytest.fixture(scope="module")
def diarizer(model: InstalledModel) -> Diarizer:
    return Diarizer(model, threads=1)


@pytest.fixture(scope="module")
def window_by_window(model: InstalledModel) -> Diarizer:
    """As pyannote runs it: every window through the whole embedding network."""
    return Diarizer(model, threads=1, load=partial(SpeakerPipeline, blocks=None))


def voices_of(
    diarizer: Diarizer, recording: Path, context: RememberingContext, cuts: Sequence[float]
) -> list[dict[str, Any]]:
    """Hear the stretches between the cuts, and send what was found through JSON."""
    found = [diarizer.voices(recording, Span(start, end), context) for start, end in pairwise(cuts)]
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def tell_apart(
    diarizer: Diarizer,
    recording: Path,
    options: TranscriptionOptions,
    context: RememberingContext,
    *,
    cuts: Sequence[float] = (),
    embeddings: bool = False,
) -> Diarization:
    """Both halves of a diarization, the recording cut into stretches at `cuts`."""
    duration = len(decode_span(recording)) / SAMPLE_RATE
    voices = voices_of(diarizer, recording, context, [0.0, *cuts, duration])
    return diarizer.diarize(voices, options, context, duration=duration, embeddings=embeddings)


@pytest.fixture(scope="module")
def told() -> RememberingContext:
    return RememberingContext()


@pytest.fixture(scope="module")
def two_speakers(diarizer: Diarizer, told: RememberingContext) -> Diarization:
    return tell_apart(diarizer, TWO_SPEAKERS, TranscriptionOptions(), told, embeddings=True)


@pytest.fixture(scope="module")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of both people: for what does not depend on the length."""
    return write_wav(tmp_path_factory.mktemp("sound") / "excerpt.wav", decode_span(TWO_SPEAKERS, 0.0, 32.0))


def speakers(diarization: Diarization) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in diarization.turns))


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


def test_turns_are_in_order_and_exclusive_ones_never_overlap(two_speakers: Diarization) -> None:
    for turns in (two_speakers.turns, two_speakers.exclusive_turns):
        assert turns
        assert list(turns) == sorted(turns, key=lambda turn: turn.start)
        assert all(0 <= turn.start < turn.end for turn in turns)
    assert not overlaps(two_speakers.exclusive_turns)
    assert {turn.speaker for turn in two_speakers.exclusive_turns} <= set(speakers(two_speakers))


def test_progress_rises_through_the_stages(two_speakers: Diarization, told: RememberingContext) -> None:
    assert [stage for stage in told.stages if stage != "loading-model"] == ["segmentation", "embeddings", "clustering"]
    for half in (("segmentation", "embeddings"), ("clustering",)):
        percents = [percent for stage, percent in told.reports if stage in half]
        assert percents == sorted(percents)
        assert 0 <= percents[0] < percents[-1] <= 100
    # Every few windows, and every block of sound.
    assert told.checkpoints > 75 / 10 + 75 / 2.5 / 8


def test_the_same_recording_gives_the_same_answer(diarizer: Diarizer, excerpt: Path) -> None:
    first, second = (tell_apart(diarizer, excerpt, TranscriptionOptions(), RememberingContext()) for _ in range(2))
    assert first == second
    assert len(speakers(first)) == 2


def assert_same(one: Sequence[SpeakerTurn], other: Sequence[SpeakerTurn]) -> None:
    assert [turn.speaker for turn in one] == [turn.speaker for turn in other]
    assert_allclose([(turn.start, turn.end) for turn in one], [(turn.start, turn.end) for turn in other])


@pytest.mark.parametrize("cuts", [[20.0], [2.5, 2.6, 7.4999, 31.313]])
def test_the_stretches_do_not_show_in_the_answer(diarizer: Diarizer, excerpt: Path, cuts: list[float]) -> None:
    whole, split = (
        tell_apart(diarizer, excerpt, TranscriptionOptions(), RememberingContext(), cuts=cuts, embeddings=True)
        for cuts in ([], cuts)
    )
    assert_same(split.turns, whole.turns)
    assert_same(split.exclusive_turns, whole.exclusive_turns)
    assert split.embeddings.keys() == whole.embeddings.keys()
    for label, voice in split.embeddings.items():
        assert_allclose(voice, whole.embeddings[label], atol=2e-4)


def apply_whole(folder: Path, recording: Path) -> tuple[list[SpeakerTurn], list[SpeakerTurn]]:
    """What pyannote's own pipeline answers, labelled by first appearance as ours."""
    import torch

    samples = decode_span(recording)
    duration = len(samples) / SAMPLE_RATE
    pipeline = import_pyannote_audio().Pipeline.from_pretrained(folder)
    found = pipeline({"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE, "uri": "recording"})
    labels: dict[str, str] = {}

    def turns(annotation: Any) -> list[SpeakerTurn]:
        tracks = sorted(
            (s.start, min(s.end, duration), label) for s, _, label in annotation.itertracks(yield_label=True)
        )
        inside = [track for track in tracks if track[0] < duration]  # the last window is filled up with silence
        for _, _, label in inside:
            labels.setdefault(label, f"SPEAKER_{len(labels):02d}")
        return [SpeakerTurn(start, end, labels[label]) for start, end, label in inside]

    return turns(found.speaker_diarization), turns(found.exclusive_speaker_diarization)


def test_without_the_shared_trunk_the_answer_is_pyannotes(
    window_by_window: Diarizer, model: InstalledModel, excerpt: Path
) -> None:
    found = tell_apart(window_by_window, excerpt, TranscriptionOptions(), RememberingContext(), cuts=[9.0, 20.1])
    turns, exclusive_turns = apply_whole(model.folder, excerpt)
    assert_same(found.turns, turns)
    assert_same(found.exclusive_turns, exclusive_turns)


def test_a_pipeline_with_bayesian_clustering_and_another_step_serves_too(
    model: InstalledModel, excerpt: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "vbx"
    shutil.copytree(model.folder, folder)
    config = (folder / "config.yaml").read_text()
    config = config[: config.index("params:\n  segmentation:")]
    config = config.replace("AgglomerativeClustering", "VBxClustering").replace("_step: 0.25", "_step: 0.5")
    config += "params:\n  segmentation: {min_duration_off: 0.1}\n  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}\n"
    (folder / "config.yaml").write_text(config)
    vbx = Diarizer(model.model_copy(update={"folder": folder}), threads=1, load=partial(SpeakerPipeline, blocks=None))
    found = tell_apart(vbx, excerpt, TranscriptionOptions(), RememberingContext(), cuts=[12.0])
    turns, exclusive_turns = apply_whole(folder, excerpt)
    assert_same(found.turns, turns)
    assert_same(found.exclusive_turns, exclusive_turns)


def test_another_kind_of_pipeline_is_refused(model: InstalledModel, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "pipeline:\n  name: pyannote.audio.pipelines.VoiceActivityDetection\n"
        f"  params: {{segmentation: {model.folder / 'segmentation'}}}\n"
    )
    with pytest.raises(UnknownModel, match="not a speaker diarization pipeline"):
        Diarizer(model.model_copy(update={"folder": tmp_path}), threads=1).load()


def test_each_speaker_has_a_voice(two_speakers: Diarization) -> None:
    assert list(two_speakers.embeddings) == ["SPEAKER_00", "SPEAKER_01"]
    assert two_speakers.embedding_model == "community-campplus"
    one, other = (np.array(voice) for voice in two_speakers.embeddings.values())
    assert_allclose([np.linalg.norm(one), np.linalg.norm(other)], 1.0, atol=1e-3)
    assert one @ other < 0.5
    assert all(number == round(number, 5) for number in two_speakers.embeddings["SPEAKER_00"])


def test_a_voice_is_known_again_in_another_recording(
    diarizer: Diarizer, two_speakers: Diarization, tmp_path: Path
) -> None:
    """The label is that of the turns: what is heard where SPEAKER_01 spoke is nearest to the voice of SPEAKER_01."""
    longest = {
        turn.speaker: turn for turn in sorted(two_speakers.exclusive_turns, key=lambda turn: turn.end - turn.start)
    }
    for label, turn in longest.items():
        piece = write_wav(tmp_path / "piece.wav", decode_span(TWO_SPEAKERS, turn.start, turn.end))
        alone = tell_apart(diarizer, piece, TranscriptionOptions(num_speakers=1), RememberingContext(), embeddings=True)
        (voice,) = alone.embeddings.values()
        likeness = {name: float(np.dot(voice, known)) for name, known in two_speakers.embeddings.items()}
        assert max(likeness, key=lambda name: likeness[name]) == label


def test_voices_of_two_models_are_not_mixed(diarizer: Diarizer, excerpt: Path) -> None:
    voices = voices_of(diarizer, excerpt, RememberingContext(), [0.0, 5.0, 10.0])
    voices[1]["source"] = "another"
    with pytest.raises(VoicesUnfit):
        diarizer.diarize(voices, TranscriptionOptions(), RememberingContext(), duration=10.0, embeddings=False)


def test_silence_between_stretches_needs_no_work(diarizer: Diarizer, excerpt: Path, tmp_path: Path) -> None:
    """Two stretches with an hour between them: the same turns as side by side, an hour later."""
    sound = decode_span(excerpt)
    voices = voices_of(diarizer, excerpt, RememberingContext(), [0.0, 22.0])
    later = {**voices[0], "first": voices[0]["first"] + 1440}
    found = diarizer.diarize(
        [*voices, later], TranscriptionOptions(), RememberingContext(), duration=3632.0, embeddings=False
    )
    early = [turn for turn in found.turns if turn.start < len(sound) / SAMPLE_RATE]
    late = [turn for turn in found.turns if turn.start >= 3600.0]
    assert len(early) + len(late) == len(found.turns)
    assert [turn.speaker for turn in early] == [turn.speaker for turn in late]
    # The frames are 17 ms apart and no hour is a whole number of them.
    assert_allclose([turn.start + 3600.0 for turn in early], [turn.start for turn in late], atol=0.05)


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
    found = tell_apart(diarizer, excerpt, options, RememberingContext())
    assert len(speakers(found)) == expected


@pytest.mark.parametrize("stage", ["segmentation", "embeddings", "clustering"])
def test_a_checkpoint_stops_it_in_every_stage(diarizer: Diarizer, excerpt: Path, stage: str) -> None:
    context = RememberingContext(stop_at_stage=stage)
    with pytest.raises(Stopped):
        tell_apart(diarizer, excerpt, TranscriptionOptions(), context)
    assert context.stages[-1] == stage
    assert context.after_stop == 0


@pytest.mark.parametrize("options", [TranscriptionOptions(), TranscriptionOptions(num_speakers=2)])
@pytest.mark.parametrize("seconds", [0.01, 0.3, 0.99, 4.0, 12.5])
def test_silence_of_any_length_has_no_speakers(
    diarizer: Diarizer, tmp_path: Path, seconds: float, options: TranscriptionOptions
) -> None:
    recording = write_wav(tmp_path / "silence.wav", np.zeros(int(seconds * SAMPLE_RATE), np.float32))
    assert tell_apart(diarizer, recording, options, RememberingContext(), embeddings=True) == Diarization((), ())


@pytest.mark.parametrize(("seconds", "hint"), [(0.5, None), (1.5, 2), (5.0, 1), (5.0, 2)])
def test_one_person_heard_briefly_is_one_speaker(
    diarizer: Diarizer, tmp_path: Path, seconds: float, hint: int | None
) -> None:
    recording = write_wav(tmp_path / "brief.wav", decode_span(TWO_SPEAKERS, 4.0, 4.0 + seconds))
    found = tell_apart(diarizer, recording, TranscriptionOptions(num_speakers=hint), RememberingContext())
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
from app.core.transcript import Span
from app.workers.transcription.speakers.diarizer import Diarizer
from tests.workers.transcription.dialogues import RememberingContext

models_dir, recording = map(Path, sys.argv[1:])
diarizer = Diarizer(find(models_dir, "diarization", "community-campplus"), threads=1)
context = RememberingContext()
voices = diarizer.voices(recording, Span(0.0, 12.0), context)
found = diarizer.diarize([voices], TranscriptionOptions(), context, duration=12.0, embeddings=True)
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


TWELVE_HOURS = """
import resource
import sys
from pathlib import Path

import numpy as np

from app.catalog import find
from app.core.options import TranscriptionOptions
from app.workers.transcription.speakers.diarizer import Diarizer
from app.workers.transcription.speakers.voices import Voices, WindowShape
from tests.workers.transcription.dialogues import RememberingContext

HOURS, PEOPLE, TURN_SECONDS = 12, 6, 20
model = find(Path(sys.argv[1]), "diarization", "community-campplus")
shape = WindowShape(
    model=model.name, source=model.source, duration=10.0, step=2.5, frames=589, speakers=3, dimension=192
)
random = np.random.default_rng(0)
people = random.standard_normal((PEOPLE, 192))


def stretches():
    for number in range(HOURS * 30):
        windows = np.arange(number * 48, (number + 1) * 48)
        active = np.zeros((48, 589, 3), np.uint8)
        embeddings = np.full((48, 3, 192), np.nan, np.float32)
        for row, window in enumerate(windows):
            seconds = window * 2.5 + np.arange(589) * 10 / 589
            speaking = (seconds // TURN_SECONDS).astype(int)
            for local, turn in enumerate(np.unique(speaking)):
                active[row, speaking == turn, local] = 1
                embeddings[row, local] = people[turn % PEOPLE] + 0.4 * random.standard_normal(192)
        yield Voices(shape, windows, active, embeddings).to_dict()


diarizer = Diarizer(model, threads=1)
diarizer.load()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = diarizer.diarize(
    stretches(), TranscriptionOptions(), RememberingContext(), duration=HOURS * 3600.0, embeddings=True
)
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

assert len(found.turns) == len(found.exclusive_turns) == HOURS * 3600 // TURN_SECONDS, len(found.turns)
labels = [f"SPEAKER_{number:02d}" for number in range(PEOPLE)]
assert [turn.speaker for turn in found.turns] == labels * (len(found.turns) // PEOPLE)
assert all(abs(turn.start - number * TURN_SECONDS) < 0.1 for number, turn in enumerate(found.turns))
for person, label in zip(people, labels):
    assert np.dot(person / np.linalg.norm(person), found.embeddings[label]) > 0.99
assert grown < 600, f"{grown:.0f} MB"
"""


def test_twelve_hours_of_six_people_are_told_apart_in_bounded_memory(models_dir: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWELVE_HOURS, str(models_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr

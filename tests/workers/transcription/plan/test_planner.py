"""Plans of recordings, part by part: real speech through the real voice activity and language detection."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.options import Channels, TranscriptionOptions
from app.core.transcript import PlanPart, Span
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.settings import load_settings
from app.workers.transcription.plan.cutting import FIRST_CHUNK_SECONDS, joined, windows
from app.workers.transcription.plan.hearing import Hearing, Limits
from app.workers.transcription.plan.planner import PlanOrder, plan_part
from app.workers.transcription.plan.survey import places
from app.workers.transcription.plan.voice import FRAME_SECONDS
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.text.recognizer import Recognizer
from app.workers.transcription.text.whisper import WINDOW_SECONDS
from tests.media.recordings import AUDIO, SPEECH, write
from tests.workers.transcription.calls import call, in_a_room, parties, reference
from tests.workers.transcription.listening import RememberingJob

pytestmark = pytest.mark.engine

JFK = AUDIO / "jfk.ogg"
FRENCH = AUDIO / "fleurs-fr.ogg"
ENGLISH = TranscriptionOptions(language="en")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(load_settings().models_dir, threads=1)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four minutes of talk, in a container without a stated length at its end to trust."""
    sound = np.tile(decode_span(SPEECH), 3)
    return write(tmp_path_factory.mktemp("talk") / "talk.flac", sound, "flac")


def planned(path: Path, recognizer: Recognizer, options: TranscriptionOptions, workers: int = 1) -> list[PlanPart]:
    """Plan the whole recording as the API has it planned: each part begins where the one before ended."""
    parts: list[PlanPart] = []
    while not parts or not parts[-1].last:
        before = PlanPart.from_dict(parts[-1].to_dict()) if parts else None
        order = PlanOrder(
            options=options,
            part=len(parts),
            start=before.end if before else 0.0,
            workers=workers,
            survey=before.survey if before else None,
        )
        parts.append(plan_part(path, order, recognizer, RememberingJob()))
    return parts


def heard(
    path: Path,
    start: float,
    limits: Limits,
    channels: tuple[int | None, ...] = (None,),
    memories: Sequence[bytes] = (),
) -> Hearing:
    hearing = Hearing(SoundMemory(), path, start=start, channels=channels, voice=True, memories=memories)
    hearing.listen(limits, None, RememberingJob())
    return hearing


EVERYTHING = Limits(speech=1e9, sound=1e9, reach=1)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(speech=st.floats(20, 200), sound=st.floats(50, 400), reach=st.floats(0, 60))
def test_parts_hear_the_same_speech_as_the_whole(talk: Path, speech: float, sound: float, reach: float) -> None:
    whole = heard(talk, 0, EVERYTHING)
    limits = Limits(speech=speech, sound=sound, reach=reach)
    start, turns, spans = 0.0, [], []
    memories: tuple[bytes, ...] = ()
    while True:
        part = heard(talk, start, limits, memories=memories)
        assert part.start == start < part.end
        turns += part.turns(0)
        spans += part.spoken(0)
        if part.last:
            break
        assert not any(turn.start < part.end < turn.end for turn in whole.turns(0))
        start, memories = round(part.end, 3), part.memories()
        assert start == pytest.approx(part.end, abs=1e-9)
    assert (part.end, part.memories()) == (whole.end, ())
    assert turns == whole.turns(0)
    bounds = np.array([span.to_list() for span in spans]) - [span.to_list() for span in whole.spoken()]
    assert np.abs(bounds).max() <= FRAME_SECONDS


def test_the_decoders_windows_go_on_from_part_to_part(talk: Path) -> None:
    whole = [sum(span.duration for span in group) for group in windows(heard(talk, 0, EVERYTHING).spoken(), 30)]
    found: list[float] = []
    part = heard(talk, 0, Limits(speech=60, sound=60, reach=30))
    while True:
        found += [sum(span.duration for span in group) for group in windows(part.spoken(), 30)]
        if part.last:
            break
        part = heard(talk, part.end, Limits(speech=60, sound=60, reach=30), memories=part.memories())
    assert len(whole) > 3
    assert found == pytest.approx(whole, abs=2 * FRAME_SECONDS)


def test_speech_without_a_pause_is_cut_all_the_same(tmp_path: Path) -> None:
    longest = max(heard(SPEECH, 0, EVERYTHING).turns(0), key=lambda turn: turn.duration)
    said = decode_span(SPEECH, longest.start + 1, longest.start + 2)
    endless = np.tile(said, int(150 * SAMPLE_RATE / len(said)))
    path = write(tmp_path / "endless.flac", endless, "flac")
    (whole,) = heard(path, 0, EVERYTHING).turns(0)
    start, turns, spans = 0.0, [], []
    while not turns or turns[-1].end < whole.end:
        part = heard(path, start, Limits(speech=25, sound=25, reach=10))
        turns += part.turns(0)
        spans += part.spoken()
        start = part.end
    assert len(turns) > 1
    assert (turns[0].start, turns[-1].end) == (whole.start, whole.end)
    assert all(one.end == following.start for one, following in pairwise(turns))
    assert all(one.end == following.start for one, following in pairwise(spans))
    assert max(span.duration for span in spans) < WINDOW_SECONDS


@settings(max_examples=1, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(speech=st.floats(10, 40))
def test_parts_hear_the_same_of_each_channel(tmp_path: Path, speech: float) -> None:
    path = write(tmp_path / "call.wav", call(0.1), "pcm_s16le", layout="stereo")
    whole = heard(path, 0, EVERYTHING, (0, 1))
    start, turns = 0.0, ([], [])
    memories: tuple[bytes, ...] = ()
    while True:
        part = heard(path, start, Limits(speech=speech, sound=60, reach=30), (0, 1), memories)
        for channel in (0, 1):
            turns[channel].extend(part.turns(channel))
        if part.last:
            break
        start, memories = part.end, part.memories()
    for channel in (0, 1):
        assert overlap(turns[channel], whole.turns(channel)) > 0.98


def overlap(one: list[Span], other: list[Span]) -> float:
    """Return the share of the time of either that is in both."""
    frames = np.zeros((2, 1 + round(100 * max(span.end for span in [*one, *other]))), bool)
    for row, spans in zip(frames, (one, other), strict=True):
        for span in spans:
            row[round(100 * span.start) : round(100 * span.end)] = True
    return float((frames[0] & frames[1]).sum() / (frames[0] | frames[1]).sum())


def test_a_short_recording_is_one_part(recognizer: Recognizer) -> None:
    job = RememberingJob()
    part = plan_part(JFK, PlanOrder(options=TranscriptionOptions()), recognizer, job)
    assert (part.start, part.last, part.survey.language) == (0, True, "en")
    assert part.end == part.duration == pytest.approx(11, abs=0.05)
    assert part.stretches == (Span(0, part.end),)
    assert len(part.chunks) == 1
    assert [stage for stage in job.stages if stage != "loading-model"] == ["probing", "listening", "surveying"]
    assert PlanPart.from_dict(part.to_dict()).to_dict() == part.to_dict()


def test_a_long_recording_begins_with_a_short_part_and_a_short_chunk(recognizer: Recognizer, talk: Path) -> None:
    parts = planned(talk, recognizer, ENGLISH)
    assert len(parts) == 2
    assert 30 < parts[0].end < 60
    assert parts[0].chunks[0].end <= FIRST_CHUNK_SECONDS
    assert all(part.duration == pytest.approx(225.2, abs=0.1) for part in parts)
    assert all(one.end == following.start for one, following in pairwise(parts))
    whole = heard(talk, 0, EVERYTHING)
    spans = [span for part in parts for chunk in part.chunks for span in chunk.speech or ()]
    assert len(spans) == len(whole.spoken())
    assert overlap(spans, whole.spoken()) > 0.999
    stretches = [stretch for part in parts for stretch in part.stretches]
    assert all(one.end <= following.start for one, following in pairwise(stretches))
    assert overlap(joined(stretches, 0.01), [Span(0, parts[-1].end)]) > 0.95


def test_more_workers_have_more_stretches(recognizer: Recognizer, talk: Path) -> None:
    few, many = (
        sum(len(part.stretches) for part in planned(talk, recognizer, ENGLISH, workers=workers)) for workers in (1, 4)
    )
    assert many > few


def test_planning_twice_gives_the_same(recognizer: Recognizer, talk: Path) -> None:
    assert planned(talk, recognizer, ENGLISH) == planned(talk, recognizer, ENGLISH)


def test_an_announcement_in_another_language_does_not_decide(recognizer: Recognizer, tmp_path: Path) -> None:
    sound = np.concatenate([np.tile(decode_span(FRENCH), 3), np.tile(decode_span(SPEECH), 4)])
    parts = planned(write(tmp_path / "a.flac", sound, "flac"), recognizer, TranscriptionOptions())
    assert {part.survey.language for part in parts} == {"en"}
    assert len({part.survey for part in parts}) <= 2  # the probability is rounded on its way


def test_a_language_that_the_survey_missed_is_found_where_somebody_speaks(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    silence = np.zeros(1000 * SAMPLE_RATE, np.float32)
    at = 200
    assert not any(place.start < at + 11 and at < place.end for place in places(1000))
    said = decode_span(JFK)
    silence[at * SAMPLE_RATE : at * SAMPLE_RATE + len(said)] = said
    parts = planned(write(tmp_path / "a.flac", silence, "flac"), recognizer, TranscriptionOptions())
    assert [part.survey.language for part in parts] == [None, "en"]
    assert [len(part.chunks) for part in parts] == [0, 1]
    assert parts[0].stretches == ()
    (stretch,) = parts[1].stretches
    assert stretch.start == pytest.approx(at - 10, abs=1)
    assert stretch.end == pytest.approx(at + 12, abs=1)


def test_without_a_stated_length_the_language_is_that_of_the_first_part(recognizer: Recognizer, tmp_path: Path) -> None:
    sound = np.tile(decode_span(FRENCH), 4)
    path = write(tmp_path / "live.mkv", sound, "flac", options={"live": "1"})
    parts = planned(path, recognizer, TranscriptionOptions())
    assert [part.duration is None for part in parts] == [True, False]
    assert [part.survey.language for part in parts] == ["fr", "fr"]
    assert parts[-1].end == parts[-1].duration == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.1)


def test_hours_of_silence_are_a_few_empty_parts(recognizer: Recognizer, tmp_path: Path) -> None:
    silence = np.zeros(5400 * SAMPLE_RATE, np.float32)
    parts = planned(write(tmp_path / "a.flac", silence, "flac"), recognizer, TranscriptionOptions())
    assert len(parts) == 3
    assert parts[-1].end == 5400
    assert not any(part.chunks or part.stretches or part.survey.language for part in parts)


def test_a_faint_voice_has_no_chunks_but_stretches(recognizer: Recognizer, tmp_path: Path) -> None:
    voice = 0.3 * decode_span(SPEECH, 0, 40)
    noise = 0.15 * np.random.default_rng(0).standard_normal(len(voice)).astype(np.float32)
    path = write(tmp_path / "faint.wav", voice + noise, "pcm_f32le")
    (part,) = planned(path, recognizer, TranscriptionOptions())
    assert part.chunks == ()
    assert part.stretches == (Span(0, part.end),)
    (part,) = planned(path, recognizer, TranscriptionOptions(diarization=False))
    assert part.stretches == ()


@pytest.mark.parametrize("diarization", [True, False])
def test_without_voice_activity_all_of_every_part_is_decoded(
    recognizer: Recognizer, talk: Path, diarization: bool
) -> None:
    options = TranscriptionOptions(language="en", vad=False, diarization=diarization)
    parts = planned(talk, recognizer, options)
    chunks = [chunk for part in parts for chunk in part.chunks]
    assert chunks[0].start == 0
    assert chunks[0].end <= FIRST_CHUNK_SECONDS + 0.5
    assert chunks[-1].end == parts[-1].end
    assert all(one.end == following.start for one, following in pairwise(chunks))
    assert all(chunk.speech is None for chunk in chunks)
    assert bool(parts[0].stretches) == diarization


def test_without_voice_activity_the_language_is_detected_too(recognizer: Recognizer) -> None:
    (part,) = planned(FRENCH, recognizer, TranscriptionOptions(vad=False))
    assert part.survey.language == "fr"


def write_call(path: Path, sound: Samples) -> Path:
    return write(path, sound, "pcm_s16le", layout="stereo")


def test_a_call_is_heard_channel_by_channel(recognizer: Recognizer, tmp_path: Path) -> None:
    (part,) = planned(write_call(tmp_path / "call.wav", call(0.1)), recognizer, TranscriptionOptions())
    assert (part.survey.by_channel, part.survey.language, part.stretches) == (True, "en", ())
    assert {chunk.channel for chunk in part.chunks} == {0, 1}
    assert [chunk.start for chunk in part.chunks] == sorted(chunk.start for chunk in part.chunks)
    speakers = sorted({speaker for _, _, speaker in reference()})
    for channel, speaker in enumerate(speakers):
        said = [Span(start, start + length) for start, length, who in reference() if who == speaker]
        turns = [Span(turn.start, turn.end) for turn in part.turns if turn.speaker == f"SPEAKER_{channel:02d}"]
        assert overlap(turns, joined(said, 0.5)) > 0.85
        own = [chunk for chunk in part.chunks if chunk.channel == channel]
        assert all(one.end <= following.start for one, following in pairwise(own))
        assert overlap([span for chunk in own for span in chunk.speech or ()], said) > 0.75


def test_a_call_that_was_cut_off_is_planned_as_far_as_it_is_there(recognizer: Recognizer, tmp_path: Path) -> None:
    # Its header states the whole length: at the places that are looked at first there is nothing.
    path = write(tmp_path / "call.flac", np.tile(call(0.1), 8), "flac", layout="stereo")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 16])
    (part,) = planned(path, recognizer, TranscriptionOptions(language="en"))
    assert part.survey.by_channel
    assert 10 < part.end < 40
    assert part.chunks


def test_the_options_say_whether_channels_are_parties(recognizer: Recognizer, tmp_path: Path) -> None:
    path = write_call(tmp_path / "call.wav", call())
    for options in (
        TranscriptionOptions(language="en", channels=Channels.MIXED),
        TranscriptionOptions(language="en", diarization=False),
    ):
        (part,) = planned(path, recognizer, options)
        assert not part.survey.by_channel
        assert {chunk.channel for chunk in part.chunks} == {None}
        assert part.turns == ()
    first, second = parties()
    both = np.stack([in_a_room(first + second, 1), in_a_room(first + second, 2)])
    room = write_call(tmp_path / "room.wav", both)
    (part,) = planned(room, recognizer, ENGLISH)
    assert not part.survey.by_channel
    (part,) = planned(room, recognizer, TranscriptionOptions(language="en", channels=Channels.SEPARATE, vad=False))
    assert part.survey.by_channel
    assert {chunk.channel for chunk in part.chunks} == {0, 1}
    assert part.turns


def test_places_are_spread_over_the_recording() -> None:
    for duration in (5.0, 40.0, 200.0, 36_000.0):
        found = sorted(places(duration), key=lambda place: place.start)
        assert all(0 <= place.start < place.end <= duration for place in found)
        assert all(one.end <= following.start + 1e-6 for one, following in pairwise(found))
    assert len(found) == 5
    assert round(places(36_000.0)[0].start) == 17_985

"""Real speech through the real engine: what is said, when, and that every option has its effect."""

import re
from dataclasses import replace
from pathlib import Path

import jiwer
import numpy as np
import pytest

from app.core.errors import InvalidOptions, NotMedia, UnknownModel
from app.core.options import TranscriptionOptions
from app.core.transcript import ChunkPlan, RecordingPlan, Segment
from app.media.decode import SAMPLE_RATE, decode_span
from app.settings import load_settings
from app.workers.transcription.planner import plan_recording
from app.workers.transcription.recognizer import Recognizer
from tests.media.recordings import AUDIO, SPEECH, write
from tests.workers.transcription.listening import RememberingJob, StoppedError

pytestmark = pytest.mark.engine

JFK = AUDIO / "jfk.ogg"
JFK_SAID = (
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
)
FRENCH = AUDIO / "fleurs-fr.ogg"

ENGLISH_MODEL = TranscriptionOptions(model="tiny.en")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(load_settings().models_dir, threads=2)


def transcribed(
    recognizer: Recognizer, path: Path, options: TranscriptionOptions, job: RememberingJob | None = None
) -> tuple[RecordingPlan, list[Segment]]:
    job = job or RememberingJob()
    plan = plan_recording(path, options, recognizer, job)
    segments = [
        segment for chunk in plan.chunks for segment in recognizer.transcribe(path, chunk, plan.language, options, job)
    ]
    return plan, segments


def text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def plain(words: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", words.lower()).split())


def assert_well_formed(segments: list[Segment], chunk: ChunkPlan) -> None:
    clock = chunk.start
    for segment in segments:
        assert clock <= segment.start <= segment.end <= chunk.end + 1e-6
        assert segment.text == segment.text.strip() != ""
        assert segment.compression_ratio > 0
        assert segment.average_log_probability < 0
        if segment.words:
            assert segment.text == "".join(word.text for word in segment.words).strip()
        time = segment.start
        for word in segment.words:
            assert time <= word.start <= word.end <= segment.end
            assert 0 <= word.probability <= 1
            time = word.end
        clock = segment.end


def test_english_is_detected_and_written_down(recognizer: Recognizer) -> None:
    job = RememberingJob()
    plan, segments = transcribed(recognizer, JFK, TranscriptionOptions(), job)
    assert (plan.language, plan.duration_seconds) == ("en", pytest.approx(11, abs=0.05))
    assert jiwer.wer(plain(JFK_SAID), plain(text(segments))) < 0.1
    assert_well_formed(segments, plan.chunks[0])
    assert job.segments == segments
    assert job.stages == ["probing", "listening", "detecting-language", "loading-model", "transcribing"]


def test_french_is_detected_and_written_down(recognizer: Recognizer) -> None:
    plan, segments = transcribed(recognizer, FRENCH, TranscriptionOptions())
    assert plan.language == "fr"
    assert jiwer.wer(plain(FRENCH.with_suffix(".txt").read_text()), plain(text(segments))) < 0.3
    assert_well_formed(segments, plan.chunks[0])


def test_two_speakers_become_sentences_in_their_places(recognizer: Recognizer) -> None:
    plan, segments = transcribed(recognizer, SPEECH, ENGLISH_MODEL)
    assert_well_formed(segments, plan.chunks[0])
    assert max(segment.end - segment.start for segment in segments) < 20
    spoken = [span for chunk in plan.chunks for span in chunk.speech or ()]
    inside = [
        any(span.start - 0.01 <= (word.start + word.end) / 2 <= span.end + 0.01 for span in spoken)
        for segment in segments
        for word in segment.words
    ]
    assert all(inside)


def test_chunks_say_what_the_whole_says(recognizer: Recognizer) -> None:
    plan, whole = transcribed(recognizer, SPEECH, ENGLISH_MODEL)
    speech = plan.chunks[0].speech
    assert speech is not None
    half = len(speech) // 2
    parts = []
    for spans in (speech[:half], speech[half:]):
        chunk = ChunkPlan(spans[0].start, spans[-1].end, spans)
        segments = recognizer.transcribe(SPEECH, chunk, "en", ENGLISH_MODEL, RememberingJob())
        assert_well_formed(segments, chunk)
        parts.extend(segments)
    assert jiwer.wer(plain(text(whole)), plain(text(parts))) < 0.15


def test_the_same_work_twice_gives_the_same(recognizer: Recognizer) -> None:
    _, first = transcribed(recognizer, JFK, ENGLISH_MODEL)
    _, second = transcribed(recognizer, JFK, ENGLISH_MODEL)
    assert first == second


def test_the_language_that_was_asked_for_is_taken(recognizer: Recognizer) -> None:
    plan, segments = transcribed(recognizer, JFK, TranscriptionOptions(language="fr"))
    assert (plan.language, plan.language_probability) == ("fr", 1.0)
    assert plain(text(segments)) != plain(JFK_SAID)


def test_a_model_that_is_not_installed_is_said_to_be_so(recognizer: Recognizer) -> None:
    with pytest.raises(UnknownModel, match=r"tiny\.en"):
        transcribed(recognizer, JFK, TranscriptionOptions(model="enormous"))


def test_an_english_model_takes_no_other_language(recognizer: Recognizer) -> None:
    assert plan_recording(FRENCH, ENGLISH_MODEL, recognizer, RememberingJob()).language == "en"
    with pytest.raises(InvalidOptions, match="English only"):
        transcribed(recognizer, FRENCH, replace(ENGLISH_MODEL, language="fr"))


def test_where_the_decoder_stops_early_the_rest_is_decoded_too(recognizer: Recognizer) -> None:
    _, segments = transcribed(recognizer, SPEECH, ENGLISH_MODEL)
    assert plain(text(segments)).endswith("tired out with walking and watching")


def test_without_word_timestamps_there_are_segments_but_no_words(recognizer: Recognizer) -> None:
    plan, segments = transcribed(recognizer, SPEECH, replace(ENGLISH_MODEL, word_timestamps=False))
    assert len(segments) > 3
    assert not any(segment.words for segment in segments)
    assert_well_formed(segments, plan.chunks[0])


def test_hot_words_and_the_initial_prompt_change_what_is_written(recognizer: Recognizer) -> None:
    _, usual = transcribed(recognizer, JFK, ENGLISH_MODEL)
    shouted = "AND SO MY FELLOW AMERICANS ASK NOT WHAT YOUR COUNTRY CAN DO"
    for options in (replace(ENGLISH_MODEL, initial_prompt=shouted), replace(ENGLISH_MODEL, hotwords=shouted)):
        _, prompted = transcribed(recognizer, JFK, options)
        assert text(prompted) != text(usual)
        assert jiwer.wer(plain(JFK_SAID), plain(text(prompted))) < 0.3


def test_prompts_of_the_greatest_length_still_decode(recognizer: Recognizer) -> None:
    options = replace(ENGLISH_MODEL, initial_prompt="été à Paris " * 160, hotwords="Żółć Kraków " * 80)
    _, segments = transcribed(recognizer, JFK, options)
    assert "country" in text(segments)


@pytest.mark.parametrize("vad", [True, False])
def test_without_voice_activity_all_is_decoded(recognizer: Recognizer, vad: bool) -> None:
    plan, segments = transcribed(recognizer, JFK, replace(ENGLISH_MODEL, vad=vad))
    assert (plan.chunks[0].speech is not None) == vad
    assert jiwer.wer(plain(JFK_SAID), plain(text(segments))) < 0.1
    assert_well_formed(segments, plan.chunks[0])


def test_nothing_is_made_up_where_nobody_speaks(recognizer: Recognizer, tmp_path: Path) -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(40 * SAMPLE_RATE).astype(np.float32)
    for name, sound in (("silence.flac", np.zeros_like(noise)), ("noise.flac", noise)):
        path = write(tmp_path / name, sound, "flac")
        plan, _ = transcribed(recognizer, path, TranscriptionOptions())
        assert (plan.chunks, plan.language) == ((), None)
    assert plan_recording(path, TranscriptionOptions(language="fr"), recognizer, RememberingJob()).language == "fr"


def test_words_after_a_long_silence_are_in_their_place(recognizer: Recognizer, tmp_path: Path) -> None:
    said = decode_span(JFK)
    path = write(tmp_path / "late.flac", np.concatenate([said, np.zeros(95 * SAMPLE_RATE, np.float32), said]), "flac")
    plan, segments = transcribed(recognizer, path, ENGLISH_MODEL)
    assert_well_formed(segments, plan.chunks[0])
    first = [word.start for segment in segments for word in segment.words if segment.start < 50]
    second = [word.start for segment in segments for word in segment.words if segment.start > 50]
    assert len(first) == pytest.approx(len(second), abs=2)
    assert second[-1] - first[-1] == pytest.approx(106, abs=0.3)


def test_it_stops_between_segments_when_asked(recognizer: Recognizer) -> None:
    job = RememberingJob(stop_after_segments=1)
    with pytest.raises(StoppedError):
        transcribed(recognizer, SPEECH, ENGLISH_MODEL, job)
    _, everything = transcribed(recognizer, SPEECH, ENGLISH_MODEL)
    assert 0 < len(job.segments) < len(everything)


def test_what_is_no_recording_is_no_plan(recognizer: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no recording " * 100)
    with pytest.raises(NotMedia):
        plan_recording(tmp_path / "text.mp3", TranscriptionOptions(), recognizer, RememberingJob())


def test_the_least_recently_used_model_makes_room(recognizer: Recognizer) -> None:
    base = recognizer.load("base")
    recognizer.load("tiny.en")
    assert recognizer.load("base") is base

"""Real speech through the real engine: what is said, when, and that every option has its effect."""

import re
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jiwer
import numpy as np
import pytest

from app.catalog import find
from app.core.errors import InvalidOptions, UnknownModel
from app.core.options import Task, TranscriptionOptions
from app.core.transcript import ChunkPlan, Segment, Span
from app.media.decode import SAMPLE_RATE, decode_span
from app.settings import load_settings
from app.workers.memory import MemoryLimit, ModelTooLarge
from app.workers.transcription.plan.cutting import padded
from app.workers.transcription.plan.voice import BLOCK_SECONDS, Listener
from app.workers.transcription.text.guards import Reason
from app.workers.transcription.text.recognizer import Recognizer
from app.workers.transcription.text.whisper import Whisper
from tests.media.recordings import AUDIO, SPEECH, write
from tests.workers.transcription.listening import RememberingJob, StoppedError
from tests.workers.transcription.sounds import chords, write_channels

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


def chunk_of(path: Path, *, vad: bool = True) -> ChunkPlan:
    """Return all of a recording as one chunk."""
    sound = decode_span(path)
    seconds = len(sound) / SAMPLE_RATE
    if not vad:
        return ChunkPlan(0.0, seconds, None)
    listener = Listener(voice=True)
    for begin in range(0, len(sound), BLOCK_SECONDS * SAMPLE_RATE):
        listener.hear(sound[begin : begin + BLOCK_SECONDS * SAMPLE_RATE])
    speech = padded(listener.divided(listener.stretches()), 0.0, seconds)
    return ChunkPlan(speech[0].start, speech[-1].end, tuple(speech))


def transcribed(
    recognizer: Recognizer,
    path: Path,
    options: TranscriptionOptions,
    job: RememberingJob | None = None,
    *,
    language: str = "en",
    chunk: ChunkPlan | None = None,
) -> list[Segment]:
    """Return what is said in all of the recording or in `chunk`; nothing may have been taken out."""
    chunk = chunk or chunk_of(path, vad=options.vad)
    result = recognizer.transcribe(path, chunk, language, options, job or RememberingJob())
    assert_well_formed(result.segments, chunk)
    assert result.dropped == ()
    return list(result.segments)


def text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def plain(words: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", words.lower()).split())


def assert_well_formed(segments: Sequence[Segment], chunk: ChunkPlan) -> None:
    clock = chunk.start
    for segment in segments:
        assert clock <= segment.start <= segment.end <= chunk.end
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


def test_english_is_written_down_and_reported(recognizer: Recognizer) -> None:
    job = RememberingJob()
    segments = transcribed(recognizer, JFK, TranscriptionOptions(), job)
    assert jiwer.wer(plain(JFK_SAID), plain(text(segments))) < 0.1
    assert job.segments == segments
    assert job.stages == ["loading-model", "transcribing"]


def test_french_is_detected_and_written_down(recognizer: Recognizer) -> None:
    sound = decode_span(FRENCH)
    language, probability = recognizer.detect_language([sound], TranscriptionOptions(), RememberingJob())
    assert language == "fr"
    assert probability > 0.5
    segments = transcribed(recognizer, FRENCH, TranscriptionOptions(), language="fr")
    assert jiwer.wer(plain(FRENCH.with_suffix(".txt").read_text()), plain(text(segments))) < 0.3


def test_an_english_model_detects_english_without_hearing(recognizer: Recognizer) -> None:
    assert recognizer.detect_language([], ENGLISH_MODEL, RememberingJob()) == ("en", 1.0)
    assert recognizer.detect_language([], TranscriptionOptions(), RememberingJob()) == (None, 0.0)


def test_two_speakers_become_sentences_in_their_places(recognizer: Recognizer) -> None:
    chunk = chunk_of(SPEECH)
    segments = transcribed(recognizer, SPEECH, ENGLISH_MODEL, chunk=chunk)
    assert max(segment.end - segment.start for segment in segments) < 20
    inside = [
        any(span.start - 0.01 <= (word.start + word.end) / 2 <= span.end + 0.01 for span in chunk.speech or ())
        for segment in segments
        for word in segment.words
    ]
    assert all(inside)


def test_chunks_say_what_the_whole_says(recognizer: Recognizer) -> None:
    whole = chunk_of(SPEECH)
    assert whole.speech is not None
    half = len(whole.speech) // 2
    parts = []
    for spans in (whole.speech[:half], whole.speech[half:]):
        parts += transcribed(recognizer, SPEECH, ENGLISH_MODEL, chunk=ChunkPlan(spans[0].start, spans[-1].end, spans))
    everything = transcribed(recognizer, SPEECH, ENGLISH_MODEL, chunk=whole)
    assert jiwer.wer(plain(text(everything)), plain(text(parts))) < 0.15


def test_no_word_is_lost_or_doubled_where_all_is_decoded_in_touching_chunks(recognizer: Recognizer) -> None:
    options = replace(ENGLISH_MODEL, vad=False)
    seconds = len(decode_span(JFK)) / SAMPLE_RATE
    # In a pause, at the edge of a word, in the middle of one.
    for cut in (2.6, 3.4, 5.3, 7.7, 8.6):
        parts = [
            transcribed(recognizer, JFK, options, chunk=ChunkPlan(start, end, None))
            for start, end in ((0.0, cut), (cut, seconds))
        ]
        assert_well_formed([segment for part in parts for segment in part], ChunkPlan(0.0, seconds, None))
        assert jiwer.wer(plain(JFK_SAID), plain(text(parts[0] + parts[1]))) < 0.1, cut


def test_a_channel_is_heard_alone(recognizer: Recognizer, tmp_path: Path) -> None:
    said = decode_span(JFK)
    path = write_channels(tmp_path / "call.wav", np.zeros_like(said), said)
    seconds = len(said) / SAMPLE_RATE
    options = replace(ENGLISH_MODEL, vad=False)
    silent, spoken = (
        recognizer.transcribe(path, ChunkPlan(0.0, seconds, None, channel), "en", options, RememberingJob())
        for channel in (0, 1)
    )
    assert silent.segments == ()
    assert jiwer.wer(plain(JFK_SAID), plain(text(spoken.segments))) < 0.1


def test_the_same_work_twice_gives_the_same(recognizer: Recognizer) -> None:
    assert transcribed(recognizer, JFK, ENGLISH_MODEL) == transcribed(recognizer, JFK, ENGLISH_MODEL)


def test_the_language_that_was_asked_for_is_taken(recognizer: Recognizer) -> None:
    result = recognizer.transcribe(JFK, chunk_of(JFK), "fr", TranscriptionOptions(), RememberingJob())
    assert plain(text(result.segments)) != plain(JFK_SAID)


def test_a_model_that_is_not_installed_is_said_to_be_so(recognizer: Recognizer) -> None:
    with pytest.raises(UnknownModel, match=r"tiny\.en"):
        transcribed(recognizer, JFK, TranscriptionOptions(model="enormous"))


def test_an_english_model_takes_no_other_language(recognizer: Recognizer) -> None:
    recognizer.require_language(ENGLISH_MODEL)
    with pytest.raises(InvalidOptions, match="English only"):
        recognizer.require_language(replace(ENGLISH_MODEL, language="fr"))


def test_a_model_that_is_described_as_english_only_is_so_whatever_its_vocabulary(
    tmp_path: Path, models_dir: Path
) -> None:
    installed = find(models_dir, "whisper", "base")
    folder = tmp_path / "whisper" / "distilled"
    folder.mkdir(parents=True)
    for path in installed.files:
        (folder / path).symlink_to((installed.folder / path).resolve())
    described = installed.model_copy(update={"name": "distilled", "languages": ("en",)})
    (folder / "model.json").write_text(described.model_dump_json())
    recognizer = Recognizer(tmp_path, threads=1, default_model="distilled")
    assert recognizer.load().multilingual
    for options in (TranscriptionOptions(), TranscriptionOptions(model="distilled")):
        recognizer.require_language(options)
        with pytest.raises(InvalidOptions, match="'distilled' knows English only, not 'fr'"):
            recognizer.require_language(replace(options, language="fr"))
        with pytest.raises(InvalidOptions, match="'distilled' knows English only: it cannot translate"):
            recognizer.require_language(replace(options, task=Task.TRANSLATE))
        assert recognizer.detect_language([decode_span(FRENCH)], options, RememberingJob()) == ("en", 1.0)


def test_what_is_said_in_french_is_translated_into_english(recognizer: Recognizer) -> None:
    options = TranscriptionOptions(task=Task.TRANSLATE)
    recognizer.require_language(options)
    chunk = chunk_of(FRENCH)
    result = recognizer.transcribe(FRENCH, chunk, "fr", options, RememberingJob())
    assert_well_formed(result.segments, chunk)
    words = plain(text(result.segments)).split()
    # Small words tell a language: each is in every sentence or two of its own, and in none of the other.
    assert sum(words.count(word) for word in ("the", "of", "and", "to")) > 1
    assert not {"le", "les", "des", "est", "une"} & set(words)


@pytest.mark.parametrize(("task", "least"), [(Task.TRANSCRIBE, 4.2), (Task.TRANSLATE, 2.4)])
def test_a_loop_is_measured_in_the_script_that_is_written(
    monkeypatch: pytest.MonkeyPatch, task: Task, least: float
) -> None:
    """Hindi takes three bytes a character, and English, which a translation from it is written in, one."""
    whisper = Whisper(load_settings().models_dir / "whisper" / "base", threads=1)
    asked: list[float] = []

    def transcribe(
        _samples: object, *, compression_ratio_threshold: float, **_options: object
    ) -> tuple[list[object], None]:
        asked.append(compression_ratio_threshold)
        return [], None

    monkeypatch.setattr(whisper._model, "transcribe", transcribe)
    assert (
        list(whisper.decode_everything(np.zeros(SAMPLE_RATE, np.float32), "hi", TranscriptionOptions(task=task))) == []
    )
    assert asked == [pytest.approx(least)]


def test_an_english_model_translates_nothing(recognizer: Recognizer) -> None:
    with pytest.raises(InvalidOptions, match="cannot translate"):
        recognizer.require_language(replace(ENGLISH_MODEL, task=Task.TRANSLATE))


def test_where_the_decoder_stops_early_the_rest_is_decoded_too(recognizer: Recognizer) -> None:
    recognizer.take_seconds()
    speech = chunk_of(SPEECH).speech or ()
    # In which of them it does is a matter of rounding.
    for start in (55, 57, 62):
        late = tuple(span for span in speech if span.start > start)
        chunk = ChunkPlan(late[0].start, late[-1].end, late)
        assert plain(text(transcribed(recognizer, SPEECH, ENGLISH_MODEL, chunk=chunk))).endswith(
            "tired out with walking and watching"
        )
    assert recognizer.take_seconds()["second_attempt_seconds"] > 0


def test_without_word_timestamps_there_are_segments_but_no_words(recognizer: Recognizer) -> None:
    segments = transcribed(recognizer, SPEECH, replace(ENGLISH_MODEL, word_timestamps=False))
    assert len(segments) > 3
    assert not any(segment.words for segment in segments)


def test_hot_words_and_the_initial_prompt_change_what_is_written(recognizer: Recognizer) -> None:
    usual = transcribed(recognizer, JFK, ENGLISH_MODEL)
    shouted = "AND SO MY FELLOW AMERICANS ASK NOT WHAT YOUR COUNTRY CAN DO"
    for options in (replace(ENGLISH_MODEL, initial_prompt=shouted), replace(ENGLISH_MODEL, hotwords=shouted)):
        prompted = transcribed(recognizer, JFK, options)
        assert text(prompted) != text(usual)
        assert jiwer.wer(plain(JFK_SAID), plain(text(prompted))) < 0.3


@pytest.mark.parametrize("vad", [True, False])
def test_a_rare_name_comes_out_right_in_a_later_window(recognizer: Recognizer, *, vad: bool) -> None:
    """It is said after 62 seconds; the windows are of up to 30."""
    options = replace(ENGLISH_MODEL, vad=vad)
    chunk = chunk_of(SPEECH, vad=vad)
    assert "al makan" not in plain(text(transcribed(recognizer, SPEECH, options, chunk=chunk)))
    for told in ({"hotwords": "Zau al-Makan"}, {"initial_prompt": "The tale of Zau al-Makan."}):
        result = recognizer.transcribe(SPEECH, chunk, "en", replace(options, **told), RememberingJob())
        assert "al makan" in plain(text(result.segments))
        assert_well_formed(result.segments, chunk)


def test_prompts_of_the_greatest_length_still_decode(recognizer: Recognizer) -> None:
    options = replace(ENGLISH_MODEL, initial_prompt="été à Paris " * 160, hotwords="Żółć Kraków " * 80)
    assert "country" in text(transcribed(recognizer, JFK, options))


@pytest.mark.parametrize("vad", [True, False])
def test_without_voice_activity_all_is_decoded(recognizer: Recognizer, vad: bool) -> None:
    segments = transcribed(recognizer, JFK, replace(ENGLISH_MODEL, vad=vad))
    assert jiwer.wer(plain(JFK_SAID), plain(text(segments))) < 0.1


SOUNDS = {
    "silence": np.zeros(20 * SAMPLE_RATE, np.float32),
    "noise": 0.05 * np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE).astype(np.float32),
    "music": chords(20),
}


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("speech", [None, (Span(0.0, 20.0),)], ids=["all", "taken-for-speech"])
def test_nothing_is_made_up_where_nobody_speaks(
    recognizer: Recognizer, tmp_path: Path, sound: str, speech: tuple[Span, ...] | None
) -> None:
    path = write(tmp_path / "sound.wav", SOUNDS[sound], "pcm_s16le")
    chunk = ChunkPlan(0.0, 20.0, speech)
    result = recognizer.transcribe(path, chunk, "en", ENGLISH_MODEL, RememberingJob())
    assert text(result.segments) == ""
    assert {dropped.reason for dropped in result.dropped} <= set(Reason)


def test_words_after_a_long_silence_are_in_their_place(recognizer: Recognizer, tmp_path: Path) -> None:
    said = decode_span(JFK)
    path = write(tmp_path / "late.flac", np.concatenate([said, np.zeros(95 * SAMPLE_RATE, np.float32), said]), "flac")
    segments = transcribed(recognizer, path, ENGLISH_MODEL)
    first = [word.start for segment in segments for word in segment.words if segment.start < 50]
    second = [word.start for segment in segments for word in segment.words if segment.start > 50]
    assert len(first) == pytest.approx(len(second), abs=2)
    assert second[-1] - first[-1] == pytest.approx(106, abs=0.3)


def test_it_stops_between_segments_when_asked(recognizer: Recognizer) -> None:
    job = RememberingJob(stop_after_segments=1)
    with pytest.raises(StoppedError):
        transcribed(recognizer, SPEECH, ENGLISH_MODEL, job)
    everything = transcribed(recognizer, SPEECH, ENGLISH_MODEL)
    assert 0 < len(job.segments) < len(everything)


def test_it_tells_where_the_time_went_once(recognizer: Recognizer) -> None:
    recognizer.take_seconds()
    began = time.perf_counter()
    transcribed(recognizer, JFK, ENGLISH_MODEL)
    spent = time.perf_counter() - began
    parts = recognizer.take_seconds()
    assert set(parts) == {f"{part}_seconds" for part in ("encoder", "decoder", "alignment", "features", "sound")}
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) < spent
    assert recognizer.take_seconds() == {}


def test_the_least_recently_used_model_makes_room(recognizer: Recognizer) -> None:
    base = recognizer.load("base")
    recognizer.load("tiny.en")
    assert recognizer.load("base") is base


def test_a_model_that_a_worker_has_no_room_for_is_refused_with_the_numbers() -> None:
    small = MemoryLimit(800_000_000, "MemoryMax= of a unit")
    recognizer = Recognizer(load_settings().models_dir, threads=1, limit=small)
    with pytest.raises(ModelTooLarge, match=r"whisper/base need about .* 0\.8 GB \(MemoryMax= of a unit\)") as refused:
        recognizer.load("base")
    assert "tiny.en" in refused.value.remedy


def test_a_model_makes_room_for_another_where_both_do_not_fit() -> None:
    room_for_one = MemoryLimit(900_000_000, "a test")
    recognizer = Recognizer(load_settings().models_dir, threads=1, limit=room_for_one)
    first = weakref.ref(recognizer.load("tiny.en"))
    recognizer.load("base")
    assert first() is None

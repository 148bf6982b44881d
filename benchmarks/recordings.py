"""Long recordings with known truth, joined from short ones; the same bytes of sound each time.

Some of the pieces have a text for a reference, some have speaker turns. A joined recording is judged by each of them
where it has it: words that lie in a piece with a text, speakers in a piece with turns.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from faster_whisper import decode_audio
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from benchmarks.measures import COLLARS_SECONDS, WordErrors, read_rttm, word_errors

SAMPLE_RATE = 16_000
GAP_SECONDS = 1.0
"""Silence between two pieces."""
LOUDNESS, PEAK = 0.05, 0.9
"""Root mean square of a piece, and what no sample passes; full scale is 1."""
FRAME_SAMPLES = 16_000
OPUS_CLOCK = 48_000
PACKET_SECONDS = Fraction(20, 1000)
PACKET_TICKS = int(PACKET_SECONDS * OPUS_CLOCK)
PACKET_SAMPLES = int(PACKET_SECONDS * SAMPLE_RATE)
OPUS_BIT_RATE = 32_000

PIECES = {
    "en": (
        "en/fleurs-en-000.ogg",
        "speakers/libri-2spk.flac",
        "en/fleurs-en-001.ogg",
        "speakers/pyannote-sample.flac",
        "en/fleurs-en-002.ogg",
        "speakers/ami-trn03.flac",
        "en/fleurs-en-003.ogg",
        "en/fleurs-en-004.ogg",
        "en/tts-long-en.ogg",
    ),
    "fr": (
        "fr/fleurs-fr-000.ogg",
        "fr/fdm_002.mp3",
        "fr/fleurs-fr-001.ogg",
        "fr/fleurs-fr-002.ogg",
        "speakers/fr-2spk-tts.flac",
        "fr/fleurs-fr-003.ogg",
        "fr/fleurs-fr-004.ogg",
        "fr/tts-long-fr.ogg",
    ),
}

Sound = npt.NDArray[np.int16]
"""16 kHz, mono."""

TimedWord = tuple[float, float, str]
"""Start and end in seconds, and the word."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a joined recording that was a recording of its own, with what is known of it."""

    start: float
    end: float
    text: str | None
    turns: Annotation | None


@dataclass(frozen=True, slots=True)
class JoinedRecording:
    """A recording and the truth about it."""

    path: Path
    seconds: float
    pieces: tuple[Piece, ...]

    def word_errors(self, words: Iterable[TimedWord]) -> WordErrors:
        """Compare words with the texts, in the pieces that have one; each word counts where its middle lies."""
        return sum(self.word_errors_of_pieces(words), WordErrors(0, 0))

    def word_errors_of_pieces(self, words: Iterable[TimedWord]) -> list[WordErrors]:
        """As `word_errors`, for each piece that has a text, in their order."""
        spoken = [((start + end) / 2, word) for start, end, word in words]
        half_gap = GAP_SECONDS / 2
        return [
            word_errors(
                piece.text,
                " ".join(word for at, word in spoken if piece.start - half_gap <= at < piece.end + half_gap),
            )
            for piece in self.pieces
            if piece.text is not None
        ]

    def speaker_errors(self, hypothesis: Annotation) -> tuple[float, ...]:
        """Compare a diarization with the turns, in the pieces that have them; one rate for each of `COLLARS_SECONDS`.

        A speaker who comes back in a later piece is the same one: a label has to hold from start to end.
        """
        truth = Annotation()
        judged = Timeline()
        for piece in self.pieces:
            if piece.turns is not None:
                judged.add(Segment(piece.start, piece.end))
                for turn, track, label in piece.turns.itertracks(yield_label=True):
                    shifted = Segment(turn.start + piece.start, turn.end + piece.start)
                    truth[shifted, (piece.start, track)] = label
        return tuple(
            float(DiarizationErrorRate(collar=2 * collar, skip_overlap=False)(truth, hypothesis, uem=judged))
            for collar in COLLARS_SECONDS
        )


def joined(audio: Path, target: Path, *, minutes: float, language: str = "en", first: int = 0) -> JoinedRecording:
    """Join the pieces of a language, over and over, into a FLAC of at most `minutes`: as much as fits.

    The piece numbered `first`, counted round and round, comes first: another order makes other neighbours in the
    decoder's windows, and so other errors.
    """
    pieces: list[Piece] = []
    sounds: list[Sound] = []
    silence = np.zeros(round(GAP_SECONDS * SAMPLE_RATE), dtype=np.int16)
    length = 0
    limit = round(minutes * 60 * SAMPLE_RATE)
    turn = first % len(PIECES[language])
    loaded = [_load(audio / name) for name in (*PIECES[language][turn:], *PIECES[language][:turn])]
    skipped = 0
    for sound, text, turns in itertools.cycle(loaded):
        if skipped == len(loaded):
            break
        if length + len(sound) + len(silence) > limit:
            skipped += 1
            continue
        skipped = 0
        pieces.append(Piece(length / SAMPLE_RATE, (length + len(sound)) / SAMPLE_RATE, text, turns))
        sounds += [sound, silence]
        length += len(sound) + len(silence)
    write_flac(target, sounds)
    return JoinedRecording(target, length / SAMPLE_RATE, tuple(pieces))


def write_flac(target: Path, sounds: Iterable[Sound]) -> None:
    """Write 16 kHz mono 16-bit sound, piece after piece."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE)
        stream.layout = "mono"
        stream.format = "s16"
        written = 0
        for sound in sounds:
            for first in range(0, len(sound), FRAME_SAMPLES):
                frame = _frame(sound[first : first + FRAME_SAMPLES], SAMPLE_RATE, written)
                written += frame.samples
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_silence(target: Path, *, hours: float) -> None:
    """Write so many hours in which nothing is to be heard at all."""
    second = np.zeros(SAMPLE_RATE, dtype=np.int16)
    write_flac(target, itertools.repeat(second, round(hours * 3600)))


def repeated(source: Path, target: Path, *, hours: float) -> int:
    """Write an Opus file that says the source over and over, for about so many hours; return how many times.

    The sound is encoded once and its packets are written again and again, so that a day of it takes seconds.
    """
    packets = _opus_packets(source)
    times = max(1, round(hours * 3600 / float(len(packets) * PACKET_SECONDS)))
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libopus", rate=OPUS_CLOCK)
        stream.layout = "mono"
        stream.time_base = Fraction(1, OPUS_CLOCK)
        for number, content in enumerate(itertools.chain.from_iterable(itertools.repeat(packets, times))):
            packet = av.Packet(content)
            packet.stream = stream
            packet.time_base = stream.time_base
            packet.pts = packet.dts = number * PACKET_TICKS
            packet.duration = PACKET_TICKS
            container.mux(packet)
    return times


def samples_of(path: Path) -> Sound:
    """Return a recording as 16 kHz mono, 16 bit, as loud as all the others.

    Side by side as they are, the quietest (40 dB below the loudest) would pass for the room's noise.
    """
    heard = decode_audio(str(path), sampling_rate=SAMPLE_RATE)
    gain = min(LOUDNESS / float(np.sqrt(np.mean(heard**2))), PEAK / float(np.abs(heard).max()))
    samples: Sound = np.round(heard * gain * 32767).astype(np.int16)
    return samples


def _opus_packets(source: Path) -> list[bytes]:
    sound = samples_of(source)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate = SAMPLE_RATE
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = OPUS_BIT_RATE
    packets: list[bytes] = []
    for first in range(0, len(sound) - PACKET_SAMPLES + 1, PACKET_SAMPLES):
        frame = _frame(sound[first : first + PACKET_SAMPLES], SAMPLE_RATE, first)
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def _frame(sound: Sound, rate: int, at: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
    frame.sample_rate = rate
    frame.time_base = Fraction(1, rate)
    frame.pts = at
    return frame


def _load(path: Path) -> tuple[Sound, str | None, Annotation | None]:
    text, turns = path.with_suffix(".txt"), path.with_suffix(".rttm")
    return (
        samples_of(path),
        text.read_text(encoding="utf-8") if text.exists() else None,
        read_rttm(turns.read_text(encoding="utf-8")) if turns.exists() else None,
    )


def words_of(segments: Sequence[Mapping[str, Any]]) -> Iterator[TimedWord]:
    """Yield the words of a transcription's segments, as the API gives them."""
    for segment in segments:
        for word in segment["words"]:
            yield word["start"], word["end"], word["text"]

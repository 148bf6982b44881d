"""Guards against text that the decoder wrote and nobody said: loops, text on silence and noise, lines of films.

Pure: what is taken out is returned with the reason. Evidence is the text itself, the decoder's measures, the words'
probabilities, and how much voice there is under a piece of text. In doubt, text is kept.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from app.core.transcript import ChunkText, Dropped, Segment
from app.workers.transcription.text.phantoms import bare, nobody_says, often_made_up
from app.workers.transcription.text.sentences import ends_sentence, split_sentences

Voice = Callable[[float, float], float]
"""How many seconds of voice, be it faint, there are between two times of the recording."""

# Radford et al. 2022, section 4.5: text outside these was decoded badly, or on silence.
WORST_COMPRESSION_RATIO = 2.4
WORST_LOG_PROBABILITY = -1.0
SILENCE_PROBABILITY = 0.6

# The paper decodes such text again. What is still as bad as this is no mumbling any more.
_HOPELESS_LOG_PROBABILITY = -1.5
_HOPELESS_WORD_PROBABILITY = 0.2

# Auctioneers reach about 25 characters a second.
_FASTEST_CHARACTERS_A_SECOND = 35.0
# Fewer characters can have been pressed together by the alignment of their words.
_RATED_CHARACTERS = 70
_SLOWEST_SECONDS_A_CHARACTER = 0.5
_SHORTEST_COURTESY_SECONDS = 4.0

_NEARLY_NO_VOICE_SECONDS = 0.1
_LITTLE_VOICE_SHARE = 0.25
_BYTES = 256
_DOUBTFUL_WORD_PROBABILITY = 0.5

# How often people say the same words in a row, by how many words they are: "no, no, no, no", "let me in, let me in".
_SAID_IN_A_ROW = {1: 8, 2: 5, 3: 4}
_LONGER_SAID_IN_A_ROW = 2
_LONGEST_LOOP_WORDS = 40
# Scripts without spaces, and the decoder stuck in a syllable: one word of many like parts.
_STUCK = re.compile(r"(.{1,20}?)\1{11,}")


class Reason(StrEnum):
    """Why text was taken out. Part of what the API stores: names stay."""

    REPETITION = "repetition"
    SILENCE = "silence"
    IMPROBABLE = "improbable"
    PHANTOM = "phantom"


def guarded(segments: Sequence[Segment], voice: Voice, told: str = "") -> ChunkText:
    """Take out of a chunk's decoded segments, in order, what nobody said; part the rest into sentences.

    `told` is what the decoder was told beforehand, prompt and hot words: where nobody speaks, it repeats that.
    Every word given is in exactly one segment or in one `Dropped` of the result, in order.
    """
    kept: list[Segment] = []
    dropped: list[Dropped] = []
    for segment, looped in _without_loops(segments):
        reason = Reason.REPETITION if looped else _fault(segment, voice)
        if reason is not None:
            dropped.append(_dropped(segment, reason))
            continue
        for sentence in split_sentences(segment):
            for piece, made_up in _without_phantoms(sentence, voice, f" {bare(told)} "):
                if made_up:
                    dropped.append(_dropped(piece, Reason.PHANTOM))
                else:
                    kept.append(piece)
    return ChunkText(tuple(kept), tuple(dropped))


def went_wrong(segments: Sequence[Segment]) -> bool:
    """Tell whether the segments decoded from one window call for a second attempt.

    Compression is measured here and over all of them: the decoder's own is of UTF-8, by which plain Hindi or Tamil, of
    three bytes a character, runs in circles, and each segment of a loop alone is plain.
    """
    return any(unsure(segment) for segment in segments) or _is_formulaic(" ".join(segment.text for segment in segments))


def unsure(segment: Segment) -> bool:
    """Tell whether the decoder itself believes that it may have heard wrongly."""
    return segment.average_log_probability < WORST_LOG_PROBABILITY


def on_silence(segment: Segment) -> bool:
    """Tell whether the decoder itself believes that nobody speaks."""
    return (
        segment.no_speech_probability > SILENCE_PROBABILITY and segment.average_log_probability < WORST_LOG_PROBABILITY
    )


def _fault(segment: Segment, voice: Voice) -> Reason | None:
    if not bare(segment.text):
        return Reason.SILENCE  # dots and notes: the decoder's way to write that nobody speaks
    if on_silence(segment) or (segment.no_speech_probability > SILENCE_PROBABILITY and _unvoiced(segment, voice)):
        return Reason.SILENCE
    if _is_formulaic(segment.text) and _is_doubtful(segment, voice):
        return Reason.REPETITION
    if _too_fast(segment) or _hopeless(segment):
        return Reason.IMPROBABLE
    return None


def _is_formulaic(text: str) -> bool:
    """Tell whether a text says nearly the same over and over: a decoder's loop, or a roll call, a vote by name, opening hours."""
    numbers: dict[str, int] = {}
    # A number for each character, whatever the script: the bytes of UTF-8 compress by themselves.
    counted = [numbers.setdefault(character, len(numbers)) for character in text]
    encoded = bytes(counted) if len(numbers) <= _BYTES else b"".join(number.to_bytes(3, "big") for number in counted)
    return len(text) > WORST_COMPRESSION_RATIO * len(zlib.compress(encoded))


def _is_doubtful(segment: Segment, voice: Voice) -> bool:
    """Tell whether anything beside the text speaks against it: the decoder's measures, or how little voice there is."""
    return (
        segment.average_log_probability < WORST_LOG_PROBABILITY
        or segment.no_speech_probability > SILENCE_PROBABILITY
        or (bool(segment.words) and _word_probability(segment) < _DOUBTFUL_WORD_PROBABILITY)
        or voice(segment.start, segment.end) < _LITTLE_VOICE_SHARE * (segment.end - segment.start)
    )


def _too_fast(segment: Segment) -> bool:
    characters = len(segment.text)
    return characters >= _RATED_CHARACTERS and characters > _FASTEST_CHARACTERS_A_SECOND * (segment.end - segment.start)


def _hopeless(segment: Segment) -> bool:
    if segment.average_log_probability >= WORST_LOG_PROBABILITY:
        return False
    if segment.words:
        return _word_probability(segment) < _HOPELESS_WORD_PROBABILITY
    return segment.average_log_probability < _HOPELESS_LOG_PROBABILITY


def _word_probability(segment: Segment) -> float:
    return sum(word.probability for word in segment.words) / len(segment.words)


def _unvoiced(segment: Segment, voice: Voice) -> bool:
    return voice(segment.start, segment.end) < _NEARLY_NO_VOICE_SECONDS


def _without_phantoms(segment: Segment, voice: Voice, told: str) -> Iterator[tuple[Segment, bool]]:
    """Yield the segment in parts, each with whether it is made up; in one part where nothing or all of it is."""
    if often_made_up(segment.text) or f" {bare(segment.text)} " in told:
        yield segment, _weakly_heard(segment, voice)
        return
    judged = [(part, nobody_says(part.text)) for part in _sentences(segment)]
    if len({made_up for _, made_up in judged}) > 1:
        yield from judged
    else:
        yield segment, judged[0][1] or nobody_says(segment.text)


def _weakly_heard(segment: Segment, voice: Voice) -> bool:
    if _unvoiced(segment, voice):
        return True
    longest = max(_SHORTEST_COURTESY_SECONDS, _SLOWEST_SECONDS_A_CHARACTER * len(segment.text))
    signs = (
        segment.no_speech_probability > SILENCE_PROBABILITY,
        not len(segment.text) / _FASTEST_CHARACTERS_A_SECOND <= segment.end - segment.start <= longest,
        bool(segment.words) and _word_probability(segment) < _DOUBTFUL_WORD_PROBABILITY,
        segment.average_log_probability < WORST_LOG_PROBABILITY,
    )
    return sum(signs) >= 2  # noqa: PLR2004 - one alone is seen in real speech too


def _sentences(segment: Segment) -> Iterator[Segment]:
    """Yield the sentences of a segment, however short; one of its words or, without words, one of its text."""
    texts = [word.text for word in segment.words] or re.findall(r"\s*\S+", segment.text)
    begin = 0
    for index in range(1, len(texts) + 1):
        if index == len(texts) or ends_sentence(texts[index - 1], texts[index]):
            yield _part(segment, texts, begin, index)
            begin = index


def _part(segment: Segment, texts: Sequence[str], begin: int, end: int) -> Segment:
    """Return the segment's words from `begin` to `end`, counted; without words, times by the share of characters."""
    if begin == 0 and end == len(texts):
        return segment
    text = "".join(texts[begin:end]).strip()
    if segment.words:
        words = segment.words[begin:end]
        return replace(segment, start=words[0].start, end=words[-1].end, text=text, words=words)
    before, through, whole = (len("".join(texts[:index])) for index in (begin, end, len(texts)))
    length = segment.end - segment.start
    return replace(
        segment,
        start=segment.start + length * before / whole,
        end=segment.start + length * through / whole,
        text=text,
    )


def _dropped(segment: Segment, reason: Reason) -> Dropped:
    return Dropped(segment.start, segment.end, segment.text, str(reason))


@dataclass(frozen=True, slots=True)
class _Place:
    """One word among all of a chunk's: in which segment it is, at which place there, and what it says."""

    segment: int
    word: int
    said: str


def _without_loops(segments: Sequence[Segment]) -> Iterator[tuple[Segment, bool]]:
    """Yield the segments in order, parted where the decoder ran in circles, each with whether it is one round too many.

    The first round stays, unless all of them are one word. A loop can go over the ends of segments and windows.
    """
    texts = [[word.text for word in segment.words] or re.findall(r"\s*\S+", segment.text) for segment in segments]
    places = [
        _Place(number, index, said)
        for number, found in enumerate(texts)
        for index, text in enumerate(found)
        if (said := bare(text))
    ]
    surplus = {(places[index].segment, places[index].word) for index in _surplus([place.said for place in places])}
    # Of what is said beside a word that is drawn out nothing goes.
    surplus |= {(place.segment, place.word) for place in places if _STUCK.search(place.said)}
    for number, segment in enumerate(segments):
        if not texts[number]:
            continue
        # A sign without letters goes with the word before it.
        looped: list[bool] = []
        for index, text in enumerate(texts[number]):
            looped.append((number, index) in surplus if bare(text) or not looped else looped[-1])
        begin = 0
        for is_looped, run in groupby(looped):
            end = begin + len(list(run))
            yield _part(segment, texts[number], begin, end), is_looped
            begin = end


def _surplus(said: Sequence[str]) -> Iterator[int]:
    """Yield the places of words that say again, more often than people do, what was just said."""
    start = 0
    while start < len(said):
        for period in range(1, _LONGEST_LOOP_WORDS + 1):
            rounds = _SAID_IN_A_ROW.get(period, _LONGER_SAID_IN_A_ROW)
            end = start + period
            while end < len(said) and said[end] == said[end - period]:
                end += 1
            if end - start >= (rounds + 1) * period:
                # The beginning of a round that was not finished is no news either.
                yield from range(start + period, end)
                start = end - 1
                break
        start += 1

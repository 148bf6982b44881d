"""The plan of a recording, part by part: where anybody speaks, where to cut, the language, who is on which channel.

The first part of a long recording is a minute, so that its first words are written down while the rest is still
listened to. A later part goes on until it has five minutes of speech or an hour of sound: hours of silence are a few
parts, and yet none takes long or remembers more than a megabyte.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.options import MAX_SEPARATE_CHANNELS, TranscriptionOptions
from app.core.transcript import ChunkPlan, PlanPart, Span, SpeakerTurn, Survey
from app.media.decode import Samples, declared
from app.workers.context import Checkpoint
from app.workers.transcription.plan.channels import turns_of
from app.workers.transcription.plan.cutting import (
    cut_anywhere,
    cut_at_pauses,
    joined,
    stretch_seconds,
    stretches_of,
    target_seconds,
)
from app.workers.transcription.plan.hearing import Hearing, Limits
from app.workers.transcription.plan.survey import loudest_windows, parties_have_channels, spoken_places, spoken_windows
from app.workers.transcription.plan.voice import FRAME_SECONDS
from app.workers.transcription.text.recognizer import Recognizer
from app.workers.transcription.text.whisper import WINDOW_SECONDS

log = logging.getLogger(__name__)

# A recording that is planned faster than its first minute could be written down needs no parts.
_ONE_PART_SECONDS = 180.0
_FIRST_PART = Limits(speech=60.0, sound=60.0, reach=30.0)
_LATER_PART = Limits(speech=300.0, sound=3600.0, reach=60.0)
_WHOLE = Limits(speech=_ONE_PART_SECONDS + 60, sound=_ONE_PART_SECONDS + 60, reach=60.0)

# A second opinion on hours in which nobody was heard would take as long as if everybody had spoken.
_LONGEST_FAINT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """Which part of a recording to plan: the `part`-th, from `start` seconds on.

    `workers` that transcribe are alive. `survey` is what an earlier part found, None for the first. `duration` is what
    is known of the recording's length.
    """

    options: TranscriptionOptions
    part: int = 0
    start: float = 0.0
    workers: int = 1
    survey: Survey | None = None
    duration: float | None = None


def plan_part(audio_path: Path, order: PlanOrder, recognizer: Recognizer, context: Checkpoint) -> PlanPart:
    """Listen to the next part of the recording and plan its transcription. Memory does not grow with its length.

    The survey is made with the first part; a language that it could not find is found in the first part in which
    anybody speaks. Raises the errors of `app.media.decode`, `UnknownModel`, and `InvalidOptions` where the model does
    not know the language.
    """
    context.report("probing", 0)
    recognizer.require_language(order.options, context)
    says = declared(audio_path)
    duration = says.seconds if says.seconds is not None else order.duration
    short = duration is not None and duration <= _ONE_PART_SECONDS
    survey = order.survey
    if survey is None:
        by_channel = parties_have_channels(audio_path, order.options, says.channels, duration, context)
        survey = Survey(by_channel=by_channel)
        if duration is not None and not short:
            windows = spoken_places(recognizer.sound, audio_path, duration, context)
            survey = _with_language(survey, order.options, recognizer, windows, context)
    context.report("listening", 0)
    hearing = Hearing(
        recognizer.sound,
        audio_path,
        start=order.start,
        channels=range(min(says.channels, MAX_SEPARATE_CHANNELS)) if survey.by_channel else (None,),
        voice=order.options.vad or survey.by_channel,
        memories=survey.memories,
    )
    limits = _LATER_PART if order.part else _WHOLE if short else _FIRST_PART
    hearing.listen(limits, duration, context)
    survey = replace(survey, memories=hearing.memories())
    part = _planned(order, hearing, duration, survey)
    if survey.language is None and (order.options.language is not None or part.chunks):
        spans = _all_speech(hearing) if hearing.voice else loudest_windows(hearing.loudness(), hearing.start)
        windows = spoken_windows(recognizer.sound, audio_path, spans, context)
        part = replace(part, survey=_with_language(survey, order.options, recognizer, windows, context))
    fields = {
        "part": order.part,
        "seconds": f"{part.start:.1f}-{part.end:.1f}",
        "chunks": len(part.chunks),
        "stretches": len(part.stretches),
        "by_channel": part.survey.by_channel,
        "language": part.survey.language or "-",
    }
    log.info("planned", extra={"fields": fields})
    return part


def _planned(order: PlanOrder, hearing: Hearing, duration: float | None, survey: Survey) -> PlanPart:
    """Cut what was heard into chunks and stretches."""
    if hearing.last:
        duration = hearing.end
    target = target_seconds(duration, order.workers)
    chunks: list[ChunkPlan] = []
    for number, channel in enumerate(hearing.channels):
        if order.options.vad:
            spans = hearing.spoken(number)
            chunks += cut_at_pauses(spans, WINDOW_SECONDS, target=target, first=order.part == 0, channel=channel)
        else:
            chunks += cut_anywhere(
                hearing.loudness(number),
                FRAME_SECONDS,
                hearing.start,
                hearing.end,
                target=target,
                first=order.part == 0,
                channel=channel,
            )
    stretches: tuple[Span, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    if survey.by_channel:
        turns = turns_of([hearing.turns(number) for number in range(len(hearing.channels))])
    elif order.options.diarization:
        speech = _to_be_told_apart(hearing, duration, chunks)
        stretches = stretches_of(speech, hearing.start, hearing.end, target=stretch_seconds(duration, order.workers))
    return PlanPart(
        start=hearing.start,
        end=hearing.end,
        last=hearing.last,
        chunks=tuple(sorted(chunks, key=lambda chunk: (chunk.start, chunk.channel or 0))),
        stretches=stretches,
        turns=turns,
        duration=duration,
        survey=survey,
        peaks=hearing.peaks(),
    )


def _to_be_told_apart(hearing: Hearing, duration: float | None, chunks: Sequence[ChunkPlan]) -> list[Span]:
    """Return the speech in which voices are to be told apart."""
    if hearing.voice and chunks:
        return hearing.speech_ahead()
    faint = duration is not None and duration <= _LONGEST_FAINT_SECONDS and hearing.faint()
    if not hearing.voice or faint:
        return [Span(hearing.start, hearing.end)]
    return hearing.speech_ahead() if not hearing.last else []


def _all_speech(hearing: Hearing) -> list[Span]:
    if len(hearing.channels) == 1:
        return hearing.spoken()
    # The mix of all channels is heard for the language: what two say at once, once.
    spans = [span for number in range(len(hearing.channels)) for span in hearing.spoken(number)]
    return joined(sorted(spans, key=lambda span: span.start), 0.0)


def _with_language(
    survey: Survey,
    options: TranscriptionOptions,
    recognizer: Recognizer,
    windows: Iterator[Samples],
    context: Checkpoint,
) -> Survey:
    """Return the survey with the language that was asked for, or that is spoken in `windows`."""
    if options.language is not None:
        return replace(survey, language=options.language, language_probability=1.0)
    language, probability = recognizer.detect_language(windows, options, context)
    return replace(survey, language=language, language_probability=probability)

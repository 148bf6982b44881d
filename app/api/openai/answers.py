"""A finished text in OpenAI's shapes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.api.openai.fields import Asked, ResponseFormat
from app.core.access import Principal
from app.core.formats import TranscriptDocument, render_transcript
from app.core.formats.lines import one_line
from app.core.languages import LANGUAGE_NAMES, separator
from app.core.options import TranscriptionOptions
from app.core.transcript import Segment
from app.db import transcriptions

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain"
SEGMENT_TYPE = "transcript.text.segment"
NOBODY_KNOWN = "unknown"
"""The speaker of a segment that could be given to nobody."""

_NO_MEASURES = Segment(0.0, 0.0, "")
_LETTERS = 26


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished text. `language` is the text's; `names` are those that speakers have, by label.

    The `segments` are as people corrected them, and carry the decoder's measures.
    """

    name: str
    language: str | None
    duration: float
    segments: tuple[Segment, ...]
    names: dict[str, str]

    @property
    def text(self) -> str:
        return separator(self.language).join(one_line(segment.text) for segment in self.segments)


def read(principal: Principal, transcription: UUID) -> Finished:
    """Return a finished text; a unit of work."""
    body = transcriptions.read(principal, transcription)
    measured = {round(segment.start, 3): segment for segment in transcriptions.read_decoded(principal, transcription)}
    segments = [Segment.from_dict(segment) for segment in body["segments"]]
    return Finished(
        name=body["name"],
        language=TranscriptionOptions.from_dict(body["options"]).text_language(body["language"]),
        duration=round(body["duration_seconds"] or 0.0, 3),
        segments=tuple(_with_measures(s, measured.get(round(s.start, 3), _NO_MEASURES)) for s in segments),
        names={speaker["label"]: speaker["name"] for speaker in body["speakers"] if speaker["name"]},
    )


def render(finished: Finished, asked: Asked) -> tuple[str, str]:
    """Return the media type and the content of the answer. Seconds of CPU time for the subtitles of ten hours."""
    if asked.response_format in (ResponseFormat.SRT, ResponseFormat.VTT):
        document = TranscriptDocument(
            name=finished.name,
            segments=finished.segments,
            language=finished.language,
            duration_seconds=finished.duration,
        )
        return TEXT_TYPE, render_transcript(document, asked.response_format).content.decode()
    if asked.response_format is ResponseFormat.TEXT:
        return TEXT_TYPE, finished.text + "\n"
    return JSON_TYPE, json.dumps(_shape(finished, asked), ensure_ascii=False, allow_nan=False)


def diarized_segments(finished: Finished) -> Iterator[dict[str, Any]]:
    """Yield the segments with their speakers: by name, where they have one, and else A, B, … as they first speak."""
    names = dict(finished.names)
    letters = 0
    for number, segment in enumerate(finished.segments):
        if segment.speaker is not None and segment.speaker not in names:
            names[segment.speaker] = _letter(letters)
            letters += 1
        yield {
            "type": SEGMENT_TYPE,
            "id": f"seg_{number:03d}",
            "start": segment.start,
            "end": segment.end,
            "text": segment.text,
            "speaker": NOBODY_KNOWN if segment.speaker is None else names[segment.speaker],
        }


def _shape(finished: Finished, asked: Asked) -> dict[str, Any]:
    usage = {"type": "duration", "seconds": finished.duration}
    if asked.response_format is ResponseFormat.JSON:
        return {"text": finished.text, "usage": usage}
    shape: dict[str, Any] = {"task": str(asked.task), "duration": finished.duration, "text": finished.text}
    if asked.response_format is ResponseFormat.DIARIZED_JSON:
        return shape | {"segments": list(diarized_segments(finished)), "usage": usage}
    shape["language"] = LANGUAGE_NAMES.get(finished.language or "", NOBODY_KNOWN).lower()
    if asked.segments:
        shape["segments"] = _verbose_segments(finished)
    if asked.words:
        shape["words"] = _words(finished.segments)
    return shape | {"usage": usage}


def _verbose_segments(finished: Finished) -> list[dict[str, Any]]:
    before = separator(finished.language)
    return [
        {
            "id": number,
            "seek": 0,
            "start": segment.start,
            "end": segment.end,
            # As OpenAI's: put together as they are, they are the text.
            "text": f"{before}{one_line(segment.text)}",
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": segment.average_log_probability,
            "compression_ratio": segment.compression_ratio,
            "no_speech_prob": segment.no_speech_probability,
        }
        for number, segment in enumerate(finished.segments)
    ]


def _words(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    return [
        {"word": word.text.strip(), "start": word.start, "end": word.end}
        for segment in segments
        for word in segment.words
    ]


def _with_measures(segment: Segment, measured: Segment) -> Segment:
    return Segment(
        start=segment.start,
        end=segment.end,
        text=segment.text,
        words=segment.words,
        speaker=segment.speaker,
        average_log_probability=measured.average_log_probability,
        no_speech_probability=measured.no_speech_probability,
        compression_ratio=measured.compression_ratio,
    )


def _letter(number: int) -> str:
    """Return A, B, …, Z, AA, AB, … for the numbers from 0 on."""
    letters = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, _LETTERS)
        letters = chr(ord("A") + digit) + letters
    return letters

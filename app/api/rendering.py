"""A transcript as a document of the format that its address, or the `Accept` header, names."""

import asyncio
import datetime as dt
import math
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.api.disposition import content_disposition, document_name
from app.api.keys import DATABASE, PRINCIPAL
from app.api.negotiation import best
from app.api.problems import NotAcceptable
from app.api.requests import check_text, validate
from app.core.access import Principal
from app.core.audit import Action
from app.core.errors import Conflict, InvalidFields
from app.core.excerpt import excerpt
from app.core.formats import (
    FORMATS,
    DocumentEnrichment,
    DocumentSpeaker,
    Presentation,
    TranscriptDocument,
    format_named,
    render_transcript,
)
from app.core.formats.presentation import AS_USUAL, LineLength, Lines, ReadingSpeed, Redaction, WordingLanguage
from app.core.options import TranscriptionOptions
from app.core.personal_data import PersonalKind
from app.core.redaction import redacted
from app.core.transcript import Diarization, Segment
from app.db import audit, transcriptions

OFFERED = {FORMATS[name].media_type: name for name in ("json", "txt", "srt", "vtt", "md", "tsv", "docx")}
"""The formats to be had by media type, in the order in which they are preferred. RTTM has none of its own."""


class PresentationQuery(BaseModel):
    """The options in the address of a transcript. Which of them mean something goes by the format."""

    model_config = ConfigDict(extra="forbid")

    speakers: Annotated[
        bool, Field(description="Name who speaks. For `txt`, `md`, `tsv`, `docx`, `srt` and `vtt`.")
    ] = AS_USUAL.speakers
    timestamps: Annotated[
        bool | None,
        Field(
            description="Say when; left out, `txt` does where it names who speaks, and the others always do. "
            "For `txt`, `md`, `tsv` and `docx`."
        ),
    ] = AS_USUAL.timestamps
    line_length: Annotated[
        LineLength,
        Field(
            description="Columns of a subtitle's line; wide characters take two, and a longer word is cut. "
            "For `srt` and `vtt`."
        ),
    ] = AS_USUAL.line_length
    lines: Annotated[Lines, Field(description="Lines of a subtitle, at most. For `srt` and `vtt`.")] = AS_USUAL.lines
    reading_speed: Annotated[
        ReadingSpeed,
        Field(
            description="Characters a second: a subtitle stays on for as long as that takes, unless the next one comes. "
            "For `srt` and `vtt`."
        ),
    ] = AS_USUAL.reading_speed
    language: Annotated[
        WordingLanguage | None,
        Field(
            description="Of the words that were not said: headings, and `Speaker 1` for who has no name. Left out: as the "
            "recording where that is French, else English. For `txt`, `md`, `docx`, `srt` and `vtt`."
        ),
    ] = AS_USUAL.language
    redact: Annotated[
        Redaction | None,
        Field(
            description="`personal_data`: what was found of it is replaced by its kind, such as `[PHONE]`; the enrichment "
            "must have had the task `personal_data`. For all formats but `rttm`."
        ),
    ] = None
    start_seconds: Annotated[
        float,
        Field(
            alias="from",
            ge=0,
            allow_inf_nan=False,
            description="Only the passages that begin here or later, in seconds; each is given whole. For all formats.",
        ),
    ] = AS_USUAL.start_seconds
    end_seconds: Annotated[
        float | None,
        Field(
            alias="to",
            gt=0,
            allow_inf_nan=False,
            description="Only the passages that begin before, in seconds. A part is without the enrichment, which is of the "
            "whole. For all formats.",
        ),
    ] = AS_USUAL.end_seconds


_QUERY = TypeAdapter(PresentationQuery)
_OF_A_PART = frozenset({"from", "to"})
"""The options that are obeyed before any format is asked."""


def negotiated_format(request: web.Request) -> str:
    """Return the name of the format that the client would rather have. Raises `NotAcceptable`."""
    accept = ", ".join(request.headers.getall("Accept", []))
    if accept in ("", "*/*"):  # what programs send who read one transcription after the other
        return "json"
    media_type = best(accept, list(OFFERED))
    if media_type is None:
        raise NotAcceptable(
            "The transcript is not to be had in any type that the Accept header takes.",
            remedy=f"Accept one of {', '.join(OFFERED)}, or put the format's ending into the address.",
        )
    return OFFERED[media_type]


def wanted_presentation(request: web.Request, format_name: str) -> Presentation:
    """Return the options that the address gives; `InvalidFields` for one that means nothing to the format."""
    options = format_named(format_name).options | _OF_A_PART
    if not request.query:
        return AS_USUAL
    known = f"Known: {', '.join(sorted(options))}." if options else "It has none."
    unknown = [name for name in dict.fromkeys(request.query) if name not in options]
    if unknown:
        raise InvalidFields(
            [{"field": check_text(name, ""), "message": f"No option of {format_name}. {known}"} for name in unknown]
        )
    twice = [name for name in dict.fromkeys(request.query) if len(request.query.getall(name)) > 1]
    if twice:
        raise InvalidFields([{"field": name, "message": "The option was sent twice."} for name in twice])
    wanted = Presentation(**validate(_QUERY, dict(request.query)).model_dump())
    if wanted.end_seconds is not None and wanted.end_seconds <= wanted.start_seconds:
        raise InvalidFields([{"field": "to", "message": "A part ends after it begins: more than `from`."}])
    return wanted


async def rendered(
    request: web.Request, transcription: UUID, format_name: str, presentation: Presentation
) -> web.Response:
    """Answer with the finished transcript in this format; `Conflict` until there is one."""
    exported_as = format_name if request.method == "GET" else None
    redact = presentation.redact is not None
    found = await request.app[DATABASE].run(_read, request[PRINCIPAL], transcription, exported_as, redact=redact)
    body = found.body
    document = document_of(body, found.diarization)
    if found.personal_phrases is not None:
        document = await asyncio.to_thread(redacted, document, found.personal_phrases)
    # After the redaction: it hides the names of all speakers, also of those who are silent in the part.
    if presentation.is_of_a_part:
        end = math.inf if presentation.end_seconds is None else presentation.end_seconds
        document = excerpt(document, presentation.start_seconds, end)
    rendering = await asyncio.to_thread(render_transcript, document, format_name, presentation)
    return web.Response(
        body=rendering.content,
        content_type=rendering.media_type,
        charset=rendering.charset,
        headers={
            "Content-Disposition": content_disposition(document_name(document.name, format_name)),
            # Words of strangers: no browser may take them for a page.
            "X-Content-Type-Options": "nosniff",
        },
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """`personal_phrases`: to be taken out; None where nothing is."""

    body: dict[str, Any]
    diarization: Diarization | None
    personal_phrases: list[tuple[str, PersonalKind]] | None = None


def _read(principal: Principal, transcription: UUID, exported_as: str | None, *, redact: bool) -> _Found:
    body = transcriptions.read(principal, transcription)
    if body["partial"] or (body["state"] in ("error", "cancelled") and not body["segments"]):
        raise Conflict(
            f"The transcription is {body['state']}: there is no finished text yet.",
            remedy="Follow it on /api/ws/updates, or ask again once its state is 'transcribed' or 'done'.",
        )
    phrases = transcriptions.read_personal_phrases(principal, transcription) if redact else None
    if redact and phrases is None:
        raise Conflict(
            "Personal data was not looked for in all of this transcription.",
            remedy="Ask for its enrichment anew with the task 'personal_data', then for the document.",
        )
    if phrases is not None:
        phrases += _names_of_merged(body)
    if exported_as is not None:
        project = UUID(body["project_id"])
        audit.record(Action.TRANSCRIPTION_EXPORTED, transcription, project=project, format=exported_as)
    return _Found(body, transcriptions.read_diarization(principal, transcription), phrases)


def _names_of_merged(body: dict[str, Any]) -> list[tuple[str, PersonalKind]]:
    """Return the names that people gave to speakers who count as somebody else by now: they still stand in the text."""
    names = [merged["name"] for speaker in body["speakers"] for merged in speaker["merged"]]
    return [(name.strip(), PersonalKind.NAME) for name in names if name and name.strip()]


def has_finished_text(body: dict[str, Any]) -> bool:
    """Tell whether a transcription, as clients see it, can be written as a document."""
    return not body["partial"] and (body["state"] not in ("error", "cancelled") or bool(body["segments"]))


def document_of(body: dict[str, Any], diarization: Diarization | None) -> TranscriptDocument:
    """Return what the formats show of a transcription as clients see it."""
    enrichment = body["enrichment"]
    return TranscriptDocument(
        name=body["name"],
        language=TranscriptionOptions.from_dict(body["options"]).text_language(body["language"]),
        duration_seconds=body["duration_seconds"],
        created_at=dt.datetime.fromisoformat(body["created_at"]),
        segments=tuple(Segment.from_dict(segment) for segment in body["segments"]),
        machine_speakers=tuple(segment["machine_speaker"] for segment in body["segments"]),
        speakers=tuple(
            DocumentSpeaker(speaker["label"], speaker["name"], speaker["number"]) for speaker in body["speakers"]
        ),
        turns=diarization.turns if diarization else (),
        enrichment=DocumentEnrichment(
            title=enrichment["title"], summary=enrichment["summary"], points=tuple(enrichment["points"] or ())
        )
        if enrichment
        else None,
    )

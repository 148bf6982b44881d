"""The segments of a transcript: what was said, corrected, and how it came to be so."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api import answers
from app.api.contract import Access, Reply, Tag, contract
from app.api.keys import DATABASE, DELIVERY, PRINCIPAL
from app.api.parameters import IF_MATCH, LAST_POSITION, SEGMENT, TRANSCRIPTION
from app.api.preconditions import if_match
from app.api.requests import OneLine, path_id, read_json
from app.core.access import Scope
from app.core.audit import Action
from app.core.errors import Conflict, NotFound, PreconditionFailed, PreconditionRequired
from app.db import segment_bounds, text_corrections
from app.db.text_corrections import Written
from app.db.unheld import LegalHoldInForce

_DIGITS = len(str(LAST_POSITION))
_PLACE = {"id": TRANSCRIPTION, "position": SEGMENT}
_WITH_TAG = Reply(answers.Segment, headers={"ETag": "The `etag` of its text."})

routes = web.RouteTableDef()


class SegmentText(BaseModel):
    """What was said; empty where nobody said anything."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[OneLine, Field(max_length=5000, description="One line.")]


class SegmentCut(BaseModel):
    """Exactly one of the two."""

    model_config = ConfigDict(extra="forbid")

    word: Annotated[
        Annotated[int, Field(ge=1, le=LAST_POSITION, strict=True)] | None,
        Field(description="The first word of the second part, by its place in `words`, counted from 0."),
    ] = None
    time: Annotated[
        Annotated[float, Field(ge=0)] | None,
        Field(description="The moment of the cut, in seconds from the start of the recording."),
    ] = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.word is None) == (self.time is None):
            raise ValueError("exactly one of word and time is needed")
        return self


@routes.get(r"/api/transcriptions/{id}/segments/{position:\d+}")
@contract(tag=Tag.SEGMENTS, access=Access.VIEWER, path=_PLACE, answers={200: _WITH_TAG})
async def read(request: web.Request) -> web.Response:
    """Give one segment, with the entity tag of its text."""
    segment = await request.app[DATABASE].run(
        text_corrections.read, request[PRINCIPAL], path_id(request), _position(request)
    )
    return web.json_response(segment, headers={"ETag": segment["etag"]})


@routes.patch(r"/api/transcriptions/{id}/segments/{position:\d+}")
@contract(
    tag=Tag.SEGMENTS,
    access=Access.EDITOR,
    path=_PLACE,
    headers={"If-Match": IF_MATCH},
    body=SegmentText,
    example={"text": "Good morning, everybody."},
    answers={200: _WITH_TAG},
    errors=(PreconditionRequired, PreconditionFailed),
    audited=Action.TEXT_CORRECTED,
)
async def correct(request: web.Request) -> web.Response:
    """Say what was said; the machine's text is kept beside it.

    412 where somebody else has changed the text since you read it: what stands there now is in the answer.

    A key that was narrowed needs `transcriptions:read`, too: the answer has what was said.
    """
    _require_reading(request)
    expected = if_match(request)
    said = await read_json(request, SegmentText)
    written = await request.app[DATABASE].run(
        text_corrections.correct, request[PRINCIPAL], path_id(request), _position(request), said.text, expected
    )
    return await _answer(request, written)


@routes.delete(r"/api/transcriptions/{id}/segments/{position:\d+}/correction")
@contract(
    tag=Tag.SEGMENTS,
    access=Access.EDITOR,
    path=_PLACE,
    headers={"If-Match": IF_MATCH},
    answers={200: _WITH_TAG},
    errors=(PreconditionRequired, PreconditionFailed),
    audited=Action.TEXT_REVERTED,
)
async def revert(request: web.Request) -> web.Response:
    """Put the segment back to the machine's text.

    A key that was narrowed needs `transcriptions:read`, too: the answer has what was said.
    """
    _require_reading(request)
    written = await request.app[DATABASE].run(
        text_corrections.revert, request[PRINCIPAL], path_id(request), _position(request), if_match(request)
    )
    return await _answer(request, written)


@routes.post(r"/api/transcriptions/{id}/segments/{position:\d+}/split")
@contract(
    tag=Tag.SEGMENTS,
    access=Access.EDITOR,
    path=_PLACE,
    headers={"If-Match": IF_MATCH},
    body=SegmentCut,
    example={"word": 1},
    answers={200: _WITH_TAG},
    errors=(Conflict, LegalHoldInForce, PreconditionRequired, PreconditionFailed),
    audited=Action.TEXT_SPLIT,
)
async def split(request: web.Request) -> web.Response:
    """Cut a segment in two; the answer is the first part, and the second one stands at the next position.

    Each word stays with the part in which it is said, each part with the speaker. The segments behind move up by one.

    A key that was narrowed needs `transcriptions:read`, too: the answer has what was said.
    """
    _require_reading(request)
    expected = if_match(request)
    cut = await read_json(request, SegmentCut)
    written = await request.app[DATABASE].run(
        segment_bounds.split,
        request[PRINCIPAL],
        path_id(request),
        _position(request),
        expected,
        word=cut.word,
        time=cut.time,
    )
    return await _answer(request, written)


@routes.post(r"/api/transcriptions/{id}/segments/{position:\d+}/merge")
@contract(
    tag=Tag.SEGMENTS,
    access=Access.EDITOR,
    path=_PLACE,
    headers={"If-Match": IF_MATCH},
    answers={200: _WITH_TAG},
    errors=(Conflict, LegalHoldInForce, PreconditionRequired, PreconditionFailed),
    audited=Action.TEXT_MERGED,
)
async def merge(request: web.Request) -> web.Response:
    """Make one of a segment and the next one, which must be the same speaker's; the answer is the whole.

    The segments behind move down by one.

    A key that was narrowed needs `transcriptions:read`, too: the answer has what was said.
    """
    _require_reading(request)
    written = await request.app[DATABASE].run(
        segment_bounds.merge, request[PRINCIPAL], path_id(request), _position(request), if_match(request)
    )
    return await _answer(request, written)


@routes.get(r"/api/transcriptions/{id}/segments/{position:\d+}/history")
@contract(tag=Tag.SEGMENTS, access=Access.VIEWER, path=_PLACE, answers={200: answers.SegmentHistory})
async def history(request: web.Request) -> web.Response:
    """Give the changes of a segment's text, the newest first: who made them, when, and what stood there before and after.

    The newest 200.
    """
    versions = await request.app[DATABASE].run(
        text_corrections.history, request[PRINCIPAL], path_id(request), _position(request)
    )
    return web.json_response({"items": versions})


def _require_reading(request: web.Request) -> None:
    request[PRINCIPAL].require_scope(Scope.TRANSCRIPTIONS_READ)


async def _answer(request: web.Request, written: Written) -> web.Response:
    await request.app[DELIVERY].follow(written.outcome)
    return web.json_response(written.segment, headers={"ETag": written.segment["etag"]})


def _position(request: web.Request) -> int:
    digits = request.match_info["position"]
    # As many as fit PostgreSQL's integer; \d also means the digits of other scripts.
    if not digits.isascii() or len(digits) > _DIGITS or int(digits) > LAST_POSITION:
        raise NotFound
    return int(digits)

"""Questions to recordings: asked, followed while they are answered, read again."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.api.answers.questions import Question, QuestionList
from app.api.contract import Access, Reply, Tag, contract
from app.api.credentials.authentication import authenticator, credentials
from app.api.filtering import read_query
from app.api.following.answer_stream import AnswerFeed
from app.api.following.event_stream import EVENTS_TYPE, EventStream, carry, say_why
from app.api.keys import DATABASE, DELIVERY, HUB, PRINCIPAL, REQUEST_ID, SETTINGS
from app.api.parameters import PROJECT, QUESTION, TRANSCRIPTION, PageCursor
from app.api.requests import path_id, read_json
from app.api.volume.threads import looked_up
from app.catalog.served import require_language_model
from app.core.audit import Action
from app.core.errors import IllegalTransition, UnknownModel
from app.core.languages import LANGUAGES
from app.core.options import ModelName
from app.core.questions import LONGEST_QUESTION
from app.db import questions
from app.db.listing import Page
from app.db.questions import Asked, NewQuestion, TooManyQuestions
from app.db.unheld import LegalHoldInForce

_EXAMPLE = {"question": "When does the reading room open again?"}
_LOCATION = {"Location": "The question's address."}
_LIST_LIMIT = 200

routes = web.RouteTableDef()


def _known_language(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError("is not the ISO 639-1 code of a language that is known here")
    return code


class QuestionBody(BaseModel):
    """What somebody wants to know."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=LONGEST_QUESTION)]
    llm_model: Annotated[
        ModelName | None, Field(description="A language model; the site's default where it is left out.")
    ] = None
    language: Annotated[
        Annotated[str, AfterValidator(_known_language)] | None,
        Field(description="The answer's, as an ISO 639-1 code; the recording's where it is left out."),
    ] = None


class QuestionsQuery(BaseModel):
    """Which page."""

    limit: Annotated[int, Field(ge=1, le=_LIST_LIMIT, description="How many a page.")] = 50
    cursor: PageCursor = None


@routes.post("/api/transcriptions/{id}/questions")
@contract(
    tag=Tag.QUESTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    body=QuestionBody,
    example=_EXAMPLE,
    answers={202: Reply(Question, "It is queued.", headers=_LOCATION)},
    errors=(IllegalTransition, UnknownModel, TooManyQuestions),
    audited=Action.QUESTION_ASKED,
)
async def ask(request: web.Request) -> web.Response:
    """Ask a question about a transcription. The answer is followed at `…/events`, or read at the question's address.

    The answer has quotes with their times, which stand in the transcript word for word; where there is none, it says that
    the recording does not say it. Whoever may read the transcription sees its questions. Where whoever asked may read it no
    more when its turn comes, it fails: `asker-not-permitted`.
    """
    return await _asked(request, questions.ask_transcription)


@routes.post("/api/projects/{id}/questions")
@contract(
    tag=Tag.QUESTIONS,
    access=Access.VIEWER,
    path={"id": PROJECT},
    body=QuestionBody,
    example=_EXAMPLE,
    answers={202: Reply(Question, "It is queued.", headers=_LOCATION)},
    errors=(UnknownModel, TooManyQuestions),
    audited=Action.QUESTION_ASKED,
)
async def ask_all(request: web.Request) -> web.Response:
    """Ask a question over all transcriptions of a project.

    Those passages are read that have words of the question, as the search finds them. Nothing of another project is.
    """
    return await _asked(request, questions.ask_project)


@routes.get("/api/transcriptions/{id}/questions")
@contract(
    tag=Tag.QUESTIONS,
    access=Access.VIEWER,
    path={"id": TRANSCRIPTION},
    query=QuestionsQuery,
    answers={200: QuestionList},
)
async def list_questions(request: web.Request) -> web.Response:
    """List what was asked about a transcription, the newest first."""
    return await _listed(request, questions.page_of_transcription)


@routes.get("/api/projects/{id}/questions")
@contract(
    tag=Tag.QUESTIONS,
    access=Access.VIEWER,
    path={"id": PROJECT},
    query=QuestionsQuery,
    answers={200: QuestionList},
)
async def list_all_questions(request: web.Request) -> web.Response:
    """List what was asked over a project, the newest first."""
    return await _listed(request, questions.page_of_project)


@routes.get("/api/questions/{id}")
@contract(tag=Tag.QUESTIONS, access=Access.VIEWER, path={"id": QUESTION}, answers={200: Question})
async def read(request: web.Request) -> web.Response:
    """Give a question with its answer, or with what is written of it so far."""
    found = await request.app[DATABASE].run(questions.read, request[PRINCIPAL], path_id(request))
    return web.json_response(found)


@routes.delete("/api/questions/{id}")
@contract(
    tag=Tag.QUESTIONS,
    access=Access.EDITOR,
    path={"id": QUESTION},
    answers={204: None},
    audited=Action.QUESTION_DELETED,
    errors=(LegalHoldInForce,),
)
async def delete(request: web.Request) -> web.Response:
    """Delete a question with its answer, and stop the work on it. Whoever asked it may do so, too."""
    outcome = await request.app[DATABASE].run(questions.delete, request[PRINCIPAL], path_id(request))
    await request.app[DELIVERY].follow(outcome)
    return web.Response(status=204)


# Without HEAD: its answer would have nothing in it.
@routes.get("/api/questions/{id}/events", allow_head=False)
@contract(
    tag=Tag.QUESTIONS,
    access=Access.VIEWER,
    path={"id": QUESTION},
    answers={
        200: Reply(media_types=(EVENTS_TYPE,), description="Messages until the end, as docs/asking.md tells them.")
    },
)
async def events(request: web.Request) -> web.StreamResponse:
    """Send the answer while it is written, as server-sent events: pieces of its text, then the whole of it, checked."""
    app, principal, question = request.app, request[PRINCIPAL], path_id(request)
    channel = EventStream(request)
    feed = AnswerFeed(channel, app[DATABASE], app[HUB], authenticator(app, *credentials(request)), question)
    async with app[HUB].listen() as listener:
        await app[DATABASE].run(questions.read, principal, question)
        await channel.begin()
        await carry(feed.send(principal, listener), channel.beat(), lambda error: say_why(channel, error))
    return await channel.end()


async def _asked(request: web.Request, ask_about: Callable[[Any, UUID, NewQuestion], Asked]) -> web.Response:
    body = await read_json(request, QuestionBody)
    settings = request.app[SETTINGS]
    if body.llm_model is not None:
        await looked_up(require_language_model, settings.models_dir, settings.served_models, body.llm_model)
    new = NewQuestion(
        question=body.question,
        llm_model=body.llm_model,
        language=body.language,
        request_id=request[REQUEST_ID],
    )
    asked = await request.app[DATABASE].run(ask_about, request[PRINCIPAL], path_id(request), new)
    await request.app[DELIVERY].follow(asked.outcome)
    return web.json_response(asked.question, status=202, headers={"Location": f"/api/questions/{asked.question['id']}"})


async def _listed(request: web.Request, list_page: Callable[..., Page]) -> web.Response:
    query = read_query(request, QuestionsQuery)
    unit = partial(list_page, request[PRINCIPAL], path_id(request), limit=query.limit, cursor=query.cursor or None)
    page = await request.app[DATABASE].run(unit)
    return web.json_response({"items": page.items, "next_cursor": page.next_cursor})

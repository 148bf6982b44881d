"""What a project's recordings are expected to speak of: read by its members, set by its owners."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api import answers
from app.api.contract import Access, Tag, contract
from app.api.keys import DATABASE, PRINCIPAL
from app.api.parameters import OPTIONS, PROJECT
from app.api.requests import path_id, read_json
from app.core.access import Role, Scope
from app.core.audit import Action
from app.core.options import MAX_HOTWORDS_CHARACTERS, MAX_INITIAL_PROMPT_CHARACTERS
from app.db import projects, vocabulary
from app.db.vocabulary import Vocabulary

routes = web.RouteTableDef()


class ExpectedWords(BaseModel):
    """Both, each a text, or null for none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hotwords: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_HOTWORDS_CHARACTERS)] | None,
        Field(description=OPTIONS["hotwords"]),
    ]
    initial_prompt: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_INITIAL_PROMPT_CHARACTERS)] | None,
        Field(description=OPTIONS["initial_prompt"]),
    ]


@routes.get("/api/projects/{id}/vocabulary")
@contract(
    tag=Tag.PROJECTS,
    access=Access.VIEWER,
    scope=Scope.PROJECTS_READ,
    path={"id": PROJECT},
    answers={200: answers.Vocabulary},
)
async def read_vocabulary(request: web.Request) -> web.Response:
    """Say what a project's recordings are expected to speak of."""
    principal = request[PRINCIPAL]

    def unit(project_id: UUID) -> dict[str, Any]:
        return vocabulary.of_project(projects.get_project(principal, project_id, Role.VIEWER)).to_dict()

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))


@routes.put("/api/projects/{id}/vocabulary")
@contract(
    tag=Tag.PROJECTS,
    access=Access.OWNER,
    path={"id": PROJECT},
    body=ExpectedWords,
    example={"hotwords": "Vocalyx, diarization", "initial_prompt": None},
    answers={200: answers.Vocabulary},
    audited=Action.VOCABULARY_CHANGED,
)
async def set_vocabulary(request: web.Request) -> web.Response:
    """Set what a project's recordings are expected to speak of.

    It goes for recordings that are sent from then on, where their own options of these names are left out.
    """
    principal = request[PRINCIPAL]
    words = await read_json(request, ExpectedWords)
    wanted = Vocabulary(words.hotwords or None, words.initial_prompt or None)

    def unit(project_id: UUID) -> dict[str, Any]:
        vocabulary.set_of_project(projects.get_project(principal, project_id, Role.OWNER), wanted)
        return wanted.to_dict()

    return web.json_response(await request.app[DATABASE].run(unit, path_id(request)))

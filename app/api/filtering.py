"""The query parameters by which lists and searches are narrowed."""

from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from app.api.parameters import PageCursor
from app.api.requests import Model, validate
from app.core.access import Principal
from app.core.errors import InvalidFields
from app.core.moments import in_utc
from app.core.states import TranscriptionState
from app.db import projects
from app.db.filters import Filters

_LABELS = 20


def written_out(value: object) -> object:
    """Refuse a number, which pydantic would take for seconds since 1970."""
    if isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("must be written out, such as 2026-01-31T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(written_out), AfterValidator(in_utc)]


class FilterQuery(BaseModel):
    """`state` and `label` may be given several times: any of the states, all of the labels."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str | None, Field(max_length=200, description="Those of this project alone, by id or name.")] = (
        None
    )
    state: Annotated[
        list[TranscriptionState],
        Field(
            max_length=len(TranscriptionState), description="Those in this state; given several times, in any of them."
        ),
    ] = []
    language: Annotated[str | None, Field(max_length=10, description="Those in this language, by its code.")] = None
    speaker: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="Those with a speaker of this name, the whole name; case and accents do not count.",
        ),
    ] = None
    label: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(max_length=_LABELS, description="Those with this label; given several times, with all of them."),
    ] = []
    name: Annotated[
        str | None,
        Field(
            min_length=1, max_length=200, description="Those whose name has this in it; case and accents do not count."
        ),
    ] = None
    created_after: Annotated[
        Moment | None, Field(description="Those sent at this moment or later: RFC 3339, with an offset.")
    ] = None
    created_before: Annotated[
        Moment | None, Field(description="Those sent before this moment: RFC 3339, with an offset.")
    ] = None
    cursor: PageCursor = None

    def filters(self, principal: Principal) -> Filters:
        """Return what is meant; a unit of work, as a project is found by its name."""
        project: UUID | None = projects.find_project(principal, self.project).id if self.project else None
        return Filters(
            project=project,
            states=tuple(sorted(set(self.state))),
            language=self.language,
            speaker=self.speaker,
            labels=tuple(sorted(set(self.label))),
            name=self.name,
            created_after=self.created_after,
            created_before=self.created_before,
        )


def read_query(request: web.Request, model: type[Model]) -> Model:
    """Return the request's query as a `model`; `InvalidFields` names what does not fit, a value too many included."""
    repeatable = {name for name, field in model.model_fields.items() if isinstance(field.default, list)}
    values = {}
    for name in request.query:
        given = request.query.getall(name)
        values[name] = given if name in repeatable or len(given) > 1 else given[0]
    try:
        return validate(TypeAdapter(model), values)
    except InvalidFields as error:
        # A parameter has one name, however often it is given.
        raise InvalidFields([fault | {"field": fault["field"].partition(".")[0]} for fault in error.errors]) from error

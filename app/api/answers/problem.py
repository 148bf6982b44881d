"""The one form of every refusal: RFC 9457, with our additions."""

from typing import Annotated, Any

from pydantic import Field

from app.api.answers.base import Answer


class FieldFault(Answer):
    field: Annotated[str, Field(description="Which field of the request; empty where it is all of it.")]
    code: Annotated[str, Field(description="What is wrong with it: stable, for programs, as `too-short`.")]
    message: str
    bounds: Annotated[
        dict[str, float], Field(description='`least` or `most`, where the code is about one of them: `{"least": 12}`.')
    ]


class Problem(Answer):
    """What went wrong, and the way out."""

    type: Annotated[str, Field(description="The address of a page about this `code`.")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    code: Annotated[str, Field(description="Stable, for programs.")]
    detail: Annotated[str, Field(description="What happened.")]
    remedy: Annotated[str, Field(description="The way out.")]
    instance: Annotated[str, Field(description="The path that was asked for.")]
    request_id: Annotated[str, Field(description="Also in the server's log, and in `X-Request-ID`.")]
    errors: Annotated[list[FieldFault], Field(description="One entry a field at fault.")]
    current: Annotated[
        dict[str, Any] | None,
        Field(description="What stands there now, where a change was made to something else: as the route answers it."),
    ] = None

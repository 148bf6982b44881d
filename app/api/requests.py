"""Reading what clients send: JSON and forms through pydantic, each fault named by its field."""

import asyncio
import json
import math
import re
from typing import Annotated, Any, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.api.faults import fault_of
from app.core.errors import BadRequest, InvalidFields, NotFound

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")

_SHOWN_FAULTS = 20
_DEEPEST = 64
_PARSED_IN_A_THREAD_BYTES = 128 * 1024
# What PostgreSQL cannot store as text: NUL, and halves of surrogate pairs (bytes in headers that are no UTF-8 become such).
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control-characters", "must not contain control characters or line breaks")
    return text


OneLine = Annotated[str, AfterValidator(_one_line)]
"""Text that is shown in lists and in log lines."""


async def read_json(request: web.Request, model: type[Model]) -> Model:
    """Return the request's JSON body as a `model`; `BadRequest` where it is no JSON, `InvalidFields` where it does not fit."""
    try:
        body = await request.read()
    except (web.RequestPayloadError, ValueError) as error:
        raise BadRequest("The body is broken or ends too early.", remedy="Send the request again, whole.") from error
    if len(body) > _PARSED_IN_A_THREAD_BYTES:
        return await asyncio.to_thread(_parse, body, model)
    return _parse(body, model)


def _parse(body: bytes, model: type[Model]) -> Model:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        # Not the parser's words alone: those on nesting speak of Python.
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadRequest(
            f"The body is not JSON: {reason}.",
            remedy="Send a JSON object in UTF-8 with Content-Type: application/json.",
        ) from error
    if not isinstance(values, dict):
        raise BadRequest("The body is not a JSON object.", remedy='Send an object, such as {"name": "…"}.')
    return validate(TypeAdapter(model), values)


def validate(adapter: TypeAdapter[Value], values: Any) -> Value:
    """Return `values` as the adapter's type; `InvalidFields` names the fields that do not fit, the first twenty of them."""
    _check_storable(values)
    try:
        return adapter.validate_python(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise InvalidFields([fault_of(fault) for fault in faults[:_SHOWN_FAULTS]]) from error


def check_text(text: str, field: str) -> str:
    """Return text from a header or an address; `InvalidFields` where it cannot be stored."""
    if _UNSTORABLE.search(text):
        raise InvalidFields([{"field": field, "message": "Text must be UTF-8 without the NUL character."}])
    return text


def path_id(request: web.Request, name: str = "id") -> UUID:
    """Return an id out of the address; `NotFound` where it is none."""
    try:
        return UUID(request.match_info[name])
    except ValueError as error:
        raise NotFound from error


def _check_storable(value: Any) -> None:
    """Refuse what JSON parsers let through and PostgreSQL or the next reader does not take."""
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for part in level:
            if isinstance(part, str):
                check_text(part, "")
            elif isinstance(part, float) and not math.isfinite(part):
                raise InvalidFields([{"field": "", "message": "Numbers must be finite."}])
            elif isinstance(part, dict):
                inner += part.keys()
                inner += part.values()
            elif isinstance(part, list):
                inner += part
        if not inner:
            return
        level = inner
    raise InvalidFields([{"field": "", "message": f"Nested more than {_DEEPEST} levels deep."}])

"""The one edge at which errors become answers: problem+json, RFC 9457."""

import logging
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from app.api.faults import completed
from app.api.keys import PRINCIPAL, REFUSED_ON, REQUEST_ID
from app.api.negotiation import best
from app.api.openai import OPENAI_PREFIX
from app.api.openai.errors import openai_error, sent_again_in_vain
from app.api.request_log import is_gone
from app.api.seen import may_read
from app.core.errors import (
    BadRequest,
    ChangedMeanwhile,
    DependencyDown,
    InvalidFields,
    MissingScope,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    TooManyAttempts,
    VocalyxError,
)

_RETRY_AFTER_SECONDS = "5"
_PROBLEM = "application/problem+json"

logger = logging.getLogger(__name__)


class MethodNotAllowed(VocalyxError):
    status = 405
    code = "method-not-allowed"
    title = "The address does not know this method"
    default_detail = "The address exists, and does something else than this method asks for."
    default_remedy = "Use one of the methods that the header Allow names."


class NotAcceptable(VocalyxError):
    status = 406
    code = "not-acceptable"
    title = "There is no representation that the client takes"
    default_detail = "What is asked for is not to be had in any type that the Accept header takes."
    default_remedy = "Accept one of the types that the API guide lists, or */*."


class RangeNotSatisfiable(VocalyxError):
    status = 416
    code = "range-not-satisfiable"
    title = "The range lies behind the end"
    default_detail = "No byte lies in the range that the Range header asks for."
    default_remedy = "Ask for bytes that there are, or leave the Range header out."

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"There are {size_bytes} bytes.")
        self.size_bytes = size_bytes


class RequestTooLarge(VocalyxError):
    status = 413
    code = "request-too-large"
    title = "The request is too large"
    default_detail = "The request is larger than this address accepts."
    default_remedy = "Send recordings as multipart/form-data to POST /api/transcriptions; keep other requests small."


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error of the tree, and every other one, with a problem document."""
    try:
        return await handler(request)
    except VocalyxError as error:
        return _answer(request, error)
    except web.HTTPException as error:
        if error.status < web.HTTPBadRequest.status_code:
            raise
        return _answer(request, _of_http_exception(error))
    except ConnectionResetError:
        raise
    except Exception as error:
        # Whoever waited to go on writing is told so when the client goes.
        if isinstance(error, ConnectionError) and is_gone(request):
            raise
        # The one edge: an error outside the tree is logged whole, and told to the client without its insides.
        logger.exception("unexpected error")
        return _answer(request, VocalyxError())


def _answer(request: web.Request, error: VocalyxError) -> web.Response:
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "remedy": error.remedy,
        "instance": request.path,
        "request_id": request[REQUEST_ID],
        "errors": _field_errors(error),
    }
    if request.get(REFUSED_ON) and best(request.headers.get("Accept"), [_PROBLEM, "text/html"]) == "text/html":
        # Behind the '#', as a login's code: the page words it, and no log or server has it from there.
        location = f"{request[REFUSED_ON]}#error={error.code}"
        return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    headers = {}
    if isinstance(error, ChangedMeanwhile):
        headers["ETag"] = error.etag
        if may_read(request[PRINCIPAL]):
            body["current"] = error.current
        else:
            body["remedy"] = PreconditionFailed.default_remedy
    if isinstance(error, DependencyDown):
        headers["Retry-After"] = _RETRY_AFTER_SECONDS
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MissingScope):
        # As RFC 6750 has it.
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, MethodNotAllowed) and error.field:
        headers["Allow"] = error.field
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    if request.path.startswith(OPENAI_PREFIX):
        if sent_again_in_vain(error):
            headers["X-Should-Retry"] = "false"
        return web.json_response(openai_error(error), status=error.status, headers=headers)
    return web.json_response(body, status=error.status, headers=headers, content_type=_PROBLEM)


def _field_errors(error: VocalyxError) -> list[dict[str, Any]]:
    if isinstance(error, InvalidFields):
        return [completed(fault) for fault in error.errors]
    if error.field and not isinstance(error, MethodNotAllowed):
        return [completed({"field": error.field, "code": error.fault or error.code, "message": error.detail})]
    return []


def _of_http_exception(error: web.HTTPException) -> VocalyxError:
    if isinstance(error, web.HTTPNotFound):
        return NotFound("There is nothing at this address.", remedy="Compare the address with the API guide.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return MethodNotAllowed(
            f"{error.method} is not known at this address.", remedy=f"Use one of: {allowed}.", field=allowed
        )
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return RequestTooLarge()
    return BadRequest(error.text or error.reason)

"""The `If-Match` header: what a client has read before it changes something."""

from aiohttp import web

from app.core.errors import BadRequest, PreconditionRequired
from app.core.preconditions import IfMatch

_LONGEST = 1000


def if_match(request: web.Request) -> IfMatch:
    """Return the entity tags that the request is made to.

    `PreconditionRequired` where it names none, `BadRequest` where they are none. A weak tag (`W/"…"`) matches nothing.
    """
    header = ",".join(request.headers.getall("If-Match", []))
    if not header.strip():
        raise PreconditionRequired
    if header.strip() == "*":
        return IfMatch(None)
    tags = [tag.strip() for tag in header.split(",")]
    if len(header) > _LONGEST or not all(_is_tag(tag) for tag in tags):
        raise BadRequest(
            "The If-Match header is no list of entity tags.",
            remedy="Send the 'etag' that you have read as it is, quotes included.",
        )
    return IfMatch(frozenset(tags))


def _is_tag(tag: str) -> bool:
    quoted = tag.removeprefix("W/")
    return len(quoted) > 1 and quoted[0] == quoted[-1] == '"' and '"' not in quoted[1:-1]

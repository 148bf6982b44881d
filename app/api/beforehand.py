"""What a handler may have begun for it while the credentials of its request are looked up."""

from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

_ATTRIBUTE = "__vocalyx_beforehand__"

Handler = TypeVar("Handler", bound=Callable[..., Any])
Beginning = Callable[[web.Request], None]


def beforehand(begin: Beginning) -> Callable[[Handler], Handler]:
    """Have `begin` called before a request's credentials are known to be good: it asks, changes nothing, tells nobody."""

    def note(handler: Handler) -> Handler:
        setattr(handler, _ATTRIBUTE, begin)
        return handler

    return note


def beginning_of(handler: object) -> Beginning | None:
    """Return what this handler has begun; None where it is nothing."""
    found: Beginning | None = getattr(handler, _ATTRIBUTE, None)
    return found

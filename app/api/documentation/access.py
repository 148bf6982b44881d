"""Who may do what, as a table: `python -m app.api.documentation.access > docs/access.md` writes it anew.

The same function that fills the table's cells tells the test what to expect when it tries each of them.
"""

import sys
from enum import StrEnum

from aiohttp import web

from app.api.application import create_app
from app.api.contract import Access, Contract, Route, Tag, promised_routes
from app.core.access import Role
from app.settings import Settings


class Caller(StrEnum):
    """Everybody who may stand before a route about one project."""

    NOBODY = "nobody"
    OUTSIDER = "outsider"
    OTHER_OWNER = "owner elsewhere"
    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    VIEWER_KEY = "viewer key"
    EDITOR_KEY = "editor key"
    OWNER_KEY = "owner key"
    OTHER_KEY = "key elsewhere"

    @property
    def role(self) -> Role | None:
        """Their role in the project."""
        return _ROLES.get(self)

    @property
    def is_key(self) -> bool:
        return self in _KEYS


class Outcome(StrEnum):
    """What comes of it: `ALLOWED` is any answer that is no refusal of whoever asks."""

    ALLOWED = "yes"
    NOT_AUTHENTICATED = "401"
    NOT_PERMITTED = "403"
    NOT_FOUND = "404"


_ROLES = {
    Caller.VIEWER: Role.VIEWER,
    Caller.EDITOR: Role.EDITOR,
    Caller.OWNER: Role.OWNER,
    Caller.VIEWER_KEY: Role.VIEWER,
    Caller.EDITOR_KEY: Role.EDITOR,
    Caller.OWNER_KEY: Role.OWNER,
}
_KEYS = frozenset({Caller.VIEWER_KEY, Caller.EDITOR_KEY, Caller.OWNER_KEY, Caller.OTHER_KEY})

_HEAD = """\
# Who may do what

Written by `make docs` from the contracts beside the handlers; a test holds this file against them, and another one tries
every cell on the running API.

**nobody** sends no credentials. An **outsider** is a user who is a member of no project, **owner elsewhere** and **key
elsewhere** belong to another project. **viewer**, **editor**, **owner** are users with this role in the project that the
request is about, **… key** its API keys; the **administrator** is a member of no project.

**yes**: the request is taken for what it says (it may still be refused for that: 409, 422, …). **401**: credentials are
needed. **403**: the role does not allow it. **404**: what belongs to other people's projects does not exist. Lists hold
what the caller may see, and nothing else.

A key may be narrowed to **scopes**, within its role: where it lacks the one in the last column it gets 403 with the code
`missing-scope`. Where none is named, its scopes do not matter.

The workers' own routes, under `/internal/`, take the internal key alone: to everybody here they answer 401.
"""


def outcome(access: Access, caller: Caller) -> Outcome:
    """Return what a route of this access answers this caller; one about a project answers for that project."""
    if access is Access.PUBLIC:
        return Outcome.ALLOWED
    if caller is Caller.NOBODY or access is Access.WORKER:
        return Outcome.NOT_AUTHENTICATED
    if access is Access.SIGNED_IN or caller is Caller.ADMINISTRATOR:
        return Outcome.ALLOWED
    if access.role is None:
        allowed = access is Access.PERSON and not caller.is_key
    elif caller.role is None:
        return Outcome.NOT_FOUND
    else:
        allowed = caller.role.covers(access.role)
    return Outcome.ALLOWED if allowed else Outcome.NOT_PERMITTED


def table(application: web.Application) -> str:
    """Return the whole of `docs/access.md`."""
    promised = promised_routes(application)
    chapters = [_chapter(tag, promised) for tag in Tag if any(contract.tag is tag for _, contract in promised)]
    return "\n".join([_HEAD, *chapters])


def _chapter(tag: Tag, promised: list[tuple[Route, Contract]]) -> str:
    head = ["route", *Caller, "scope"]
    rows = [
        [f"`{route.method} {route.path}`", *(outcome(contract.access, caller) for caller in Caller), _shown(contract)]
        for route, contract in promised
        if contract.tag is tag
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---", *[":-:"] * len(Caller), "---"], *rows)]
    return f"## {tag}\n\n" + "\n".join(lines) + "\n"


def _shown(contract: Contract) -> str:
    return f"`{contract.scope}`" if contract.scope else ""


if __name__ == "__main__":
    sys.stdout.write(table(create_app(Settings())))

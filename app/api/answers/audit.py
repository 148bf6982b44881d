"""What the audit log tells."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.core.audit import ActorKind, Outcome


class AuditActor(Answer):
    """Who did it. `command` is a command line on the server, under the account that `name` says."""

    kind: ActorKind
    id: Annotated[UUID | None, Field(description="The user's or the key's.")]
    name: Annotated[str | None, Field(description="As it was then; a key's with `key:` before it.")]


class AuditThing(Answer):
    """What it was done to."""

    kind: str
    id: str | None


class AuditEntry(Answer):
    id: Annotated[int, Field(description="The higher, the later.")]
    at: dt.datetime
    action: Annotated[str, Field(description="Stable, for programs. A later release may add some.")]
    outcome: Annotated[Outcome, Field(description="`refused`: it was tried, and nothing was done.")]
    actor: AuditActor
    thing: AuditThing | None
    project_id: UUID | None
    address: Annotated[str | None, Field(description="Where the request came from.")]
    request_id: Annotated[str | None, Field(description="Also in the server's log.")]
    details: Annotated[
        dict[str, Any], Field(description="What else is worth knowing, by action. No secrets, no texts.")
    ]


class AuditPage(Answer):
    items: list[AuditEntry]
    next_cursor: Annotated[str | None, Field(description="`null`: this is the last page.")]

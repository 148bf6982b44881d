"""People, and who they are found to be."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.core.access import Role, Scope


class LoginWays(Answer):
    password: bool
    provider: Annotated[
        str | None,
        Field(
            description="What a browser opens to log in by the provider and come back to the page; `null`: there is none."
        ),
    ]


class AccessToken(Answer):
    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    token_type: Literal["bearer"]
    expires_in: Annotated[int, Field(description="Seconds until it ends.")]


class Me(Answer):
    id: Annotated[UUID | None, Field(description="The user's; `null` for an API key.")]
    name: str
    administrator: bool
    roles: Annotated[dict[UUID, Role], Field(description="By the project's id.")]
    scopes: Annotated[
        list[Scope] | None, Field(description="What a key is narrowed to; `null`: all that the role allows.")
    ]
    password_change_due: Annotated[
        bool, Field(description="Whether this login is good for changing its password alone.")
    ]
    expires_at: Annotated[dt.datetime | None, Field(description="When a key ends; `null`: it does not.")]


class Session(Answer):
    """A login, and what it came with."""

    id: UUID
    current: Annotated[bool, Field(description="The one that asks.")]
    created_at: dt.datetime
    last_used_at: Annotated[dt.datetime, Field(description="To the minute.")]
    expires_at: dt.datetime
    user_agent: Annotated[str | None, Field(description="As the program called itself.")]
    address: Annotated[str | None, Field(description="Where it came from.")]


class SessionList(Answer):
    items: Annotated[list[Session], Field(description="The 200 used last.")]


class LinkedIdentity(Answer):
    """Which subject of the provider of logins a user is."""

    username: str
    issuer: str
    subject: str
    created_at: dt.datetime
    last_login_at: dt.datetime | None


class User(Answer):
    id: UUID
    username: str
    administrator: bool
    active: bool
    must_change_password: Annotated[bool, Field(description="Before they do anything else.")]
    created_at: dt.datetime


class UserList(Answer):
    items: list[User]
    next_cursor: Annotated[str | None, Field(description="Send it as `cursor` for the next page; `null`: no more.")]

"""People, and who they are found to be."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.api.answers.base import Answer
from app.core.access import Role


class AccessToken(Answer):
    access_token: Annotated[str, Field(description="Send it as `Authorization: Bearer …`.")]
    token_type: Literal["bearer"]
    expires_in: Annotated[int, Field(description="Seconds until it ends.")]


class Me(Answer):
    id: Annotated[UUID | None, Field(description="The user's; `null` for an API key.")]
    name: str
    administrator: bool
    roles: Annotated[dict[UUID, Role], Field(description="By the project's id.")]


class User(Answer):
    id: UUID
    username: str
    administrator: bool
    active: bool
    created_at: dt.datetime


class UserList(Answer):
    items: list[User]

"""Who may do what: a role in a project, or the site's administrator; and within a role, what a key is narrowed to."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.core.audit import Actor, ActorKind
from app.core.errors import MissingScope, NotPermitted, NotYours, PasswordChangeDue
from app.core.identifiers import ProjectId, UserId


class Role(StrEnum):
    """The roles of a project, each holding the rights of those before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Scope(StrEnum):
    """What an API key may be narrowed to. None holds another one: who sends and reads has both."""

    TRANSCRIPTIONS_READ = "transcriptions:read"
    TRANSCRIPTIONS_WRITE = "transcriptions:write"
    PROJECTS_READ = "projects:read"
    PROJECTS_MANAGE = "projects:manage"

    @property
    def role(self) -> Role:
        """The lowest role that has any use for it."""
        return _ROLES_OF_SCOPES.get(self, Role.VIEWER)


_ROLES_OF_SCOPES = {Scope.TRANSCRIPTIONS_WRITE: Role.EDITOR, Scope.PROJECTS_MANAGE: Role.OWNER}


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever sends a request: a user, or a program with a project's key (then `user` is None, and `key` its id).

    `session` is the login that a user's token stands for. A key's `scopes` are None where it may do all that its role
    allows, its `expires_at` where it does not end. `password_change_due`: the login is good for changing the password alone.
    """

    user: UserId | None
    name: str
    administrator: bool = False
    roles: Mapping[ProjectId, Role] = field(default_factory=dict)
    session: UUID | None = None
    scopes: Collection[Scope] | None = None
    expires_at: dt.datetime | None = None
    key: UUID | None = None
    password_change_due: bool = False

    @property
    def actor(self) -> Actor:
        """Who this is in the audit log."""
        kind = ActorKind.KEY if self.user is None else ActorKind.USER
        return Actor(kind, self.user or self.key, self.name)

    def may_see(self, project: ProjectId) -> bool:
        return self.administrator or project in self.roles

    def require(self, project: ProjectId, needed: Role) -> None:
        """Raise `NotFound` where the project is not this principal's to know of, `NotPermitted` where the role is too low."""
        if self.administrator:
            return
        role = self.roles.get(project)
        if role is None:
            raise NotYours(project=project)
        if not role.covers(needed):
            refused = NotPermitted(f"This needs the role '{needed}' in the project; yours is '{role}'.")
            refused.project = project
            raise refused

    def require_own_password(self) -> None:
        """Raise `PasswordChangeDue` where this is a login by a password that somebody else has chosen."""
        if self.password_change_due:
            raise PasswordChangeDue

    def require_scope(self, needed: Scope | None) -> None:
        """Raise `MissingScope` where this is a key that was narrowed to other things."""
        if needed is not None and self.scopes is not None and needed not in self.scopes:
            raise MissingScope(needed)

    def require_user(self) -> UserId:
        """Return the user; `NotPermitted` for a key."""
        if self.user is None:
            raise NotPermitted("A key belongs to a project, not to a user.", remedy="Log in at POST /api/auth/token.")
        return self.user

    def require_unlimited(self) -> None:
        """Raise `NotPermitted` for a key that is narrowed or ends: by another key or a member it would be more than it is."""
        if self.scopes is not None or self.expires_at is not None:
            raise NotPermitted(
                "A key with scopes or an expiry of its own makes no keys or members, and gives no key a new secret.",
                remedy="Do it as an owner of the project, or with a key that has neither.",
            )

    def require_administrator(self) -> None:
        if not self.administrator:
            raise NotPermitted(
                "Only an administrator of the site may do this.", remedy="Ask an administrator to do it for you."
            )

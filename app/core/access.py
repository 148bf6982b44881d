"""Who may do what: a role in a project, or the site's administrator."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.errors import NotFound, NotPermitted
from app.core.identifiers import ProjectId, UserId


class Role(StrEnum):
    """The roles of a project, each holding the rights of those before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever sends a request: a user, or a program with a project's key (then `user` is None)."""

    user: UserId | None
    name: str
    administrator: bool = False
    roles: Mapping[ProjectId, Role] = field(default_factory=dict)

    def may_see(self, project: ProjectId) -> bool:
        return self.administrator or project in self.roles

    def require(self, project: ProjectId, needed: Role) -> None:
        """Raise `NotFound` where the project is not this principal's to know of, `NotPermitted` where the role is too low."""
        if self.administrator:
            return
        role = self.roles.get(project)
        if role is None:
            raise NotFound
        if not role.covers(needed):
            raise NotPermitted(f"This needs the role '{needed}' in the project; yours is '{role}'.")

    def require_administrator(self) -> None:
        if not self.administrator:
            raise NotPermitted(
                "Only an administrator of the site may do this.", remedy="Ask an administrator to do it for you."
            )

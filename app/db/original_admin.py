"""Users and their projects as the interface of the first Vocalyx has them, one transaction a function.

There a user saw a project, with everything in it, or did not; here that is a membership with the role of an editor.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.core.access import Role
from app.core.errors import NotFound
from app.core.identifiers import EventId
from app.db import accounts, projects, users
from app.db.tables import Membership, Project, User


def list_all() -> list[tuple[User, list[Project]]]:
    """Return every user by name, each with the projects that they are members of."""
    return _with_projects(accounts.list_users())


def create(username: str, password_hash: str, *, administrator: bool) -> tuple[User, list[Project]]:
    """Add a user, who is a member of no project yet; `Conflict` where the name is taken."""
    return accounts.add_user(username, password_hash, administrator=administrator), []


def assign(user: UUID, project: UUID) -> tuple[User, list[Project], EventId | None]:
    """Make a user an editor of a project; who is a member already keeps the role. `NotFound` where one of them is not there."""
    member = users.get(user)
    event = projects.add_member(_project(project), member, Role.EDITOR)
    return *_one(member), event


def remove(user: UUID, project: UUID) -> tuple[User, list[Project], EventId | None]:
    """Let a user be a member of a project no more; who was none is none. `NotFound` where one of them is not there."""
    member, place = users.get(user), _project(project)
    known = Membership.select().where(Membership.user == member, Membership.project == place).exists()
    event = projects.remove_member(place, member.username) if known else None
    return *_one(member), event


def _project(project: UUID) -> Project:
    found: Project | None = Project.get_or_none(Project.id == project)
    if found is None:
        raise NotFound("There is no such project.", remedy="GET /api/projects lists them.")
    return found


def _one(user: User) -> tuple[User, list[Project]]:
    [found] = _with_projects([user])
    return found


def _with_projects(found: Sequence[User]) -> list[tuple[User, list[Project]]]:
    memberships: Any = (
        Membership.select(Membership.user, Project)
        .join(Project)
        .where(Membership.user.in_([user.id for user in found]))
        .order_by(Project.name)
    )
    of_user: dict[UUID, list[Project]] = {user.id: [] for user in found}
    for membership in memberships:
        of_user[membership.user_id].append(membership.project)
    return [(user, of_user[user.id]) for user in found]

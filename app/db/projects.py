"""Projects and their members."""

from typing import Any
from uuid import UUID

from peewee import IntegrityError

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, NameTaken, NotFound, NotYours
from app.core.identifiers import EventId, ProjectId
from app.db import audit, events, voiceprints
from app.db.tables import Membership, Project, Transcription, User, database
from app.db.unheld import LegalHoldInForce

_NAMED_PROJECTS = 20


def list_projects(principal: Principal) -> list[Project]:
    """Return the projects that this principal is a member of; an administrator sees all."""
    return list(_visible(principal))


def create_project(name: str, owner: UUID | None) -> Project:
    """Add a project, with its creator as its owner."""
    try:
        with database.atomic():
            project = Project.create(name=name)
    except IntegrityError as error:
        raise NameTaken(
            f"There is a project named {name!r} already.", remedy="Choose another name.", field="name"
        ) from error
    audit.record(Action.PROJECT_CREATED, project.id, project=project.id, name=name)
    if owner is not None:
        Membership.create(user=owner, project=project, role=Role.OWNER)
        events.append_access(user=owner, project=project.id)
    return project


def get_project(principal: Principal, project: UUID, needed: Role) -> Project:
    """Return a project in which the principal has at least the needed role; `NotFound` or `NotPermitted` otherwise."""
    principal.require(ProjectId(project), needed)
    found: Project | None = Project.get_or_none(Project.id == project)
    if found is None:
        raise NotFound
    return found


def find_project(principal: Principal, wanted: str | None) -> Project:
    """Return the project of this id or name; with None the only one there is for this principal."""
    visible = _visible(principal)
    named: Project | None
    if wanted is None:
        some = list(visible.limit(_NAMED_PROJECTS + 1))
        if len(some) == 1:
            named = some[0]
            return named
        names = ", ".join(project.name for project in some[:_NAMED_PROJECTS]) or "none"
        more = ", …" if len(some) > _NAMED_PROJECTS else ""
        raise NotFound(
            "The request names no project, and it is not clear which one is meant.",
            remedy=f"Send the field 'project' with an id or a name. Yours: {names}{more}.",
            field="project",
        )
    # An id is an id: a project that is named like another one's id is not mistaken for it.
    named = visible.where(Project.id == _as_id(wanted)).first() or visible.where(Project.name == wanted).first()
    if named is None:
        unknown = "There is no such project, or you are not a member of it."
        others = Project.get_or_none((Project.id == _as_id(wanted)) | (Project.name == wanted))
        if others is not None:
            raise NotYours(unknown, field="project", project=others.id)
        raise NotFound(unknown, field="project")
    return named


def change_project(project: Project, *, name: str | None, recognise_speakers: bool | None) -> Project:
    """Rename a project, switch the recognition of speakers on or off, or both; None leaves a thing as it is."""
    if recognise_speakers is not None:
        voiceprints.switch(project, on=recognise_speakers)
    if name is not None:
        _rename(project, name)
    changes = {"name": name, "recognise_speakers": recognise_speakers}
    told: dict[str, Any] = {change: value for change, value in changes.items() if value is not None}
    audit.record(Action.PROJECT_CHANGED, project.id, project=project.id, **told)
    return project


def _rename(project: Project, name: str) -> None:
    project.name = name
    try:
        with database.atomic():
            project.save(only=[Project.name])
    except IntegrityError as error:
        raise NameTaken(
            f"There is a project named {name!r} already.", remedy="Choose another name.", field="name"
        ) from error


def delete_project(project: Project) -> EventId:
    """Remove an empty project that nothing holds."""
    locked: Any = Project.select(Project.legal_hold).where(Project.id == project).for_update().first()
    held = Transcription.select().where(Transcription.project == project, Transcription.legal_hold)
    if (locked and locked.legal_hold) or held.exists():
        raise LegalHoldInForce("The project is under a legal hold, or a transcription in it is.")
    if Transcription.select().where(Transcription.project == project).exists():
        raise _not_empty()
    try:
        with database.atomic():
            project.delete_instance()
    except IntegrityError as error:
        raise _not_empty() from error
    audit.record(Action.PROJECT_DELETED, project.id, project=project.id, name=project.name)
    return events.append_access(project=project.id)


def list_members(project: Project) -> list[Membership]:
    return list(
        Membership.select(Membership, User).join(User).where(Membership.project == project).order_by(User.username)
    )


def set_member(project: Project, username: str, role: Role) -> EventId:
    """Make a user a member, or change the role of one."""
    user = User.get_or_none(User.username == username)
    if user is None:
        raise NotFound(f"There is no user named {username!r}.", remedy="Ask an administrator to add the user first.")
    before = Membership.get_or_none(Membership.user == user, Membership.project == project)
    Membership.insert(user=user, project=project, role=role).on_conflict(
        conflict_target=[Membership.user, Membership.project], update={Membership.role: role}
    ).execute()
    action = Action.MEMBER_CHANGED if before else Action.MEMBER_ADDED
    audit.record(action, user.id, project=project.id, name=username, role=role, before=before and before.role)
    return events.append_access(user=user.id, project=project.id)


def add_member(project: Project, user: User, role: Role) -> EventId | None:
    """Make a user a member who is none yet; None where they are one already, who keeps the role."""
    added = Membership.insert(user=user, project=project, role=role).on_conflict_ignore().returning(Membership.user)
    if not list(added.execute()):
        return None
    audit.record(Action.MEMBER_ADDED, user.id, project=project.id, name=user.username, role=role, before=None)
    return events.append_access(user=user.id, project=project.id)


def remove_member(project: Project, username: str) -> EventId:
    user = User.get_or_none(User.username == username)
    if user is None or not Membership.delete().where(Membership.project == project, Membership.user == user).execute():
        raise NotFound(f"{username!r} is not a member of the project.")
    audit.record(Action.MEMBER_REMOVED, user.id, project=project.id, name=username)
    return events.append_access(user=user.id, project=project.id)


def _visible(principal: Principal) -> Any:
    query = Project.select().order_by(Project.name)
    return query if principal.administrator else query.where(Project.id.in_(list(principal.roles)))


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _not_empty() -> Conflict:
    return Conflict(
        "The project has transcriptions.", remedy="Delete its transcriptions first; nothing is deleted in passing."
    )

"""Projects' own sets of tasks, beside those that every project has. One transaction a function."""

from typing import Any
from uuid import UUID

from app.core.access import Principal, Role
from app.core.audit import Action
from app.core.errors import Conflict, NotFound
from app.core.task_sets import BUILT_IN, MAX_TASK_SETS, TaskSet, UnknownTaskSet
from app.db import audit, projects
from app.db.summaries import iso
from app.db.tables import Project, StoredTaskSet, now


def read_all(principal: Principal, project: UUID) -> list[dict[str, Any]]:
    """Return the sets that can be asked for in a project, by name: its own, and those that every project has."""
    found = projects.get_project(principal, project, Role.VIEWER)
    own = {stored.name: _shown(stored) for stored in _of(found.id)}
    every = {name: _shown_built_in(name) for name in BUILT_IN}
    return [shown for _, shown in sorted((every | own).items())]


def read(principal: Principal, project: UUID, name: str) -> dict[str, Any]:
    """Return one set. Raises `NotFound`."""
    found = projects.get_project(principal, project, Role.VIEWER)
    stored = _of(found.id).where(StoredTaskSet.name == name).first()
    if stored is not None:
        return _shown(stored)
    if name in BUILT_IN:
        return _shown_built_in(name)
    raise NotFound(f"The project has no set of tasks named {name!r}.")


def put(principal: Principal, project: UUID, name: str, task_set: TaskSet) -> tuple[dict[str, Any], bool]:
    """Make a set, or another one of it; return it and whether it is new. Raises `Conflict` where there are too many."""
    found = projects.get_project(principal, project, Role.OWNER)
    # Two who make one at the same time count one after the other.
    Project.select(Project.id).where(Project.id == found.id).for_update().execute()
    before = _of(found.id).where(StoredTaskSet.name == name).exists()
    if not before and _of(found.id).count() >= MAX_TASK_SETS:
        raise Conflict(
            f"The project has {MAX_TASK_SETS} sets of tasks.", remedy="Delete one that is not used any more."
        )
    values = {
        StoredTaskSet.definition: task_set.to_dict(),
        StoredTaskSet.changed_by: principal.name,
        StoredTaskSet.changed_at: now(),
    }
    key = {StoredTaskSet.project: found.id, StoredTaskSet.name: name}
    StoredTaskSet.insert(values | key).on_conflict(
        conflict_target=[StoredTaskSet.project, StoredTaskSet.name], update=values
    ).execute()
    audit.record(Action.TASK_SET_CHANGED, found.id, project=found.id, name=name)
    return _shown(_of(found.id).where(StoredTaskSet.name == name).get()), not before


def delete(principal: Principal, project: UUID, name: str) -> None:
    """Remove a project's own set. Raises `NotFound`, also for those that every project has."""
    found = projects.get_project(principal, project, Role.OWNER)
    gone = StoredTaskSet.delete().where(StoredTaskSet.project == found.id, StoredTaskSet.name == name).execute()
    if not gone:
        raise NotFound(
            f"The project has no set of tasks of its own named {name!r}.",
            remedy="Those that every project has are not deleted; one of your own with the same name takes their place.",
        )
    audit.record(Action.TASK_SET_DELETED, found.id, project=found.id, name=name)


def require(project: UUID, name: str | None) -> None:
    """Raise `UnknownTaskSet` where a set is asked for that the project has not; None: no set is asked for."""
    if name is not None and name not in BUILT_IN and not _of(project).where(StoredTaskSet.name == name).exists():
        raise UnknownTaskSet(f"The project has no set of tasks named {name!r}.", field="task_set")


def definition(project: UUID, name: str | None) -> dict[str, Any] | None:
    """Return a project's own set as workers are told it; None where it has none of this name."""
    stored = None if name is None else _of(project).where(StoredTaskSet.name == name).first()
    return None if stored is None else dict(stored.definition)


def _of(project: UUID) -> Any:
    return StoredTaskSet.select().where(StoredTaskSet.project == project)


def _shown(stored: Any) -> dict[str, Any]:
    return {
        "name": stored.name,
        "built_in": False,
        **stored.definition,
        "by": stored.changed_by,
        "changed_at": iso(stored.changed_at),
    }


def _shown_built_in(name: str) -> dict[str, Any]:
    return {"name": name, "built_in": True, **BUILT_IN[name].to_dict(), "by": None, "changed_at": None}

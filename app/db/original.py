"""What the interface of the first Vocalyx asks of the rows, one transaction a function."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

from peewee import fn

from app.core.access import Principal
from app.core.errors import NotPermitted
from app.core.states import TranscriptionState
from app.db import projects, transcriptions, work
from app.db.summaries import summarize_all
from app.db.tables import Project, Transcription, User


def read(principal: Principal, transcription: UUID) -> tuple[dict[str, Any], str]:
    """Return a transcription with its text, and its project's name."""
    body = transcriptions.read(principal, transcription)
    return body, project_name(UUID(body["project_id"]))


def project_name(project: UUID) -> str:
    name: str = Project.select(Project.name).where(Project.id == project).scalar()
    return name


def page(
    principal: Principal, *, number: int, limit: int, project: str | None, states: Collection[TranscriptionState]
) -> list[tuple[dict[str, Any], str]]:
    """Return a page of summaries with their projects' names, the newest first; pages are counted from 1."""
    query = _filtered(Transcription.without_turns(), principal, project, states)
    ordered = query.order_by(Transcription.created_at.desc(), Transcription.id.desc())
    rows = list(ordered.limit(limit).offset((number - 1) * limit))
    named = Project.select(Project.id, Project.name).where(Project.id.in_({row.project_id for row in rows}))
    names = {found.id: found.name for found in named}
    summaries = summarize_all(list(zip(rows, work.load_to_show(rows), strict=True)))
    return [(summary, names[row.project_id]) for row, summary in zip(rows, summaries, strict=True)]


def count(
    principal: Principal, *, project: str | None, states: Collection[TranscriptionState]
) -> dict[TranscriptionState, int]:
    """Return how many transcriptions there are in each state."""
    query = _filtered(Transcription.select(Transcription.state, fn.COUNT(Transcription.id)), principal, project, states)
    return {TranscriptionState(state): found for state, found in query.group_by(Transcription.state).tuples()}


def profile(principal: Principal) -> tuple[User, list[Project]]:
    """Return the user who asks, and the projects that they see; `NotPermitted` for a key."""
    user = None if principal.user is None else User.get_or_none(User.id == principal.user)
    if user is None:
        raise NotPermitted("A key belongs to a project, not to a user.", remedy="Log in at POST /api/auth/token.")
    return user, sorted(projects.list_projects(principal), key=_when_made, reverse=True)


def _when_made(project: Project) -> dt.datetime:
    moment: dt.datetime = project.created_at
    return moment


def _filtered(query: Any, principal: Principal, project: str | None, states: Collection[TranscriptionState]) -> Any:
    if not principal.administrator:
        query = query.where(Transcription.project.in_(list(principal.roles)))
    if project is not None:
        query = query.where(Transcription.project.in_(Project.select(Project.id).where(Project.name == project)))
    return query.where(Transcription.state.in_(list(states))) if states else query

"""Whether what was read of a transcription is still what stands there, for a small part of what reading it costs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.core.identifiers import ProjectId
from app.core.states import STOPPED_STATES
from app.db.prepared import Prepared

# All that is shown of a transcription, but its own row and its project's name.
_TABLES = ("enrichments", "speakers", "segments", "chunks", "jobs")


@dataclass(frozen=True, slots=True)
class Mark:
    """Another one means that something of the transcription has changed. It holds in this process's time alone."""

    project: ProjectId
    version: tuple[Any, ...]


_SUMS = ", ".join(
    f"(select count(*) || ':' || sum(part.xmin::text::bigint) from {table} part"  # noqa: S608 - named above
    " where part.transcription_id = transcriptions.id)"
    for table in _TABLES
)
_MARKS = Prepared(
    "marks_of_transcriptions",
    ["uuid[]", "text[]"],
    f"""
    select transcriptions.id, project_id, projects.name, transcriptions.xmin::text, {_SUMS}
    from transcriptions join projects on projects.id = project_id
    where transcriptions.id = any($1) and state = any($2)
    """,  # noqa: S608 - as above
)
_AT_REST = [str(state) for state in STOPPED_STATES]


def marks(transcriptions: Collection[UUID]) -> dict[UUID, Mark]:
    """Return the marks of those transcriptions that are at rest: the others change while they are read.

    PostgreSQL notes in each row which transaction wrote it (`xmin`), and numbers those upwards. So whatever is written,
    by whomever, changes the number of rows or the sum of these.
    """
    rows = _MARKS.rows([str(transcription) for transcription in transcriptions], _AT_REST)
    return {row[0]: Mark(ProjectId(row[1]), tuple(row[2:])) for row in rows}

"""Whose job a worker that is free ought to begin.

The project that has had the least of the workers' time in the last two minutes comes first, and within it the recording
that has had the least: usage that is forgotten again is what fair-share schedulers go by (Kay and Lauder 1988, "A Fair
Share Scheduler"). So a short recording begins at once behind a ten-hour one, and projects share the workers evenly
however much each of them sends.

Between projects a priority is a weight: to what is of high priority its project's usage counts a quarter, to what is of
low priority four times. Where that is equal, and so within a project, the higher priority comes first. A project that
calls all its work high gets four times the share of the others, and cannot keep them waiting for ever: whoever got
nothing for two minutes has used nothing.

A question comes before all that, as somebody sits and waits for the answer, until work that was asked for a minute ago
waits and all such work has had less than one of the last two minutes of a worker: then a job of it comes first. What is
measured is what the others had, not what questions took: those can be deleted, and asked in many projects.
"""

import json

from app.core.identifiers import JobId
from app.core.jobs import JobKind, JobState
from app.core.options import Priority
from app.db import question_jobs
from app.db.tables import database

REMEMBERED_SECONDS = 120

JUST_BEGUN_SECONDS = 5
"""What a running job counts for at least: many workers that ask at once shall not all be sent to the same recording."""

LEFT_SECONDS = REMEMBERED_SECONDS / 2
"""What questions leave to other work of the remembered time of one worker, and for how long they may keep it waiting."""

_WEIGHTS = {Priority.HIGH: 0.25, Priority.NORMAL: 1.0, Priority.LOW: 4.0}

_FIRST = """
with work as (
    select transcription_id, extract(epoch from
        case when state = %(running)s
            then greatest(clock_timestamp() - started_at, %(just_begun)s * interval '1 second')
            else finished_at - greatest(started_at, clock_timestamp() - %(remembered)s * interval '1 second')
        end) as seconds
    from jobs
    where kind = any(%(kinds)s) and (
        state = %(running)s
        or (started_at is not null and finished_at > clock_timestamp() - %(remembered)s * interval '1 second')
    )
), of_recording as (
    select transcription_id, project_id, sum(seconds) as seconds
    from work join transcriptions on transcriptions.id = work.transcription_id
    group by transcription_id, project_id
), of_project as (
    select project_id, sum(seconds) as seconds from of_recording group by project_id
)
select
    jobs.id,
    (select coalesce(sum(seconds), 0) from work) < %(left)s and exists (
        select
        from jobs as waiting
        join jobs as asked on asked.transcription_id = waiting.transcription_id
        where waiting.state = %(queued)s and waiting.kind = any(%(kinds)s) and asked.kind = any(%(kinds)s)
            and asked.queued_at < clock_timestamp() - %(left)s * interval '1 second'
    ) as before_questions
from jobs
join transcriptions on transcriptions.id = jobs.transcription_id
cross join lateral (
    select coalesce((%(weights)s::jsonb ->> (transcriptions.options ->> 'priority'))::float, 1) as weight
) as priority
left join of_project on of_project.project_id = transcriptions.project_id
left join of_recording on of_recording.transcription_id = jobs.transcription_id
where jobs.state = %(queued)s and jobs.kind = any(%(kinds)s)
order by
    coalesce(of_project.seconds, 0) * priority.weight,
    priority.weight,
    coalesce(of_recording.seconds, 0),
    jobs.queued_at,
    jobs.position
limit 1
"""


def first(kinds: list[JobKind]) -> JobId | None:
    """Return the queued job of these kinds that ought to be begun first, or None where none is queued.

    It is advice: a job may be gone when it is asked for, and claiming decides.
    """
    found = database.execute_sql(
        _FIRST,
        {
            "running": JobState.RUNNING,
            "queued": JobState.QUEUED,
            "just_begun": JUST_BEGUN_SECONDS,
            "remembered": REMEMBERED_SECONDS,
            "left": LEFT_SECONDS,
            "kinds": [str(kind) for kind in kinds],
            "weights": json.dumps(_WEIGHTS),
        },
    ).fetchone()
    job, before_questions = found or (None, False)
    if JobKind.QUESTION in kinds and not before_questions and (asked := question_jobs.first()) is not None:
        return asked
    return None if job is None else JobId(job)

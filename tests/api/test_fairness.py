"""Who comes first, and how much of one recording is in the queue."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from rq import Queue

from app.api.keys import DATABASE, REDIS
from app.core.jobs import JobState
from app.core.queue_window import WINDOW
from app.db.tables import Job, database
from app.queueing.queues import QueueName, open_queue
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.finished import finished
from tests.api.problems import problem
from tests.api.worker import Worker, part_of_plan

LONG = tuple((n * 100.0, n * 100.0 + 100.0) for n in range(12))


@dataclass
class Crew:
    """Workers that ask which job comes first, as the resident worker does, and never finish what they begin."""

    worker: Worker

    async def advised(self, queue: QueueName = QueueName.TRANSCRIPTION) -> str | None:
        headers = {"X-Internal-Key": self.worker.key}
        answer = await self.worker.client.post(f"/internal/queues/{queue}/first", json={}, headers=headers)
        assert answer.status == 200
        return (await answer.json())["job_id"]

    async def begin(self) -> dict[str, Any]:
        job = await self.advised()
        assert job is not None
        status, order = await self.worker.post(job, "claim", {"worker": "one of many"})
        assert status == 200
        self._queue.remove(job)
        return order

    async def plan(self, transcription: dict[str, Any], *chunks: tuple[float, float], **part: Any) -> None:
        order = await self.begin()
        assert (order["kind"], order["transcription_id"]) == ("plan", transcription["id"])
        await self.worker.report(order, "result", plan=part_of_plan(*chunks, **part))

    def waiting(self) -> list[str]:
        """What is in the queue in Redis."""
        return self._queue.job_ids

    @property
    def _queue(self) -> Queue:
        return open_queue(self.worker.client.app[REDIS], QueueName.TRANSCRIPTION)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """No lease runs out here: what is begun stays in hand."""
    return settings.model_copy(update={"lease": 600})


@pytest.fixture
def crew(worker: Worker) -> Crew:
    return Crew(worker)


async def test_a_recording_has_few_jobs_in_the_queue_and_all_workers_at_it(editor: Person, crew: Crew) -> None:
    await crew.plan(await editor.uploaded(), *LONG)
    begun = []
    while await crew.advised():
        assert 0 < len(crew.waiting()) <= WINDOW
        begun.append(await crew.begin())
    assert [order["chunk"]["start"] for order in begun if order["kind"] == "chunk"] == [start for start, _ in LONG]
    assert [order["kind"] for order in begun[:2]] == ["chunk", "voices"]


async def test_what_is_not_in_the_queue_yet_is_held(client: TestClient, editor: Person, crew: Crew) -> None:
    await crew.plan(await editor.uploaded(), *LONG)
    found = await client.app[DATABASE].run(lambda: [job.state for job in Job.select()])
    assert (found.count(JobState.QUEUED), found.count(JobState.HELD)) == (WINDOW, len(LONG) + 1 - WINDOW)


async def test_a_short_recording_behind_a_long_one_is_next(editor: Person, crew: Crew, worker: Worker) -> None:
    await crew.plan(await editor.uploaded(), *LONG)
    for _ in range(2):
        await crew.begin()
    short = await editor.uploaded()
    await crew.plan(short, (0.0, 9.0))
    kinds = []
    for _ in range(3):
        order = await crew.begin()
        assert order["transcription_id"] == short["id"]
        kinds.append(order["kind"])
        await worker.report(order, "result", **await worker.result_of(order))
    assert kinds == ["chunk", "voices", "diarization"]


async def test_projects_share_the_workers_evenly_however_much_they_send(
    editor: Person, stranger: Person, crew: Crew
) -> None:
    for _ in range(4):
        await crew.plan(await editor.uploaded(), *LONG, stretches=())
    other = await stranger.uploaded()
    await crew.plan(other, *LONG, stretches=())
    begun = [(await crew.begin())["transcription_id"] == other["id"] for _ in range(16)]
    assert sum(begun) == 8
    # At no time is one project ahead by more than a job or two.
    assert all(abs(2 * sum(begun[:n]) - n) <= 2 for n in range(len(begun)))


async def test_recordings_of_one_project_share_its_workers_evenly(editor: Person, crew: Crew) -> None:
    recordings = [await editor.uploaded() for _ in range(3)]
    for recording in recordings:
        await crew.plan(recording, *LONG, stretches=())
    begun = [(await crew.begin())["transcription_id"] for _ in range(12)]
    assert [begun.count(recording["id"]) for recording in recordings] == [4, 4, 4]


async def test_high_priority_takes_a_larger_share_and_starves_nobody(
    editor: Person, stranger: Person, crew: Crew
) -> None:
    """The weights of `app.db.fairness`: what is high counts a quarter, so four jobs to one."""
    for _ in range(3):
        await crew.plan(await editor.uploaded(priority="high"), *LONG, stretches=())
    other = await stranger.uploaded(priority="normal")
    begun = []
    for _ in range(20):
        order = await crew.begin()
        begun.append(order["transcription_id"] == other["id"])
        if order["kind"] == "plan":
            await crew.worker.report(order, "result", plan=part_of_plan(*LONG, stretches=()))
    assert 3 <= sum(begun) <= 5
    assert begun.index(True) < 5


async def test_where_usage_is_equal_priorities_decide(editor: Person, stranger: Person, crew: Crew) -> None:
    sent = {}
    for person, priority in ((editor, "low"), (editor, "normal"), (stranger, "high"), (editor, "high")):
        sent[(await person.uploaded(priority=priority))["id"]] = priority
    begun = [sent[(await crew.begin())["transcription_id"]] for _ in range(4)]
    assert begun == ["high", "high", "normal", "low"]


async def test_what_was_used_long_ago_does_not_count(client: TestClient, editor: Person, crew: Crew) -> None:
    first = await editor.uploaded()
    await crew.plan(first, *LONG, stretches=())
    order = await crew.begin()
    await crew.worker.report(order, "result", **await crew.worker.result_of(order))
    newer = await editor.uploaded()

    def long_ago() -> None:
        moment = "2000-01-01"
        Job.update(started_at=moment, finished_at=moment).where(Job.state == JobState.DONE).execute()

    assert (await crew.advised()) in {str(job) for job in await client.app[DATABASE].run(lambda: _jobs(newer))}
    await client.app[DATABASE].run(long_ago)
    assert (await crew.advised()) in {str(job) for job in await client.app[DATABASE].run(lambda: _jobs(first))}


async def test_questions_keep_enrichments_waiting_for_a_minute_and_leave_them_half_of_a_workers_time(
    client: TestClient, editor: Person, stranger: Person, crew: Crew
) -> None:
    """However many are asked: one always waits here, and is deleted at the end, so that nothing tells of its time."""
    for _ in range(2):
        enriched = await finished(client, "second")
        assert (await stranger.post(f"/api/transcriptions/{enriched}/enrichments", json={})).status == 202
    about = await finished(client)

    async def begun() -> dict[str, Any]:
        answer = await editor.post(f"/api/transcriptions/{about}/questions", json={"question": "What was said?"})
        question = (await answer.json())["id"]
        job = await crew.advised(QueueName.ENRICHMENT)
        assert job is not None
        status, order = await crew.worker.post(job, "claim", {"worker": "one of many", "parts": True})
        assert status == 200
        assert (await editor.delete(f"/api/questions/{question}")).status == 204
        return order

    async def passed(seconds: int) -> None:
        statement = """
        update jobs set queued_at = queued_at - %(passed)s, started_at = started_at - %(passed)s,
            finished_at = finished_at - %(passed)s
        """
        values = {"passed": dt.timedelta(seconds=seconds)}
        await client.app[DATABASE].run(database.execute_sql, statement, values)

    assert (await begun())["kind"] == "question"
    await passed(30)
    assert (await begun())["kind"] == "question"
    await passed(40)
    enrichment = await begun()
    assert enrichment["kind"] == "enrichment"
    await passed(60)
    assert (await begun())["kind"] == "question"
    assert (await crew.worker.report(enrichment, "result", **await crew.worker.result_of(enrichment)))[0] == 200
    await passed(30)
    assert (await begun())["kind"] == "question"
    await passed(40)
    assert (await begun())["kind"] == "enrichment"


def _jobs(transcription: dict[str, Any]) -> list[Any]:
    return [job.id for job in Job.select().where(Job.transcription == transcription["id"])]


async def test_an_empty_queue_advises_nothing_and_an_unknown_one_is_not_found(crew: Crew, worker: Worker) -> None:
    assert await crew.advised() is None
    headers = {"X-Internal-Key": worker.key}
    await problem(await worker.client.post("/internal/queues/other/first", json={}, headers=headers), 404, "not-found")


async def test_the_jobs_of_a_transcription_tell_what_was_done_and_how_long_it_took(
    editor: Person, stranger: Person, worker: Worker
) -> None:
    created = await editor.uploaded(enrichment="false", diarization="false")
    await worker.plan((0.0, 9.0))
    order = await worker.claim()
    await worker.report(order, "result", metrics={"decoder_seconds": 1.5}, **await worker.result_of(order))
    answer = await editor.get(f"/api/transcriptions/{created['id']}/jobs")
    jobs = (await answer.json())["items"]
    assert [(job["kind"], job["state"], job["start"], job["seconds"]) for job in jobs] == [
        ("plan", "done", 0.0, 9.0),
        ("chunk", "done", 0.0, 9.0),
    ]
    assert jobs[1]["metrics"] == {"decoder_seconds": 1.5}
    assert jobs[1]["worker"] == "test-worker"
    assert jobs[1]["started_at"] <= jobs[1]["finished_at"]
    await problem(await stranger.get(f"/api/transcriptions/{created['id']}/jobs"), 404, "not-found")

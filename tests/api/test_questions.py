"""Questions to recordings: asked, worked on under a lease, answered with what holds, seen by whom they concern."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from app.api.answers.questions import Question, QuestionList
from app.api.keys import DATABASE, REDIS
from app.core.access import Role
from app.core.questions import KEYS_UNFINISHED_LIMIT, UNFINISHED_LIMIT
from app.db import passages
from app.db.tables import Project as ProjectRow
from app.db.tables import Segment as SegmentRow
from app.db.tables import now
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.finished import finished, project_id
from tests.api.problems import fields, problem
from tests.api.test_api_keys import has_ended, made
from tests.api.worker import Worker, answer_to

FAILURE = {"code": "model-server-down", "detail": "It is away.", "remedy": "Wait.", "retryable": True}
QUESTION = "What was said in the morning?"


async def asked(person: Person, about: str, **body: Any) -> dict[str, Any]:
    answer = await person.post(f"/api/{about}/questions", json={"question": QUESTION} | body)
    assert answer.status == 202, await answer.text()
    question = Question.model_validate_json(await answer.text(), strict=True)
    assert answer.headers["Location"] == f"/api/questions/{question.id}"
    values: dict[str, Any] = await answer.json()
    return values


async def read(person: Person, question: dict[str, Any]) -> dict[str, Any]:
    answer = await person.get(f"/api/questions/{question['id']}")
    assert answer.status == 200, await answer.text()
    Question.model_validate_json(await answer.text(), strict=True)
    values: dict[str, Any] = await answer.json()
    return values


async def claimed(worker: Worker) -> dict[str, Any]:
    order = await worker.claim(QueueName.ENRICHMENT)
    assert order["kind"] == "question"
    return order


async def messages(answer: ClientResponse) -> list[dict[str, Any]]:
    """Everything that a stream says until it ends."""
    text = (await answer.read()).decode()
    return [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]


async def test_a_question_is_answered_with_quotes_and_their_times(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    about = await finished(client)
    question = await asked(editor, f"transcriptions/{about}", language="fr")
    assert (question["state"], question["asked_by"], question["transcription_id"]) == ("queued", "editor", about)

    order = await claimed(worker)
    assert (order["question"], order["language"]) == (QUESTION, "fr")
    assert [(each["text"], each["speaker"]) for each in order["passages"]] == [
        ("Good morning, all.", "SPEAKER_00"), ("And to you.", "SPEAKER_01"),
    ]  # fmt: skip
    assert (await read(editor, question))["state"] == "processing"
    await worker.report(order, "progress", stage="answering", percent=40, answers={"text": "Good m"})
    assert (await read(editor, question))["written"] == "Good m"
    sources = [
        {"transcription": about, "segment": 0, "quote": "good morning all"},
        {"transcription": about, "segment": 1, "quote": "nobody said this here"},
        {"transcription": about, "segment": 99, "quote": "And to you."},
    ]
    status, taken = await worker.report(order, "result", answer=answer_to(order, sources=sources), metrics={})
    assert (status, taken) == (200, {"accepted": True})

    found = await read(editor, question)
    assert (found["state"], found["written"], found["model"]) == ("done", "", "a-model")
    assert found["answer"] == {
        "text": "An answer.",
        "found": True,
        "sources": [{"transcription": about, "segment": 0, "start": 0.0, "quote": "Good morning, all"}],
        "segments_read": 2,
        "segments": 2,
    }
    assert found["tokens"]["evaluated"] == 7
    # The second result of a job that ran twice changes nothing.
    assert await worker.report(order, "result", answer=answer_to(order, text="Another."), metrics={}) == (
        200, {"accepted": False},
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"sources": []},
        {"found": False},
        {
            "sources": [
                {"transcription": "4b8a3e0e-0000-4000-8000-000000000000", "segment": 0, "quote": "Good morning, all."}
            ]
        },
    ],
)
async def test_an_answer_without_a_source_that_holds_is_given_as_not_found(
    client: TestClient, editor: Person, worker: Worker, changed: dict[str, Any]
) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    order = await claimed(worker)
    await worker.report(order, "result", answer=answer_to(order, **changed), metrics={})

    answer = (await read(editor, question))["answer"]
    assert (answer["found"], answer["text"], answer["sources"]) == (False, "It does not say.", [])


async def test_over_a_project_its_own_recordings_are_read_and_no_others(
    client: TestClient, editor: Person, stranger: Person, worker: Worker
) -> None:
    mine, theirs = await finished(client), await finished(client, "second")
    question = await asked(editor, f"projects/{await project_id(client)}")
    order = await claimed(worker)

    assert {each["transcription"] for each in order["passages"]} == {mine}
    # A worker that was talked into quoting another project's recording is not believed.
    foreign = [{"transcription": theirs, "segment": 0, "quote": "Good morning, all."}]
    await worker.report(order, "result", answer=answer_to(order, sources=foreign), metrics={})
    found = await read(editor, question)
    assert (found["answer"]["found"], found["answer"]["sources"]) == (False, [])
    assert theirs not in json.dumps(found)

    await problem(await stranger.get(f"/api/questions/{question['id']}"), 404, "not-found")
    for about in (f"transcriptions/{mine}", f"projects/{await project_id(client)}"):
        await problem(await stranger.post(f"/api/{about}/questions", json={"question": QUESTION}), 404, "not-found")


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Qui a dit bonjour à tous, et quand ?", "fr"),
        ("Who said good morning to all of us?", "en"),
        ("Morning?", "en"),
        ("Hippopotame ?", None),
        ("Should I say a good morning to a tenant?", "en"),
    ],
)
async def test_over_a_project_the_answer_is_in_the_language_of_the_question(
    client: TestClient, editor: Person, worker: Worker, question: str, language: str | None
) -> None:
    """Or, where that is not to be told from it, of what was said; or it is left to the model."""
    await finished(client)
    await asked(editor, f"projects/{await project_id(client)}", question=question)

    assert (await claimed(worker))["language"] == language


async def test_what_nobody_says_finds_no_passage_in_a_project(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    await finished(client)
    await asked(editor, f"projects/{await project_id(client)}", question="Hippopotamus?")

    assert (await claimed(worker))["passages"] == []


async def test_words_like_operators_and_quotes_are_words(client: TestClient, editor: Person, worker: Worker) -> None:
    await finished(client)
    await asked(editor, f"projects/{await project_id(client)}", question="Who said 'morning' & | !:* \\ <-> \" -- ; (?")

    assert (await claimed(worker))["passages"]


@pytest.mark.parametrize("way", ["left", "removed", "revoked", "rotated", "ended"])
async def test_who_lost_the_project_meanwhile_has_nothing_shown_to_the_model(
    client: TestClient, owner: Person, administrator: Person, person: MakePerson, worker: Worker, way: str
) -> None:
    about = f"transcriptions/{await finished(client)}"
    project = await project_id(client)
    keys = f"/api/projects/{project}/keys"
    if way in ("left", "removed"):
        asker = await person("asker", project="first")
    else:
        key, asker = await made(owner, keys, role="viewer")
    question = await asked(asker, about)
    if way == "left":
        answer = await owner.delete(f"/api/projects/{project}/members/asker")
    elif way == "removed":
        users = (await (await administrator.get("/api/users")).json())["items"]
        [user] = [user["id"] for user in users if user["username"] == "asker"]
        answer = await administrator.delete(f"/api/users/{user}")
    elif way == "revoked":
        answer = await owner.delete(f"{keys}/{key['id']}")
    elif way == "rotated":
        answer = await owner.post(f"{keys}/{key['id']}/rotate", json={})
    else:
        await has_ended(client, key["id"], now())
    if way != "ended":
        assert answer.status in (201, 204), await answer.text()

    job = await worker.next_job(QueueName.ENRICHMENT)
    assert job == question["id"]
    status, said = await worker.post(job, "claim", {"worker": "w", "lease": "a-lease-of-the-workers-own"})
    assert (status, said["code"]) == (410, "job-superseded")
    found = await read(owner, question)
    assert (found["state"], found["error"]["code"], found["answer"]) == ("error", "asker-not-permitted", None)
    assert found["finished_at"]
    # It is nobody's any more, and keeps nobody else from asking the same.
    await asked(owner, about)
    assert (await claimed(worker))["passages"]


async def test_questions_come_before_enrichments(client: TestClient, editor: Person, worker: Worker) -> None:
    about = await finished(client)
    assert (await editor.post(f"/api/transcriptions/{about}/enrichments", json={})).status == 202
    question = await asked(editor, f"transcriptions/{await finished(client)}")

    answer = await client.post("/internal/queues/enrichment/first", json={}, headers={"X-Internal-Key": worker.key})
    assert (await answer.json())["job_id"] == question["id"]


async def test_a_silent_worker_loses_the_question_and_the_next_one_answers_it(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    lost = await claimed(worker)
    await worker.report(lost, "progress", stage="answering", percent=10, answers={"text": "Half an ans"})

    again = await claimed(worker)  # in the queue again once its lease of two seconds has run out
    assert (again["job_id"], again["attempt"]) == (lost["job_id"], 2)
    assert (await read(editor, question))["written"] == ""
    assert (await worker.report(lost, "heartbeat"))[0] == 410
    await worker.report(again, "result", answer=answer_to(again), metrics={})
    assert (await read(editor, question))["state"] == "done"


async def test_a_claim_whose_answer_was_lost_is_granted_again(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    job, claim = await worker.next_job(QueueName.ENRICHMENT), {"worker": "w", "lease": "a-lease-of-the-workers-own"}
    lost = await worker.post(job, "claim", claim)
    assert (lost[0], lost[1]["lease"], lost[1]["attempt"]) == (200, claim["lease"], 1)

    assert await worker.post(job, "claim", claim) == lost
    assert (await worker.post(job, "claim", {"worker": "another", "lease": "another-lease-of-a-worker"}))[0] == 410

    await worker.report(lost[1], "result", answer=answer_to(lost[1]), metrics={})
    assert (await read(editor, question))["state"] == "done"
    assert (await worker.post(job, "claim", claim))[0] == 410


async def test_a_redis_that_lost_everything_loses_no_question(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    client.app[REDIS].flushall()

    assert (await claimed(worker))["job_id"] == question["id"]


async def test_an_outage_is_tried_again_and_then_told(client: TestClient, editor: Person, worker: Worker) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    for attempt in (1, 2, 3):
        order = await claimed(worker)
        assert order["attempt"] == attempt
        assert (await worker.report(order, "failure", **FAILURE))[0] == 200
    found = await read(editor, question)
    assert (found["state"], found["error"]["code"], found["error"]["remedy"]) == ("error", "model-server-down", "Wait.")
    assert (await worker.report(order, "result", answer=answer_to(order), metrics={}))[0] == 410


async def test_a_question_that_is_handed_back_is_queued_again(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    await asked(editor, f"transcriptions/{await finished(client)}")
    order = await claimed(worker)
    await worker.report(order, "release")

    assert (await claimed(worker))["attempt"] == 1


async def test_only_so_many_wait_at_a_time(client: TestClient, editor: Person, owner: Person, worker: Worker) -> None:
    about = f"transcriptions/{await finished(client)}"
    waiting = await asyncio.gather(
        *(editor.post(f"/api/{about}/questions", json={"question": QUESTION}) for _ in range(UNFINISHED_LIMIT + 2))
    )
    assert sorted(answer.status for answer in waiting) == [202] * UNFINISHED_LIMIT + [429] * 2
    await problem(await editor.post(f"/api/{about}/questions", json={"question": QUESTION}), 429, "too-many-questions")
    await asked(owner, about)  # others' are counted apart
    order = await claimed(worker)
    await worker.report(order, "result", answer=answer_to(order), metrics={})
    await asked(editor, about)


async def test_keys_of_a_project_are_counted_together(
    client: TestClient, owner: Person, stranger: Person, worker: Worker
) -> None:
    about = f"transcriptions/{await finished(client)}"
    keys = f"/api/projects/{await project_id(client)}/keys"
    programs = [(await made(owner, keys, role="viewer"))[1] for _ in range(KEYS_UNFINISHED_LIMIT + 2)]
    waiting = await asyncio.gather(
        *(program.post(f"/api/{about}/questions", json={"question": QUESTION}) for program in programs)
    )
    assert sorted(answer.status for answer in waiting) == [202] * KEYS_UNFINISHED_LIMIT + [429] * 2
    refused = await programs[0].post(f"/api/{about}/questions", json={"question": QUESTION})
    assert "The keys of this project" in (await problem(refused, 429, "too-many-questions"))["detail"]

    # People, and the keys of other projects, are counted apart.
    await asked(owner, about)
    others = await project_id(client, "second")
    _, program = await made(stranger, f"/api/projects/{others}/keys", role="viewer")
    await asked(program, f"projects/{others}")
    order = await claimed(worker)
    await worker.report(order, "result", answer=answer_to(order), metrics={})
    await asked(programs[0], about)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": " "}, "question"),
        ({"question": "x" * 1001}, "question"),
        ({"question": ["why"]}, "question"),
        ({"question": "Why\0?"}, ""),
        ({"question": QUESTION, "language": "xx"}, "language"),
        ({"question": QUESTION, "llm_model": "m" * 101}, "llm_model"),
        ({"question": QUESTION, "temperature": 2}, "temperature"),
    ],
)
async def test_what_is_no_question_is_refused(
    client: TestClient, editor: Person, body: dict[str, Any], field: str
) -> None:
    answer = await editor.post(f"/api/transcriptions/{await finished(client)}/questions", json=body)
    assert fields(await problem(answer, 422, "invalid-fields")) == [field]


async def test_a_model_that_is_not_there_is_named(client: TestClient, editor: Person) -> None:
    about = await finished(client)
    body = {"question": QUESTION, "llm_model": "../../etc"}
    await problem(await editor.post(f"/api/transcriptions/{about}/questions", json=body), 422, "unknown-model")


async def test_a_recording_without_text_has_nothing_to_ask_about(editor: Person) -> None:
    sent = await editor.uploaded()
    answer = await editor.post(f"/api/transcriptions/{sent['id']}/questions", json={"question": QUESTION})
    await problem(answer, 409, "illegal-transition")


async def test_the_history_comes_in_pages_the_newest_first(client: TestClient, editor: Person, worker: Worker) -> None:
    about = await finished(client)
    project = await project_id(client)
    made = []
    for number in range(3):
        made.append((await asked(editor, f"transcriptions/{about}", question=f"Question {number}?"))["id"])
        await worker.do_next(QueueName.ENRICHMENT)
    over = (await asked(editor, f"projects/{project}"))["id"]

    listed, cursor = [], ""
    while cursor is not None:
        answer = await editor.get(f"/api/transcriptions/{about}/questions", params={"limit": "2", "cursor": cursor})
        page = QuestionList.model_validate_json(await answer.text(), strict=True)
        listed += [str(item.id) for item in page.items]
        cursor = page.next_cursor
    assert listed == made[::-1]
    of_project = await (await editor.get(f"/api/projects/{project}/questions")).json()
    assert [item["id"] for item in of_project["items"]] == [over]
    strange = await editor.get(f"/api/projects/{project}/questions", params={"cursor": "AAAA"})
    assert fields(await problem(strange, 422, "invalid-fields")) == ["cursor"]


async def test_who_asked_may_delete_and_others_if_they_may_edit(
    client: TestClient, person: MakePerson, editor: Person, worker: Worker
) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    another = await person("another", project="first", role=Role.VIEWER)
    about = f"transcriptions/{await finished(client)}"
    mine, second = await asked(viewer, about), await asked(viewer, about)
    order = await claimed(worker)

    assert (await read(another, mine))["question"] == QUESTION  # who may read the recording sees what was asked
    await problem(await another.delete(f"/api/questions/{mine['id']}"), 403, "not-permitted")
    assert (await viewer.delete(f"/api/questions/{mine['id']}")).status == 204
    assert (await editor.delete(f"/api/questions/{second['id']}")).status == 204
    await problem(await viewer.get(f"/api/questions/{mine['id']}"), 404, "not-found")
    # The worker that was at it is told to stop, and the other one comes to nobody.
    assert (await worker.report(order, "progress", stage="answering", percent=50))[0] == 404
    assert await worker.claimable(QueueName.ENRICHMENT) == []


async def test_an_answer_goes_with_the_recordings_that_it_was_made_of(
    client: TestClient, editor: Person, owner: Person, worker: Worker
) -> None:
    about, other = await finished(client), await finished(client)
    project = await project_id(client)
    over = await asked(editor, f"projects/{project}")
    order = await worker.do_next(QueueName.ENRICHMENT)
    assert {each["transcription"] for each in order["passages"]} == {about, other}
    single = await asked(editor, f"transcriptions/{about}")

    assert (await owner.delete(f"/api/transcriptions/{other}")).status == 204
    await problem(await editor.get(f"/api/questions/{over['id']}"), 404, "not-found")
    assert (await read(editor, single))["state"] == "queued"
    assert (await owner.delete(f"/api/transcriptions/{about}")).status == 204
    await problem(await editor.get(f"/api/questions/{single['id']}"), 404, "not-found")


async def test_no_answer_quotes_what_is_blanked_while_it_is_written(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    about = await finished(client)
    question = await asked(editor, f"transcriptions/{about}")
    order = await claimed(worker)
    blank = await editor.patch(f"/api/transcriptions/{about}/segments/0", json={"text": ""}, headers={"If-Match": "*"})
    assert blank.status == 200
    sources = [{"transcription": about, "segment": 0, "quote": "Good morning, all."}]
    await worker.report(order, "result", answer=answer_to(order, sources=sources), metrics={})
    found = await read(editor, question)
    assert (found["answer"]["found"], found["answer"]["sources"]) == (False, [])
    assert "morning" not in found["answer"]["text"]


@pytest.mark.parametrize("report", ["progress", "result"])
async def test_no_answer_has_words_of_what_was_deleted_while_it_was_chosen_for_the_model(
    client: TestClient, editor: Person, owner: Person, worker: Worker, monkeypatch: pytest.MonkeyPatch, report: str
) -> None:
    deleted, kept = await finished(client), await finished(client)
    project = await project_id(client)
    question = await asked(editor, f"projects/{project}")
    loop, of_project = asyncio.get_running_loop(), passages.of_project

    def read_while_one_is_deleted(*about: Any) -> Any:
        found = of_project(*about)
        deleting = asyncio.run_coroutine_threadsafe(owner.delete(f"/api/transcriptions/{deleted}"), loop)
        assert deleting.result(timeout=20).status == 204
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(passages, "of_project", read_while_one_is_deleted)
        order = await claimed(worker)
    assert {each["transcription"] for each in order["passages"]} == {deleted, kept}
    if report == "progress":
        await worker.report(order, "progress", stage="answering", percent=40, answers={"text": "Words of it."})
        assert (await worker.report(order, "heartbeat"))[0] == 410
    else:
        await worker.report(order, "result", answer=answer_to(order, text="Words of it."))
    found = await read(editor, question)
    assert (found["state"], found["error"]["code"]) == ("error", "recording-deleted")
    assert (found["answer"], found["written"]) == (None, "")
    # What is still there can be asked.
    await asked(editor, f"projects/{project}")
    assert {each["transcription"] for each in (await claimed(worker))["passages"]} == {kept}


async def test_the_answer_is_heard_while_it_is_written(client: TestClient, editor: Person, worker: Worker) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    address = f"/api/questions/{question['id']}/events"
    async with client.get(address, headers=editor.headers) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"

        async def next_message() -> dict[str, Any]:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                    return found
            raise AssertionError("the stream ended")

        first = await next_message()
        assert (first["type"], first["question"]["state"]) == ("question.changed", "queued")
        order = await claimed(worker)
        assert (await next_message())["question"]["state"] == "processing"
        for written, piece in (("Good", ("Good", 0)), ("Good morning", (" morning", 4)), ("Go on", (" on", 2))):
            await worker.report(order, "progress", stage="answering", percent=10, answers={"text": written})
            told = await next_message()
            assert (told["type"], told["text"], told["from"]) == ("answer.text", *piece)
        await worker.report(order, "result", answer=answer_to(order), metrics={})
        rest = await messages(stream)
    assert rest[0]["question"]["answer"]["text"] == "An answer."
    assert rest[-1] == {"type": "end", "code": "finished"}
    assert len(rest) == 2
    # Who comes afterwards is told the end at once.
    late = await messages(await editor.get(address))
    assert [message["type"] for message in late] == ["question.changed", "end"]


async def test_a_stream_ends_with_the_right_to_read(
    client: TestClient, editor: Person, owner: Person, worker: Worker
) -> None:
    question = await asked(editor, f"transcriptions/{await finished(client)}")
    async with client.get(f"/api/questions/{question['id']}/events", headers=editor.headers) as stream:
        await stream.content.readuntil(b"data: ")
        project = await project_id(client)
        order = await claimed(worker)
        assert (await owner.delete(f"/api/projects/{project}/members/editor")).status == 204
        await worker.report(order, "result", answer=answer_to(order), metrics={})
        told = await messages(stream)
    assert told[-1] == {"type": "end", "code": "not-found"}
    assert not any(message.get("question", {}).get("answer") for message in told)


async def test_a_long_transcript_is_sent_by_what_fits_the_question(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    about = await finished(client)

    def lengthen() -> None:
        project: Any = ProjectRow.get(ProjectRow.name == "first")
        rows = [
            {
                "transcription": about,
                "position": position,
                "start_seconds": 10.0 + position,
                "end_seconds": 11.0 + position,
                "text": "The hippopotamus bathes at noon."
                if position == 1500
                else f"Nothing of note, {position}. " * 4,
                "search_configuration": "english",
                "project": project.id,
                "period": 0,
            }
            for position in range(2, 2000)
        ]
        for first in range(0, len(rows), 500):
            SegmentRow.insert_many(rows[first : first + 500]).execute()

    await client.app[DATABASE].run(lengthen)
    await asked(editor, f"transcriptions/{about}", question="When do hippopotamuses bathe?")
    passages = (await claimed(worker))["passages"]

    assert len(passages) < 2000
    positions = [each["segment"] for each in passages]
    assert positions == sorted(positions)
    best = max(passages, key=lambda each: each["weight"])
    assert best["segment"] == 1500
    assert {1498, 1499, 1501, 1502} < set(positions)

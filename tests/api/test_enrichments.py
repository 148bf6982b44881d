"""Enrichments made anew: with other options, beside the earlier ones, and where the text became another one."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import OriginalTask, TranscriptionSummary
from app.api.answers.enrichments import EnrichmentVersions
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.finished import finished
from tests.api.problems import fields, problem
from tests.api.worker import ANSWERS, Worker, segment, text, turns

OTHER = {"title": "Another title", "summary": "Another summary.", "points": ["Three."], "model": "another-model"}
FAILURE = {"code": "model-gone", "detail": "It is gone.", "remedy": "Bring it back.", "retryable": False}


async def enriched(person: Person, worker: Worker, **options: str) -> str:
    """Have a recording transcribed and enriched, and return its id."""
    sent = (await person.uploaded(diarization="false", **options))["id"]
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    await worker.do_next(QueueName.ENRICHMENT)
    assert (await person.read(sent))["state"] == "done"
    return sent


async def renewed(person: Person, transcription: str, **options: Any) -> dict[str, Any]:
    answer = await person.post(f"/api/transcriptions/{transcription}/enrichments", json=options)
    assert answer.status == 202, await answer.text()
    TranscriptionSummary.model_validate_json(await answer.text(), strict=True)
    summary: dict[str, Any] = await answer.json()
    return summary


async def versions(person: Person, transcription: str) -> list[dict[str, Any]]:
    answer = await person.get(f"/api/transcriptions/{transcription}/enrichments")
    assert answer.status == 200
    EnrichmentVersions.model_validate_json(await answer.text(), strict=True)
    items: list[dict[str, Any]] = (await answer.json())["items"]
    return items


async def answer_with(worker: Worker, answers: dict[str, Any]) -> dict[str, Any]:
    order = await worker.claim(QueueName.ENRICHMENT)
    assert await worker.report(order, "result", enrichment=answers) == (200, {"accepted": True})
    return order


async def test_it_is_made_anew_and_the_earlier_one_stays_readable(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker, prompts='{"title": "Un titre."}')
    [first] = await versions(editor, sent)
    assert (first["number"], first["title"], first["by"]) == (1, ANSWERS["title"], None)
    assert first["options"]["prompts"] == {"title": "Un titre."}
    summary = await renewed(editor, sent, prompts={"summary": "One sentence."})
    # Until new answers come, the old ones are shown.
    assert (summary["state"], summary["enrichment"]["state"]) == ("transcribed", "pending")
    assert summary["enrichment"]["title"] == ANSWERS["title"]
    order = await answer_with(worker, OTHER)
    assert order["options"]["prompts"] == {"summary": "One sentence."}
    now = await editor.read(sent)
    assert (now["state"], now["enrichment"]["title"], now["enrichment"]["model"]) == (
        "done", OTHER["title"], OTHER["model"],
    )  # fmt: skip
    newest, again = await versions(editor, sent)
    assert again == first
    assert (newest["number"], newest["by"], newest["points"]) == (2, "editor", OTHER["points"])
    # What the transcription was sent with is what it was: sending it again is the same request.
    assert now["options"]["prompts"] == {"title": "Un titre."}


async def test_what_is_left_out_is_as_the_last_time(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    assert (await editor.read(sent))["enrichment"]["options"]["prompts"] == {}
    await renewed(editor, sent, prompts={"title": "Short."})
    # It is told at once what it is asked for with: one that comes to nothing makes no version.
    assert (await editor.read(sent))["enrichment"]["options"]["prompts"] == {"title": "Short."}
    await answer_with(worker, OTHER)
    await renewed(editor, sent)
    assert (await answer_with(worker, OTHER))["options"]["prompts"] == {"title": "Short."}
    await renewed(editor, sent, prompts={})
    assert (await answer_with(worker, OTHER))["options"]["prompts"] == {}


async def test_it_goes_by_the_corrected_text(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    body, tag = {"text": "What was said."}, {"If-Match": "*"}
    assert (await editor.patch(f"/api/transcriptions/{sent}/segments/0", json=body, headers=tag)).status == 200
    await renewed(editor, sent)
    assert [said["text"] for said in (await answer_with(worker, OTHER))["segments"]] == ["What was said."]


async def test_one_that_was_not_asked_for_may_be(client: TestClient, editor: Person, worker: Worker) -> None:
    sent = await finished(client)
    assert (await editor.read(sent))["enrichment"] is None
    await renewed(editor, sent)
    await answer_with(worker, OTHER)
    now = await editor.read(sent)
    assert (now["state"], now["enrichment"]["title"]) == ("done", OTHER["title"])
    assert now["options"]["enrichment"] is False
    assert (await editor.get(f"/api/transcriptions/{sent}.md")).status == 200


async def test_where_it_fails_the_earlier_one_is_shown_again(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent)
    order = await worker.claim(QueueName.ENRICHMENT)
    await worker.report(order, "progress", stage="title", percent=10, answers={"title": "Half a"})
    assert (await editor.read(sent))["enrichment"]["title"] == "Half a"
    await worker.report(order, "failure", **FAILURE)
    now = await editor.read(sent)
    assert (now["state"], now["enrichment"]["state"], now["enrichment"]["error"]["code"]) == (
        "done", "error", "model-gone",
    )  # fmt: skip
    assert (now["enrichment"]["title"], now["enrichment"]["model"]) == (ANSWERS["title"], ANSWERS["model"])
    assert len(await versions(editor, sent)) == 1
    # A retry tries the same again.
    await editor.post(f"/api/transcriptions/{sent}/retry")
    await answer_with(worker, OTHER)
    assert [one["number"] for one in await versions(editor, sent)] == [2, 1]


async def test_where_it_is_cancelled_the_earlier_one_is_shown_again(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent)
    order = await worker.claim(QueueName.ENRICHMENT)
    await worker.report(order, "progress", stage="title", percent=10, answers={"title": "Half a"})
    cancelled = await (await editor.post(f"/api/transcriptions/{sent}/cancel")).json()
    assert (cancelled["state"], cancelled["enrichment"]["title"]) == ("cancelled", ANSWERS["title"])
    await renewed(editor, sent)
    await answer_with(worker, OTHER)
    assert (await editor.read(sent))["state"] == "done"


async def test_answers_that_come_too_late_are_of_no_other_version(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent, prompts={"title": "One."})
    late = await worker.claim(QueueName.ENRICHMENT)
    await editor.post(f"/api/transcriptions/{sent}/cancel")
    await renewed(editor, sent, prompts={"title": "Another one."})
    status, _ = await worker.report(late, "result", enrichment=ANSWERS)
    assert status == 404
    await answer_with(worker, OTHER)
    newest, _ = await versions(editor, sent)
    assert (newest["title"], newest["options"]["prompts"]) == (OTHER["title"], {"title": "Another one."})


async def test_while_it_is_worked_on_it_is_refused(editor: Person, worker: Worker) -> None:
    sent = (await editor.uploaded())["id"]
    path = f"/api/transcriptions/{sent}/enrichments"
    await problem(await editor.post(path, json={}), 409, "illegal-transition")
    assert await versions(editor, sent) == []
    await editor.post(f"/api/transcriptions/{sent}/cancel")
    await problem(await editor.post(path, json={}), 409, "illegal-transition")
    done = await enriched(editor, worker)
    await renewed(editor, done)
    await problem(await editor.post(f"/api/transcriptions/{done}/enrichments", json={}), 409, "illegal-transition")


async def test_where_nobody_speaks_there_is_nothing_to_enrich(editor: Person, worker: Worker) -> None:
    sent = (await editor.uploaded())["id"]
    await worker.plan()
    assert (await editor.read(sent))["state"] == "done"
    await problem(await editor.post(f"/api/transcriptions/{sent}/enrichments", json={}), 409, "illegal-transition")


@pytest.mark.parametrize(
    ("body", "status", "code", "at_fault"),
    [
        ({"llm_model": "not-here"}, 422, "unknown-model", None),
        ({"llm_model": "../secret"}, 422, "unknown-model", None),
        ({"prompts": {"poem": "A poem."}}, 422, "invalid-fields", "prompts.poem"),
        ({"prompts": {"title": "x" * 4001}}, 422, "invalid-fields", "prompts.title"),
        ({"model": "base"}, 422, "invalid-fields", "model"),
    ],
)
async def test_what_cannot_be_asked_for(
    client: TestClient, editor: Person, body: dict[str, Any], status: int, code: str, at_fault: str | None
) -> None:
    sent = await finished(client)
    answer = await problem(await editor.post(f"/api/transcriptions/{sent}/enrichments", json=body), status, code)
    if at_fault is not None:
        assert fields(answer)[0].startswith(at_fault)


@pytest.mark.parametrize("prefix", ["/api/transcriptions", "/api/user/transcriptions"])
async def test_as_the_first_vocalyx_asked(editor: Person, worker: Worker, prefix: str) -> None:
    sent = await enriched(editor, worker)
    wish = {"enrichment_prompts": {"bullet_points": "Three points.", "title": "Short."}, "text_correction": False}
    answer = await editor.post(f"{prefix}/{sent}/re-enrich", json=wish)
    assert answer.status == 200
    OriginalTask.model_validate_json(await answer.text(), strict=True)
    task = await answer.json()
    assert (task["task_id"], task["status"], task["result"]) == (sent, "STARTED", None)
    order = await answer_with(worker, OTHER)
    assert order["options"]["prompts"] == {"points": "Three points.", "title": "Short."}
    assert (await (await editor.get(f"/api/tasks/{sent}")).json())["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("body", "at_fault"),
    [
        ({"text_correction": True}, "text_correction"),
        ({"enrichment_prompts": {"satisfaction": "How happy?"}}, "enrichment_prompts.satisfaction"),
        ({"enrichment_prompts": {"title": "x" * 4001}}, "enrichment_prompts.title"),
    ],
)
async def test_what_the_first_vocalyx_could_and_this_cannot(
    client: TestClient, editor: Person, body: dict[str, Any], at_fault: str
) -> None:
    sent = await finished(client)
    answer = await editor.post(f"/api/transcriptions/{sent}/re-enrich", json=body)
    assert fields(await problem(answer, 422, "invalid-fields")) == [at_fault]


async def to_failed_voices(person: Person, worker: Worker) -> str:
    """Have a recording transcribed and enriched whose speakers could not be told apart, and have that retried."""
    sent = (await person.uploaded())["id"]
    await worker.plan((0.0, 4.0))
    for _ in range(2):
        order = await worker.claim()
        if order["kind"] == "chunk":
            said = text(segment(0.0, 2.0, "Good morning."), segment(2.0, 4.0, "And to you."))
            await worker.report(order, "result", text=said)
        else:
            await worker.report(order, "failure", **FAILURE)
    await answer_with(worker, ANSWERS)
    now = await person.read(sent)
    assert (now["state"], now["diarization"]["state"]) == ("done", "error")
    assert (await person.post(f"/api/transcriptions/{sent}/retry")).status == 200
    return sent


async def test_it_is_made_anew_where_a_retried_part_changed_the_text(editor: Person, worker: Worker) -> None:
    sent = await to_failed_voices(editor, worker)
    await worker.tell_apart((0.0, 2.0, "SPEAKER_00"), (2.0, 4.0, "SPEAKER_01"))
    assert (await editor.read(sent))["state"] == "transcribed"
    order = await answer_with(worker, OTHER)
    assert [said["speaker"] for said in order["segments"]] == ["SPEAKER_00", "SPEAKER_01"]
    assert (await editor.read(sent))["enrichment"]["title"] == OTHER["title"]
    assert [one["number"] for one in await versions(editor, sent)] == [2, 1]


async def test_it_stays_where_a_retried_part_changed_nothing(editor: Person, worker: Worker) -> None:
    sent = await to_failed_voices(editor, worker)
    while (order := await worker.claim())["kind"] == "voices":
        await worker.report(order, "result", **await worker.result_of(order))
    await worker.report(order, "result", diarization=turns())
    now = await editor.read(sent)
    assert (now["state"], now["enrichment"]["title"]) == ("done", ANSWERS["title"])
    assert len(await versions(editor, sent)) == 1


async def test_the_versions_go_with_the_transcription(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent)
    await answer_with(worker, OTHER)
    assert (await editor.delete(f"/api/transcriptions/{sent}")).status == 204
    await problem(await editor.get(f"/api/transcriptions/{sent}/enrichments"), 404, "not-found")

"""Sets of tasks: those that every project has, and a project's own with its prompts and schemas."""

import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import task_sets as answers
from app.api.answers.transcriptions import EnrichmentResult
from app.core.task_sets import BUILT_IN, MAX_TASK_SETS
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.finished import project_id
from tests.api.problems import fields, problem
from tests.api.test_enrichments import answer_with, enriched, renewed, versions
from tests.api.test_speakers import recorded
from tests.api.worker import ANSWERS, Worker

SCHEMA = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "blue"]}, "why": {"type": "string"}},
    "required": ["colour"],
}
DOORS = {
    "tasks": ["title", "actions"],
    "prompts": {"title": "Name the doors."},
    "custom": {"door": {"prompt": "Of what colour is the door?", "schema": SCHEMA}},
}
RICH = {
    "title": "A title",
    "model": "a-model",
    "text_version": "0123456789abcdef",
    "seconds": {"loading": 1.5, "title": 2.0},
    "tokens": {"evaluated": 100, "reused": 50, "generated": 20},
    "windows": 1,
    "prompt_version": "1",
    "sampling": {"title": [{"temperature": 0.0, "seed": 0}]},
    "dropped": {"actions": 2},
    "failures": {"decisions": "no usable decisions"},
    "answers": {
        "title": {"text": "A title"},
        "actions": [{"what": "Paint the door", "who": None, "due": "Monday", "segments": [0], "start": 0.0}],
        "decisions": None,
        "custom": {"door": {"colour": "red"}},
    },
}


async def address(client: TestClient, name: str = "") -> str:
    return f"/api/projects/{await project_id(client)}/task-sets" + (f"/{name}" if name else "")


async def test_every_project_has_four(client: TestClient, editor: Person) -> None:
    answer = await editor.get(await address(client))
    listed = answers.TaskSets.model_validate_json(await answer.text(), strict=True)
    assert {one.name: one.built_in for one in listed.items} == dict.fromkeys(BUILT_IN, True)
    [meeting] = [one for one in listed.items if one.name == "meeting"]
    assert "decisions" in meeting.tasks


async def test_an_owner_makes_changes_and_deletes_one(client: TestClient, owner: Person) -> None:
    made = await owner.client.put(await address(client, "doors"), json=DOORS, headers=owner.headers)
    assert made.status == 201, await made.text()
    shown = answers.TaskSet.model_validate_json(await made.text(), strict=True)
    assert (shown.tasks, shown.by, shown.built_in) == (["title", "actions"], owner.name, False)
    # Bounds that were left out are filled in.
    assert shown.custom["door"].schema_["properties"]["why"] == {"type": "string", "maxLength": 300}
    again = await owner.client.put(await address(client, "doors"), json={"tasks": ["summary"]}, headers=owner.headers)
    assert (again.status, (await again.json())["tasks"]) == (200, ["summary"])
    assert (await (await owner.get(await address(client, "doors"))).json())["custom"] == {}
    gone = await owner.client.delete(await address(client, "doors"), headers=owner.headers)
    assert gone.status == 204
    await problem(await owner.get(await address(client, "doors")), 404, "not-found")


async def test_one_of_the_projects_own_takes_the_place_of_ours(client: TestClient, owner: Person) -> None:
    await owner.client.put(await address(client, "meeting"), json={"tasks": ["topics"]}, headers=owner.headers)
    listed = (await (await owner.get(await address(client))).json())["items"]
    assert [one["tasks"] for one in listed if one["name"] == "meeting"] == [["topics"]]
    await owner.client.delete(await address(client, "meeting"), headers=owner.headers)
    assert (await (await owner.get(await address(client, "meeting"))).json())["built_in"]
    deleted = await owner.client.delete(await address(client, "meeting"), headers=owner.headers)
    await problem(deleted, 404, "not-found")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["tasks"]),
        ({"tasks": ["dance"]}, ["tasks.0"]),
        ({"tasks": ["title"], "colour": "blue"}, ["colour"]),
        ({"custom": {"Door": {"prompt": "?", "schema": SCHEMA}}}, ["custom.Door"]),
        ({"custom": {"title": {"prompt": "?", "schema": SCHEMA}}}, ["custom.title"]),
        ({"custom": {"door": {"prompt": "", "schema": SCHEMA}}}, ["custom.door.prompt"]),
        ({"custom": {"door": {"prompt": "?", "schema": {"type": "string"}}}}, ["custom.door.schema"]),
        (
            {"custom": {"d": {"prompt": "?", "schema": {"type": "object", "properties": {"a": {"$ref": "#"}}}}}},
            ["custom.d.schema.properties.a"],
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused_where_it_stands(
    client: TestClient, owner: Person, body: dict[str, Any], named: list[str]
) -> None:
    answer = await owner.client.put(await address(client, "doors"), json=body, headers=owner.headers)
    assert fields(await problem(answer, 422, "invalid-fields")) == named


async def test_names_and_numbers_of_sets_are_bounded(client: TestClient, owner: Person) -> None:
    answer = await owner.client.put(await address(client, "Two words"), json=DOORS, headers=owner.headers)
    assert fields(await problem(answer, 422, "invalid-fields")) == ["task_set"]
    for number in range(MAX_TASK_SETS):
        made = await owner.client.put(
            await address(client, f"s{number}"), json={"tasks": ["title"]}, headers=owner.headers
        )
        assert made.status == 201
    answer = await owner.client.put(await address(client, "one-more"), json={"tasks": ["title"]}, headers=owner.headers)
    await problem(answer, 409, "conflict")


async def test_a_worker_is_told_the_set_and_its_answers_stand_in_the_transcription(
    client: TestClient, owner: Person, worker: Worker
) -> None:
    await owner.client.put(await address(client, "doors"), json=DOORS, headers=owner.headers)
    sent = (await owner.uploaded(diarization="false", task_set="doors"))["id"]
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    order = await answer_with(worker, RICH)
    assert order["options"]["task_set"] == "doors"
    assert order["task_set"]["custom"]["door"]["prompt"] == "Of what colour is the door?"
    body = await owner.read(sent)
    EnrichmentResult.model_validate_json(json.dumps(body["enrichment"]), strict=True)
    assert body["enrichment"]["answers"] == RICH["answers"]
    assert body["enrichment"]["title"] == "A title"
    # The text is another one than the answers say that they were made of.
    assert body["enrichment"]["outdated"] is True
    listed = (await (await owner.get("/api/transcriptions")).json())["items"][0]
    assert "answers" not in listed["enrichment"]
    assert listed["enrichment"]["failures"] == RICH["failures"]
    [version] = await versions(owner, sent)
    assert version["answers"] == RICH["answers"]
    assert (version["seconds"]["total"], version["tokens"]["generated"]) == (3.5, 20)
    assert (version["options"]["task_set"], version["dropped"]) == ("doors", {"actions": 2})


async def test_tasks_are_chosen_when_sending_and_again_later(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker, tasks="title, actions", answer_language="fr")
    assert (await editor.read(sent))["options"]["tasks"] == ["title", "actions"]
    await renewed(editor, sent)
    order = await answer_with(worker, ANSWERS)
    assert (order["options"]["tasks"], order["options"]["answer_language"]) == (["title", "actions"], "fr")
    await renewed(editor, sent, task_set="call")
    order = await answer_with(worker, ANSWERS)
    assert (order["options"]["tasks"], order["options"]["task_set"], order["task_set"]) == (None, "call", None)
    await renewed(editor, sent, tasks=["topics"])
    order = await answer_with(worker, ANSWERS)
    assert (order["options"]["tasks"], order["options"]["task_set"]) == (["topics"], None)


async def test_answers_of_an_earlier_release_have_the_new_shape_too(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    enrichment = (await editor.read(sent))["enrichment"]
    assert enrichment["points"] == ANSWERS["points"]
    assert enrichment["answers"]["title"] == {"text": ANSWERS["title"]}
    assert enrichment["answers"]["points"][0] == {"text": ANSWERS["points"][0], "segments": [], "start": None}
    assert enrichment["outdated"] is False


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({"tasks": "dance"}, "invalid-fields", None),
        ({"tasks": "[1"}, "invalid-fields", None),
        ({"task_set": "unheard-of"}, "unknown-task-set", "task_set"),
        ({"tasks": "title", "task_set": "call"}, "invalid-options", "task_set"),
        ({"answer_language": "xx"}, "invalid-options", "answer_language"),
        ({"translation_language": "xx"}, "invalid-options", "translation_language"),
    ],
)
async def test_options_that_cannot_be_are_refused(
    editor: Person, worker: Worker, options: dict[str, str], code: str, field: str | None
) -> None:
    body = await problem(await editor.upload(**options), 422, code)
    assert field is None or fields(body) == [field]
    sent = await enriched(editor, worker)
    again: dict[str, Any] = {**options}
    if "tasks" in again:
        again["tasks"] = again["tasks"].split(",")
    answer = await editor.post(f"/api/transcriptions/{sent}/enrichments", json=again)
    await problem(answer, 422, code)


async def test_what_is_no_answer_is_not_taken(editor: Person, worker: Worker) -> None:
    await editor.uploaded(diarization="false")
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    order = await worker.claim(QueueName.ENRICHMENT)
    for wrong in ({"actions": [{"what": 1}]}, {"satisfaction": {"score": 9}}, {"unheard": 1}, [1]):
        status, _ = await worker.report(order, "result", enrichment=RICH | {"answers": wrong})
        assert status == 422
    assert (await worker.report(order, "result", enrichment=RICH))[0] == 200


async def test_a_document_can_be_had_without_personal_data(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    answer = await editor.get(f"/api/transcriptions/{sent}.txt?redact=personal_data")
    await problem(answer, 409, "conflict")
    found = {"answers": {"personal_data": [{"segment": 0, "start": 0, "end": 3, "kind": "name"}]}}
    await renewed(editor, sent, tasks=["personal_data"])
    await answer_with(worker, ANSWERS | found | {"personal_phrases": [{"text": "Léa Martin", "kind": "name"}]})
    body, tag = {"text": "Léa Martin, 06 12 34 56 78."}, {"If-Match": "*"}
    assert (await editor.patch(f"/api/transcriptions/{sent}/segments/0", json=body, headers=tag)).status == 200
    for name in ("txt", "srt", "vtt", "json", "md", "tsv"):
        whole = await (await editor.get(f"/api/transcriptions/{sent}.{name}")).text()
        hidden = await (await editor.get(f"/api/transcriptions/{sent}.{name}?redact=personal_data")).text()
        assert "Léa Martin" in whole
        assert "Léa" not in hidden
        assert "06 12" not in hidden
        assert "[NAME]" in hidden.replace("\\", "")
    refused = await editor.get(f"/api/transcriptions/{sent}.rttm?redact=personal_data")
    assert fields(await problem(refused, 422, "invalid-fields")) == ["redact"]
    refused = await editor.get(f"/api/transcriptions/{sent}?redact=personal_data")
    assert fields(await problem(refused, 422, "invalid-fields")) == ["redact"]
    refused = await editor.get(f"/api/transcriptions/{sent}.txt?redact=everything")
    assert fields(await problem(refused, 422, "invalid-fields")) == ["redact"]


async def test_the_name_of_who_counts_as_somebody_else_by_now_is_taken_out_too(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker, enrichment=True, tasks="personal_data")
    await answer_with(worker, ANSWERS | {"answers": {"personal_data": []}, "personal_phrases": []})
    body, tag = {"text": "Thank you, Zoé Mbarek."}, {"If-Match": "*"}
    assert (await editor.patch(f"{address}/segments/0", json=body, headers=tag)).status == 200
    named = await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Zoé Mbarek"})
    assert named.status == 200
    merged = await editor.post(f"{address}/speakers/SPEAKER_01/merge", json={"into": "SPEAKER_00"})
    assert merged.status == 200
    for name in ("txt", "srt", "json", "md"):
        hidden = await (await editor.get(f"{address}.{name}?redact=personal_data")).text()
        assert "Thank you" in hidden
        assert "Mbarek" not in hidden


PERSONAL = {"answers": {"personal_data": [{"segment": 0, "start": 0, "end": 3, "kind": "name"}]}}
PHRASES = {"personal_phrases": [{"text": "Léa Martin", "kind": "name"}]}


async def begun(worker: Worker, answers: dict[str, Any]) -> dict[str, Any]:
    """Claim an enrichment, and report these answers on the way: its names come with the result alone."""
    order = await worker.claim(QueueName.ENRICHMENT)
    assert (await worker.report(order, "progress", stage="personal_data", percent=50, answers=answers))[0] == 200
    return order


@pytest.mark.parametrize("before", [None, "title"])
async def test_no_document_without_personal_data_before_its_names_are_known(
    editor: Person, worker: Worker, before: str | None
) -> None:
    sent = (await editor.uploaded(diarization="false", tasks=before or "personal_data"))["id"]
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    if before is not None:
        await answer_with(worker, ANSWERS)
        await renewed(editor, sent, tasks=["personal_data"])
    order = await begun(worker, PERSONAL)
    assert (await editor.read(sent))["enrichment"]["answers"] == PERSONAL["answers"]
    address = f"/api/transcriptions/{sent}.txt?redact=personal_data"
    await problem(await editor.get(address), 409, "conflict")
    await editor.post(f"/api/transcriptions/{sent}/cancel")
    await problem(await editor.get(address), 409, "conflict")
    assert (await worker.report(order, "result", enrichment=ANSWERS | PERSONAL | PHRASES))[0] == 410
    await editor.post(f"/api/transcriptions/{sent}/retry")
    await answer_with(worker, ANSWERS | PERSONAL | PHRASES)
    assert (await editor.get(address)).status == 200


async def test_no_document_without_personal_data_where_a_part_of_it_was_not_looked_at(
    editor: Person, worker: Worker
) -> None:
    sent = await enriched(editor, worker)
    address = f"/api/transcriptions/{sent}.txt?redact=personal_data"
    for failures, status in (({"personal_data": "1 of 2 parts gave nothing usable"}, 409), ({"title": "none"}, 200)):
        await renewed(editor, sent, tasks=["personal_data"])
        await answer_with(worker, ANSWERS | PERSONAL | PHRASES | {"failures": failures})
        assert (await editor.get(address)).status == status


async def test_while_personal_data_is_looked_for_anew_the_names_of_before_are_taken_out(
    editor: Person, worker: Worker
) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent, tasks=["title", "personal_data"])
    await answer_with(worker, ANSWERS | PERSONAL | PHRASES)
    body, tag = {"text": "Léa Martin said so."}, {"If-Match": "*"}
    assert (await editor.patch(f"/api/transcriptions/{sent}/segments/0", json=body, headers=tag)).status == 200

    async def taken_out() -> str:
        answer = await editor.get(f"/api/transcriptions/{sent}.txt?redact=personal_data")
        assert answer.status == 200, await answer.text()
        text = await answer.text()
        assert "Léa" not in text
        return text

    await renewed(editor, sent)
    assert "[NAME] said so." in await taken_out()
    order = await begun(worker, {"title": "Half a", "answers": {"title": {"text": "Half a"}}})
    assert "[NAME] said so." in await taken_out()
    await worker.report(order, "progress", stage="personal_data", percent=90, answers=PERSONAL)
    assert "[NAME] said so." in await taken_out()
    await worker.report(order, "result", enrichment=ANSWERS | PERSONAL | PHRASES)
    assert "[NAME] said so." in await taken_out()


async def test_nobody_else_sees_or_changes_a_projects_sets(
    client: TestClient, owner: Person, editor: Person, stranger: Person
) -> None:
    where = await address(client, "doors")
    await owner.client.put(where, json=DOORS, headers=owner.headers)
    await problem(await stranger.get(where), 404, "not-found")
    await problem(await editor.client.put(where, json=DOORS, headers=editor.headers), 403, "not-permitted")
    await problem(await editor.client.delete(where, headers=editor.headers), 403, "not-permitted")
    theirs = await stranger.upload(task_set="doors")
    await problem(theirs, 422, "unknown-task-set")

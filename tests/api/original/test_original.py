"""A program that was written for the first Vocalyx, against this one: its form, its reads, its counts, its tasks."""

import json
import uuid
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from app.api import answers
from app.core.access import Role
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import assert_nothing_is_left
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.worker import ANSWERS, Worker, segment, text

ANSWERED = {
    "id", "status", "project_name", "worker_id", "celery_task_id", "file_path", "language", "processing_time",
    "duration", "text", "segments", "error_message", "segments_count", "vad_enabled", "diarization_enabled",
    "enrichment_requested", "whisper_model", "enrichment_status", "enrichment_worker_id", "enrichment_data",
    "enrichment_error", "enrichment_processing_time", "llm_model", "enrichment_prompts", "text_correction",
    "enriched_text", "enhanced_text", "created_at", "finished_at",
}  # fmt: skip
SAID = "Hello everybody. Goodbye."


async def program(owner: Person) -> Person:
    (project,) = (await (await owner.get("/api/projects")).json())["items"]
    made = await owner.post(f"/api/projects/{project['id']}/keys", json={"name": "old program"})
    return Person(owner.client, {"X-API-Key": (await made.json())["key"]})


async def sent(who: Person, **values: str) -> dict[str, Any]:
    answer = await who.upload(**{"project_name": "first", "whisper_model": "base"} | values)
    assert answer.status == 201, await answer.text()
    return _held_against(answers.OriginalTranscription, await answer.text())


def _held_against(model: type[answers.Answer], content: str) -> Any:
    model.model_validate_json(content, strict=True)
    return json.loads(content)


async def write_down(worker: Worker, *, language: str = "en") -> dict[str, Any]:
    await worker.plan((0.0, 10.0), language=language)
    order = await worker.claim()
    segments = (segment(0.0, 4.0, "Hello everybody."), segment(4.5, 9.0, "Goodbye."))
    await worker.report(order, "result", text=text(*segments))
    return order


async def test_its_program_sends_and_waits(owner: Person, worker: Worker) -> None:
    theirs = await program(owner)
    made = await sent(theirs, use_vad="True", diarization="false")
    assert set(made) == ANSWERED
    assert (made["status"], made["project_name"], made["file_path"]) == ("pending", "first", "tone.wav")
    assert (made["vad_enabled"], made["diarization_enabled"], made["enrichment_requested"]) == (True, False, False)
    assert (made["whisper_model"], made["text"], made["segments"]) == ("base", None, None)

    order = await worker.claim()
    assert (await (await theirs.get(f"/api/transcriptions/{made['id']}")).json())["status"] == "processing"
    await worker.report(order, "release")
    await write_down(worker)
    for address in (f"/api/transcriptions/{made['id']}", f"/api/user/transcriptions/{made['id']}"):
        done = await (await theirs.get(address)).json()
        assert (done["status"], done["text"], done["segments_count"]) == ("done", SAID, 2)
        assert (done["duration"], done["language"], done["error_message"]) == (10.0, "en", None)
        assert [(s["start"], s["end"], s["text"]) for s in done["segments"]] == [
            (0.0, 4.0, "Hello everybody."),
            (4.5, 9.0, "Goodbye."),
        ]
    assert done["processing_time"] >= 0
    assert set(done) == ANSWERED


async def test_all_that_it_may_ask_for(editor: Person, worker: Worker) -> None:
    made = await sent(
        editor,
        use_vad="false",
        diarization="true",
        enrichment="true",
        text_correction="false",
        llm_model="smollm2-135m-instruct",
        enrichment_prompts='{"title": "Un titre.", "bullet_points": "Cinq."}',
    )
    assert made["enrichment_prompts"] == {"title": "Un titre.", "bullet_points": "Cinq."}
    assert made["enrichment_status"] == "pending"
    options = (await worker.claim())["options"]
    assert (options["vad"], options["diarization"], options["enrichment"]) == (False, True, True)
    assert options["prompts"] == {"title": "Un titre.", "points": "Cinq."}


async def test_enrichment_in_its_words(editor: Person, worker: Worker) -> None:
    made = await sent(editor, enrichment="true")
    await write_down(worker)
    waiting = await (await editor.get(f"/api/user/transcriptions/{made['id']}")).json()
    assert (waiting["status"], waiting["text"]) == ("processing", SAID)
    await worker.do_next(QueueName.ENRICHMENT)
    content = await (await editor.get(f"/api/user/transcriptions/{made['id']}")).text()
    done = _held_against(answers.OriginalTranscription, content)
    assert (done["status"], done["enrichment_status"]) == ("done", "done")
    assert done["enrichment_data"] == {
        "title": ANSWERS["title"],
        "summary": ANSWERS["summary"],
        "bullet_points": ANSWERS["points"],
    }


@pytest.mark.parametrize(
    ("values", "code", "named"),
    [
        ({"use_vad": "perhaps"}, "invalid-fields", ["use_vad"]),
        ({"whisper_model": "enormous"}, "unknown-model", ["whisper_model"]),
        ({"whisper_model": "tiny.en", "language": "fr"}, "invalid-options", ["language"]),
        ({"text_correction": "true"}, "invalid-fields", ["text_correction"]),
        ({"enrichment_prompts": "{"}, "invalid-fields", ["enrichment_prompts"]),
        ({"enrichment_prompts": "[1]"}, "invalid-fields", ["enrichment_prompts"]),
        ({"enrichment_prompts": '{"satisfaction": "Are they?"}'}, "invalid-fields", ["enrichment_prompts.satisfaction"]),
        ({"vad": "true", "use_vad": "true"}, "invalid-fields", ["use_vad"]),
        ({"project": "first"}, "invalid-fields", ["project_name"]),
        ({"colour": "blue"}, "invalid-fields", ["colour"]),
    ],
)  # fmt: skip
async def test_refusals_in_its_names(
    client: TestClient, editor: Person, values: dict[str, str], code: str, named: list[str]
) -> None:
    answer = await editor.upload(**{"project_name": "first"} | values)
    assert fields(await problem(answer, 422, code)) == named
    await assert_nothing_is_left(client)


async def test_projects_of_others_are_not_there(client: TestClient, stranger: Person, editor: Person) -> None:
    await problem(await stranger.upload(project_name="first"), 404, "not-found")
    await assert_nothing_is_left(client)
    made = await sent(editor)
    for address in (f"/api/user/transcriptions/{made['id']}", f"/api/tasks/{made['id']}"):
        await problem(await stranger.get(address), 404, "not-found")
        await problem(await Person(client, {}).get(address), 401, "not-authenticated")
    await problem(await stranger.post(f"/api/tasks/{made['id']}/cancel"), 404, "not-found")
    assert await (await stranger.get("/api/user/transcriptions", params={"project": "first"})).json() == []


async def test_pages_and_counts(editor: Person, administrator: Person, stranger: Person, worker: Worker) -> None:
    made = [(await sent(editor))["id"]]
    await write_down(worker)
    made += [(await sent(editor))["id"] for _ in range(2)]
    await stranger.uploaded()
    await editor.post(f"/api/tasks/{made[1]}/cancel")

    async def listed(who: Person, **query: str) -> list[str]:
        items = await (await who.get("/api/user/transcriptions", params=query)).json()
        assert all(set(item) == ANSWERED and item["segments"] is item["text"] is None for item in items)
        return [item["id"] for item in items]

    assert await listed(editor) == made[::-1]
    assert await listed(editor, page="1", limit="2") + await listed(editor, page="2", limit="2") == made[::-1]
    assert await listed(editor, page="3", limit="2") == []
    assert await listed(editor, status="done") == [made[0]]
    assert await listed(editor, status="error") == [made[1]]
    assert await listed(editor, status="pending", project="first") == [made[2]]
    assert await listed(editor, project="nowhere") == []
    assert len(await listed(administrator)) == 4
    for address in ("/api/user/transcriptions/count", "/api/transcriptions/count"):
        assert await (await editor.get(address)).json() == {
            "total_filtered": 3, "pending": 1, "processing": 0, "done": 1, "error": 1, "total_global": 3,
        }  # fmt: skip
        done = await (await editor.get(address, params={"status": "done"})).json()
        assert (done["total_filtered"], done["done"], done["pending"]) == (1, 1, 0)
    for method in ("DELETE", "PATCH", "OPTIONS"):
        answer = await editor.ask(method, "/api/transcriptions/count")
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    for query in ({"page": "0"}, {"limit": "101"}, {"page": "x"}, {"status": "lost"}, {"search": "Anna"}):
        await problem(await editor.get("/api/user/transcriptions", params=query), 422, "invalid-fields")


async def test_a_task_is_its_transcription(editor: Person, viewer: Person, worker: Worker) -> None:
    made = await sent(editor)
    address = f"/api/tasks/{made['celery_task_id']}"
    assert await (await editor.get(address)).json() == {
        "task_id": made["id"],
        "status": "PENDING",
        "result": None,
        "info": {"transcription_id": made["id"], "stage": "queued", "percent": 0.0},
    }
    order = await worker.claim()
    assert (await (await editor.get(address)).json())["status"] == "STARTED"
    await worker.report(order, "failure", code="x", detail="It broke.", remedy="Mend it.", retryable=False)
    failed = _held_against(answers.OriginalTask, await (await editor.get(address)).text())
    assert (failed["status"], failed["result"]["error"]) == ("FAILURE", "It broke. Mend it.")
    await problem(await editor.post(f"{address}/cancel"), 409, "illegal-transition")
    await problem(await viewer.post(f"{address}/cancel"), 403, "not-permitted")
    again = await sent(editor)
    cancelled = await (await editor.post(f"/api/tasks/{again['id']}/cancel")).json()
    assert cancelled == {"task_id": again["id"], "status": "cancelled"}
    found = await (await editor.get(f"/api/user/transcriptions/{again['id']}")).json()
    assert (found["status"], found["error_message"]) == ("error", "The transcription was cancelled.")


@pytest.fixture
async def viewer(person: MakePerson) -> Person:
    return await person("viewer", project="first", role=Role.VIEWER)


async def test_who_is_logged_in_and_where(owner: Person, administrator: Person, stranger: Person) -> None:
    me = await (await owner.get("/api/user/me")).json()
    assert set(me) == {"id", "username", "is_admin", "created_at", "last_login_at", "projects"}
    assert (me["username"], me["is_admin"]) == ("owner", False)
    assert [project["name"] for project in me["projects"]] == ["first"]
    projects = await (await administrator.get("/api/user/projects")).json()
    assert [(project["name"], project["api_key"]) for project in projects] == [("second", None), ("first", None)]
    theirs = await program(owner)
    for address in ("/api/user/me", "/api/user/projects"):
        await problem(await theirs.get(address), 403, "not-permitted")


async def test_an_administrator_manages_its_users(
    client: TestClient, administrator: Person, owner: Person, stranger: Person
) -> None:
    address, password = "/api/admin/users", "a password of twelve"
    made = await administrator.post(address, json={"username": "ben", "password": password, "is_admin": False})
    assert made.status == 201
    ben = _held_against(answers.OriginalUser, await made.text())
    assert (ben["username"], ben["is_admin"], ben["projects"]) == ("ben", False, [])
    login = {"username": "ben", "password": password}
    token = (await (await client.post("/api/auth/token", data=login)).json())["access_token"]
    his = Person(client, {"Authorization": f"Bearer {token}"})

    (first,) = (await (await owner.get("/api/projects")).json())["items"]
    link = {"user_id": ben["id"], "project_id": first["id"]}
    for _ in range(2):
        assigned = await (await administrator.post(f"{address}/assign-project", json=link)).json()
        assert [project["name"] for project in assigned["projects"]] == ["first"]
    assert (await (await his.get("/api/auth/me")).json())["roles"] == {first["id"]: "editor"}
    listed = {user["username"]: user for user in await (await administrator.get(address)).json()}
    assert list(listed) == sorted(listed)
    assert listed["ben"] == assigned
    assert [project["name"] for project in listed["owner"]["projects"]] == ["first"]
    assert [project["name"] for project in listed["stranger"]["projects"]] == ["second"]
    # Assigning is no demotion.
    theirs = {"user_id": listed["owner"]["id"], "project_id": first["id"]}
    assert (await administrator.post(f"{address}/assign-project", json=theirs)).status == 200
    assert (await (await owner.get(f"/api/projects/{first['id']}")).json())["role"] == "owner"

    for _ in range(2):
        removed = await (await administrator.post(f"{address}/remove-project", json=link)).json()
        assert removed["projects"] == []
    await problem(await his.get(f"/api/projects/{first['id']}"), 404, "not-found")
    for unknown in ({"user_id": str(uuid.uuid4())}, {"project_id": str(uuid.uuid4())}):
        for path in ("assign-project", "remove-project"):
            await problem(await administrator.post(f"{address}/{path}", json=link | unknown), 404, "not-found")

    answer = await administrator.ask("PUT", f"{address}/{ben['id']}/password", json={"password": password[::-1]})
    assert await answer.json() == {"status": "password updated", "user_id": ben["id"]}
    await problem(await his.get("/api/auth/me"), 401, "not-authenticated")
    answer = await administrator.ask("DELETE", f"{address}/{ben['id']}")
    assert await answer.json() == {"status": "user deleted", "user_id": ben["id"]}
    me = await (await administrator.get("/api/user/me")).json()
    await problem(await administrator.ask("DELETE", f"{address}/{me['id']}"), 409, "last-administrator")


async def test_logging_in_by_its_form(client: TestClient, person: MakePerson) -> None:
    await person("anna", project="first")
    form = FormData({"grant_type": "password", "username": "anna", "password": "a password for tests", "scope": ""})
    answer = await (await client.post("/api/auth/token", data=form)).json()
    assert answer["token_type"] == "bearer"
    me = await client.get("/api/user/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert (await me.json())["username"] == "anna"


async def test_what_is_sent_again_is_transcribed_again(editor: Person) -> None:
    made = []
    for _ in range(2):
        form = FormData({"project_name": "first"})
        form.add_field("file", tone(), filename="tone.wav")
        answer = await editor.post("/api/transcriptions", data=form)
        assert answer.status == 201
        made.append((await answer.json())["id"])
    assert made[0] != made[1]


async def test_our_own_form_is_answered_as_before(editor: Person) -> None:
    form = FormData({"project": "first", "vad": "false"})
    form.add_field("file", tone(), filename="tone.wav")
    made = await (await editor.post("/api/transcriptions", data=form)).json()
    assert (made["state"], made["options"]["diarization"]) == ("queued", True)

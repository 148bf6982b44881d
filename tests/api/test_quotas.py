"""How much a project may store and have transcribed, and what becomes of what is too much."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import DeletedUsage, Transcription, now
from tests.api.conftest import Person
from tests.api.leftovers import files_of, rows_of
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.tus import begin, begun
from tests.api.wire import part, send_raw
from tests.api.worker import Worker

FAILURE = {"code": "worker-fault", "detail": "It broke.", "remedy": "Mend it.", "retryable": False}
SIZE = len(tone())


@pytest.fixture
async def quota(administrator: Person, editor: Person) -> Any:
    [project] = (await (await editor.get("/api/projects")).json())["items"]

    async def change(size: int | None = None, hours: float | None = None) -> dict[str, Any]:
        path = f"/api/projects/{project['id']}/quota"
        answer = await administrator.put(path, json={"bytes": size, "hours": hours})
        assert answer.status == 200, await answer.text()
        read = await (await editor.get(path)).json()
        assert read == await answer.json()
        return read

    return change


async def test_what_is_used_is_told(quota: Any, editor: Person) -> None:
    month = f"{now():%Y-%m}"
    nothing = {"bytes": {"limit": None, "used": 0}, "hours": {"limit": None, "used": 0.0, "month": month}}
    assert await quota() == nothing
    await editor.uploaded()
    await (await begun(editor, 5000)).patch(b"x")
    shown = await quota(10_000_000, 1.5)
    assert shown["bytes"] == {"limit": 10_000_000, "used": SIZE + 5000}
    assert shown["hours"] == {"limit": 1.5, "used": pytest.approx(1 / 3600, abs=1e-4), "month": month}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["bytes", "hours"]),
        ({"bytes": -1, "hours": None}, ["bytes"]),
        ({"bytes": 1.5, "hours": None}, ["bytes"]),
        ({"bytes": 2**63, "hours": None}, ["bytes"]),
        ({"bytes": None, "hours": "many"}, ["hours"]),
        ({"bytes": None, "hours": None, "files": 3}, ["files"]),
    ],
)
async def test_a_quota_that_is_none(administrator: Person, editor: Person, body: Any, named: list[str]) -> None:
    [project] = (await (await editor.get("/api/projects")).json())["items"]
    answer = await administrator.put(f"/api/projects/{project['id']}/quota", json=body)
    assert fields(await problem(answer, 422, "invalid-fields")) == named


async def test_bytes_run_out_to_the_byte_and_come_back(client: TestClient, quota: Any, editor: Person) -> None:
    await quota(2 * SIZE)
    first = await editor.uploaded()
    await editor.uploaded()
    body = await problem(await editor.upload(), 403, "quota-exceeded")
    assert str(2 * SIZE) in body["detail"]
    assert len(files_of(client)) == 2
    await editor.delete(f"/api/transcriptions/{first['id']}")
    assert (await editor.upload()).status == 201


async def test_hours_run_out_and_deleting_does_not_bring_them_back(quota: Any, editor: Person) -> None:
    await quota(hours=2.5 / 3600)
    first = await editor.uploaded()
    await editor.uploaded()
    await problem(await editor.upload(), 403, "quota-exceeded")
    assert (await editor.upload(tone(0.4))).status == 201
    await editor.delete(f"/api/transcriptions/{first['id']}")
    body = await problem(await editor.upload(), 403, "quota-exceeded")
    assert "next month" in body["remedy"]
    await quota(hours=4 / 3600)
    assert (await editor.upload()).status == 201


async def test_a_new_month_begins_anew(client: TestClient, quota: Any, editor: Person) -> None:
    await quota(hours=1 / 3600)
    first = await editor.uploaded()
    long_ago = now() - dt.timedelta(days=40)
    await client.app[DATABASE].run(Transcription.update(created_at=long_ago).execute)
    assert (await editor.upload()).status == 201
    await problem(await editor.upload(), 403, "quota-exceeded")
    await editor.delete(f"/api/transcriptions/{first['id']}")
    counted = await client.app[DATABASE].run(lambda: [(row.month, row.seconds) for row in DeletedUsage.select()])
    assert counted == [(f"{long_ago:%Y-%m}", 1.0)]


async def test_what_failed_is_not_counted(client: TestClient, quota: Any, editor: Person) -> None:
    await quota(hours=1 / 3600)
    first = await editor.uploaded()
    await client.app[DATABASE].run(Transcription.update(state="error").execute)
    second = await editor.upload()
    assert second.status == 201
    await editor.delete(f"/api/transcriptions/{first['id']}")
    assert await client.app[DATABASE].run(DeletedUsage.select().count) == 0


async def test_what_failed_is_tried_again_only_where_the_hours_hold_it(
    quota: Any, editor: Person, worker: Worker
) -> None:
    await quota(hours=1.5 / 3600)
    failed = await editor.uploaded()
    assert (await worker.report(await worker.claim(), "failure", **FAILURE))[0] == 200
    assert (await editor.read(failed["id"]))["state"] == "error"
    await editor.uploaded()
    await problem(await editor.post(f"/api/transcriptions/{failed['id']}/retry"), 403, "quota-exceeded")
    assert (await editor.read(failed["id"]))["state"] == "error"
    # Its bytes are there already: a limit of those that was lowered since does not matter.
    await quota(size=0, hours=2.5 / 3600)
    assert (await editor.post(f"/api/transcriptions/{failed['id']}/retry")).status == 200


async def test_of_many_that_are_tried_again_at_once_as_many_are_as_the_hours_hold(
    quota: Any, editor: Person, worker: Worker
) -> None:
    failed = [(await editor.uploaded())["id"] for _ in range(4)]
    for _ in failed:
        await worker.report(await worker.claim(), "failure", **FAILURE)
    await quota(hours=2.5 / 3600)
    answers = await asyncio.gather(*(editor.post(f"/api/transcriptions/{one}/retry") for one in failed))
    assert sorted(answer.status for answer in answers) == [200, 200, 403, 403]


async def test_a_full_project_is_told_before_the_body_is_read(client: TestClient, quota: Any, editor: Person) -> None:
    await quota(size=0)
    beginning = part(b"file", tone(), b'; filename="a.wav"')[:200]
    announced = {"Content-Length": str(30 * 1024 * 1024)}
    answer = await send_raw(client, editor.headers | announced, beginning)
    assert answer is not None
    assert (answer.status, '"code": "quota-exceeded"' in answer.text) == (403, True)
    await problem(await begin(editor, SIZE), 403, "quota-exceeded")
    await quota(hours=0)
    await problem(await begin(editor, SIZE), 403, "quota-exceeded")
    order = {"url": "http://recordings.example.org/a.wav"}
    await problem(await editor.post("/api/transcriptions", json=order), 403, "quota-exceeded")


async def test_many_at_once_do_not_come_in_under_a_limit_together(
    client: TestClient, quota: Any, editor: Person
) -> None:
    await quota(2 * SIZE)
    answers = await asyncio.gather(*(editor.upload() for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 201, 403, 403, 403]
    assert (await rows_of(client))["Transcription"] == len(files_of(client)) == 2


async def test_uploads_on_their_way_are_counted_once(quota: Any, editor: Person) -> None:
    await quota(2 * SIZE)
    first, second = await begun(editor, SIZE, reuse="false"), await begun(editor, SIZE, reuse="false")
    await problem(await begin(editor, SIZE), 403, "quota-exceeded")
    assert [(await one.patch(tone())).status for one in (first, second)] == [204, 204]
    await problem(await begin(editor, 1), 403, "quota-exceeded")


async def test_an_upload_in_pieces_that_the_hours_do_not_hold_is_refused(
    client: TestClient, quota: Any, editor: Person
) -> None:
    sender = await begun(editor, SIZE)
    await quota(hours=0.5 / 3600)
    await problem(await sender.patch(tone()), 403, "quota-exceeded")
    assert (await sender.read())["error"]["code"] == "quota-exceeded"
    assert files_of(client) == []


async def test_what_is_there_already_needs_no_room(quota: Any, editor: Person) -> None:
    key = {"Idempotency-Key": "once"}
    first = await (await editor.upload(headers=key)).json()
    await quota(SIZE)
    again = await editor.upload(headers=key)
    assert (again.status, (await again.json())["id"]) == (200, first["id"])


async def test_other_projects_are_not_concerned(quota: Any, editor: Person, stranger: Person) -> None:
    await quota(size=0, hours=0)
    await problem(await editor.upload(), 403, "quota-exceeded")
    assert (await stranger.upload()).status == 201

"""What is finished is kept: a part that fails leaves the text, before and while it is tried again."""

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import Voices
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.worker import Worker, segment, text

FAILURE = {"code": "worker-fault", "detail": "It broke.", "remedy": "Mend it.", "retryable": False}


async def test_the_text_stays_readable_while_a_failed_diarization_is_tried_again(
    editor: Person, worker: Worker
) -> None:
    created = await editor.uploaded(enrichment="false")
    await worker.plan((0.0, 10.0))
    chunk = await worker.claim()
    await worker.report(chunk, "result", text=text(segment(0.0, 9.0, "Hello everybody here")))
    await worker.do_next()
    await worker.report(await worker.claim(), "failure", **FAILURE)
    found = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert (found["state"], found["diarization"]["state"]) == ("done", "error")
    assert found["diarization"]["error"]["detail"] == "It broke."

    retried = await (await editor.post(f"/api/transcriptions/{created['id']}/retry")).json()

    assert (retried["state"], retried["partial"]) == ("processing", False)
    document = await editor.get(f"/api/transcriptions/{created['id']}.txt")
    assert document.status == 200
    assert "Hello everybody here" in await document.text()
    assert [(await worker.do_next())["kind"] for _ in range(2)] == ["voices", "diarization"]
    found = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert found["state"] == "done"
    assert [each["speaker"] for each in found["segments"]] == ["SPEAKER_00"]


@pytest.mark.parametrize("end", ["cancelled", "failed", "without speakers"])
async def test_what_voices_sound_like_is_forgotten_where_a_recording_ends(
    client: TestClient, editor: Person, worker: Worker, end: str
) -> None:
    created = await editor.uploaded(enrichment="false")
    await worker.plan((0.0, 10.0))
    chunk = await worker.claim()
    assert (await worker.do_next())["kind"] == "voices"
    described = Voices.select().where(Voices.description.is_null(False))
    assert await client.app[DATABASE].run(described.count) == 1
    if end == "cancelled":
        await editor.post(f"/api/transcriptions/{created['id']}/cancel")
    elif end == "failed":
        await worker.report(chunk, "failure", **FAILURE)
    else:
        await worker.report(chunk, "result", text=text(segment(0.0, 9.0, "Hello")))
        await worker.report(await worker.claim(), "failure", **FAILURE)
    assert await client.app[DATABASE].run(described.count) == 0

    await editor.post(f"/api/transcriptions/{created['id']}/retry")
    kinds = []
    while (await editor.read(created["id"]))["state"] != "done":
        kinds.append((await worker.do_next())["kind"])
    # The chunk, where it is done again, may come before the voices or after them.
    assert kinds[-1] == "diarization"
    assert kinds.count("voices") == 1
    assert (await editor.read(created["id"]))["diarization"]["state"] == "done"


async def test_a_task_that_came_to_nothing_is_named(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(diarization="false")
    await worker.plan((0.0, 10.0))
    await worker.do_next()
    order = await worker.claim(QueueName.ENRICHMENT)
    answers = {"title": "A title", "summary": None, "points": None, "model": "m"}

    await worker.report(order, "result", enrichment=answers | {"failures": {"points": "It gave no points."}})

    found = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert found["enrichment"]["title"] == "A title"
    assert found["enrichment"]["points"] is None
    assert found["enrichment"]["failures"] == {"points": "It gave no points."}

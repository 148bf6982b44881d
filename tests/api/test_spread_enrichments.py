"""A long enrichment is spread over workers: few of its jobs wait, others begin at once, and it is joined once."""

import io
import json
import math
from collections import Counter
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.db.tables import EnrichmentPart, EnrichmentPlan
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.test_enrichments import enriched, renewed
from tests.api.worker import ANSWERS, Worker, spread

PARTS = ("reading",) * 8 + ("rewriting", "folding")
GIVE_UP = {"code": "x", "detail": "It failed.", "remedy": "Try again.", "retryable": False}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nobody's job is taken back on a busy machine."""
    return settings.model_copy(update={"lease": 600})


async def planned(worker: Worker, *kinds: str) -> dict[str, Any]:
    """Claim the next enrichment and find its text to be long."""
    order = await worker.claim(QueueName.ENRICHMENT)
    assert order["spreads"] is True
    plan = spread(order, *(kinds or PARTS))
    assert await worker.report(order, "result", spread=plan) == (200, {"accepted": True})
    assert await worker.report(order, "result", spread=plan) == (200, {"accepted": False})
    return order


async def work_off(worker: Worker, count: int) -> list[dict[str, Any]]:
    return [await worker.do_next(QueueName.ENRICHMENT) for _ in range(count)]


async def test_a_long_one_is_shared_out_and_joined(client: TestClient, editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent, tasks=["title"])
    await planned(worker)
    body = await editor.read(sent)
    assert (body["enrichment"]["state"], body["enrichment"]["percent"]) == ("pending", 0.0)
    # A worker of the release before would not know what to do with a part.
    jobs = (await (await editor.get(f"/api/transcriptions/{sent}/jobs")).json())["items"]
    [part, *_] = [job["id"] for job in jobs if job["kind"] == "reading"]
    assert (await worker.post(part, "claim", {"worker": "of the release before"}))[0] == 410

    done = await work_off(worker, 4)
    body = await editor.read(sent)
    assert body["enrichment"]["state"] == "processing"
    assert 0 < body["enrichment"]["percent"] < 60
    done += await work_off(worker, 6)

    assert [order["kind"] for order in done[:8]] == list(PARTS[:8])
    assert {order["kind"] for order in done[8:]} == set(PARTS[8:])
    [folding] = [order for order in done if order["kind"] == "folding"]
    assert folding["spread"]["parts"] == list(range(8))
    joining = await worker.claim(QueueName.ENRICHMENT)
    assert (joining["kind"], joining["spread"]["parts"]) == ("enrichment", [9, 8])
    status, found = await worker.report(joining, "findings/9")
    assert (status, found["found"]["parts"]) == (200, list(range(8)))
    assert (await worker.report(joining, "findings/10"))[0] == 404
    assert (await worker.report(joining | {"lease": "another"}, "findings/9"))[0] == 410
    assert await worker.report(joining, "result", enrichment=ANSWERS) == (200, {"accepted": True})

    body = await editor.read(sent)
    assert (body["state"], body["enrichment"]["percent"]) == ("done", 100.0)
    left = await client.app[DATABASE].run(lambda: (EnrichmentPlan.select().count(), EnrichmentPart.select().count()))
    assert left == (0, 0)


async def test_a_short_one_begins_at_once_behind_a_long_one(editor: Person, worker: Worker) -> None:
    long, short = await enriched(editor, worker), await enriched(editor, worker)
    await renewed(editor, long)
    await planned(worker)
    in_hand = await worker.claim(QueueName.ENRICHMENT)
    await renewed(editor, short)

    answer = await worker.client.post(
        f"/internal/queues/{QueueName.ENRICHMENT}/first", json={}, headers={"X-Internal-Key": worker.key}
    )
    first = (await answer.json())["job_id"]
    status, order = await worker.post(first, "claim", {"worker": "another"})

    assert (status, order["transcription_id"]) == (200, short)
    assert in_hand["transcription_id"] == long
    jobs = (await (await editor.get(f"/api/transcriptions/{long}/jobs")).json())["items"]
    states = Counter(job["state"] for job in jobs if job["kind"] == "reading")
    assert states["held"] == 4  # of the others one is in hand, or was, and three wait


async def test_parts_are_of_the_text_as_it_was_planned_and_are_planned_anew_where_it_was_corrected(
    editor: Person, worker: Worker
) -> None:
    sent = await enriched(editor, worker)
    said = (await editor.read(sent))["segments"][0]["text"]
    await renewed(editor, sent)
    await planned(worker, "reading", "reading")
    first = await worker.do_next(QueueName.ENRICHMENT)
    answer = await editor.patch(
        f"/api/transcriptions/{sent}/segments/0", json={"text": "Other words."}, headers={"If-Match": "*"}
    )
    assert answer.status == 200, await answer.text()
    second = await worker.claim(QueueName.ENRICHMENT)
    assert [order["segments"][0]["text"] for order in (first, second)] == [said, said]
    assert (await worker.report(second, "failure", **GIVE_UP))[0] == 200
    body = await editor.read(sent)
    assert (body["state"], body["enrichment"]["state"], body["enrichment"]["error"]["code"]) == ("done", "error", "x")

    assert (await editor.post(f"/api/transcriptions/{sent}/retry")).status == 200

    again = await worker.claim(QueueName.ENRICHMENT)
    assert (again["kind"], again["segments"][0]["text"]) == ("enrichment", "Other words.")
    assert "spread" not in again
    # What comes late of the plan of before is nobody's.
    plan = spread(again, "reading", "reading")
    assert await worker.report(again, "result", spread=plan) == (200, {"accepted": True})
    late = {"findings": {"plan": first["spread"]["plan"]}}
    assert (await worker.report(first, "result", **late))[0] == 410


async def test_a_plan_that_makes_no_sense_is_refused(editor: Person, worker: Worker) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent)
    order = await worker.claim(QueueName.ENRICHMENT)
    good = spread(order, "reading", "folding")
    for wrong in (
        good | {"parts": []},
        good | {"parts": good["parts"] * 501},
        good | {"parts": [good["parts"][1], good["parts"][1]]},
        good | {"parts": [good["parts"][0] | {"kind": "plan"}]},
        good | {"parts": [good["parts"][0] | {"end": -1}]},
        good | {"questions": {}},
    ):
        assert (await worker.report(order, "result", spread=wrong))[0] == 422
    assert await worker.report(order, "result", spread=good) == (200, {"accepted": True})


async def test_findings_are_for_the_job_that_needs_them_alone(editor: Person, worker: Worker) -> None:
    (_, _, other), (sent, reading, mine) = [await folding(editor, worker) for _ in range(2)]
    assert await worker.report(mine, "findings/0") == (200, {"said": sent})
    address, held = f"/internal/jobs/{mine['job_id']}/findings/0", {"lease": mine["lease"]}

    assert (await editor.post(address, json=held)).status == 401
    for key in ("", "another", worker.key[:-1]):
        assert (await worker.client.post(address, json=held, headers={"X-Internal-Key": key})).status == 401, key
    # A lease opens what is of its own job; one that needs nothing has none, and one that is over has no more.
    assert (await worker.report(mine | {"lease": other["lease"]}, "findings/0"))[0] == 410
    assert (await worker.report(other | {"lease": mine["lease"]}, "findings/0"))[0] == 410
    assert (await worker.report(reading, "findings/0"))[0] == 410
    for number in ("1", "2", "999999999", "9999999999", "-1", "0x0", "0%00", "٠"):
        answer = await worker.client.post(f"{address[:-1]}{number}", json=held, headers={"X-Internal-Key": worker.key})
        assert answer.status == 404, number
    body = io.BytesIO(json.dumps(held | {"padding": " " * 2**20}).encode())
    assert (await worker.client.post(address, data=body, headers={"X-Internal-Key": worker.key})).status == 413


async def test_findings_that_cannot_be_kept_are_refused_and_others_come_back_as_they_were(
    editor: Person, worker: Worker
) -> None:
    sent = await enriched(editor, worker)
    await renewed(editor, sent)
    await planned(worker, "reading", "folding")
    order = await worker.claim(QueueName.ENRICHMENT)
    plan = order["spread"]["plan"]
    nested: Any = "x"
    for _ in range(100):
        nested = [nested]
    for said in ("\0", "\ud800", [{"\0": 1}], nested, math.inf):
        status, told = await worker.report(order, "result", findings={"plan": plan, "said": said})
        assert (status, told["code"]) == (422, "invalid-fields"), said
    for of in ("\0", "'; drop table jobs; --", None, 0):
        assert (await worker.report(order, "result", findings={"plan": of}))[0] == 422, of
    assert (await worker.report(order, "result", findings={"plan": sent}))[0] == 410

    hostile = {"said": "'; drop table jobs; -- \u202e<script>", "numbers": [2**70, 0.1, None]}
    assert await worker.report(order, "result", findings={"plan": plan} | hostile) == (200, {"accepted": True})
    assert await worker.report(await worker.claim(QueueName.ENRICHMENT), "findings/0") == (200, hostile)


async def folding(person: Person, worker: Worker) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Have an enrichment read in one part that is done with, and return the recording, the part and what is asked next."""
    sent = await enriched(person, worker)
    await renewed(person, sent)
    await planned(worker, "reading", "folding")
    reading = await worker.claim(QueueName.ENRICHMENT)
    found = {"plan": reading["spread"]["plan"], "said": sent}
    assert await worker.report(reading, "result", findings=found) == (200, {"accepted": True})
    return sent, reading, await worker.claim(QueueName.ENRICHMENT)

"""What becomes of a transcription when workers report, fall silent, and clients change their minds."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, REDIS
from app.core.jobs import MAX_ATTEMPTS
from app.db.tables import Event, Job
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.leftovers import assert_nothing_is_left, files_of
from tests.api.problems import problem
from tests.api.worker import ANSWERS, Worker, part_of_plan, segment, text, turns

FAILURE = {"code": "out-of-memory", "detail": "The model did not fit.", "remedy": "Use a smaller one."}


async def state_of(person: Person, transcription: dict[str, Any]) -> str:
    return (await person.read(transcription["id"]))["state"]


async def until(person: Person, transcription: dict[str, Any], state: str, seconds: float = 20) -> dict[str, Any]:
    async with asyncio.timeout(seconds):
        while (body := await person.read(transcription["id"]))["state"] != state:  # noqa: ASYNC110 - by plain reading
            await asyncio.sleep(0.05)
    return body


async def finish(worker: Worker, person: Person, transcription: dict[str, Any]) -> dict[str, Any]:
    """Do whatever is in the queues until the transcription is done."""
    while (state := await state_of(person, transcription)) != "done":
        assert state not in ("error", "cancelled")
        await worker.do_next(QueueName.ENRICHMENT if state == "transcribed" else QueueName.TRANSCRIPTION)
    return await person.read(transcription["id"])


async def test_a_silent_workers_job_is_done_by_another(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    lost = await worker.claim()
    taken = await worker.claim()
    assert (taken["job_id"], taken["attempt"]) == (lost["job_id"], 2)
    assert taken["lease"] != lost["lease"]
    for verb, body in [("heartbeat", {}), ("progress", {"stage": "x", "percent": 1}), ("release", {})]:
        assert (await worker.report(lost, verb, **body))[0] == 410
    assert (await worker.report(lost, "failure", retryable=False, **FAILURE))[0] == 410
    await worker.report(taken, "result", **await worker.result_of(taken))
    done = await finish(worker, editor, transcription)
    assert [found["text"] for found in done["segments"]] == ["Words of chunk 0."]


async def test_a_heartbeat_and_progress_keep_a_job_over_many_leases(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    order = await worker.claim()
    for n in range(16):
        await asyncio.sleep(0.3)
        verb, body = ("heartbeat", {}) if n % 2 else ("progress", {"stage": "listening", "percent": n})
        status, answer = await worker.report(order, verb, **body)
        assert (status, answer) == (200, {"lease_seconds": 2} if n % 2 else {})
    seen = await editor.read(transcription["id"])
    assert (seen["state"], seen["stage"]) == ("processing", "listening")


async def test_the_result_of_a_worker_that_was_given_up_is_taken_all_the_same(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    late = await worker.claim()
    other = await worker.claim()
    assert (await worker.report(late, "result", **await worker.result_of(late)))[1] == {"accepted": True}
    assert (await worker.report(other, "result", **await worker.result_of(other)))[1] == {"accepted": False}
    await finish(worker, editor, transcription)


async def test_a_recording_that_kills_its_workers_ends_with_a_reason(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    attempts = [(await worker.claim())["attempt"] for _ in range(MAX_ATTEMPTS)]
    ended = await until(editor, transcription, "error")
    assert attempts == [1, 2, 3]
    assert ended["error"]["code"] == "worker-lost"
    assert "stopped answering" in ended["error"]["detail"]
    assert ended["error"]["remedy"]
    assert ended["finished_at"]


async def test_a_failure_worth_another_try_is_tried_again_and_then_told(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    for _ in range(MAX_ATTEMPTS):
        assert (await state_of(editor, transcription)) in ("queued", "processing")
        assert (await worker.report(await worker.claim(), "failure", retryable=True, **FAILURE))[0] == 200
    assert (await editor.read(transcription["id"]))["error"] == FAILURE
    assert await state_of(editor, transcription) == "error"


async def test_a_failure_without_hope_is_told_at_once(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    await worker.report(await worker.claim(), "failure", retryable=False, **FAILURE)
    assert await state_of(editor, transcription) == "error"


async def test_a_job_that_is_handed_back_is_had_again_at_once_and_costs_no_attempt(
    editor: Person, worker: Worker
) -> None:
    await editor.uploaded()
    for _ in range(MAX_ATTEMPTS + 1):
        order = await worker.claim()
        assert order["attempt"] == 1
        assert (await worker.report(order, "release"))[0] == 200


async def test_a_failed_diarization_leaves_the_text_and_says_why(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    await worker.plan((0.0, 5.0))
    await worker.do_next()
    assert (await worker.do_next())["kind"] == "voices"
    await worker.report(await worker.claim(), "failure", retryable=False, **FAILURE)
    body = await editor.read(transcription["id"])
    assert body["state"] == "transcribed"
    assert body["diarization"] == {"state": "error", "error": FAILURE}
    assert [found["speaker"] for found in body["segments"]] == [None]


async def test_a_failed_enrichment_leaves_the_transcript_and_is_had_by_a_retry(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded(diarization="false")
    await worker.plan((0.0, 5.0))
    await worker.do_next()
    order = await worker.claim(QueueName.ENRICHMENT)
    await worker.report(order, "progress", stage="summary", percent=50, answers={"title": "Early"})
    assert (await editor.read(transcription["id"]))["enrichment"]["title"] == "Early"
    await worker.report(order, "failure", retryable=False, **FAILURE)
    body = await editor.read(transcription["id"])
    assert (body["state"], body["enrichment"]["state"]) == ("done", "error")
    assert body["enrichment"]["error"] == FAILURE
    assert body["segments"]

    assert (await editor.post(f"/api/transcriptions/{transcription['id']}/retry")).status == 200
    await worker.do_next(QueueName.ENRICHMENT)
    body = await editor.read(transcription["id"])
    assert (body["state"], body["enrichment"]["state"]) == ("done", "done")
    assert body["enrichment"]["title"] == ANSWERS["title"]
    assert body["enrichment"]["error"] is None


async def test_partial_text_can_be_read_and_makes_room_for_the_next_attempts(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded(diarization="false")
    await worker.plan((0.0, 9.0))
    order = await worker.claim()
    first = {"stage": "transcribing", "percent": 30, "segments": [segment(0.0, 3.0, "One two three")]}
    await worker.report(order, "progress", **first)
    await worker.report(order, "progress", **first)  # the answer was lost, the worker sends it again
    await worker.report(order, "progress", stage="transcribing", percent=60, segments=[segment(3.0, 6.0, "Four")])
    body = await editor.read(transcription["id"])
    assert (body["partial"], [found["text"] for found in body["segments"]]) == (True, ["One two three", "Four"])
    assert 0 < body["percent"] < 100
    await worker.report(order, "release")
    again = await worker.claim()
    assert (await editor.read(transcription["id"]))["segments"] == []
    await worker.report(again, "result", text=text(segment(0.0, 9.0, "All of it")))
    body = await editor.read(transcription["id"])
    assert (body["partial"], [found["text"] for found in body["segments"]]) == (False, ["All of it"])


async def test_cancelling_stops_everything_and_keeps_what_is_finished(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    await worker.plan((0.0, 5.0), (5.0, 9.0))
    await worker.do_next()
    running = await worker.claim()
    cancelled = await editor.post(f"/api/transcriptions/{transcription['id']}/cancel")
    assert (await cancelled.json())["state"] == "cancelled"
    for verb, body in [("heartbeat", {}), ("progress", {"stage": "x", "percent": 1})]:
        assert (await worker.report(running, verb, **body))[0] == 410
    assert (await worker.report(running, "result", **await worker.result_of(running)))[0] == 410
    assert (await editor.post(f"/api/transcriptions/{transcription['id']}/cancel")).status == 200
    assert (await editor.read(transcription["id"]))["segments"]
    assert await worker.claimable() == []


async def test_a_retry_keeps_options_and_finished_parts(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded(language="en", hotwords="Vocalyx", enrichment="false", num_speakers="2")
    await worker.plan((0.0, 5.0), (5.0, 9.0))
    finished = await worker.do_next()
    await editor.post(f"/api/transcriptions/{transcription['id']}/cancel")
    retried = await editor.post(f"/api/transcriptions/{transcription['id']}/retry")
    assert (await retried.json())["state"] == "processing"
    left = [await worker.do_next() for _ in range(3)]
    assert finished["job_id"] not in [order["job_id"] for order in left]
    assert [order["options"] for order in left] == [finished["options"]] * 3
    done = await editor.read(transcription["id"])
    assert [found["text"] for found in done["segments"]] == ["Words of chunk 0.", "Words of chunk 5."]
    assert done["state"] == "done"


async def test_what_cannot_be_cancelled_or_retried_says_so(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded(diarization="false", enrichment="false")
    address = f"/api/transcriptions/{transcription['id']}"
    await problem(await editor.post(f"{address}/retry"), 409, "illegal-transition")
    await finish(worker, editor, transcription)
    await problem(await editor.post(f"{address}/retry"), 409, "illegal-transition")
    await problem(await editor.post(f"{address}/cancel"), 409, "illegal-transition")


async def test_deleting_leaves_nothing_anywhere(client: TestClient, editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    await worker.plan((0.0, 5.0))
    running = await worker.claim()
    report = {"stage": "transcribing", "percent": 50, "segments": [segment(0.0, 3.0, "A secret")]}
    await worker.report(running, "progress", **report)
    assert files_of(client)
    assert (await editor.delete(f"/api/transcriptions/{transcription['id']}")).status == 204

    await problem(await editor.get(f"/api/transcriptions/{transcription['id']}"), 404, "not-found")
    await problem(await editor.delete(f"/api/transcriptions/{transcription['id']}"), 404, "not-found")
    for verb, body in [
        ("heartbeat", {}),
        ("progress", report),
        ("result", await worker.result_of(running)),
        ("failure", FAILURE | {"retryable": True}),
        ("release", {}),
        ("claim", {"worker": "w"}),
    ]:
        status, answer = await worker.report(running, verb, **body)
        # By which workers know that it is the API that says so.
        assert (status, answer["code"]) in [(404, "not-found"), (410, "job-superseded")], verb
        assert answer["instance"].startswith("/internal/")

    def texts() -> str:
        return repr([event.data for event in Event.select()])

    kept = await client.app[DATABASE].run(texts)
    assert "secret" not in kept
    assert "tone.wav" not in kept
    await client.app[DATABASE].run(Event.delete().execute)
    await assert_nothing_is_left(client)


async def test_the_log_forgets_percentages_and_partial_text_at_the_end(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    transcription = await editor.uploaded(diarization="false", enrichment="false")
    await worker.plan((0.0, 5.0))
    order = await worker.claim()
    for n in range(10):
        await worker.report(order, "progress", stage="transcribing", percent=n, segments=[segment(n, n + 1, "Word")])
    await worker.report(order, "result", text=text(segment(0, 5, "Words")))
    assert await state_of(editor, transcription) == "done"
    kinds = await client.app[DATABASE].run(lambda: {event.kind for event in Event.select()})
    assert kinds <= {"transcription.changed", "access.changed"}


async def test_a_redis_that_lost_everything_loses_no_job(client: TestClient, editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded()
    wipe = client.app[REDIS].flushall
    wipe()
    await worker.plan((0.0, 2.0), (2.0, 4.0))
    wipe()
    for _ in range(4):
        await worker.do_next()
        wipe()
    await worker.do_next(QueueName.ENRICHMENT)
    wipe()
    assert await state_of(editor, transcription) == "done"


@pytest.mark.parametrize("kind", ["plan", "chunk", "voices", "diarization", "enrichment"])
async def test_a_claim_for_a_job_in_hand_is_refused(editor: Person, worker: Worker, kind: str) -> None:
    await editor.uploaded()
    order = await worker.claim()
    while order["kind"] != kind:
        await worker.report(order, "result", **await worker.result_of(order))
        state = await state_of(editor, {"id": order["transcription_id"]})
        order = await worker.claim(QueueName.ENRICHMENT if state == "transcribed" else QueueName.TRANSCRIPTION)
    status, body = await worker.post(order["job_id"], "claim", {"worker": "another"})
    assert (status, body["code"]) == (410, "job-superseded")


async def test_a_claim_whose_answer_was_lost_is_granted_again(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    transcription = await editor.uploaded()
    job, claim = await worker.next_job(), {"worker": "w", "lease": "a-lease-of-the-workers-own"}
    lost = await worker.post(job, "claim", claim)
    assert lost[0] == 200
    assert lost[1]["lease"] == claim["lease"]
    events = await client.app[DATABASE].run(lambda: Event.select().count())

    assert await worker.post(job, "claim", claim) == lost

    assert await client.app[DATABASE].run(lambda: Event.select().count()) == events
    order = lost[1]
    assert order["attempt"] == 1
    await worker.report(order, "result", **await worker.result_of(order))
    assert (await worker.post(job, "claim", claim))[0] == 410
    await finish(worker, editor, transcription)


@pytest.mark.parametrize("lease", ["", "short", "x" * 101, "a lease with spaces in it", "nul-\0" + "x" * 30, 7])
async def test_a_lease_is_no_guess_and_no_text(editor: Person, worker: Worker, lease: object) -> None:
    await editor.uploaded()
    job = await worker.next_job()
    status, body = await worker.post(job, "claim", {"worker": "w", "lease": lease})
    assert (status, body["code"]) == (422, "invalid-fields")
    assert (await worker.post(job, "claim", {"worker": "w"}))[1]["attempt"] == 1


HUGE = "1e999"


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"plan": {}},
        {"plan": part_of_plan() | {"chunks": [7]}},
        {"plan": part_of_plan((5, 5))},
        {"plan": part_of_plan((0, 1), stretches=((1, 0),))},
        {"plan": part_of_plan() | {"end": 0, "last": False}},
        {"text": text(segment(0, 1, "Not what a plan results in"))},
        {"text": text({"start": 2, "end": 1, "text": "backwards"})},
        {"text": text({"start": 0, "end": 1, "text": "x", "words": ["x"]})},
        {"text": text({"start": 0, "end": 1, "text": "nul \x00"})},
        {"voices": {"not": "what a plan results in"}},
        {"diarization": {"turns": 7}},
        {"diarization": turns((0, 1, "SPEAKER_00"))},
        {"enrichment": {"title": 7, "model": "m"}},
        {"enrichment": {"title": "x"}},
        {"enrichment": ANSWERS},
        {"plan": part_of_plan(), "text": text()},
        {"text": text(), "metrics": {"seconds": float("nan")}},
        {"text": text(), "metrics": {"seconds": float("inf")}},
    ],
)
async def test_a_misshapen_result_is_refused_and_changes_nothing(
    editor: Person, worker: Worker, report: dict[str, Any]
) -> None:
    transcription = await editor.uploaded()
    order = await worker.claim()
    status, body = await worker.report(order, "result", **report)
    assert (status, body["code"]) == (422, "invalid-fields")
    assert (await worker.report(order, "heartbeat"))[0] == 200
    await worker.report(order, "result", **await worker.result_of(order))
    await finish(worker, editor, transcription)


@pytest.mark.parametrize("percent", ["NaN", "Infinity", "-1", "100.1", '"many"', HUGE, "null"])
async def test_a_percentage_is_between_0_and_100(
    client: TestClient, editor: Person, worker: Worker, percent: str
) -> None:
    await editor.uploaded()
    order = await worker.claim()
    body = f'{{"lease": "{order["lease"]}", "stage": "x", "percent": {percent}}}'
    headers = {"X-Internal-Key": worker.key, "Content-Type": "application/json"}
    answer = await client.post(f"/internal/jobs/{order['job_id']}/progress", data=body, headers=headers)
    await problem(answer, 422, "invalid-fields")


async def test_words_that_run_backwards_at_a_change_of_speaker_lose_nothing(editor: Person, worker: Worker) -> None:
    transcription = await editor.uploaded(enrichment="false")
    await worker.plan((0.0, 10.0))
    chunk = await worker.claim()
    said = segment(2.0, 6.0, "One two")
    said["words"][0] |= {"start": 1.0, "end": 1.5}
    await worker.report(chunk, "result", text=text(said))
    await worker.tell_apart((0.0, 3.0, "SPEAKER_00"), (3.0, 9.0, "SPEAKER_01"))
    body = await editor.read(transcription["id"])
    assert body["state"] == "done"
    assert "".join(f" {part['text']}" for part in body["segments"]).split() == ["One", "two"]


async def test_every_job_is_in_one_pair_of_hands_at_a_time(client: TestClient, editor: Person, worker: Worker) -> None:
    await editor.uploaded()
    job = await worker.next_job()
    answers = await asyncio.gather(*(worker.post(job, "claim", {"worker": f"w{n}"}) for n in range(8)))
    assert sorted(status for status, _ in answers) == [200] + [410] * 7
    assert await client.app[DATABASE].run(lambda: Job.select().get().attempt) == 1

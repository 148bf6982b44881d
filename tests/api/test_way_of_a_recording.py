"""One recording from upload to done, as a worker and a client see it."""

from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.worker import Worker, part_of_plan, segment, text, turns


async def test_from_upload_to_done(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(language="en", num_speakers="2")
    assert created["state"] == "queued"
    await worker.plan((0.0, 10.0), (10.0, 20.0))

    first = await worker.claim()
    assert first["kind"] == "chunk"
    assert first["chunk"] == {"start": 0.0, "end": 10.0, "speech": [[0.0, 10.0]], "channel": None}
    await worker.report(first, "result", text=text(segment(0.0, 9.0, "Hello everybody here")))
    voices = await worker.claim()
    assert (voices["kind"], voices["stretch"]) == ("voices", [0.0, 20.0])
    await worker.report(voices, "result", voices={"what": "the engine says"})
    second = await worker.claim()
    await worker.report(second, "result", text=text(segment(11.0, 19.0, "And hello to you")))
    diarization = await worker.claim()
    assert (diarization["kind"], diarization["stretches"]) == ("diarization", [[0.0, 20.0]])
    assert diarization["options"]["num_speakers"] == 2
    assert await worker.report(diarization, "voices/0") == (200, {"what": "the engine says"})
    assert (await worker.report(diarization, "voices/1"))[0] == 404
    assert (await worker.post(diarization["job_id"], "voices/0", {"lease": "another"}))[0] == 410
    await worker.report(diarization, "result", diarization=turns((0.0, 10.0, "SPEAKER_00"), (10.0, 20.0, "SPEAKER_01")))

    transcribed = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert transcribed["state"] == "transcribed"
    assert [(s["speaker"], s["text"]) for s in transcribed["segments"]] == [
        ("SPEAKER_00", "Hello everybody here"),
        ("SPEAKER_01", "And hello to you"),
    ]
    enrichment = await worker.claim(QueueName.ENRICHMENT)
    assert [s["text"] for s in enrichment["segments"]] == ["Hello everybody here", "And hello to you"]
    await worker.report(
        enrichment,
        "result",
        enrichment={"title": "Greetings", "summary": "They greet.", "points": ["Hello."], "model": "m"},
    )
    done = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert done["state"] == "done"
    assert done["enrichment"]["title"] == "Greetings"
    assert done["percent"] == 100.0
    assert [(s["label"], s["seconds"]) for s in done["speakers"]] == [("SPEAKER_00", 10.0), ("SPEAKER_01", 10.0)]


async def test_a_voice_too_faint_to_write_down_is_still_told_apart(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded()
    order = await worker.claim()
    await worker.report(order, "result", plan=part_of_plan(stretches=((0.0, 1.0),)))
    await worker.tell_apart((0.2, 0.9, "SPEAKER_00"))

    done = await (await editor.get(f"/api/transcriptions/{created['id']}")).json()
    assert (done["state"], done["segments"]) == ("done", [])
    assert [speaker["label"] for speaker in done["speakers"]] == ["SPEAKER_00"]
    rttm = await (await editor.get(f"/api/transcriptions/{created['id']}.rttm")).text()
    assert "SPEAKER_00" in rttm

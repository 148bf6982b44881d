"""Who spoke, as people correct it: beside the machine's labels, never instead of them."""

import json
import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.core.access import Role
from app.core.transcript import Diarization
from app.db import transcripts
from app.db.tables import Segment, Speaker, Transcription
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.problems import fields, problem
from tests.api.worker import Worker, segment, text, turns

TURNS = ((0.0, 4.0, "SPEAKER_00"), (4.0, 7.0, "SPEAKER_01"), (7.0, 9.0, "SPEAKER_00"), (9.0, 10.0, "SPEAKER_02"))
SAID = ("Good morning, all.", "And to you, dear friends too.", "Let us begin.", "Yes.")


async def recorded(editor: Person, worker: Worker, *, enrichment: bool = False, **fields: str) -> str:
    """A finished recording of the turns above; returns its address."""
    created = await editor.uploaded(enrichment=str(enrichment).lower(), **fields)
    await worker.plan((0.0, 10.0))
    said = text(*(segment(start, end, words) for (start, end, _), words in zip(TURNS, SAID, strict=True)))
    order = await worker.claim()
    assert order["kind"] == "chunk"
    await worker.report(order, "result", text=said)
    await worker.tell_apart(*TURNS)
    return f"/api/transcriptions/{created['id']}"


async def read(person: Person, address: str) -> dict[str, Any]:
    return await (await person.get(address)).json()


async def whose(person: Person, address: str) -> list[str]:
    return [found["speaker"] for found in (await read(person, address))["segments"]]


def seconds(body: dict[str, Any]) -> dict[str, float]:
    return {speaker["label"]: speaker["seconds"] for speaker in body["speakers"]}


MACHINE = [speaker for _, _, speaker in TURNS]


async def test_a_name_is_given_and_taken_away(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    named = await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Zoë Smith"})
    assert named.status == 200
    assert await named.json() == {
        "label": "SPEAKER_01",
        "number": 2,
        "name": "Zoë Smith",
        "seconds": 3.0,
        "made_by_person": False,
        "recognised": None,
        "merged": [],
    }
    assert "Zoë Smith" in await (await editor.get(f"{address}.txt")).text()
    assert [speaker["name"] for speaker in (await read(editor, address))["speakers"]] == [None, "Zoë Smith", None]
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": None})
    assert [speaker["name"] for speaker in (await read(editor, address))["speakers"]] == [None] * 3


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": " "}, {"name": "two\nlines"}, {"name": 7}])
async def test_a_name_is_one_line_of_text(editor: Person, worker: Worker, body: Any) -> None:
    address = await recorded(editor, worker)
    refused = await problem(await editor.patch(f"{address}/speakers/SPEAKER_01", json=body), 422, "invalid-fields")
    assert fields(refused) == ["name"]


async def test_a_merger_shows_everywhere_and_is_taken_back(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    await editor.patch(f"{address}/speakers/SPEAKER_00", json={"name": "Anna"})
    merged = await editor.post(f"{address}/speakers/SPEAKER_02/merge", json={"into": "SPEAKER_00"})
    assert merged.status == 200
    body = await read(editor, address)
    assert (await merged.json())["speakers"] == body["speakers"]
    assert seconds(body) == {"SPEAKER_00": 7.0, "SPEAKER_01": 3.0}
    assert body["speakers"][0]["merged"] == [{"label": "SPEAKER_02", "number": 3, "name": None, "into": "SPEAKER_00"}]
    assert [found["speaker"] for found in body["segments"]] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00", "SPEAKER_00"]
    assert [found["machine_speaker"] for found in body["segments"]] == MACHINE
    assert {word["speaker"] for word in body["segments"][3]["words"]} == {"SPEAKER_00"}

    assert "SPEAKER_02" not in await (await editor.get(f"{address}.txt")).text()
    assert "Anna: Yes." not in await (await editor.get(f"{address}.srt")).text()  # the same speaker goes on
    assert "<v Anna>Yes.</v>" in await (await editor.get(f"{address}.vtt")).text()
    rttm = (await (await editor.get(f"{address}.rttm")).text()).splitlines()
    assert [line.split()[7] for line in rttm] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00", "SPEAKER_00"]
    document = json.loads(await (await editor.get(f"{address}.json")).text())
    assert {speaker["name"]: speaker["seconds"] for speaker in document["speakers"]} == {"Anna": 7.0, "SPEAKER_01": 3.0}
    assert [found["machine_speaker"] for found in document["segments"]] == MACHINE

    undone = await editor.delete(f"{address}/speakers/SPEAKER_02/merge")
    assert undone.status == 200
    assert seconds(await undone.json()) == {"SPEAKER_00": 6.0, "SPEAKER_01": 3.0, "SPEAKER_02": 1.0}
    assert await whose(editor, address) == MACHINE


async def test_mergers_that_make_no_sense_are_refused(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    speakers = f"{address}/speakers"
    for body in ({"into": "SPEAKER_00"}, {"into": "SPEAKER_07"}, {}):
        refused = await problem(await editor.post(f"{speakers}/SPEAKER_00/merge", json=body), 422, "invalid-fields")
        assert fields(refused) == ["into"]
    await problem(await editor.post(f"{speakers}/SPEAKER_07/merge", json={"into": "SPEAKER_00"}), 404, "not-found")
    assert (await editor.post(f"{speakers}/SPEAKER_02/merge", json={"into": "SPEAKER_01"})).status == 200
    assert (await editor.post(f"{speakers}/SPEAKER_01/merge", json={"into": "SPEAKER_00"})).status == 200
    assert set(await whose(editor, address)) == {"SPEAKER_00"}
    refused = await problem(
        await editor.post(f"{speakers}/SPEAKER_00/merge", json={"into": "SPEAKER_02"}), 409, "conflict"
    )
    assert "SPEAKER_02/merge" in refused["remedy"]


async def test_segments_are_split_off_to_a_new_speaker(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    made = await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [2], "name": "Ben"})
    assert made.status == 201
    assert await made.json() == {
        "label": "PERSON_01",
        "number": 4,
        "name": "Ben",
        "seconds": 2.0,
        "made_by_person": True,
        "recognised": None,
        "merged": [],
    }
    body = await read(editor, address)
    assert [found["speaker"] for found in body["segments"]] == ["SPEAKER_00", "SPEAKER_01", "PERSON_01", "SPEAKER_02"]
    assert [found["machine_speaker"] for found in body["segments"]] == MACHINE
    assert seconds(body) == {"PERSON_01": 2.0, "SPEAKER_00": 4.0, "SPEAKER_01": 3.0, "SPEAKER_02": 1.0}
    rttm = (await (await editor.get(f"{address}.rttm")).text()).splitlines()
    assert [line.split()[7] for line in rttm] == ["SPEAKER_00", "SPEAKER_01", "PERSON_01", "SPEAKER_02"]
    assert "[00:00:07] Ben" in await (await editor.get(f"{address}.txt")).text()

    refused = await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [0, 1, 9]})
    assert fields(await problem(refused, 422, "invalid-fields")) == ["segments"]
    for some in ([], [-1], ["0"], [True], None):
        refused = await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": some})
        assert fields(await problem(refused, 422, "invalid-fields"))[0].startswith("segments")


async def test_segments_are_given_to_others_and_back(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    corrections = f"{address}/segments/speaker"
    given = await editor.patch(corrections, json={"segments": [0, 3], "speaker": "SPEAKER_01"})
    assert given.status == 200
    assert seconds(await given.json()) == {"SPEAKER_00": 2.0, "SPEAKER_01": 8.0, "SPEAKER_02": 0.0}
    assert await whose(editor, address) == ["SPEAKER_01", "SPEAKER_01", "SPEAKER_00", "SPEAKER_01"]
    await editor.patch(corrections, json={"segments": [3], "speaker": None})
    assert await whose(editor, address) == ["SPEAKER_01", "SPEAKER_01", "SPEAKER_00", "SPEAKER_02"]
    refused = await editor.patch(corrections, json={"segments": [0], "speaker": "nobody"})
    assert fields(await problem(refused, 422, "invalid-fields")) == ["speaker"]
    refused = await editor.patch(corrections, json={"segments": [4, 5], "speaker": None})
    assert fields(await problem(refused, 422, "invalid-fields")) == ["segments", "segments"]
    await problem(await editor.patch(corrections, json={"segments": [0]}), 422, "invalid-fields")


async def test_everything_is_put_back_but_the_names(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    stored = await stored_labels(editor.client)
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Anna"})
    before = await read(editor, address)
    await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [0], "name": "Ben"})
    await editor.post(f"{address}/speakers/PERSON_01/merge", json={"into": "SPEAKER_02"})
    await editor.post(f"{address}/speakers/SPEAKER_02/merge", json={"into": "SPEAKER_01"})
    await editor.patch(f"{address}/segments/speaker", json={"segments": [2], "speaker": "SPEAKER_02"})
    assert await whose(editor, address) == ["SPEAKER_01"] * 4
    assert await stored_labels(editor.client) == stored

    undone = await editor.delete(f"{address}/speakers/corrections")
    assert undone.status == 200
    assert await read(editor, address) == before
    assert (await undone.json())["speakers"] == before["speakers"]


async def stored_labels(client: TestClient) -> list[Any]:
    """What the machine said, as it is stored."""

    def unit() -> list[Any]:
        return [(row.speaker, row.words) for row in Segment.select().order_by(Segment.position)]

    return await client.app[DATABASE].run(unit)


async def test_listeners_are_told_of_what_changed_and_of_nothing_else(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    async with await editor.listen() as socket:
        assert (await socket.receive_json())["type"] == "snapshot"
        told = []
        for method, path, body in (
            ("PATCH", "speakers/SPEAKER_00", {"name": "Anna"}),
            ("PATCH", "speakers/SPEAKER_00", {"name": "Anna"}),
            ("POST", "speakers/SPEAKER_02/merge", {"into": "SPEAKER_01"}),
            ("POST", "speakers/SPEAKER_02/merge", {"into": "SPEAKER_01"}),
            ("DELETE", "speakers/SPEAKER_02/merge", None),
            ("DELETE", "speakers/SPEAKER_02/merge", None),
            ("POST", "speakers/SPEAKER_00/split", {"segments": [0]}),
            ("PATCH", "segments/speaker", {"segments": [2], "speaker": "SPEAKER_01"}),
            ("PATCH", "segments/speaker", {"segments": [2], "speaker": "SPEAKER_01"}),
            ("DELETE", "speakers/corrections", None),
            ("DELETE", "speakers/corrections", None),
        ):
            assert (await editor.ask(method, f"{address}/{path}", json=body)).status in (200, 201)
        while len(told) < 6:
            told.append(await socket.receive_json(timeout=10))
        await editor.delete(address)
        last = await socket.receive_json(timeout=10)
    assert [(message["type"], message.get("what")) for message in told] == [("transcription.changed", "speakers")] * 6
    assert "Anna" not in json.dumps(told)
    assert last["type"] == "transcription.deleted"


async def test_the_language_model_is_told_who_people_say_it_is(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker, enrichment=True)
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Anna"})
    await editor.post(f"{address}/speakers/SPEAKER_02/merge", json={"into": "SPEAKER_01"})
    await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [2], "name": "Ben"})
    order = await worker.claim(QueueName.ENRICHMENT)
    assert [found["speaker"] for found in order["segments"]] == ["SPEAKER_00", "Anna", "Ben", "Anna"]


async def test_corrections_survive_a_merger_of_the_text(client: TestClient, editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    await editor.patch(f"{address}/speakers/SPEAKER_01", json={"name": "Anna"})
    await editor.post(f"{address}/speakers/SPEAKER_02/merge", json={"into": "SPEAKER_01"})
    await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [2], "name": "Ben"})
    before = await read(editor, address)

    def again(*bounds: tuple[float, float, str]) -> None:
        row = Transcription.get_by_id(address.rpartition("/")[2])
        row.diarization = Diarization.from_dict(turns(*bounds)).to_dict()
        row.save(only=[Transcription.diarization])
        transcripts.merge(row)

    await client.app[DATABASE].run(again, *TURNS)
    assert await read(editor, address) == before
    # The second segment falls apart, the last one is somebody else's, the third is where it was.
    await client.app[DATABASE].run(
        again, (0.0, 5.5, "SPEAKER_00"), (5.5, 7.0, "SPEAKER_01"), (7.0, 9.0, "SPEAKER_00"), (9.0, 10.0, "SPEAKER_03")
    )
    after = await read(editor, address)
    assert [(found["text"], found["speaker"]) for found in after["segments"]] == [
        ("Good morning, all.", "SPEAKER_00"),
        ("And to you,", "SPEAKER_00"),
        ("dear friends too.", "SPEAKER_01"),
        ("Let us begin.", "PERSON_01"),
        ("Yes.", "SPEAKER_03"),
    ]
    assert {speaker["label"]: speaker["name"] for speaker in after["speakers"]} == {
        "PERSON_01": "Ben",
        "SPEAKER_00": None,
        "SPEAKER_01": "Anna",
        "SPEAKER_03": None,
    }


async def test_channels_are_their_speakers_and_are_read_in_turn(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    created = await editor.uploaded(enrichment="false")
    order = await worker.claim()
    chunks = [
        {"start": 0.0, "end": 9.0, "speech": [[0.0, 9.0]], "channel": 0},
        {"start": 2.0, "end": 8.0, "speech": [[2.0, 8.0]], "channel": 1},
    ]
    plan = {
        "start": 0.0,
        "end": 10.0,
        "last": True,
        "chunks": chunks,
        "stretches": [],
        "turns": turns((0.0, 2.0, "SPEAKER_00"), (6.0, 9.0, "SPEAKER_00"), (2.0, 8.0, "SPEAKER_01"))["turns"],
        "duration": 10.0,
        "survey": {"language": "en", "language_probability": 0.9, "by_channel": True},
    }
    assert (await worker.report(order, "result", plan=plan))[0] == 200
    words = {
        0: (segment(0.0, 2.0, "Hello there."), segment(6.0, 9.0, "Fine, thank you.")),
        1: (segment(2.0, 4.0, "How are you?"), segment(6.0, 8.0, "So am I.")),
    }
    for done in range(2):
        order = await worker.claim()
        assert order["kind"] == "chunk"
        await worker.report(order, "result", text=text(*words[order["chunk"]["channel"]]))
        if done == 0:
            partial = await editor.read(created["id"])
            assert {found["speaker"] for found in partial["segments"]} == {f"SPEAKER_0{order['chunk']['channel']}"}
    body = await editor.read(created["id"])
    assert body["state"] == "done"
    assert [(found["speaker"], found["text"]) for found in body["segments"]] == [
        ("SPEAKER_00", "Hello there."),
        ("SPEAKER_01", "How are you?"),
        ("SPEAKER_00", "Fine, thank you."),
        ("SPEAKER_01", "So am I."),
    ]
    assert all(word["speaker"] == found["speaker"] for found in body["segments"] for word in found["words"])
    assert seconds(body) == {"SPEAKER_00": 5.0, "SPEAKER_01": 6.0}


CAST = ("anonymous", "stranger", "viewer", "editor", "owner", "administrator", "key", "viewers_key")


@pytest.fixture
async def cast(client: TestClient, person: MakePerson) -> dict[str, Person]:
    people = {
        "anonymous": Person(client, {}),
        "stranger": await person("stranger", project="second", role=Role.OWNER),
        "administrator": await person("administrator", administrator=True),
    }
    for role in Role:
        people[role] = await person(role, project="first", role=role)
    [project] = (await (await people["owner"].get("/api/projects")).json())["items"]
    for name, role in (("key", "editor"), ("viewers_key", "viewer")):
        made = await people["owner"].post(f"/api/projects/{project['id']}/keys", json={"name": name, "role": role})
        people[name] = Person(client, {"X-API-Key": (await made.json())["key"]})
    return people


def editors(success: int) -> dict[str, int]:
    refused = {"anonymous": 401, "stranger": 404, "viewer": 403, "viewers_key": 403}
    return dict.fromkeys(CAST, success) | refused


async def test_every_route_against_everybody(cast: dict[str, Person], worker: Worker) -> None:
    address = await recorded(cast["editor"], worker)
    routes: list[tuple[str, str, Any, int]] = [
        ("PATCH", f"{address}/speakers/SPEAKER_00", {"name": "Anna"}, 200),
        ("PATCH", f"{address}/speakers/SPEAKER_09", {"name": "Anna"}, 404),
        ("POST", f"{address}/speakers/SPEAKER_02/merge", {"into": "SPEAKER_01"}, 200),
        ("DELETE", f"{address}/speakers/SPEAKER_02/merge", None, 200),
        ("POST", f"{address}/speakers/SPEAKER_07/split", {"segments": [0]}, 404),
        ("PATCH", f"{address}/segments/speaker", {"segments": [0], "speaker": "SPEAKER_01"}, 200),
        ("DELETE", f"{address}/speakers/corrections", None, 200),
    ]
    found = {}
    for method, path, body, _ in routes:
        found[method, path] = {who: (await cast[who].ask(method, path, json=body)).status for who in CAST}
    assert found == {(method, path): editors(success) for method, path, _, success in routes}
    split = {}
    for who in CAST:
        answer = await cast[who].post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [0]})
        split[who] = answer.status
        await cast["owner"].delete(f"{address}/speakers/corrections")
    assert split == editors(201)


async def test_there_is_nobody_to_correct_before_the_text_is_there(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded()
    address = f"/api/transcriptions/{created['id']}"
    await worker.plan((0.0, 10.0))
    await problem(await editor.patch(f"{address}/speakers/SPEAKER_00", json={"name": "Anna"}), 404, "not-found")
    assert (await (await editor.delete(f"{address}/speakers/corrections")).json()) == {"speakers": []}
    nowhere = f"/api/transcriptions/{uuid.uuid4()}"
    await problem(await editor.patch(f"{nowhere}/speakers/SPEAKER_00", json={"name": "Anna"}), 404, "not-found")


async def test_a_deleted_recording_takes_its_corrections_with_it(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    address = await recorded(editor, worker)
    await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [0]})
    await editor.post(f"{address}/speakers/PERSON_01/merge", json={"into": "SPEAKER_02"})
    assert (await editor.delete(address)).status == 204
    assert await client.app[DATABASE].run(lambda: (Segment.select().count(), Speaker.select().count())) == (0, 0)

"""What was said, as people correct it: beside the machine's text, never instead of it."""

import json
import uuid
from itertools import pairwise
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.core.access import Role
from app.core.transcript import Diarization
from app.db import transcripts
from app.db.tables import Segment, SegmentVersion, Transcription
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.problems import fields, problem
from tests.api.worker import Worker, segment, text, turns

TURNS = ((0.0, 4.0, "SPEAKER_00"), (4.0, 8.0, "SPEAKER_01"))
SAID = ("Good mourning to all.", "And two you, deer friend.")


async def recorded(editor: Person, worker: Worker, *, enrichment: bool = False, **options: str) -> str:
    """A finished recording of the turns above; returns its address."""
    created = await editor.uploaded(enrichment=str(enrichment).lower(), **options)
    await worker.plan((0.0, 8.0))
    said = text(*(segment(start, end, words) for (start, end, _), words in zip(TURNS, SAID, strict=True)))
    await worker.report(await worker.claim(), "result", text=said)
    await worker.tell_apart(*TURNS)
    return f"/api/transcriptions/{created['id']}"


async def read(person: Person, address: str) -> dict[str, Any]:
    answer = await person.get(address)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def correct(person: Person, address: str, position: int, said: str) -> dict[str, Any]:
    """Correct a segment whatever stands there; returns it."""
    answer = await person.patch(f"{address}/segments/{position}", json={"text": said}, headers={"If-Match": "*"})
    assert answer.status == 200, await answer.text()
    assert answer.headers["ETag"] == (await answer.json())["etag"]
    return await answer.json()


async def test_a_correction_shows_everywhere_and_is_taken_back(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    before = await read(editor, address)
    one = await editor.get(f"{address}/segments/1")
    assert (await one.json(), one.headers["ETag"]) == (before["segments"][1], before["segments"][1]["etag"])
    assert [found["machine_text"] for found in before["segments"]] == list(SAID)

    shown = await correct(editor, address, 1, "  And to you,   dear friends. ")
    assert (shown["text"], shown["machine_text"]) == ("And to you, dear friends.", SAID[1])
    assert shown["etag"] != before["segments"][1]["etag"]
    after = await read(editor, address)
    assert after["segments"] == [before["segments"][0], shown]
    assert [word["text"] for word in shown["words"]] == [" And", " to", " you,", " dear", " friends."]
    assert [word["start"] for word in shown["words"]] == [word["start"] for word in before["segments"][1]["words"]]
    assert [word["probability"] for word in shown["words"]] == [0.9, 1.0, 0.9, 1.0, 1.0]
    for suffix in ("txt", "srt", "vtt", "json"):
        document = await (await editor.get(f"{address}.{suffix}")).text()
        assert "friends." in document
        assert "deer" not in document

    undone = await editor.delete(f"{address}/segments/1/correction", headers={"If-Match": shown["etag"]})
    assert undone.status == 200
    assert await undone.json() == before["segments"][1]
    assert await read(editor, address) == before


async def test_subtitles_keep_the_times_of_a_text_that_grew(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    shown = await correct(editor, address, 0, "A very good morning indeed to you and to all of them.")
    assert all(one["end"] <= other["start"] for one, other in pairwise(shown["words"]))
    assert (shown["words"][0]["start"], shown["words"][-1]["end"]) == (0.0, 4.0)
    subtitles = await (await editor.get(f"{address}.srt")).text()
    assert "00:00:04,000 --> " in subtitles


async def test_a_text_that_nobody_said_is_taken_out(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    assert (await correct(editor, address, 0, " "))["words"] == []
    for suffix in ("txt", "srt", "vtt"):
        document = await (await editor.get(f"{address}.{suffix}")).text()
        assert "mourning" not in document
        assert "friend" in document


async def test_nobody_overwrites_what_they_have_not_read(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    place = f"{address}/segments/0"
    await problem(await editor.patch(place, json={"text": "x"}), 428, "precondition-required")
    await problem(await editor.delete(f"{place}/correction"), 428, "precondition-required")
    etag = (await read(editor, place))["etag"]
    first = await editor.patch(place, json={"text": "first"}, headers={"If-Match": etag})
    assert first.status == 200
    refused = await editor.patch(place, json={"text": "second"}, headers={"If-Match": etag})
    body = await problem(refused, 412, "precondition-failed")
    assert body["current"] == await first.json()
    assert refused.headers["ETag"] == first.headers["ETag"]
    await problem(await editor.delete(f"{place}/correction", headers={"If-Match": etag}), 412, "precondition-failed")
    assert (await read(editor, place))["text"] == "first"


async def test_every_change_is_in_the_history(editor: Person, worker: Worker, person: MakePerson) -> None:
    address = await recorded(editor, worker)
    other = await person("other", project="first")
    assert await read(editor, f"{address}/segments/0/history") == {"items": []}
    await correct(editor, address, 0, "one")
    await correct(other, address, 0, "two")
    await correct(other, address, 0, "two")
    await editor.delete(f"{address}/segments/0/correction", headers={"If-Match": "*"})
    items = (await read(editor, f"{address}/segments/0/history"))["items"]
    assert [(item["kind"], item["by"], item["before"], item["after"]) for item in items] == [
        ("reverted", "editor", "two", SAID[0]),
        ("corrected", "other", "one", "two"),
        ("corrected", "editor", SAID[0], "one"),
    ]
    assert all(item["at"].endswith("+00:00") for item in items)
    # The machine's own words take a correction back as well.
    await correct(editor, address, 1, "one")
    await correct(editor, address, 1, SAID[1])
    assert [item["kind"] for item in (await read(editor, f"{address}/segments/1/history"))["items"]] == [
        "reverted",
        "corrected",
    ]


async def test_listeners_are_told_of_what_changed_and_of_nothing_else(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    async with await editor.listen() as socket:
        assert (await socket.receive_json())["type"] == "snapshot"
        for said in ("a secret", "a secret", SAID[1]):
            await correct(editor, address, 1, said)
        await editor.delete(f"{address}/segments/1/correction", headers={"If-Match": "*"})
        await editor.delete(address)
        told = [await socket.receive_json(timeout=10) for _ in range(3)]
    assert [(message["type"], message.get("what"), message.get("segment")) for message in told] == [
        ("transcription.changed", "text", 1),
        ("transcription.changed", "text", 1),
        ("transcription.deleted", None, None),
    ]
    assert "a secret" not in json.dumps(told)


async def test_the_language_model_is_told_what_people_say_was_said(editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker, enrichment=True)
    await correct(editor, address, 1, "And to you.")
    order = await worker.claim(QueueName.ENRICHMENT)
    assert [found["text"] for found in order["segments"]] == [SAID[0], "And to you."]


async def test_corrections_survive_a_merger_of_the_text(client: TestClient, editor: Person, worker: Worker) -> None:
    address = await recorded(editor, worker)
    await correct(editor, address, 0, "Good morning to all.")
    await correct(editor, address, 1, "And to you, dear friends.")
    before = await read(editor, address)

    def again(*bounds: tuple[float, float, str]) -> None:
        row = Transcription.get_by_id(address.rpartition("/")[2])
        row.diarization = Diarization.from_dict(turns(*bounds)).to_dict()
        row.save(only=[Transcription.diarization])
        transcripts.merge(row)

    await client.app[DATABASE].run(again, *TURNS)
    assert await read(editor, address) == before
    # The second segment falls apart: who was taken for one, are two.
    await client.app[DATABASE].run(again, (0.0, 4.0, "SPEAKER_00"), (4.0, 6.4, "SPEAKER_01"), (6.4, 8.0, "SPEAKER_02"))
    parted = (await read(editor, address))["segments"]
    assert [(found["text"], found["machine_text"], found["speaker"]) for found in parted] == [
        ("Good morning to all.", SAID[0], "SPEAKER_00"),
        ("And to you,", "And two you,", "SPEAKER_01"),
        ("dear friends.", "deer friend.", "SPEAKER_02"),
    ]
    items = (await read(editor, f"{address}/segments/1/history"))["items"]
    assert [(item["kind"], item["by"]) for item in items] == [("carried", None), ("corrected", "editor")]
    await client.app[DATABASE].run(again, *TURNS)
    assert [found["text"] for found in (await read(editor, address))["segments"]] == [
        "Good morning to all.",
        "And to you, dear friends.",
    ]


async def test_without_times_of_words_the_text_is_corrected_alone(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded(enrichment="false", diarization="false", word_timestamps="false")
    address = f"/api/transcriptions/{created['id']}"
    await worker.plan((0.0, 4.0))
    await worker.report(await worker.claim(), "result", text=text(segment(0.0, 4.0, "Hallo") | {"words": []}))
    assert (await correct(editor, address, 0, "Hello there"))["words"] == []
    assert "Hello there" in await (await editor.get(f"{address}.srt")).text()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": None}, 422),
        ({"text": 7}, 422),
        ({"text": "two\nlines"}, 422),
        ({"text": "x\x00"}, 422),
        ({"text": "\ud800"}, 422),
        ({"text": "x" * 5001}, 422),
        ({"text": "x", "speaker": "SPEAKER_00"}, 422),
    ],
)
async def test_what_is_no_line_of_text_is_refused(editor: Person, worker: Worker, body: Any, status: int) -> None:
    address = await recorded(editor, worker)
    answer = await editor.patch(f"{address}/segments/0", json=body, headers={"If-Match": "*"})
    assert fields(await problem(answer, status, "invalid-fields"))


async def test_there_is_no_segment_but_those_there_are(editor: Person, worker: Worker) -> None:
    created = await editor.uploaded()
    begun = f"/api/transcriptions/{created['id']}"
    await worker.plan((0.0, 4.0))
    order = await worker.claim()
    await worker.report(order, "progress", stage="x", percent=50, segments=[segment(0, 1, "Part")])
    [partial] = (await read(editor, begun))["segments"]
    assert (partial["etag"], partial["machine_text"]) == (None, "Part")
    for place in (
        f"{begun}/segments/0",
        f"{begun}/segments/99999999999",
        f"{begun}/segments/4294967296",
        f"{begun}/segments/%D9%A3",
        f"/api/transcriptions/{uuid.uuid4()}/segments/0",
    ):
        await problem(await editor.get(place), 404, "not-found")
        await problem(await editor.get(f"{place}/history"), 404, "not-found")
        answer = await editor.patch(place, json={"text": "x"}, headers={"If-Match": "*"})
        await problem(answer, 404, "not-found")
        await problem(await editor.delete(f"{place}/correction", headers={"If-Match": "*"}), 404, "not-found")


async def test_every_route_against_everybody(
    editor: Person, stranger: Person, person: MakePerson, worker: Worker
) -> None:
    address = await recorded(editor, worker)
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    anonymous = Person(editor.client, {})
    place, any_state = f"{address}/segments/0", {"If-Match": "*"}
    for method, path, expected in (
        ("GET", place, (200, 200, 404, 401)),
        ("GET", f"{place}/history", (200, 200, 404, 401)),
        ("PATCH", place, (200, 403, 404, 401)),
        ("DELETE", f"{place}/correction", (200, 403, 404, 401)),
    ):
        body = {"text": "x"} if method == "PATCH" else None
        found = [
            (await who.ask(method, path, json=body, headers=any_state)).status
            for who in (editor, viewer, stranger, anonymous)
        ]
        assert tuple(found) == expected, (method, path)


async def test_a_deleted_recording_takes_its_versions_with_it(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    address = await recorded(editor, worker)
    await correct(editor, address, 0, "x")
    assert (await editor.delete(address)).status == 204
    assert await client.app[DATABASE].run(lambda: (Segment.select().count(), SegmentVersion.select().count())) == (0, 0)

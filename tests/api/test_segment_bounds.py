"""Segments split and merged through the API: text, words, speakers, history and positions."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import Segment
from app.api.keys import DATABASE
from app.db.tables import Segment as StoredSegment
from tests.api.conftest import Person
from tests.api.finished import finished
from tests.api.problems import fields, problem
from tests.api.worker import Worker

WHATEVER = {"If-Match": "*"}


@pytest.fixture
async def place(client: TestClient) -> str:
    """A finished recording: "Good morning, all." of one speaker, "And to you." of the other."""
    return f"/api/transcriptions/{await finished(client)}"


async def segments(person: Person, place: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.read(place.rpartition("/")[2]))["segments"]
    assert [one["position"] for one in found] == list(range(len(found)))
    assert all(one["start"] <= one["end"] for one in found)
    starts = [one["start"] for one in found]
    assert starts == sorted(starts)
    return found


async def changed(person: Person, path: str, body: Any = None, headers: Any = None) -> dict[str, Any]:
    answer = await person.post(path, json=body, headers=headers or WHATEVER)
    assert answer.status == 200, await answer.text()
    Segment.model_validate_json(await answer.text(), strict=True)
    shown: dict[str, Any] = await answer.json()
    assert answer.headers["ETag"] == shown["etag"]
    return shown


async def test_one_becomes_two_and_one_again(editor: Person, place: str) -> None:
    before = await segments(editor, place)
    tag = {"If-Match": before[0]["etag"]}
    left = await changed(editor, f"{place}/segments/0/split", {"word": 2}, tag)
    after = await segments(editor, place)
    assert [one["text"] for one in after] == ["Good morning,", "all.", "And to you."]
    assert left == after[0]
    assert [one["speaker"] for one in after] == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]
    assert after[0]["words"] + after[1]["words"] == before[0]["words"]
    assert after[0]["end"] <= after[1]["start"]
    # The one behind has moved, and is what it was.
    assert {**after[2], "position": 1} == before[1]
    whole = await changed(editor, f"{place}/segments/0/merge", headers={"If-Match": left["etag"]})
    assert whole == before[0]
    assert await segments(editor, place) == before


async def test_a_cut_at_a_moment(editor: Person, place: str) -> None:
    await changed(editor, f"{place}/segments/1/split", {"time": 6.5})
    assert [one["text"] for one in await segments(editor, place)] == ["Good morning, all.", "And", "to you."]


async def test_what_people_and_the_machine_said_are_both_kept(editor: Person, place: str) -> None:
    body = {"text": "Good evening to you all."}
    assert (await editor.patch(f"{place}/segments/0", json=body, headers=WHATEVER)).status == 200
    await changed(editor, f"{place}/segments/0/split", {"word": 2})
    first, second, _ = await segments(editor, place)
    assert (first["text"], second["text"]) == ("Good evening", "to you all.")
    assert f"{first['machine_text']} {second['machine_text']}" == "Good morning, all."
    whole = await changed(editor, f"{place}/segments/0/merge")
    assert (whole["text"], whole["machine_text"]) == ("Good evening to you all.", "Good morning, all.")


async def test_the_history_says_what_was_done_and_moves_along(editor: Person, place: str) -> None:
    async def history(position: int) -> list[tuple[str, str, str]]:
        answer = await editor.get(f"{place}/segments/{position}/history")
        return [(one["kind"], one["before"], one["after"]) for one in (await answer.json())["items"]]

    corrected = ("corrected", "And to you.", "And you.")
    await editor.patch(f"{place}/segments/1", json={"text": "And you."}, headers=WHATEVER)
    await changed(editor, f"{place}/segments/0/split", {"word": 1})
    whole = "Good morning, all."
    assert await history(0) == [("split", whole, "Good")]
    assert await history(1) == [("split", whole, "morning, all.")]
    assert await history(2) == [corrected]
    await changed(editor, f"{place}/segments/0/merge")
    assert await history(0) == [
        ("merged", "Good", whole), ("split", whole, "morning, all."), ("split", whole, "Good"),
    ]  # fmt: skip
    assert await history(1) == [corrected]
    await editor.delete(f"{place}/segments/1/correction", headers=WHATEVER)
    assert (await history(1))[0][0] == "reverted"


async def test_a_corrected_speaker_is_both_parts_and_stays_with_others(editor: Person, place: str) -> None:
    given = {"segments": [1], "speaker": "SPEAKER_00"}
    assert (await editor.patch(f"{place}/segments/speaker", json=given)).status == 200
    await changed(editor, f"{place}/segments/0/split", {"word": 1})
    assert [(one["speaker"], one["machine_speaker"]) for one in await segments(editor, place)] == [
        ("SPEAKER_00", "SPEAKER_00"), ("SPEAKER_00", "SPEAKER_00"), ("SPEAKER_00", "SPEAKER_01"),
    ]  # fmt: skip
    await changed(editor, f"{place}/segments/2/split", {"word": 1})
    assert [one["speaker"] for one in await segments(editor, place)] == ["SPEAKER_00"] * 4
    # All are one person's now: all may be one segment.
    for _ in range(3):
        await changed(editor, f"{place}/segments/0/merge")
    [whole] = await segments(editor, place)
    assert (whole["text"], whole["start"], whole["end"]) == ("Good morning, all. And to you.", 0.0, 10.0)


async def test_the_text_is_found_where_it_is_now(editor: Person, place: str) -> None:
    tomorrow = {"text": "And tomorrow."}
    assert (await editor.patch(f"{place}/segments/1", json=tomorrow, headers=WHATEVER)).status == 200
    await changed(editor, f"{place}/segments/0/split", {"word": 1})

    async def found(query: str) -> list[int]:
        items = (await (await editor.get("/api/search", params={"q": query})).json())["items"]
        return [segment["position"] for item in items for segment in item["segments"]]

    assert (await found("morning"), await found("tomorrow")) == ([1], [2])
    assert await found('"good morning"') == []


async def test_whoever_read_something_else_is_refused(editor: Person, place: str) -> None:
    stale = (await segments(editor, place))[1]["etag"]
    await changed(editor, f"{place}/segments/0/split", {"word": 1})
    # At the position of what was read there is another one now.
    for path, body in (("split", {"word": 1}), ("merge", None)):
        answer = await editor.post(f"{place}/segments/1/{path}", json=body, headers={"If-Match": stale})
        current = (await problem(answer, 412, "precondition-failed"))["current"]
        assert current["text"] == "morning, all."
        await problem(await editor.post(f"{place}/segments/1/{path}", json=body), 428, "precondition-required")
    answer = await editor.patch(f"{place}/segments/1", json={"text": "x"}, headers={"If-Match": stale})
    await problem(answer, 412, "precondition-failed")


@pytest.mark.parametrize(
    ("body", "at_fault"),
    [
        ({"word": 3}, "word"),
        ({"word": 0}, "word"),
        ({"word": 2**40}, "word"),
        ({"time": 0.0}, "time"),
        ({"time": 1e9}, "time"),
        ({"time": -1}, "time"),
        ({}, ""),
        ({"word": 1, "time": 1.0}, ""),
        ({"word": 1, "at": 1}, "at"),
    ],
)
async def test_what_is_no_cut(editor: Person, place: str, body: dict[str, Any], at_fault: str) -> None:
    answer = await editor.post(f"{place}/segments/0/split", json=body, headers=WHATEVER)
    assert fields(await problem(answer, 422, "invalid-fields"))[0].partition(".")[0] == at_fault
    assert len(await segments(editor, place)) == 2


async def test_what_cannot_be_one(editor: Person, place: str) -> None:
    await problem(await editor.post(f"{place}/segments/1/merge", headers=WHATEVER), 409, "conflict")
    answer = await problem(await editor.post(f"{place}/segments/0/merge", headers=WHATEVER), 409, "conflict")
    assert "speaker" in answer["detail"]
    await problem(await editor.post(f"{place}/segments/9/merge", headers=WHATEVER), 404, "not-found")
    await problem(await editor.post(f"{place}/segments/9/split", json={"word": 1}, headers=WHATEVER), 404, "not-found")


async def test_a_text_that_nobody_could_correct_any_more_is_not_made(
    client: TestClient, editor: Person, place: str
) -> None:
    long = StoredSegment.update(corrected_text="x" * 3000, corrected_words=[], speaker="SPEAKER_00")
    await client.app[DATABASE].run(long.execute)
    answer = await problem(await editor.post(f"{place}/segments/0/merge", headers=WHATEVER), 409, "conflict")
    assert "5000" in answer["detail"]
    # Words without times: there is nowhere to cut.
    answer = await editor.post(f"{place}/segments/0/split", json={"word": 1}, headers=WHATEVER)
    await problem(answer, 409, "conflict")


async def test_while_the_text_is_put_together_anew_it_is_refused(editor: Person, worker: Worker) -> None:
    sent = (await editor.uploaded(enrichment="false"))["id"]
    await worker.plan((0.0, 1.0))
    path = f"/api/transcriptions/{sent}/segments/0"
    await problem(await editor.post(f"{path}/split", json={"word": 1}, headers=WHATEVER), 409, "conflict")


async def test_listeners_are_told_to_read_all_of_it_again(editor: Person, place: str) -> None:
    async with await editor.listen() as socket:
        await socket.receive_json(timeout=10)
        await changed(editor, f"{place}/segments/0/split", {"word": 1})
        message = await socket.receive_json(timeout=10)
    assert (message["type"], message["what"], message["segment"]) == ("transcription.changed", "segments", 0)
    assert "morning" not in str(message)


async def test_a_long_text_moves_as_a_whole(editor: Person, worker: Worker) -> None:
    sent = (await editor.uploaded(enrichment="false", diarization="false"))["id"]
    await worker.plan(*((float(n), n + 1.0) for n in range(40)))
    for _ in range(40):
        await worker.do_next()
    place = f"/api/transcriptions/{sent}"
    before = await segments(editor, place)
    assert len(before) == 40
    for position in (39, 20, 0):
        await changed(editor, f"{place}/segments/{position}/split", {"word": 2})
    split = await segments(editor, place)
    assert " ".join(one["text"] for one in split) == " ".join(one["text"] for one in before)
    for position in (0, 21 - 1, 41 - 2):
        await changed(editor, f"{place}/segments/{position}/merge")
    assert await segments(editor, place) == before

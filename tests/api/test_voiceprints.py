"""Speakers recognised by their voices: off unless asked for, told to nobody, gone when switched off."""

import asyncio
import json
import logging
import math
import uuid
from typing import Any

import psycopg2
import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.core.access import Role
from app.db.tables import Speaker, Transcription, Voiceprint
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.test_speakers import CAST, cast, editors
from tests.api.worker import Worker, turns

__all__ = ["cast"]

# Told apart by digits that stand nowhere else, so that a search finds every place that a voice got to.
ANNA = (0.6131313, math.sqrt(1 - 0.6131313**2), 0.0, 0.0)
BEN = (0.0, 0.0, *ANNA[:2])
LIKE_ANNA = (0.7131313, math.sqrt(1 - 0.7131313**2), 0.0, 0.0)
DIGITS = "131313"
MODEL = "community-campplus"


async def project_of(person: Person) -> str:
    [project] = (await (await person.get("/api/projects")).json())["items"]
    return f"/api/projects/{project['id']}"


async def switched(owner: Person, *, on: bool) -> str:
    project = await project_of(owner)
    answer = await owner.patch(project, json={"recognise_speakers": on})
    assert (answer.status, (await answer.json())["recognise_speakers"]) == (200, on)
    return project


async def asked_for_speakers(editor: Person, worker: Worker) -> tuple[str, dict[str, Any]]:
    """Bring a recording to where only its diarization is missing; returns its id and that job's order."""
    created = await editor.uploaded(enrichment="false")
    await worker.plan((0.0, 10.0))
    while (order := await worker.claim())["kind"] != "diarization":
        await worker.report(order, "result", **await worker.result_of(order))
    return created["id"], order


def told_apart(*voices: tuple[float, ...], model: str | None = MODEL) -> dict[str, Any]:
    """Make up a diarization that found these voices, one after the other."""
    labels = [f"SPEAKER_{number:02d}" for number in range(len(voices))]
    length = 10.0 / len(voices)
    bounds = [(length * number, length * (number + 1), label) for number, label in enumerate(labels)]
    return turns(*bounds) | {"embeddings": dict(zip(labels, voices, strict=True)), "embedding_model": model}


async def recorded(editor: Person, worker: Worker, *voices: tuple[float, ...], model: str | None = MODEL) -> str:
    transcription, order = await asked_for_speakers(editor, worker)
    status, answer = await worker.report(order, "result", diarization=told_apart(*voices, model=model))
    assert (status, answer) == (200, {"accepted": True})
    return transcription


async def speakers_of(person: Person, transcription: str) -> dict[str, Any]:
    found = await person.read(transcription)
    assert found["state"] == "done"
    return {speaker["label"]: (speaker["name"], speaker["recognised"]) for speaker in found["speakers"]}


async def enrolled(person: Person, transcription: str, speaker: str, name: str) -> dict[str, Any]:
    body = {"transcription_id": transcription, "speaker": speaker, "name": name}
    answer = await person.post(f"{await project_of(person)}/voiceprints", json=body)
    assert answer.status == 201, await answer.text()
    return await answer.json()


def everything_stored(settings: Settings) -> str:
    """Every row of every table, as text."""
    connection = psycopg2.connect(settings.database_url.get_secret_value())
    try:
        with connection.cursor() as cursor:
            cursor.execute("select table_name from information_schema.tables where table_schema = 'public'")
            tables = [name for (name,) in cursor.fetchall()]
            rows = []
            for table in tables:
                cursor.execute(f'select t::text from "{table}" t')  # noqa: S608 - the server's own name
                rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
            return "\n".join(rows)
    finally:
        connection.close()


async def test_without_being_asked_for_no_voice_is_kept(
    owner: Person, editor: Person, worker: Worker, settings: Settings
) -> None:
    project = await project_of(owner)
    assert (await (await owner.get(project)).json())["recognise_speakers"] is False
    transcription, order = await asked_for_speakers(editor, worker)
    assert order["voiceprints"] is False
    await worker.report(order, "result", diarization=told_apart(ANNA, BEN))
    assert await speakers_of(editor, transcription) == {"SPEAKER_00": (None, None), "SPEAKER_01": (None, None)}
    assert DIGITS not in everything_stored(settings)
    body = {"transcription_id": transcription, "speaker": "SPEAKER_00", "name": "Anna"}
    refused = await problem(await editor.post(f"{project}/voiceprints", json=body), 409, "conflict")
    assert "recognise_speakers" in refused["remedy"]
    await switched(owner, on=True)
    refused = await problem(await editor.post(f"{project}/voiceprints", json=body), 409, "conflict")
    assert "Send the recording again" in refused["remedy"]


async def test_a_voice_that_is_known_is_named(owner: Person, editor: Person, worker: Worker) -> None:
    project = await switched(owner, on=True)
    transcription, order = await asked_for_speakers(editor, worker)
    assert order["voiceprints"] is True
    await worker.report(order, "result", diarization=told_apart(BEN, ANNA))
    assert await speakers_of(editor, transcription) == {"SPEAKER_00": (None, None), "SPEAKER_01": (None, None)}

    made = await enrolled(editor, transcription, "SPEAKER_01", "Anna")
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "name": "Anna",
        "model": MODEL,
        "enrolled_from": {"transcription_id": transcription, "speaker": "SPEAKER_01"},
        "created_by": "editor",
        "created_at": "",
    }
    assert (await (await editor.get(f"{project}/voiceprints")).json())["items"] == [made]

    later = await recorded(editor, worker, LIKE_ANNA, BEN)
    found = await speakers_of(editor, later)
    assert found["SPEAKER_01"] == (None, None)
    assert found["SPEAKER_00"] == ("Anna", {"voiceprint_id": made["id"], "similarity": 0.991})
    assert "Anna" in await (await editor.get(f"/api/transcriptions/{later}.txt")).text()

    named = await editor.patch(f"/api/transcriptions/{later}/speakers/SPEAKER_00", json={"name": "Anne"})
    assert ((await named.json())["name"], (await named.json())["recognised"]) == ("Anne", None)
    again = await editor.patch(f"/api/transcriptions/{later}/speakers/SPEAKER_00", json={"name": "Anne"})
    assert (await again.json())["recognised"] is None


async def test_saying_the_recognised_name_oneself_confirms_it(owner: Person, editor: Person, worker: Worker) -> None:
    await switched(owner, on=True)
    await enrolled(editor, await recorded(editor, worker, ANNA), "SPEAKER_00", "Anna")
    later = await recorded(editor, worker, ANNA)
    await editor.patch(f"/api/transcriptions/{later}/speakers/SPEAKER_00", json={"name": "Anna"})
    assert await speakers_of(editor, later) == {"SPEAKER_00": ("Anna", None)}


async def test_a_name_is_for_the_likest_speaker_alone(owner: Person, editor: Person, worker: Worker) -> None:
    await switched(owner, on=True)
    known = await recorded(editor, worker, ANNA, LIKE_ANNA)
    first = await enrolled(editor, known, "SPEAKER_00", "Anna")
    await enrolled(editor, known, "SPEAKER_01", "Anna")
    found = await speakers_of(editor, await recorded(editor, worker, (0.9, 0.9, 0.1, 0.1), ANNA, BEN))
    assert found["SPEAKER_01"] == ("Anna", {"voiceprint_id": first["id"], "similarity": 1.0})
    assert found["SPEAKER_00"] == found["SPEAKER_02"] == (None, None)


async def test_voices_of_another_model_or_project_are_not_compared(
    owner: Person, editor: Person, stranger: Person, worker: Worker
) -> None:
    await switched(owner, on=True)
    await switched(stranger, on=True)
    await enrolled(editor, await recorded(editor, worker, ANNA), "SPEAKER_00", "Anna")
    for voice, model in ((ANNA, "another"), (ANNA[:3], MODEL), ((0.0,) * 4, MODEL)):
        found = await speakers_of(editor, await recorded(editor, worker, voice, model=model))
        assert found == {"SPEAKER_00": (None, None)}
    assert await speakers_of(stranger, await recorded(stranger, worker, ANNA)) == {"SPEAKER_00": (None, None)}


async def test_a_name_that_a_person_gave_is_never_changed(
    client: TestClient, owner: Person, editor: Person, worker: Worker
) -> None:
    await switched(owner, on=True)
    await enrolled(editor, await recorded(editor, worker, ANNA), "SPEAKER_00", "Anna")
    transcription, order = await asked_for_speakers(editor, worker)

    def named_before() -> None:
        Speaker.create(transcription=transcription, label="SPEAKER_00", name="Somebody")
        Speaker.create(transcription=transcription, label="SPEAKER_01", name="Anna")

    await client.app[DATABASE].run(named_before)
    await worker.report(order, "result", diarization=told_apart(ANNA, BEN, LIKE_ANNA))
    assert await speakers_of(editor, transcription) == {
        "SPEAKER_00": ("Somebody", None),
        "SPEAKER_01": ("Anna", None),
        "SPEAKER_02": (None, None),
    }


async def test_a_voice_is_enrolled_from_a_segment_of_whoever_people_say_it_is(
    owner: Person, editor: Person, worker: Worker
) -> None:
    project = await switched(owner, on=True)
    transcription = await recorded(editor, worker, ANNA, BEN)
    address = f"/api/transcriptions/{transcription}"
    segments = (await editor.read(transcription))["segments"]
    last = segments[-1]
    assert last["speaker"] == "SPEAKER_01"
    await editor.patch(f"{address}/segments/speaker", json={"segments": [last["position"]], "speaker": "SPEAKER_00"})
    body = {"transcription_id": transcription, "segment": last["position"], "name": "Anna"}
    made = await (await editor.post(f"{project}/voiceprints", json=body)).json()
    assert made["enrolled_from"]["speaker"] == "SPEAKER_00"

    await editor.post(f"{address}/speakers/SPEAKER_00/split", json={"segments": [last["position"]]})
    for who in ({"segment": last["position"]}, {"speaker": "PERSON_01"}):
        body = {"transcription_id": transcription, "name": "Anna"} | who
        await problem(await editor.post(f"{project}/voiceprints", json=body), 409, "conflict")
    found = await speakers_of(editor, await recorded(editor, worker, ANNA))
    assert found["SPEAKER_00"][0] == "Anna"


async def test_requests_that_name_nobody_are_refused(
    owner: Person, editor: Person, stranger: Person, worker: Worker
) -> None:
    project = await switched(owner, on=True)
    known = {"transcription_id": await recorded(editor, worker, ANNA), "name": "Anna"}
    for wrong, named in (
        ({"speaker": "SPEAKER_09"}, ["speaker"]),
        ({"segment": 99}, ["segment"]),
        ({}, [""]),
        ({"speaker": "SPEAKER_00", "segment": 0}, [""]),
        ({"speaker": "SPEAKER_00", "name": " "}, ["name"]),
    ):
        refused = await editor.post(f"{project}/voiceprints", json=known | wrong)
        assert fields(await problem(refused, 422, "invalid-fields")) == named
    theirs = (await stranger.uploaded())["id"]
    for elsewhere in (theirs, str(uuid.uuid4())):
        body = known | {"speaker": "SPEAKER_00", "transcription_id": elsewhere}
        refused = await problem(await editor.post(f"{project}/voiceprints", json=body), 404, "not-found")
        assert fields(refused) == ["transcription_id"]
    for change in ({}, {"recognise_speakers": "yes"}, {"recognise_speakers": None}):
        await problem(await owner.patch(project, json=change), 422, "invalid-fields")


async def test_switching_it_off_forgets_every_voice(
    owner: Person, editor: Person, stranger: Person, worker: Worker, settings: Settings
) -> None:
    project = await switched(owner, on=True)
    first = await recorded(editor, worker, ANNA, BEN)
    await enrolled(editor, first, "SPEAKER_00", "Anna")
    later = await recorded(editor, worker, LIKE_ANNA)
    await switched(stranger, on=True)
    kept = await recorded(stranger, worker, BEN)
    await enrolled(stranger, kept, "SPEAKER_00", "Ben")
    assert DIGITS in everything_stored(settings)

    await switched(owner, on=False)

    left = [row for row in everything_stored(settings).splitlines() if DIGITS in row]
    assert sorted(row.partition(":")[0] for row in left) == ["speakers", "voiceprints"]  # the other project's
    assert (await (await editor.get(f"{project}/voiceprints")).json())["items"] == []
    assert await speakers_of(editor, later) == {"SPEAKER_00": ("Anna", None)}
    await switched(owner, on=True)
    body = {"transcription_id": first, "speaker": "SPEAKER_00", "name": "Anna"}
    await problem(await editor.post(f"{project}/voiceprints", json=body), 409, "conflict")


async def test_no_voice_is_kept_that_comes_in_while_it_is_switched_off(
    owner: Person, editor: Person, worker: Worker, settings: Settings
) -> None:
    await switched(owner, on=True)
    transcription, order = await asked_for_speakers(editor, worker)
    connection = psycopg2.connect(settings.database_url.get_secret_value())
    try:
        with connection.cursor() as cursor:
            # As `voiceprints.switch` does, held open where it is about to commit.
            cursor.execute("update projects set recognise_speakers = false where name = 'first'")
            report = asyncio.create_task(worker.report(order, "result", diarization=told_apart(ANNA)))
            await waiting_for_a_row(settings)
            connection.commit()
    finally:
        connection.close()
    assert (await report)[0] == 200
    assert await speakers_of(editor, transcription) == {"SPEAKER_00": (None, None)}
    assert DIGITS not in everything_stored(settings)


async def waiting_for_a_row(settings: Settings) -> None:
    """Wait until a transaction waits for another one."""
    watching = psycopg2.connect(settings.database_url.get_secret_value())
    watching.autocommit = True
    try:
        with watching.cursor() as cursor:
            async with asyncio.timeout(20):
                while True:
                    cursor.execute(
                        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                        " and datname = current_database()"
                    )
                    if cursor.fetchone()[0]:
                        return
                    await asyncio.sleep(0.02)
    finally:
        watching.close()


async def test_a_deleted_recording_keeps_what_was_enrolled_from_it(
    client: TestClient, owner: Person, editor: Person, worker: Worker
) -> None:
    project = await switched(owner, on=True)
    transcription = await recorded(editor, worker, ANNA)
    made = await enrolled(editor, transcription, "SPEAKER_00", "Anna")
    assert (await editor.delete(f"/api/transcriptions/{transcription}")).status == 204
    assert await client.app[DATABASE].run(Speaker.select().count) == 0
    [listed] = (await (await editor.get(f"{project}/voiceprints")).json())["items"]
    assert listed == made | {"enrolled_from": {"transcription_id": None, "speaker": "SPEAKER_00"}}
    later = await recorded(editor, worker, ANNA)
    assert (await speakers_of(editor, later))["SPEAKER_00"][0] == "Anna"

    assert (await editor.delete(f"{project}/voiceprints/{made['id']}")).status == 204
    await problem(await editor.delete(f"{project}/voiceprints/{made['id']}"), 404, "not-found")
    assert await speakers_of(editor, later) == {"SPEAKER_00": ("Anna", None)}
    assert await client.app[DATABASE].run(Voiceprint.select().count) == 0
    assert await speakers_of(editor, await recorded(editor, worker, ANNA)) == {"SPEAKER_00": (None, None)}


async def test_what_a_voice_sounds_like_leaves_by_no_route_and_no_log_line(
    client: TestClient, owner: Person, editor: Person, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        project = await switched(owner, on=True)
        async with await editor.listen() as socket:
            first = await recorded(editor, worker, ANNA, BEN)
            made = await editor.post(
                f"{project}/voiceprints", json={"transcription_id": first, "speaker": "SPEAKER_00", "name": "Anna"}
            )
            later = await recorded(editor, worker, LIKE_ANNA)
            await editor.patch(f"/api/transcriptions/{later}/speakers/SPEAKER_00", json={"name": "Anne"})
            heard = [await socket.receive_json(timeout=10)]
            while heard[-1].get("what") != "speakers":
                heard.append(await socket.receive_json(timeout=10))
        answers = [await made.text(), json.dumps(heard)]
        for path in (
            project,
            f"{project}/voiceprints",
            "/api/transcriptions",
            *(f"/api/transcriptions/{each}{end}" for each in (first, later) for end in ("", ".json", ".rttm", "/jobs")),
        ):
            answer = await owner.get(path)
            assert answer.status == 200, path
            answers.append(await answer.text())
        await owner.patch(project, json={"recognise_speakers": False})
    assert DIGITS not in "".join(answers)
    assert DIGITS not in caplog.text
    stored = await client.app[DATABASE].run(lambda: [row.diarization for row in Transcription.select()])
    assert [set(diarization) for diarization in stored] == [{"turns", "exclusive_turns"}] * 2


async def test_every_route_against_everybody(cast: dict[str, Person], worker: Worker) -> None:
    project = await switched(cast["owner"], on=True)
    transcription = await recorded(cast["editor"], worker, ANNA)
    body = {"transcription_id": transcription, "speaker": "SPEAKER_00", "name": "Anna"}
    owners = editors(200) | {"editor": 403, "key": 403}
    viewers = editors(200) | {"viewer": 200, "viewers_key": 200}
    routes: list[tuple[str, str, Any, dict[str, int]]] = [
        ("POST", f"{project}/voiceprints", body, editors(201)),
        ("GET", f"{project}/voiceprints", None, viewers),
        ("DELETE", f"{project}/voiceprints/{uuid.uuid4()}", None, editors(404)),
        ("PATCH", project, {"recognise_speakers": True}, owners),
    ]
    found = {}
    for method, path, sent, _ in routes:
        found[method, path] = {who: (await cast[who].ask(method, path, json=sent)).status for who in CAST}
    assert found == {(method, path): expected for method, path, _, expected in routes}
    listed = (await (await cast["viewer"].get(f"{project}/voiceprints")).json())["items"]
    assert [each["created_by"] for each in listed] == [Role.EDITOR, Role.OWNER, "administrator", None]


async def test_voices_of_a_project_go_with_it(
    client: TestClient, owner: Person, editor: Person, worker: Worker
) -> None:
    project = await switched(owner, on=True)
    transcription = await recorded(editor, worker, ANNA)
    await enrolled(editor, transcription, "SPEAKER_00", "Anna")
    await editor.delete(f"/api/transcriptions/{transcription}")
    assert (await owner.delete(project)).status == 204
    assert await client.app[DATABASE].run(Voiceprint.select().count) == 0

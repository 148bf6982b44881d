"""What a project keeps no longer: removed hour by hour, and nothing else."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import keeping
from app.api.keys import DATABASE, DELIVERY, UPLOADS
from app.api.retention import RetentionSweep
from app.db import retention
from app.db.retention import Retention
from app.db.tables import Event, Segment, Speaker, Transcription, Upload, Voiceprint, Waveform
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.finished import finished, project_id
from tests.api.leftovers import assert_nothing_is_left, files_of
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.test_sweeping import age, reconciler_of
from tests.api.tus import begun
from tests.api.worker import Worker

FOREVER = Retention()


def sweep_of(client: TestClient, limits: Retention = FOREVER) -> RetentionSweep:
    app = client.app
    return RetentionSweep(app[DATABASE], app[DELIVERY], app[UPLOADS], limits, interval_seconds=3600)


async def kept_for(owner: Person, audio_days: int | None = None, text_days: int | None = None) -> dict[str, Any]:
    path = f"/api/projects/{await project_id(owner.client)}/retention"
    answer = await owner.put(path, json={"audio_days": audio_days, "text_days": text_days})
    assert answer.status == 200, await answer.text()
    return keeping.Retention.model_validate(await answer.json()).model_dump()


async def test_the_audio_goes_and_the_text_stays(client: TestClient, owner: Person) -> None:
    old, young = await finished(client, days_ago=31), await finished(client, days_ago=29)
    await kept_for(owner, audio_days=30)
    before = await owner.read(old)
    assert await sweep_of(client).sweep() == (1, 0)
    [left] = files_of(client)
    assert young in str(left)
    after = await owner.read(old)
    assert after["segments"] == before["segments"]
    assert after["audio_removed_at"] is not None
    assert {**after, "audio_removed_at": None} == before
    for path in ("audio", "peaks"):
        await problem(await owner.get(f"/api/transcriptions/{old}/{path}"), 410, "recording-removed")
    assert (await owner.get(f"/api/transcriptions/{old}.srt")).status == 200
    assert (await owner.get(f"/api/transcriptions/{young}/audio")).status == 200

    def rows() -> tuple[int, int]:
        voices = Speaker.select().where(Speaker.transcription == old, Speaker.embedding.is_null(False))
        return Waveform.select().where(Waveform.transcription == old).count(), voices.count()

    assert await client.app[DATABASE].run(rows) == (0, 0)
    # Once is enough.
    assert await sweep_of(client).sweep() == (0, 0)


async def test_what_goes_whole_leaves_nothing(client: TestClient, owner: Person, editor: Person) -> None:
    answer = await (await begun(editor, len(tone()))).patch(tone())
    old = answer.headers["X-Transcription-ID"]
    assert (await editor.post(f"/api/transcriptions/{old}/cancel")).status == 200
    await client.app[DATABASE].run(lambda: Transcription.update(finished_at="2020-01-01T00:00:00Z").execute())
    await kept_for(owner, audio_days=1, text_days=1)
    assert await sweep_of(client).sweep() == (0, 1)
    await problem(await owner.get(f"/api/transcriptions/{old}"), 404, "not-found")
    assert await client.app[DATABASE].run(lambda: Upload.select().count()) == 0
    [event] = await client.app[DATABASE].run(lambda: list(Event.select().where(Event.transcription_id == old)))
    assert event.data == {"transcription_id": old, "reason": "retention"}
    await client.app[DATABASE].run(lambda: Event.delete().execute())
    await assert_nothing_is_left(client)


async def test_the_audit_log_tells_once_and_why(client: TestClient, owner: Person) -> None:
    old = await finished(client, days_ago=30)
    await kept_for(owner, text_days=1)
    assert await sweep_of(client).sweep() == (0, 1)
    path = f"/api/projects/{await project_id(client)}/audit?action=transcription.deleted"
    [entry] = (await (await owner.get(path)).json())["items"]
    assert (entry["thing"]["id"], entry["details"]) == (old, {"reason": "retention"})


async def test_listeners_are_told(client: TestClient, owner: Person) -> None:
    old, older = await finished(client, days_ago=5), await finished(client, days_ago=50)
    await kept_for(owner, audio_days=1, text_days=20)
    async with await owner.listen() as socket:
        assert (await socket.receive_json(timeout=10))["type"] == "snapshot"
        await sweep_of(client).sweep()
        told = [await socket.receive_json(timeout=10) for _ in range(2)]
    by_type = {message["type"]: message for message in told}
    assert by_type["transcription.deleted"]["transcription_id"] == older
    assert by_type["transcription.deleted"]["reason"] == "retention"
    changed = by_type["transcription.changed"]
    assert (changed["what"], changed["transcription"]["id"]) == ("audio", old)
    assert changed["transcription"]["audio_removed_at"] is not None


async def test_nothing_goes_while_it_is_worked_on(client: TestClient, owner: Person, worker: Worker) -> None:
    sent = (await owner.uploaded(enrichment="false"))["id"]
    await kept_for(owner, audio_days=0)
    await worker.plan((0.0, 1.0))
    await client.app[DATABASE].run(lambda: Transcription.update(created_at="2020-01-01T00:00:00Z").execute())
    assert await sweep_of(client).sweep() == (0, 0)
    for _ in range(3):
        await worker.do_next()
    assert (await owner.read(sent))["state"] == "done"
    # The days are counted from the end, and there are none here.
    assert await sweep_of(client).sweep() == (1, 0)


async def test_what_never_ended_is_counted_from_when_it_came(client: TestClient, owner: Person) -> None:
    await finished(client, days_ago=10)
    await client.app[DATABASE].run(lambda: Transcription.update(finished_at=None, state="error").execute())
    await kept_for(owner, text_days=11)
    assert await sweep_of(client).sweep() == (0, 0)
    await kept_for(owner, text_days=9)
    assert await sweep_of(client).sweep() == (0, 1)


async def test_a_retry_says_that_the_recording_is_gone(client: TestClient, owner: Person, worker: Worker) -> None:
    sent = (await owner.uploaded())["id"]
    assert (await owner.post(f"/api/transcriptions/{sent}/cancel")).status == 200
    await kept_for(owner, audio_days=0)
    assert await sweep_of(client).sweep() == (1, 0)
    await problem(await owner.post(f"/api/transcriptions/{sent}/retry"), 410, "recording-removed")
    assert (await owner.read(sent))["state"] == "cancelled"


async def test_an_enrichment_needs_no_recording(client: TestClient, owner: Person, worker: Worker) -> None:
    sent = (await owner.uploaded(diarization="false"))["id"]
    await worker.plan((0.0, 1.0))
    await worker.do_next()
    assert (await owner.post(f"/api/transcriptions/{sent}/cancel")).status == 200
    await kept_for(owner, audio_days=0)
    assert await sweep_of(client).sweep() == (1, 0)
    assert (await (await owner.post(f"/api/transcriptions/{sent}/retry")).json())["state"] == "transcribed"


async def test_the_same_content_is_transcribed_again_once_the_recording_is_gone(
    client: TestClient, owner: Person
) -> None:
    sent = (await owner.uploaded())["id"]
    await client.app[DATABASE].run(lambda: Transcription.update(state="done").execute())
    assert (await owner.upload(reuse="true")).status == 200
    await kept_for(owner, audio_days=0)
    assert await sweep_of(client).sweep() == (1, 0)
    answer = await owner.upload(reuse="true")
    assert (answer.status, (await answer.json())["id"] != sent) == (201, True)


async def test_bytes_that_are_gone_count_no_more(client: TestClient, owner: Person) -> None:
    await finished(client, days_ago=2)
    path = f"/api/projects/{await project_id(client)}/quota"
    assert (await (await owner.get(path)).json())["bytes"]["used"] > 0
    await kept_for(owner, audio_days=1)
    await sweep_of(client).sweep()
    assert (await (await owner.get(path)).json())["bytes"]["used"] == 0


async def test_a_voiceprint_outlives_its_recording(client: TestClient, owner: Person) -> None:
    old = await finished(client, days_ago=2)
    project = await project_id(client)

    def enrol() -> None:
        Voiceprint.create(project=project, name="Anna", embedding=[1.0], embedding_model="m", enrolled_from=old)

    await client.app[DATABASE].run(enrol)
    await kept_for(owner, text_days=1)
    assert await sweep_of(client).sweep() == (0, 1)
    [voice] = (await (await owner.get(f"/api/projects/{project}/voiceprints")).json())["items"]
    assert voice["enrolled_from"]["transcription_id"] is None


@pytest.mark.parametrize(
    ("audio", "text", "at_fault"),
    [
        (30, 29, "text_days"),
        (-1, None, "audio_days"),
        (None, 0, "text_days"),
        (None, 36_501, "text_days"),
        ("7", None, "audio_days"),
        (1.5, None, "audio_days"),
        (True, None, "audio_days"),
    ],
)
async def test_nonsense_is_refused(owner: Person, audio: Any, text: Any, at_fault: str) -> None:
    path = f"/api/projects/{await project_id(owner.client)}/retention"
    answer = await owner.put(path, json={"audio_days": audio, "text_days": text})
    named = fields(await problem(answer, 422, "invalid-fields"))
    assert named[0].startswith(at_fault)
    stands = await (await owner.get(path)).json()
    assert (stands["audio_days"], stands["text_days"]) == (None, None)


async def test_both_times_are_said(owner: Person) -> None:
    path = f"/api/projects/{await project_id(owner.client)}/retention"
    assert fields(await problem(await owner.put(path, json={"audio_days": 3}), 422, "invalid-fields")) == ["text_days"]


async def test_projects_have_times_of_their_own(client: TestClient, owner: Person, stranger: Person) -> None:
    ours, theirs = await finished(client, days_ago=9), await finished(client, "second", days_ago=9)
    await kept_for(owner, text_days=5)
    await sweep_of(client).sweep()
    await problem(await owner.get(f"/api/transcriptions/{ours}"), 404, "not-found")
    assert (await stranger.read(theirs))["audio_removed_at"] is None


async def test_a_preview_changes_nothing_and_is_right(client: TestClient, owner: Person, editor: Person) -> None:
    for days in (1, 11, 21, 31):
        await finished(client, days_ago=days)
    path = f"/api/projects/{await project_id(client)}/retention/preview"

    async def previewed(**query: int) -> dict[str, Any]:
        answer = await editor.get(path, params=query)
        assert answer.status == 200, await answer.text()
        shown: dict[str, Any] = await answer.json()
        keeping.RetentionPreview.model_validate_json(await answer.text(), strict=True)
        return shown

    nothing = await previewed()
    assert (nothing["audio"]["count"], nothing["transcriptions"]["count"], nothing["items"]) == (0, 0, [])
    proposed = await previewed(audio_days=10, text_days=30)
    size = len(tone())
    assert proposed["audio"] == {"count": 2, "bytes": 2 * size}
    assert proposed["transcriptions"] == {"count": 1, "bytes": size}
    assert [item["goes"] for item in proposed["items"]] == ["transcription", "audio", "audio"]
    assert len(files_of(client)) == 4
    await kept_for(owner, 10, 30)
    assert await previewed() == proposed
    assert await sweep_of(client).sweep() == (2, 1)
    after = await previewed()
    assert (after["audio"]["count"], after["transcriptions"]["count"]) == (0, 0)
    assert fields(await problem(await editor.get(f"{path}?days=3"), 422, "invalid-fields")) == ["days"]
    await problem(await editor.get(f"{path}?audio_days=3&text_days=2"), 422, "invalid-fields")


class TestTheSite:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"retention_max_audio_days": 20, "retention_max_text_days": 50})

    async def test_its_limits_hold_for_every_project(self, client: TestClient, owner: Person) -> None:
        audio, whole, young = [await finished(client, days_ago=days) for days in (30, 60, 10)]
        limits = Retention(20, 50)
        preview = await owner.get(f"/api/projects/{await project_id(client)}/retention/preview")
        assert [item["id"] for item in (await preview.json())["items"]] == [whole, audio]
        assert await sweep_of(client, limits).sweep() == (1, 1)
        assert (await owner.read(young))["audio_removed_at"] is None

    async def test_a_project_may_keep_for_less_and_not_for_more(self, client: TestClient, owner: Person) -> None:
        shown = await kept_for(owner, audio_days=5)
        assert shown["effective"] == {"audio_days": 5, "text_days": 50}
        assert shown["site"] == {"audio_days": 20, "text_days": 50}
        path = f"/api/projects/{await project_id(client)}/retention"
        answer = await owner.put(path, json={"audio_days": 21, "text_days": 51})
        assert fields(await problem(answer, 422, "invalid-fields")) == ["audio_days", "text_days"]


async def test_many_go_in_batches(client: TestClient, owner: Person) -> None:
    for _ in range(23):
        await finished(client, days_ago=2)
    await kept_for(owner, text_days=1)
    assert await sweep_of(client).sweep() == (0, 23)
    assert files_of(client) == []


async def test_two_sweeps_at_once_remove_each_thing_once(client: TestClient, owner: Person) -> None:
    for _ in range(6):
        await finished(client, days_ago=2)
    await kept_for(owner, audio_days=1)
    swept = await asyncio.gather(*(sweep_of(client).sweep() for _ in range(3)))
    rest = await sweep_of(client).sweep()
    assert sum(audio for audio, _ in [*swept, rest]) == 6
    told = await client.app[DATABASE].run(lambda: [event.data.get("what") for event in Event.select()])
    assert told.count("audio") == 6


async def test_a_sweep_that_died_before_the_files_is_finished_by_the_next(client: TestClient, owner: Person) -> None:
    audio, whole = await finished(client, days_ago=2), await finished(client, days_ago=9)
    await kept_for(owner, audio_days=1, text_days=5)
    volume, database = client.app[UPLOADS], client.app[DATABASE]
    project = (await database.run(retention.projects_with_limits, FOREVER))[0]
    due = await database.run(retention.due, project, FOREVER, 10)
    assert {str(one) for one in due} == {audio, whole}
    for one in due:
        volume.unsettle(one)
    removed = await database.run(retention.remove, project, FOREVER, due)
    assert removed is not None
    assert len(files_of(client)) == 4  # two recordings, two notes: here the instance was killed
    age(client)
    await reconciler_of(client).sweep()
    assert files_of(client) == []
    assert len((await owner.read(audio))["segments"]) == 2


async def test_what_somebody_has_a_hand_on_is_left_for_later(client: TestClient, owner: Person) -> None:
    busy, free = await finished(client, days_ago=2), await finished(client, days_ago=2)
    await kept_for(owner, text_days=1)
    database = client.app[DATABASE]
    locked, done = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold() -> None:
        Transcription.select().where(Transcription.id == busy).for_update().get()
        loop.call_soon_threadsafe(locked.set)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(30)

    holding = asyncio.create_task(database.run(hold))
    await locked.wait()
    assert await sweep_of(client).sweep() == (0, 1)
    done.set()
    await holding
    await problem(await owner.get(f"/api/transcriptions/{free}"), 404, "not-found")
    assert (await owner.read(busy))["id"] == busy
    assert await sweep_of(client).sweep() == (0, 1)


class TestAnInstance:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"retention_interval": 0.1})

    async def test_sweeps_by_itself(self, client: TestClient, owner: Person) -> None:
        old = await finished(client, days_ago=2)
        await kept_for(owner, audio_days=1)
        async with asyncio.timeout(30):
            while (await owner.read(old))["audio_removed_at"] is None:  # noqa: ASYNC110 - as clients ask
                await asyncio.sleep(0.05)
        assert await client.app[DATABASE].run(lambda: Segment.select().count()) == 2

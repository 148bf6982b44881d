"""What crashes leave behind, and who clears it away."""

import asyncio
import hashlib
import os
import time
import uuid
from datetime import timedelta

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, DELIVERY, UPLOADS
from app.api.reconciler import Reconciler
from app.core.identifiers import TranscriptionId
from app.core.uploads import UploadState
from app.db import events
from app.db.tables import Event, Upload, now
from tests.api.conftest import Person
from tests.api.leftovers import files_of
from tests.api.sound import tone
from tests.api.tus import begun


def reconciler_of(client: TestClient) -> Reconciler:
    app = client.app
    return Reconciler(app[DATABASE], app[DELIVERY], app[UPLOADS], interval_seconds=1, lease_seconds=2)


def age(client: TestClient) -> None:
    for path in files_of(client):
        os.utime(path, (0, time.time() - 3 * 24 * 3600))


async def test_the_row_decides_what_becomes_of_an_unsettled_recording(client: TestClient, editor: Person) -> None:
    uploads = client.app[UPLOADS]
    kept = TranscriptionId(uuid.UUID((await editor.uploaded())["id"]))
    uploads.unsettle(kept)  # as by a crash before it was settled, or a deletion that did not come to pass
    orphan = TranscriptionId(uuid.uuid4())
    uploads.unsettle(orphan)  # as by a crash between the file and its row, or the row and its file
    place = uploads.root / uploads.place_of(orphan)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x")
    fresh = uploads.root / ".incoming" / "fresh.part"
    abandoned = uploads.root / ".incoming" / "abandoned.part"
    abandoned.write_bytes(b"x")

    await reconciler_of(client).sweep()
    assert place.exists()
    assert abandoned.exists()
    age(client)
    fresh.write_bytes(b"x")
    await reconciler_of(client).sweep()
    assert {path.name for path in files_of(client)} == {"source", "fresh.part"}
    assert (uploads.root / uploads.place_of(kept)).exists()


async def test_the_recording_of_a_complete_upload_waits_for_its_row(client: TestClient, editor: Person) -> None:
    """As after an outage of PostgreSQL between the file's lasting place and the row, which lasted longer than a note may."""
    uploads, content = client.app[UPLOADS], tone(1.0)
    sender = await begun(editor, len(content))
    upload = uuid.UUID(sender.path.rpartition("/")[2])
    place = uploads.root / uploads.place_of(TranscriptionId(upload))
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    uploads.unsettle(TranscriptionId(upload))
    age(client)
    complete = Upload.update(state=UploadState.COMPLETE, received_bytes=len(content)).where(Upload.id == upload)
    await client.app[DATABASE].run(complete.execute)

    await reconciler_of(client).sweep()
    async with asyncio.timeout(20):
        while (answer := await editor.get(f"/api/transcriptions/{upload}")).status != 200:  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.1)
    assert (await answer.json())["sha256"] == hashlib.sha256(content).hexdigest()
    assert place.read_bytes() == content


async def test_a_recording_without_a_note_is_never_swept(client: TestClient) -> None:
    uploads = client.app[UPLOADS]
    place = uploads.root / uploads.place_of(TranscriptionId(uuid.uuid4()))
    place.parent.mkdir(parents=True)
    place.write_bytes(b"of a database that was restored from an older backup")
    age(client)
    await reconciler_of(client).sweep()
    assert place.exists()


async def test_old_events_are_pruned_but_for_the_newest(client: TestClient, editor: Person) -> None:
    await editor.uploaded()
    newest = await client.app[DATABASE].run(events.latest)
    await client.app[DATABASE].run(Event.update(created_at=now() - timedelta(days=8)).execute)
    await reconciler_of(client).sweep()
    assert await client.app[DATABASE].run(lambda: [event.id for event in Event.select()]) == [newest]

"""What crashes leave behind, and who clears it away."""

import os
import time
import uuid
from datetime import timedelta

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE, DELIVERY, UPLOADS
from app.api.reconciler import Reconciler
from app.core.identifiers import TranscriptionId
from app.db import events
from app.db.tables import Event, now
from tests.api.conftest import Person
from tests.api.leftovers import files_of


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

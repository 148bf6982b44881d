"""Uploads that come in pieces: what becomes of them, and what they survive."""

import asyncio
import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError
from aiohttp.test_utils import TestClient

from app.api import answers
from app.api.keys import DATABASE, HOLDS, SETTINGS
from app.api.tus import finishing
from app.core.access import Role
from app.core.errors import DependencyDown
from app.db import uploads
from app.db.tables import Project, Transcription, Upload, User, now
from tests.api.conftest import MakePerson, Person
from tests.api.instance import Instance
from tests.api.leftovers import assert_nothing_is_left, files_of, rows_of
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.test_create import DEFAULTS
from tests.api.test_sweeping import reconciler_of
from tests.api.test_users import address_of
from tests.api.tus import PIECE, VERSION, Sender, Tap, begin, begun
from tests.api.worker import Worker

CONTENT = tone(3.0)


async def test_pieces_become_the_transcription_that_a_form_would(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    sender = await begun(editor, len(CONTENT), filename="réunion.wav", language="fr", num_speakers="2", project="first")
    assert await sender.offset() == 0
    for start in range(0, len(CONTENT), 10_000):
        answer = await sender.patch(CONTENT[start : start + 10_000], start)
        assert answer.status == 204, await answer.text()
        assert answer.headers["Upload-Offset"] == str(min(start + 10_000, len(CONTENT)))
        last = start + 10_000 >= len(CONTENT)
        assert ("X-Transcription-ID" in answer.headers, "Upload-Expires" in answer.headers) == (last, not last)
    made = await editor.read(answer.headers["X-Transcription-ID"])
    order = await worker.claim()
    assert made["name"] == "réunion.wav"
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert made["options"] == order["options"] == DEFAULTS | {"language": "fr", "num_speakers": 2}
    [file] = files_of(client)
    assert file == client.app[SETTINGS].uploads_dir / order["audio"]
    assert file.read_bytes() == CONTENT
    head = await sender.head()
    assert head.headers["X-Transcription-ID"] == made["id"]
    assert head.headers["Upload-Offset"] == head.headers["Upload-Length"] == str(len(CONTENT))
    shown = await sender.read()
    assert (shown["state"], shown["transcription_id"]) == ("finished", made["id"])
    # A client that did not hear the answer asks again.
    assert (await sender.patch(b"", len(CONTENT))).status == 204


async def test_a_cut_connection_loses_nothing_that_came(editor: Person) -> None:
    sender, tap = await begun(editor, len(CONTENT)), Tap.new()
    tap.parts.put_nowait(CONTENT[:20_000])
    sending = asyncio.create_task(sender.patch(tap.flow()))
    await asyncio.sleep(0.3)  # for the bytes to be on their way; what of them has come is asked for below
    sending.cancel()
    await asyncio.wait({sending})
    offset = await sender.offset()
    assert offset == 20_000
    answer = await sender.patch(CONTENT[offset:], offset)
    assert answer.status == 204
    assert (await editor.read(answer.headers["X-Transcription-ID"]))["size_bytes"] == len(CONTENT)


async def test_whoever_comes_back_takes_over_from_a_connection_that_hangs(
    client: TestClient, editor: Person, second_instance: Instance
) -> None:
    sender, tap = await begun(editor, len(CONTENT)), Tap.new()
    tap.parts.put_nowait(CONTENT[:20_000])
    hanging = asyncio.create_task(sender.patch(tap.flow()))
    async with asyncio.timeout(20):
        while not any(file.stat().st_size == 0 for file in files_of(client)):  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.02)
    elsewhere = Sender(editor, f"{second_instance.url}{sender.path}")
    head = await client.session.head(elsewhere.path, headers=editor.headers | VERSION)
    assert (head.status, head.headers["Upload-Offset"]) == (200, "20000")
    await problem(await hanging, 423, "upload-busy")
    headers = editor.headers | PIECE | {"Upload-Offset": "20000"}
    answer = await client.session.patch(elsewhere.path, data=CONTENT[20_000:], headers=headers)
    assert answer.status == 204, await answer.text()
    # Half of it was never seen by the instance that finished it.
    made = await editor.read(answer.headers["X-Transcription-ID"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_another_instance_goes_on_after_a_kill(
    client: TestClient, editor: Person, second_instance: Instance
) -> None:
    sender, tap = await begun(editor, len(CONTENT)), Tap.new()
    headers = editor.headers | PIECE | {"Upload-Offset": "0"}
    address = f"{second_instance.url}{sender.path}"
    assert (await client.session.patch(address, data=CONTENT[:20_000], headers=headers)).status == 204
    tap.parts.put_nowait(CONTENT[20_000:30_000])
    headers["Upload-Offset"] = "20000"
    cut_off = asyncio.create_task(client.session.patch(address, data=tap.flow(), headers=headers))
    upload = sender.path.rpartition("/")[2]
    async with asyncio.timeout(20):
        while await client.app[DATABASE].run(lambda: Upload.get_by_id(upload).lease) is None:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.02)
    for process in (second_instance.process.pid, second_instance.worker_process()):
        os.kill(process, signal.SIGKILL)
    with pytest.raises(ClientError):
        await cut_off
    # Once the lease of the dead has run out.
    assert await sender.offset() == 20_000
    made = (await sender.patch(CONTENT[20_000:], 20_000)).headers["X-Transcription-ID"]
    assert (await editor.read(made))["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_a_stopping_instance_keeps_what_has_come(client: TestClient, editor: Person) -> None:
    sender, tap = await begun(editor, len(CONTENT)), Tap.new()
    tap.parts.put_nowait(CONTENT[:20_000])
    sending = asyncio.create_task(sender.patch(tap.flow()))
    async with asyncio.timeout(20):
        while not client.app[HOLDS]._holds:  # noqa: ASYNC110 - nobody is told of them
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    client.app[HOLDS].close()
    await problem(await sending, 503, "dependency-down")
    assert await sender.offset() == 20_000


async def test_two_at_once_never_mix(editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    found = await asyncio.gather(*(sender.patch(CONTENT) for _ in range(4)))
    assert sorted(answer.status for answer in found) == [204, 409, 409, 409]
    [made] = [answer.headers["X-Transcription-ID"] for answer in found if answer.status == 204]
    assert (await editor.read(made))["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_a_recording_that_deserves_it_is_refused_at_the_last_piece(client: TestClient, editor: Person) -> None:
    diary = b"Dear diary, today I only wrote.\n" * 50
    sender = await begun(editor, len(diary), filename="diary.mp3")
    await problem(await sender.patch(diary), 415, "not-media")
    await assert_nothing_is_left(client)
    assert (await sender.head()).status == 410
    await problem(await sender.patch(b"", len(diary)), 410, "upload-gone")
    shown = await sender.read()
    answers.Upload.model_validate_json(json.dumps(shown), strict=True)
    assert (shown["state"], shown["error"]["code"], shown["error"]["status"]) == ("refused", "not-media", 415)


async def test_channels_that_cannot_be_heard_separately_are_refused(client: TestClient, editor: Person) -> None:
    many = tone(channels=9)
    answer = await (await begun(editor, len(many), channels="separate")).patch(many)
    assert fields(await problem(answer, 422, "invalid-options")) == ["channels"]
    await assert_nothing_is_left(client)


async def test_the_same_idempotency_key_gives_the_same_transcription(client: TestClient, editor: Person) -> None:
    key = {"Idempotency-Key": "once"}
    first = await (await editor.upload(CONTENT, headers=key)).json()
    again = await (await begun(editor, len(CONTENT), key, reuse="false")).patch(CONTENT)
    assert (again.status, again.headers["X-Transcription-ID"]) == (204, first["id"])
    other = await begun(editor, len(CONTENT), key, language="fr")
    await problem(await other.patch(CONTENT), 409, "idempotency-key-used")
    assert len(files_of(client)) == 1
    assert (await rows_of(client))["Transcription"] == 1


async def test_an_upload_that_its_client_ends_is_gone(client: TestClient, editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    await sender.patch(CONTENT[:1000])
    assert len(files_of(client)) == 1
    assert (await sender.delete()).status == 204
    await assert_nothing_is_left(client)
    assert (await sender.head()).status == 410
    await problem(await sender.delete(), 410, "upload-gone")


async def test_ending_a_finished_upload_leaves_its_transcription(editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    made = (await sender.patch(CONTENT)).headers["X-Transcription-ID"]
    assert (await sender.delete()).status == 204
    assert (await editor.read(made))["state"] == "queued"


async def test_an_upload_that_is_left_alone_expires_and_is_swept(client: TestClient, editor: Person) -> None:
    sender, other = await begun(editor, len(CONTENT)), await begun(editor, len(CONTENT))
    for one in (sender, other):
        await one.patch(CONTENT[:1000])
    upload = sender.path.rpartition("/")[2]
    await client.app[DATABASE].run(Upload.update(expires_at=now()).where(Upload.id == upload).execute)
    assert (await sender.head()).status == 410
    await problem(await sender.patch(CONTENT[1000:], 1000), 410, "upload-gone")
    stranger_to_all = client.app[SETTINGS].uploads_dir / ".partial" / "6a1c6f7e-5b43-4d3e-9d68-1e2d30fd2a55.part"
    stranger_to_all.write_bytes(b"of an upload whose project was deleted")
    await reconciler_of(client).sweep()
    assert [file.name for file in files_of(client)] == [f"{other.path.rpartition('/')[2]}.part"]
    assert (await sender.read())["state"] == "expired"
    assert await other.offset() == 1000


async def test_only_who_may_send_to_the_project_sees_an_upload(
    editor: Person, stranger: Person, administrator: Person, person: MakePerson
) -> None:
    sender = await begun(editor, len(CONTENT))
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    for nobody, status, code in ((stranger, 404, "not-found"), (viewer, 403, "not-permitted")):
        theirs = Sender(nobody, sender.path)
        assert (await theirs.head()).status == status
        await problem(await nobody.get(sender.path), status, code)
        await problem(await theirs.patch(b"x"), status, code)
        await problem(await theirs.delete(), status, code)
    colleague = Sender(await person("colleague", project="first"), sender.path)
    assert (await colleague.patch(CONTENT[:1000])).status == 204
    answer = await Sender(administrator, sender.path).patch(CONTENT[1000:], 1000)
    assert answer.status == 204
    await problem(await begin(viewer, 10), 403, "not-permitted")
    await problem(await begin(stranger, 10, project="first"), 404, "not-found")


async def test_a_complete_upload_is_finished_though_its_instance_was_killed(
    client: TestClient, editor: Person, monkeypatch: Any
) -> None:
    async def killed(*_: object) -> None:
        raise DependencyDown

    sender = await begun(editor, len(CONTENT))
    with monkeypatch.context() as patched:
        # What is left behind by a kill at this moment is what is left behind by a database that goes away at it.
        patched.setattr("app.api.routes.uploads.finish", killed)
        await problem(await sender.patch(CONTENT), 503, "dependency-down")
    async with asyncio.timeout(20):
        while (shown := await sender.read())["state"] != "finished":
            assert shown["state"] == "complete"
            await asyncio.sleep(0.05)
    assert (await editor.read(shown["transcription_id"]))["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert len(files_of(client)) == 1


async def test_a_complete_upload_that_has_to_wait_holds_up_no_other(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise DependencyDown

    waiting, other = [await begun(editor, len(CONTENT), reuse="false") for _ in range(2)]
    held, listed, admitting = waiting.path.rpartition("/")[2], uploads.abandoned, finishing.admit

    async def too_slow(app: Any, file: Any, wish: Any, new_id: Any) -> Any:
        if str(new_id) == held:
            raise DependencyDown("The recording could not be read in time: this server is too busy.")
        return await admitting(app, file, wish, new_id)

    with monkeypatch.context() as patched:
        patched.setattr(finishing, "admit", too_slow)
        # It comes first in every round.
        patched.setattr(uploads, "abandoned", lambda: sorted(listed(), key=lambda one: str(one) != held))
        patched.setattr("app.api.routes.uploads.finish", killed)
        for sender in (waiting, other):
            await problem(await sender.patch(CONTENT), 503, "dependency-down")
        async with asyncio.timeout(20):
            while (await other.read())["state"] != "finished":  # noqa: ASYNC110 - the API is asked, as clients do
                await asyncio.sleep(0.05)
        assert (await waiting.read())["state"] == "complete"
    async with asyncio.timeout(20):
        while (await waiting.read())["state"] != "finished":  # noqa: ASYNC110 - the API is asked, as clients do
            await asyncio.sleep(0.05)


async def test_an_upload_outlasts_the_user_who_sends_it(
    client: TestClient, administrator: Person, person: MakePerson
) -> None:
    anna, tap = await person("anna", project="first"), Tap.new()
    sender = await begun(anna, len(CONTENT))
    tap.parts.put_nowait(CONTENT[:20_000])
    sending = asyncio.create_task(sender.patch(tap.flow()))
    async with asyncio.timeout(20):
        while not client.app[HOLDS]._holds:  # noqa: ASYNC110 - nobody is told of them
            await asyncio.sleep(0.02)
    assert (await administrator.delete(await address_of(administrator, "anna"))).status == 204
    for part in (CONTENT[20_000:], b""):
        tap.parts.put_nowait(part)
    answer = await sending
    assert answer.status == 204, await answer.text()
    made = await administrator.read(answer.headers["X-Transcription-ID"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    row = await client.app[DATABASE].run(Transcription.get_by_id, made["id"])
    assert (row.created_by_id, (await Sender(administrator, sender.path).read())["state"]) == (None, "finished")


async def test_an_upload_is_begun_though_its_user_is_removed_at_that_moment_but_not_without_a_project(
    editor: Person, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = uploads.create

    def without_user(new: uploads.NewUpload, lifetime_seconds: int) -> uploads.Claimed:
        User.delete().where(User.id == new.created_by).execute()
        return create(new, lifetime_seconds)

    def without_project(new: uploads.NewUpload, lifetime_seconds: int) -> uploads.Claimed:
        Project.delete().where(Project.id == new.project).execute()
        return create(new, lifetime_seconds)

    monkeypatch.setattr(uploads, "create", without_project)
    assert fields(await problem(await begin(editor, len(CONTENT)), 404, "not-found")) == ["project"]
    monkeypatch.setattr(uploads, "create", without_user)
    sender = Sender(administrator, (await begun(editor, len(CONTENT))).path)
    assert (await sender.patch(CONTENT)).status == 204


async def test_a_transcription_whose_making_was_not_heard_of_is_found_again(client: TestClient, editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    made = (await sender.patch(CONTENT)).headers["X-Transcription-ID"]
    changes = {Upload.state: "complete", Upload.transcription: None}
    await client.app[DATABASE].run(Upload.update(changes).execute)
    async with asyncio.timeout(20):
        while (shown := await sender.read())["state"] != "finished":  # noqa: ASYNC110 - the API is asked, as clients do
            await asyncio.sleep(0.05)
    assert shown["transcription_id"] == made
    assert len(files_of(client)) == 1


async def test_bytes_that_the_volume_lost_are_sent_again(client: TestClient, editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    await sender.patch(CONTENT[:20_000])
    [file] = files_of(client)
    with file.open("r+b") as opened:
        opened.truncate(5_000)
    await problem(await sender.patch(CONTENT[20_000:], 20_000), 409, "upload-offset")
    assert await sender.offset() == 5_000
    answer = await sender.patch(CONTENT[5_000:], 5_000)
    made = await editor.read(answer.headers["X-Transcription-ID"])
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_what_was_cut_off_behind_the_noted_bytes_is_written_over(client: TestClient, editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    await sender.patch(CONTENT[:20_000])
    [file] = files_of(client)
    with file.open("ab") as opened:
        opened.write(b"\xff" * len(CONTENT))  # as by an instance that was killed before it could note them
    made = (await sender.patch(CONTENT[20_000:], 20_000)).headers["X-Transcription-ID"]
    assert (await editor.read(made))["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_a_lease_that_ran_out_is_nobodys(client: TestClient, editor: Person) -> None:
    sender = await begun(editor, len(CONTENT))
    upload = sender.path.rpartition("/")[2]
    dead = {Upload.lease: "of one that was killed", Upload.lease_expires_at: now()}
    await client.app[DATABASE].run(Upload.update(dead).where(Upload.id == upload).execute)
    assert (await sender.patch(CONTENT[:100])).status == 204
    holding = await client.app[DATABASE].run(uploads.keep, upload, "of one that was killed")
    assert holding is uploads.Holding.LOST


def test_the_folder_of_partial_files_is_made(client: TestClient, settings: Any) -> None:
    assert Path(settings.uploads_dir / ".partial").is_dir()

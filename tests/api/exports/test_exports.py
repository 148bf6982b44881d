"""All of a project in one archive: what is in it, what is missing from it, and what it takes to write it."""

import asyncio
import errno
import hashlib
import io
import json
import os
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from aiohttp.test_utils import TestClient

from app.api.exports import exporting
from app.api.keys import DATABASE, SETTINGS, UPLOADS
from app.db import exports
from app.db.tables import Membership, Transcription
from tests.api.conftest import Person
from tests.api.finished import finished, project_id
from tests.api.instance import Instance
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.test_retention import kept_for, sweep_of
from tests.api.worker import Worker

MEBIBYTE = 1024 * 1024


async def exported(person: Person, **query: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of an export by path, and its manifest, having held the one against the other."""
    answer = await person.get(f"/api/projects/{await project_id(person.client)}/export.zip", params=query)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="first.zip"'
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
        assert len(files) == len(archive.namelist())
    manifest = json.loads(files.pop("manifest.json"))
    assert {file["path"]: (file["sha256"], file["bytes"]) for file in manifest["files"]} == {
        path: (hashlib.sha256(content).hexdigest(), len(content)) for path, content in files.items()
    }
    return files, manifest


def folder_of(files: dict[str, bytes], transcription: str) -> dict[str, bytes]:
    """Return the files of one transcription by their names."""
    return {Path(path).name: content for path, content in files.items() if f"{transcription}/" in path}


async def test_everything_is_in_it(client: TestClient, owner: Person) -> None:
    one, other = await finished(client), await finished(client)
    corrected = {"text": "Good evening, all."}
    segment = f"/api/transcriptions/{one}/segments/0"
    assert (await owner.patch(segment, json=corrected, headers={"If-Match": "*"})).status == 200
    assert (await owner.patch(f"/api/transcriptions/{one}/speakers/SPEAKER_00", json={"name": "Anna"})).status == 200
    await owner.put(f"/api/transcriptions/{one}/legal-hold", json={"reason": "A case."})
    await kept_for(owner, text_days=100)
    files, manifest = await exported(owner)

    project = json.loads(files["project.json"])
    assert (project["name"], project["retention"]["text_days"]) == ("first", 100)
    assert project["members"] == [{"username": "owner", "role": "owner"}]
    assert (manifest["transcriptions"], manifest["missing"]) == (2, [])
    found = folder_of(files, one)
    assert set(found) == {
        "metadata.json", "transcript.json", "transcript.txt", "transcript.srt", "machine.json", "history.json",
        "speakers.json", "enrichments.json", "notes.json", "questions.json", "recording.wav",
    }  # fmt: skip
    assert set(folder_of(files, other)) == set(found)
    assert found["recording.wav"] == tone()
    for ending in ("json", "txt", "srt"):
        answer = await owner.get(f"/api/transcriptions/{one}.{ending}")
        assert found[f"transcript.{ending}"] == await answer.read()
    assert json.loads(found["machine.json"])["segments"][0]["text"] == "Good morning, all."
    [change] = json.loads(found["history.json"])
    assert (change["before"], change["after"], change["by"]) == ("Good morning, all.", "Good evening, all.", "owner")
    assert json.loads(found["speakers.json"])[0]["name"] == "Anna"
    metadata = json.loads(found["metadata.json"])
    assert (metadata["id"], metadata["legal_holds"][0]["reason"]) == (one, "A case.")
    # What a voice sounds like leaves by no route.
    assert b"embedding" not in b"".join(files.values())


async def test_recordings_may_be_left_out(client: TestClient, owner: Person) -> None:
    await finished(client)
    files, manifest = await exported(owner, recordings="false")
    assert not [path for path in files if "recording" in Path(path).name]
    assert (manifest["recordings"], manifest["missing"]) == (False, [])
    answer = await owner.get(f"/api/projects/{await project_id(client)}/export.zip?recordings=perhaps")
    assert fields(await problem(answer, 422, "invalid-fields")) == ["recordings"]


async def test_an_empty_project_has_an_export_too(owner: Person) -> None:
    files, manifest = await exported(owner)
    assert (set(files), manifest["transcriptions"], manifest["missing"]) == ({"project.json", "questions.json"}, 0, [])


async def test_nothing_of_others_is_in_it(client: TestClient, owner: Person, stranger: Person) -> None:
    theirs = await finished(client, "second")
    files, _ = await exported(owner)
    assert not folder_of(files, theirs)
    path = f"/api/projects/{await project_id(client, 'second')}/export.zip"
    await problem(await owner.get(path), 404, "not-found")


async def test_names_do_no_harm(client: TestClient, owner: Person) -> None:
    names = ["../../etc/passwd", "C:\\boot.ini", "CON.wav", "a/b", "same", "SAME", "x" * 255, "réunion d'été.mp3"]
    for name in names:
        made = await finished(client)
        await client.app[DATABASE].run(
            lambda made=made, name=name: Transcription.update(name=name).where(Transcription.id == made).execute()
        )
    files, manifest = await exported(owner)
    assert manifest["transcriptions"] == len(names)
    assert len({path.casefold() for path in files}) == len(files)
    for path in files:
        parts = path.split("/")
        assert len(parts) <= 3
        assert not {"", ".", ".."} & set(parts)
        assert not set(path) & set('<>:"\\|?*')


async def test_what_is_not_finished_is_told(client: TestClient, owner: Person, worker: Worker) -> None:
    begun = (await owner.uploaded(name="begun.wav"))["id"]
    await worker.plan((0.0, 1.0))
    files, manifest = await exported(owner)
    assert "transcript.txt" not in folder_of(files, begun)
    assert json.loads(folder_of(files, begun)["metadata.json"])["state"] == "processing"
    assert manifest["missing"] == [{"transcription": begun, "what": "transcript", "code": "not-finished"}]


async def test_recordings_that_are_gone_are_told(client: TestClient, owner: Person) -> None:
    removed = await finished(client, days_ago=9)
    lost, damaged, there = [await finished(client) for _ in range(3)]
    await kept_for(owner, audio_days=5)
    await sweep_of(client).sweep()
    volume = client.app[SETTINGS].uploads_dir
    place_of = client.app[UPLOADS].place_of
    paths = {one: volume / place_of(uuid.UUID(one)) for one in (lost, damaged)}
    paths[lost].unlink()
    os.truncate(paths[damaged], 100)
    files, manifest = await exported(owner)
    codes = {one["transcription"]: one["code"] for one in manifest["missing"]}
    assert codes == {removed: "recording-removed", lost: "recording-missing", damaged: "recording-damaged"}
    assert len(folder_of(files, damaged)["recording.wav"]) == 100
    assert folder_of(files, there)["recording.wav"] == tone()
    assert "recording.wav" not in folder_of(files, lost)


async def test_a_recording_that_breaks_off_ends_where_it_does(
    client: TestClient, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await finished(client)
    monkeypatch.setattr(exporting, "_BLOCK_BYTES", 1000)
    read, count = exporting.ProjectExport._read, 0

    class Away:
        def read(self, _size: int) -> bytes:
            raise OSError(errno.ESTALE, "Stale file handle")

    async def reading(self: Any, file: Any, identifier: Any) -> bytes:
        nonlocal count
        count += 1
        return await read(self, Away() if count > 3 else file, identifier)

    monkeypatch.setattr(exporting.ProjectExport, "_read", reading)
    files, manifest = await exported(owner)
    assert folder_of(files, broken)["recording.wav"] == tone()[:3000]
    [told] = manifest["missing"]
    assert (told["code"], told["sha256"]) == ("recording-damaged", hashlib.sha256(tone()).hexdigest())


async def test_what_is_deleted_meanwhile_is_told(
    client: TestClient, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await finished(client, days_ago=2), await finished(client, days_ago=1)
    read = exports.read_transcription

    def deleting(principal: Any, transcription: Any) -> Any:
        Transcription.delete().where(Transcription.id == second).execute()
        return read(principal, transcription)

    monkeypatch.setattr(exports, "read_transcription", deleting)
    files, manifest = await exported(owner)
    assert folder_of(files, first)
    assert manifest["missing"] == [{"transcription": second, "what": "all of it", "code": "deleted-meanwhile"}]


async def test_more_than_a_page_of_them(client: TestClient, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    made = [await finished(client) for _ in range(5)]
    files, manifest = await exported(owner, recordings="false")
    assert manifest["transcriptions"] == 5
    assert all(folder_of(files, one) for one in made)


async def test_whoever_loses_their_role_loses_the_rest(
    client: TestClient, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await finished(client)
    monkeypatch.setattr(exporting, "_CREDENTIALS_CHECK_SECONDS", 0.0)
    answer = await owner.get(f"/api/projects/{await project_id(client)}/export.zip")
    assert (await answer.read())[:4] == b"PK\3\4"
    read = exports.read_transcription

    def leaving(principal: Any, transcription: Any) -> Any:
        Membership.delete().execute()
        return read(principal, transcription)

    monkeypatch.setattr(exports, "read_transcription", leaving)
    answer = await owner.get(f"/api/projects/{await project_id(client)}/export.zip")
    with pytest.raises(ClientPayloadError):
        await answer.read()


async def test_memory_stays_flat(client: TestClient, owner: Person, second_instance: Instance, tmp_path: Path) -> None:
    """Half a gigabyte of recordings goes through an instance that does not grow by a tenth of that."""
    made = [await finished(client) for _ in range(2)]
    size = 256 * MEBIBYTE
    for one in made:
        path = client.app[SETTINGS].uploads_dir / client.app[UPLOADS].place_of(uuid.UUID(one))
        with path.open("wb") as file:
            file.truncate(size)
    digest = hashlib.sha256(bytes(MEBIBYTE) * 256).hexdigest()
    await client.app[DATABASE].run(lambda: Transcription.update(size_bytes=size, sha256=digest).execute())
    project = await project_id(client)
    status = Path(f"/proc/{second_instance.worker_process()}/status")

    def resident() -> int:
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024

    url = f"{second_instance.url}/api/projects/{project}/export.zip"
    before, most, received = resident(), 0, 0
    async with client.session.get(url, headers=owner.headers) as answer:
        assert answer.status == 200
        async for block in answer.content.iter_chunked(MEBIBYTE):
            received += len(block)
            most = max(most, resident())
    assert received > 2 * size
    assert most - before < 50 * MEBIBYTE


async def test_a_client_that_goes_away_leaves_nothing_open(client: TestClient, owner: Person) -> None:
    made = await finished(client)
    path = client.app[SETTINGS].uploads_dir / client.app[UPLOADS].place_of(uuid.UUID(made))
    with path.open("wb") as file:
        file.truncate(64 * MEBIBYTE)
    answer = await owner.get(f"/api/projects/{await project_id(client)}/export.zip")
    await answer.content.readexactly(100_000)
    answer.close()

    def is_open() -> bool:
        opened = []
        for descriptor in Path("/proc/self/fd").iterdir():
            try:
                opened.append(descriptor.readlink())
            except FileNotFoundError:
                continue
        return path.resolve() in opened

    async with asyncio.timeout(10):
        while is_open():  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.02)

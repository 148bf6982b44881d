"""tuspy, the Python client of the tus project, against the API: over a way that is cut, and over two instances."""

import asyncio
import hashlib
import io
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.api.conftest import Person
from tests.api.cutting import cutting_proxy
from tests.api.instance import Instance
from tests.api.leftovers import files_of
from tests.api.sound import tone

CONTENT = tone(60.0)


def uploader(url: str, person: Person, content: bytes = CONTENT, name: str = "meeting.wav", **options: Any) -> Any:
    client = TusClient(f"{url}/api/uploads", headers=dict(person.headers))
    metadata = {"filename": name, "language": "fr", "reuse": "false"}
    # Given a path, tuspy leaves the file open; a stream is ours to close.
    return client.uploader(file_stream=io.BytesIO(content), metadata=metadata, retry_delay=0, **options)


async def made_of(person: Person, sender: Any) -> dict[str, Any]:
    shown = await (await person.get("/api/uploads/" + sender.url.rpartition("/")[2])).json()
    assert shown["state"] == "finished"
    return await person.read(shown["transcription_id"])


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("chunk_size", [len(CONTENT), 100_000])
async def test_tuspy_goes_on_where_the_connection_was_cut(
    client: TestClient, editor: Person, chunk_size: int, *, checked: bool
) -> None:
    cuts = [chunk_size // 3, chunk_size // 2, 50_000]
    async with cutting_proxy(client.server.host, client.server.port, cuts) as proxy:
        sender = uploader(proxy.url, editor, chunk_size=chunk_size, retries=5, upload_checksum=checked)
        await asyncio.to_thread(sender.upload)
        assert proxy.cuts == []
    if not checked:
        # What had come was not sent again, but for what was in the buffers along the way.
        assert proxy.passed < len(CONTENT) + 300_000
    made = await made_of(editor, sender)
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (made["name"], made["options"]["language"]) == ("meeting.wav", "fr")
    assert len(files_of(client)) == 1


async def test_tuspy_goes_on_in_another_process_at_another_instance(
    client: TestClient, editor: Person, second_instance: Instance
) -> None:
    first = uploader(str(client.server.make_url("")).rstrip("/"), editor, chunk_size=100_000)
    await asyncio.to_thread(first.upload, stop_at=500_000)
    path = first.url.rpartition("/")[2]
    later = TusClient(f"{second_instance.url}/api/uploads", headers=dict(editor.headers)).uploader
    address = f"{second_instance.url}/api/uploads/{path}"
    second = await asyncio.to_thread(later, file_stream=io.BytesIO(CONTENT), url=address, chunk_size=100_000)
    assert second.offset == 500_000
    await asyncio.to_thread(second.upload)
    assert (await made_of(editor, second))["sha256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_tuspy_hears_why_a_file_is_refused(client: TestClient, editor: Person) -> None:
    url = str(client.server.make_url("")).rstrip("/")
    diary = b"Dear diary, today I only wrote.\n" * 50
    with pytest.raises(TusUploadFailed) as refused:
        await asyncio.to_thread(uploader(url, editor, diary, "diary.mp3", chunk_size=1000).upload)
    assert (refused.value.status_code, b"not-media" in refused.value.response_content) == (415, True)
    stranger = Person(client, {"Authorization": "Bearer of nobody"})
    with pytest.raises(TusCommunicationError) as unknown:
        await asyncio.to_thread(uploader(url, stranger, diary, "diary.mp3", chunk_size=1000).upload)
    assert unknown.value.status_code == 401

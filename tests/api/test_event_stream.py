"""Server-sent events: what the WebSocket tells, over plain HTTP, resumed by the id of the last event."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from aiohttp.test_utils import TestClient

from app.api.following import event_stream, hub
from app.api.keys import DATABASE, DELIVERY, HUB
from app.core.access import Role
from app.db import events
from tests.api.conftest import MakePerson, Person
from tests.api.instance import Instance
from tests.api.problems import fields, problem
from tests.api.test_updates import work_through
from tests.api.worker import Worker

Message = dict[str, Any]


@dataclass
class Stream:
    """One connection, read as the HTML standard says."""

    answer: ClientResponse
    last_id: str = ""
    retry: str = ""
    comments: int = 0

    async def event(self, seconds: float = 15) -> tuple[str, Message] | None:
        """The next event's name and data; None where the stream has ended."""
        name, data = "message", []
        async with asyncio.timeout(seconds):
            while line := await self.answer.content.readline():
                text = line.decode().removesuffix("\n")
                if not text:
                    if data:
                        return name, json.loads("\n".join(data))
                    name = "message"
                    continue
                field, _, value = text.partition(":")
                value = value.removeprefix(" ")
                if field == "":
                    self.comments += 1
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "id":
                    self.last_id = value
                elif field == "retry":
                    self.retry = value
        assert not data, "the stream broke off in the middle of an event"
        return None

    async def message(self, seconds: float = 15) -> Message:
        found = await self.event(seconds)
        assert found is not None
        assert found[0] == "message"
        assert found[1]["cursor"] == self.last_id
        return found[1]

    async def until(self, state: str) -> list[Message]:
        received: list[Message] = []
        while not received or received[-1].get("transcription", {}).get("state") != state:
            received.append(await self.message())
        return received


@asynccontextmanager
async def streaming(person: Person, resumed: str = "", **query: str) -> AsyncIterator[Stream]:
    headers = person.headers | ({"Last-Event-ID": resumed} if resumed else {})
    async with person.client.get("/api/updates", headers=headers, params=query) as answer:
        assert answer.status == 200, await answer.text()
        yield Stream(answer)


async def test_its_head_comes_before_anything_happens(editor: Person) -> None:
    async with streaming(editor) as stream:
        headers = stream.answer.headers
        assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert headers["Cache-Control"] == "no-store, no-transform"
        assert headers["X-Accel-Buffering"] == "no"
        assert headers["X-Request-ID"]
        assert (await stream.message())["type"] == "snapshot"
        assert stream.retry == "2000"


async def test_the_same_is_told_over_both(editor: Person, worker: Worker) -> None:
    before = await editor.uploaded(diarization="false")
    async with streaming(editor) as stream, await editor.listen() as socket:
        await work_through(worker)
        await editor.delete(f"/api/transcriptions/{before['id']}")
        over: list[list[Message]] = [[], []]
        while not over[0] or over[0][-1]["type"] != "transcription.deleted":
            over[0].append(await stream.message())
        while not over[1] or over[1][-1]["type"] != "transcription.deleted":
            over[1].append(await socket.receive_json(timeout=15))
    assert over[0] == over[1]
    assert {message["type"] for message in over[0]} == {
        "snapshot",
        "transcription.changed",
        "transcription.text",
        "transcription.deleted",
    }


async def test_after_a_cut_the_rest_is_told_and_nothing_twice(
    client: TestClient, editor: Person, worker: Worker, second_instance: Instance
) -> None:
    async with streaming(editor) as stream:
        whole = [await stream.message()]
        await editor.uploaded(diarization="false")
        await worker.plan((0.0, 6.0))
        whole += await stream.until("processing")
    # Cut off; meanwhile things happen.
    await worker.do_next()
    await editor.uploaded(diarization="false")
    at = whole[1]["cursor"]
    lasting = {str(event.id) for event in await client.app[DATABASE].run(events.after, events.EventId(int(at)))}
    # By header, by query, and the header before the query; here and on another instance.
    for resumed, query in ((at, {}), ("", {"after": at}), (at, {"after": "0"})):
        async with streaming(editor, resumed, **query) as stream:
            rest = [await stream.message() for _ in lasting]
        assert {message["cursor"] for message in rest} == lasting
        assert [message for message in rest if message in whole] == [
            message for message in whole[2:] if message["cursor"] in lasting
        ]
    async with (
        ClientSession() as session,
        session.get(f"{second_instance.url}/api/updates", headers=editor.headers | {"Last-Event-ID": at}) as answer,
    ):
        there = Stream(answer)
        assert [await there.message() for _ in lasting] == rest


async def test_a_cursor_of_before_the_log_begins_anew(editor: Person) -> None:
    transcription = await editor.uploaded()
    async with streaming(editor, "999999999999999999") as stream:
        message = await stream.message()
        assert message["type"] == "snapshot"
        assert [item["id"] for item in message["transcriptions"]] == [transcription["id"]]


async def test_one_transcription_alone_can_be_followed(editor: Person, stranger: Person) -> None:
    wanted, other = await editor.uploaded(), await editor.uploaded()
    async with streaming(editor, transcription=wanted["id"]) as stream:
        assert [item["id"] for item in (await stream.message())["transcriptions"]] == [wanted["id"]]
        for transcription in (other, wanted):
            await editor.post(f"/api/transcriptions/{transcription['id']}/cancel")
        assert (await stream.message())["transcription"]["id"] == wanted["id"]
    async with streaming(stranger, transcription=wanted["id"]) as stream:
        assert (await stream.message())["transcriptions"] == []


async def test_one_sees_ones_own_projects_as_long_as_they_are(owner: Person, person: MakePerson) -> None:
    ben = await person("ben")
    transcription = await owner.uploaded()
    members = f"/api/projects/{transcription['project_id']}/members/ben"
    async with streaming(ben) as stream:
        assert (await stream.message())["transcriptions"] == []
        await owner.put(members, json={"role": Role.VIEWER})
        assert [item["id"] for item in (await stream.message())["transcriptions"]] == [transcription["id"]]
        await owner.delete(members)
        assert (await stream.message())["transcriptions"] == []


async def test_without_credentials_there_is_no_stream(client: TestClient) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "vx_wrong"}):
        await problem(await client.get("/api/updates", headers=headers), 401, "not-authenticated")


async def test_it_ends_with_the_credentials(client: TestClient, owner: Person) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    keys = f"/api/projects/{project['id']}/keys"
    made = await (await owner.post(keys, json={"name": "k", "role": "viewer"})).json()
    program = Person(client, {"X-API-Key": made["key"]})
    async with streaming(program) as of_key, streaming(owner) as of_login:
        for stream in (of_key, of_login):
            await stream.message()
        await owner.delete(f"{keys}/{made['id']}")
        assert await of_key.event(seconds=4) == ("end", {"type": "end", "code": "not-authenticated"})
        assert await of_key.event() is None
        await owner.delete("/api/auth/token")
        assert await of_login.event(seconds=4) == ("end", {"type": "end", "code": "not-authenticated"})
    await problem(await program.get("/api/updates"), 401, "not-authenticated")


@pytest.mark.parametrize(
    ("query", "resumed", "named"),
    [
        ("after=x", None, "after"),
        ("after=-1", None, "after"),
        (f"after={'9' * 19}", None, "after"),
        ("transcription=7", None, "transcription"),
        ("", "x", "Last-Event-ID"),
        ("", "²", "Last-Event-ID"),
        ("", "1e3", "Last-Event-ID"),
        ("after=1", "9" * 19, "Last-Event-ID"),
    ],
)
async def test_where_to_begin_must_be_a_cursor(editor: Person, query: str, resumed: str | None, named: str) -> None:
    headers = {"Last-Event-ID": resumed} if resumed else {}
    answer = await editor.get(f"/api/updates?{query}", headers=headers)
    assert fields(await problem(answer, 422, "invalid-fields")) == [named]


async def test_a_head_alone_is_not_to_be_had(editor: Person) -> None:
    answer = await editor.ask("HEAD", "/api/updates")
    assert answer.status == 405


async def test_while_nothing_happens_it_beats(editor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_BEAT_SECONDS", 0.1)
    async with streaming(editor) as stream:
        await stream.message()
        with pytest.raises(TimeoutError):
            await stream.event(seconds=1)
        assert stream.comments >= 3
        # And says what happens all the same.
        transcription = await editor.uploaded()
        assert (await stream.message())["transcription"]["id"] == transcription["id"]


async def test_a_stopping_instance_lets_its_streams_go(client: TestClient, editor: Person) -> None:
    async with streaming(editor) as stream:
        await stream.message()
        started = time.monotonic()
        client.app[HUB].close()
        assert await stream.event() == ("end", {"type": "end", "code": "resume"})
        assert await stream.event() is None
        assert time.monotonic() - started < 5


def many(transcription: Message) -> None:
    for n in range(400):
        data = {"transcription_id": transcription["id"], "segments": [{"text": f"{n} " + "x" * 50_000}]}
        project = transcription["project_id"]
        events.append(events.EventKind.TEXT, data, project=project, transcription=transcription["id"])


async def test_one_that_reads_too_slowly_is_let_go_and_resumes(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LISTENER_BACKLOG", 20)
    transcription = await editor.uploaded()
    received = []
    async with streaming(editor) as stream:
        await stream.message()
        await client.app[DATABASE].run(many, transcription)
        await client.app[DELIVERY].wake(await client.app[DATABASE].run(events.latest))
        await asyncio.sleep(1)  # the client sleeps, not the test: all it does is not to read
        while (found := await stream.event(seconds=30)) is not None:
            received.append(found)
        assert received.pop() == ("end", {"type": "end", "code": "resume"})
        resumed = stream.last_id
    assert len(received) < 400
    async with streaming(editor, resumed) as stream:
        received += [("message", await stream.message()) for _ in range(400 - len(received))]
    numbers = [int(message["segments"][0]["text"].split()[0]) for _, message in received]
    assert numbers == list(range(400))


async def test_one_that_reads_nothing_at_all_is_cut_off(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "_STALLED_SECONDS", 0.5)
    transcription = await editor.uploaded()
    reader, writer = await asyncio.open_connection(client.server.host, client.server.port, limit=4096)
    head = f"GET /api/updates HTTP/1.1\r\nHost: test\r\nAuthorization: {editor.headers['Authorization']}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(10):
        await reader.readuntil(b'"snapshot"')
        assert len(client.app[HUB]._listeners) == 1
        await client.app[DATABASE].run(many, transcription)
        await client.app[DELIVERY].wake(await client.app[DATABASE].run(events.latest))
        while client.app[HUB]._listeners:  # noqa: ASYNC110 - the hub tells nobody who has gone
            await asyncio.sleep(0.05)
    writer.close()


async def test_one_that_went_away_is_forgotten(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "_BEAT_SECONDS", 0.1)
    async with streaming(editor) as stream:
        await stream.message()
        assert len(client.app[HUB]._listeners) == 1
    async with asyncio.timeout(10):
        while client.app[HUB]._listeners:  # noqa: ASYNC110 - the hub tells nobody who has gone
            await asyncio.sleep(0.05)

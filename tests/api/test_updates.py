"""The WebSocket: everything that one may see, nothing else, and nothing twice lost on the way."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.api.following import hub
from app.api.keys import DATABASE, DELIVERY, HUB, REDIS
from app.core.access import Role
from app.db import events
from app.db.tables import Event
from app.queueing.queues import QueueName
from tests.api.conftest import MakePerson, Person
from tests.api.instance import Instance
from tests.api.worker import Worker, segment, text

Message = dict[str, Any]


async def receive(socket: ClientWebSocketResponse, seconds: float = 15) -> Message:
    async with asyncio.timeout(seconds):
        return await socket.receive_json()


async def receive_until(socket: ClientWebSocketResponse, state: str) -> list[Message]:
    """Receive up to and with the change to this state."""
    received = []
    while not received or received[-1].get("transcription", {}).get("state") != state:
        received.append(await receive(socket))
    return received


async def close_code(socket: ClientWebSocketResponse, seconds: float = 15) -> int | None:
    """Read on until the server closes, and return its code."""
    async with asyncio.timeout(seconds):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    assert message.type is WSMsgType.CLOSE
    return message.data


async def work_through(worker: Worker) -> None:
    """A recording's whole way: plan, two chunks with text as it appears, enrichment."""
    await worker.plan((0.0, 6.0), (6.0, 9.0))
    for _ in range(2):
        order = await worker.claim()
        start = order["chunk"]["start"]
        said = [segment(start + n, start + n + 1, f"Part {n}") for n in range(2)]
        for n in range(2):
            await worker.report(order, "progress", stage="transcribing", percent=40 * n, segments=[said[n]])
        await worker.report(order, "result", text=text(*said))
    await worker.do_next(QueueName.ENRICHMENT)


async def test_text_is_told_in_the_order_in_which_it_was_said_whoever_is_first(editor: Person, worker: Worker) -> None:
    async with await editor.listen() as socket:
        await editor.uploaded(diarization="false")
        await worker.plan((0.0, 6.0), (6.0, 9.0), (9.0, 12.0))
        first, second, third = [await worker.claim() for _ in range(3)]
        await worker.report(third, "result", **await worker.result_of(third))
        said = [segment(6.0, 7.0, "Second"), segment(7.0, 9.0, "Third")]
        await worker.report(second, "progress", stage="transcribing", percent=50, segments=said[:1])
        await worker.report(first, "progress", stage="transcribing", percent=50, segments=[segment(0.0, 2.0, "First")])
        await worker.report(first, "result", text=text(segment(0.0, 2.0, "First")))
        await worker.report(second, "result", text=text(*said))
        messages = await receive_until(socket, "transcribed")
    heard = [message for message in messages if message["type"] == "transcription.text"]
    assert [found["text"] for message in heard for found in message["segments"]] == [
        "First",
        "Second",
        "Third",
        "Words of chunk 9.",
    ]
    assert [(message["chunk"], message["offset"]) for message in heard] == [(0, 0), (1, 0), (1, 1), (2, 0)]


async def test_text_that_turned_out_to_be_nobodys_is_untold(editor: Person, worker: Worker) -> None:
    said = [segment(n, n + 1.0, f"Line {n}") for n in range(4)]
    async with await editor.listen() as socket:
        created = await editor.uploaded(diarization="false", enrichment="false")
        await worker.plan((0.0, 4.0), (4.0, 8.0), (8.0, 9.0))
        first, second, last = [await worker.claim() for _ in range(3)]
        await worker.report(first, "progress", stage="transcribing", percent=50, segments=said[:3])
        while (await receive(socket))["type"] != "transcription.text":
            pass
        # Of the three told lines the second was a loop's, and one more is new: as many as were told.
        await worker.report(first, "result", text=text(said[0], said[2], said[3]))
        await worker.report(second, "progress", stage="transcribing", percent=50, segments=[segment(5.0, 6.0, "No")])
        await worker.report(second, "result", text=text())
        messages = [await receive(socket)]
        while messages[-1].get("segments") != []:
            messages.append(await receive(socket))
        await worker.report(last, "result", text=text())
        await receive_until(socket, "done")
    shown: dict[int, list[str]] = {0: ["Line 0", "Line 1", "Line 2"]}
    for message in messages:
        if message["type"] == "transcription.text":
            lines = shown.setdefault(message["chunk"], [])
            lines[message["offset"] :] = [found["text"] for found in message["segments"]]
    assert shown == {0: ["Line 0", "Line 2", "Line 3"], 1: []}
    assert [found["text"] for found in (await editor.read(created["id"]))["segments"]] == shown[0]


def follow(messages: list[Message]) -> dict[str, Message]:
    """What a client knows after these messages: the newest summary of each transcription."""
    known: dict[str, Message] = {}
    for message in messages:
        if message["type"] == "snapshot":
            known = {summary["id"]: summary for summary in message["transcriptions"]}
        elif message["type"] == "transcription.changed":
            known[message["transcription"]["id"]] = message["transcription"]
        elif message["type"] == "transcription.deleted":
            known.pop(message["transcription_id"], None)
    return known


async def test_a_snapshot_then_every_change_and_the_text_as_it_appears(editor: Person, worker: Worker) -> None:
    before = await editor.uploaded(diarization="false")
    async with await editor.listen() as socket:
        snapshot = await receive(socket)
        assert (snapshot["type"], [item["id"] for item in snapshot["transcriptions"]]) == ("snapshot", [before["id"]])
        await work_through(worker)
        messages = await receive_until(socket, "done")
        states = [message["transcription"]["state"] for message in messages if "transcription" in message]
        assert list(dict.fromkeys(states)) == ["processing", "transcribed", "done"]
        texts = [message for message in messages if message["type"] == "transcription.text"]
        said = [found["text"] for message in texts for found in message["segments"]]
        assert said == ["Part 0", "Part 1", "Part 0", "Part 1"]
        assert {message["transcription_id"] for message in texts} == {before["id"]}
        cursors = [int(message["cursor"]) for message in [snapshot, *messages]]
        assert cursors == sorted(set(cursors))
        assert messages[-1]["transcription"]["enrichment"]["title"] == "A title"

        await editor.delete(f"/api/transcriptions/{before['id']}")
        deleted = await receive(socket)
        assert (deleted["type"], deleted["transcription_id"]) == ("transcription.deleted", before["id"])


async def test_one_sees_ones_own_projects_and_no_others(editor: Person, stranger: Person) -> None:
    async with await stranger.listen() as socket:
        assert (await receive(socket))["transcriptions"] == []
        await editor.uploaded()
        mine = await stranger.uploaded()
        assert (await receive(socket))["transcription"]["id"] == mine["id"]


async def test_one_transcription_alone_can_be_followed(editor: Person, stranger: Person) -> None:
    wanted, other = await editor.uploaded(), await editor.uploaded()
    async with await editor.listen(transcription=wanted["id"]) as socket:
        assert [item["id"] for item in (await receive(socket))["transcriptions"]] == [wanted["id"]]
        for transcription in (other, wanted):
            await editor.post(f"/api/transcriptions/{transcription['id']}/cancel")
        assert (await receive(socket))["transcription"]["id"] == wanted["id"]
    async with await stranger.listen(transcription=wanted["id"]) as socket:
        assert (await receive(socket))["transcriptions"] == []


async def test_who_joins_or_leaves_a_project_sees_it_come_and_go(owner: Person, person: MakePerson) -> None:
    ben = await person("ben")
    transcription = await owner.uploaded()
    members = f"/api/projects/{transcription['project_id']}/members/ben"
    async with await ben.listen() as socket:
        assert (await receive(socket))["transcriptions"] == []
        await owner.put(members, json={"role": "viewer"})
        assert [item["id"] for item in (await receive(socket))["transcriptions"]] == [transcription["id"]]
        await owner.delete(members)
        await owner.post(f"/api/transcriptions/{transcription['id']}/cancel")
        assert (await receive(socket))["transcriptions"] == []
        with pytest.raises(TimeoutError):
            await receive(socket, seconds=0.5)
    # What happened meanwhile is not replayed to who has lost the right to see it, but told as it stands now.
    async with await ben.listen(after="1") as socket:
        assert (await receive(socket))["transcriptions"] == []


async def test_a_client_may_prove_itself_in_its_first_message(client: TestClient, editor: Person) -> None:
    token = editor.headers["Authorization"].removeprefix("Bearer ")
    async with client.ws_connect("/api/ws/updates") as socket:
        await socket.send_json({"type": "authenticate", "token": token})
        assert (await receive(socket))["type"] == "snapshot"


@pytest.mark.parametrize(
    "first",
    [
        '{"type": "authenticate"}',
        '{"type": "authenticate", "token": "wrong"}',
        '{"type": "authenticate", "api_key": "vx_wrong"}',
        '{"type": "hello", "token": "x"}',
        '{"type": "authenticate", "token": 7}',
        "not json",
        "[" * 10_000,
    ],
)
async def test_who_does_not_is_let_go(client: TestClient, first: str) -> None:
    async with client.ws_connect("/api/ws/updates") as socket:
        await socket.send_str(first)
        assert await close_code(socket) == 4401


async def test_a_page_of_another_origin_gets_nothing_without_credentials(client: TestClient, editor: Person) -> None:
    # What a browser sends along by itself, a cookie say, must open nothing.
    token = editor.headers["Authorization"].removeprefix("Bearer ")
    headers = {"Origin": "https://elsewhere.example", "Cookie": f"token={token}; access_token={token}"}
    async with client.ws_connect("/api/ws/updates", headers=headers) as socket:
        await socket.send_json({"type": "authenticate"})
        assert await close_code(socket) == 4401


async def test_wrong_credentials_in_a_header_are_refused_before_the_upgrade(client: TestClient) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/api/ws/updates", headers={"Authorization": "Bearer wrong"})
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=1e3", "after=²", f"after={'9' * 19}", "transcription=7"]
)
async def test_a_query_that_cannot_be_is_refused(editor: Person, query: str) -> None:
    answer = await editor.get(f"/api/ws/updates?{query}")
    assert (answer.status, answer.content_type) == (422, "application/problem+json")


async def test_an_ordinary_request_for_the_websocket_is_refused(editor: Person) -> None:
    answer = await editor.get("/api/ws/updates")
    assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_logging_out_ends_the_login_s_listeners_at_once(editor: Person) -> None:
    async with await editor.listen() as socket:
        await receive(socket)
        await editor.delete("/api/auth/token")
        assert await close_code(socket, seconds=4) == 4401


async def test_who_takes_time_to_answer_learns_why_it_was_let_go(client: TestClient, editor: Person) -> None:
    async with client.ws_connect("/api/ws/updates", headers=editor.headers, autoclose=False) as socket:
        await receive(socket)
        await editor.delete("/api/auth/token")
        assert await close_code(socket, seconds=4) == 4401
        # The server had all the time to break the connection off, and waits for the answer.
        assert (await client.get("/health/live")).status == 200
        await socket.close()
        assert (socket.close_code, socket.exception()) == (4401, None)


async def test_revoking_a_key_ends_its_listeners_at_once(client: TestClient, owner: Person) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    keys = f"/api/projects/{project['id']}/keys"
    made = await (await owner.post(keys, json={"name": "k", "role": "viewer"})).json()
    program = Person(client, {"X-API-Key": made["key"]})
    async with await program.listen() as socket:
        await receive(socket)
        await owner.delete(f"{keys}/{made['id']}")
        assert await close_code(socket, seconds=4) == 4401


async def test_resuming_at_any_point_gives_the_rest_and_nothing_but_the_rest(
    client: TestClient, editor: Person, worker: Worker
) -> None:
    async with await editor.listen() as socket:
        whole = [await receive(socket)]
        for _ in range(2):
            await editor.uploaded(diarization="false")
            await work_through(worker)
        kept = await editor.uploaded(diarization="false")
        order = await worker.claim()
        await worker.report(order, "progress", stage="listening", percent=50)
        while whole[-1].get("transcription", {}).get("stage") != "listening":
            whole.append(await receive(socket))
    newest = int(whole[-1]["cursor"])
    stored = await client.app[DATABASE].run(events.after, events.EventId(0))
    # What was passing is swept once its transcription has come to rest: a state that follows stands for it.
    lasting = {str(event.id) for event in stored}

    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, newest))
    def cut(at: int) -> None:
        points.append(at)

    points: list[int] = []
    cut()
    for at in {0, newest - 1, *points} - {newest}:
        heard = [message for message in whole if int(message["cursor"]) <= at]
        expected = [message for message in whole if int(message["cursor"]) > at and message["cursor"] in lasting]
        async with await editor.listen(after=str(at)) as socket:
            rest = [await receive(socket)]
            if rest[0]["type"] != "snapshot":
                while rest[-1]["cursor"] != str(newest):
                    rest.append(await receive(socket))
                assert rest == expected
        assert follow(heard + rest) == follow(whole)
    assert kept["id"] in follow(whole)


async def test_a_cursor_from_beyond_the_log_begins_anew(client: TestClient, editor: Person) -> None:
    transcription = await editor.uploaded()
    for cursor in ("999999999999999999", "0"):
        if cursor == "0":  # from before what is kept
            await client.app[DATABASE].run(Event.delete().where(Event.kind == "access.changed").execute)
        async with await editor.listen(after=cursor) as socket:
            message = await receive(socket)
            assert message["type"] == "snapshot"
            assert [item["id"] for item in message["transcriptions"]] == [transcription["id"]]


@asynccontextmanager
async def listening_at(instance: Instance, person: Person, **query: str) -> AsyncIterator[ClientWebSocketResponse]:
    async with (
        ClientSession() as session,
        session.ws_connect(f"{instance.url}/api/ws/updates", headers=person.headers, params=query) as socket,
    ):
        yield socket


async def test_every_instance_tells_the_same(editor: Person, worker: Worker, second_instance: Instance) -> None:
    async with listening_at(second_instance, editor) as there, await editor.listen() as here:
        await receive(there)
        await receive(here)
        await editor.uploaded(diarization="false")
        await worker.plan((0.0, 6.0))
        order = await worker.claim()
        await worker.report(order, "progress", stage="x", percent=1, segments=[segment(0, 1, "Hello")])
        said = []
        for socket in (here, there):
            messages = [await receive(socket)]
            while messages[-1]["type"] != "transcription.text":
                messages.append(await receive(socket))
            said.append(messages)
        assert said[0] == said[1]
    async with listening_at(second_instance, editor, after=said[0][0]["cursor"]) as there:
        assert [await receive(there) for _ in said[0][1:]] == said[0][1:]


async def test_a_wiped_redis_costs_no_event(client: TestClient, editor: Person, worker: Worker) -> None:
    redis = client.app[REDIS]
    async with await editor.listen() as socket:
        await receive(socket)
        await editor.uploaded(diarization="false")
        redis.flushall()
        await worker.plan((0.0, 5.0))
        redis.flushall()
        await worker.do_next()
        redis.flushall()
        await worker.do_next(QueueName.ENRICHMENT)
        redis.flushall()
        messages = await receive_until(socket, "done")
        states = [message["transcription"]["state"] for message in messages if "transcription" in message]
        assert list(dict.fromkeys(states)) == ["queued", "processing", "transcribed", "done"]


async def test_an_event_of_which_nobody_is_woken_comes_within_seconds(client: TestClient, editor: Person) -> None:
    transcription = await editor.uploaded()

    def silently() -> None:
        events.append(
            events.EventKind.DELETED,
            {"transcription_id": transcription["id"]},
            project=transcription["project_id"],
            transcription=transcription["id"],
        )

    async with await editor.listen() as socket:
        await receive(socket)
        await client.app[DATABASE].run(silently)
        assert (await receive(socket, seconds=8))["type"] == "transcription.deleted"


async def test_a_word_that_only_a_newer_release_knows_is_passed_over(client: TestClient, editor: Person) -> None:
    def newer() -> None:
        Event.create(kind="speaker.renamed", data={"anything": 1})

    async with await editor.listen() as socket:
        await receive(socket)
        await client.app[DATABASE].run(newer)
        made = await editor.uploaded()
        assert (await receive(socket))["transcription"]["id"] == made["id"]


async def test_a_listener_that_is_too_slow_is_let_go_and_resumes(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LISTENER_BACKLOG", 20)
    transcription = await editor.uploaded()

    def many() -> None:
        for n in range(400):
            data = {"transcription_id": transcription["id"], "segments": [{"text": f"{n} " + "x" * 50_000}]}
            events.append(
                events.EventKind.TEXT,
                data,
                project=transcription["project_id"],
                transcription=transcription["id"],
            )

    async with await editor.listen() as socket:
        snapshot = await receive(socket)
        await client.app[DATABASE].run(many)
        await client.app[DELIVERY].wake(await client.app[DATABASE].run(events.latest))
        await asyncio.sleep(1)  # the client sleeps, not the test: all it does is not to read
        received = []
        async with asyncio.timeout(30):
            while (message := await socket.receive()).type is WSMsgType.TEXT:
                received.append(message.json())
        assert message.type is WSMsgType.CLOSE
        assert message.data == 1013
    assert len(received) < 400
    after = received[-1]["cursor"] if received else snapshot["cursor"]
    async with await editor.listen(after=after) as socket:
        received += [await receive(socket) for _ in range(400 - len(received))]
    numbers = [int(message["segments"][0]["text"].split()[0]) for message in received]
    assert numbers == list(range(400))


async def test_a_stopping_instance_lets_its_listeners_go(client: TestClient, editor: Person) -> None:
    async with await editor.listen() as socket:
        await receive(socket)
        started = time.monotonic()
        client.app[HUB].close()
        assert await close_code(socket) == 1001
        assert time.monotonic() - started < 5


async def test_keys_listen_with_their_role(client: TestClient, owner: Person) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    new = {"name": "k", "role": Role.VIEWER}
    made = await (await owner.post(f"/api/projects/{project['id']}/keys", json=new)).json()
    async with client.ws_connect("/api/ws/updates") as socket:
        await socket.send_json({"type": "authenticate", "api_key": made["key"]})
        assert (await receive(socket))["type"] == "snapshot"
        transcription = await owner.uploaded()
        assert (await receive(socket))["transcription"]["id"] == transcription["id"]

"""What webhooks are told of a recording: all of it that they asked for, signed, in order, whatever is lost on the way."""

import asyncio
import datetime as dt
import json
import os
import signal
from collections import defaultdict

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.api.application import create_app
from app.api.keys import DATABASE, REDIS
from app.api.webhooks.dispatching import Webhooks
from app.core.states import TranscriptionState
from app.db.tables import Project, Transcription
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.instance import Instance
from tests.api.receiver import Receiver
from tests.api.test_enrichments import to_failed_voices
from tests.api.webhooks.conftest import Hook, MakeHook, soon_given_up
from tests.api.worker import Worker

FAILURE = {"code": "worker-fault", "detail": "It broke.", "remedy": "Mend it.", "retryable": False}


async def test_the_way_of_a_recording_is_told_signed_and_in_order(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    made = await hook(receiver.url("/hook"))
    created = await editor.uploaded(diarization="false")
    await worker.plan((0.0, 3.0))
    await worker.do_next()
    await worker.do_next(QueueName.ENRICHMENT)
    messages = await receiver.until_told("/hook", 3)
    assert [(message.type, message.json["data"]["state"]) for message in messages] == [
        ("transcription.created", "pending"),
        ("transcription.transcribed", "transcribed"),
        ("transcription.done", "done"),
    ]
    assert messages[0].json["data"] == {
        "transcription_id": created["id"],
        "project_id": created["project_id"],
        "name": "tone.wav",
        "state": "pending",
    }
    for message in messages:
        assert set(message.json) == {"id", "type", "timestamp", "data"}
        assert message.json["id"] == message.id
        assert abs(dt.datetime.fromisoformat(message.json["timestamp"]) - dt.datetime.now(dt.UTC)).seconds < 60
        assert message.headers["content-type"] == "application/json"
        assert message.signed_by(made.secret)
        assert not message.signed_by("whsec_" + "A" * 44)
        assert b"Words of chunk" not in message.body
        assert not {"authorization", "cookie", "referer", "x-api-key"} & message.headers.keys()
    assert len({message.id for message in messages}) == 3
    await made.settled(3)

    await editor.delete(f"/api/transcriptions/{created['id']}")
    *_, last = await receiver.until_told("/hook", 4)
    assert (last.type, last.json["data"]["transcription_id"]) == ("transcription.deleted", created["id"])
    # What was deleted leaves no name behind.
    deliveries = await made.settled(4)
    assert [delivery["data"]["name"] for delivery in deliveries] == [None] * 4
    assert [delivery["outcome"] for delivery in deliveries] == ["delivered"] * 4


async def test_a_text_without_enrichment_is_told_all_the_same(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    await hook(receiver.url("/hook"), ["transcription.transcribed", "transcription.done"])
    await editor.uploaded(diarization="false", enrichment="false")
    await worker.plan((0.0, 3.0))
    await worker.do_next()
    messages = await receiver.until_told("/hook", 2)
    assert [(message.type, message.json["data"]["state"]) for message in messages] == [
        ("transcription.transcribed", "done"),
        ("transcription.done", "done"),
    ]


async def test_a_failed_enrichment_that_is_tried_again_changes_no_text(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    await hook(receiver.url("/hook"), ["transcription.transcribed", "transcription.done"])
    created = await editor.uploaded(diarization="false")
    await worker.plan((0.0, 3.0))
    await worker.do_next()
    await worker.report(await worker.claim(QueueName.ENRICHMENT), "failure", **FAILURE)
    await editor.post(f"/api/transcriptions/{created['id']}/retry")
    await worker.do_next(QueueName.ENRICHMENT)
    messages = await receiver.until_told("/hook", 3)
    assert [message.type.partition(".")[2] for message in messages] == ["transcribed", "done", "done"]


async def test_a_text_and_its_enrichment_that_are_made_anew_are_told_once(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    made = await hook(receiver.url("/hook"), ["transcription.transcribed", "transcription.done"])
    await to_failed_voices(editor, worker)
    await worker.tell_apart((0.0, 2.0, "SPEAKER_00"), (2.0, 4.0, "SPEAKER_01"))
    await worker.do_next(QueueName.ENRICHMENT)
    assert len(await made.deliveries()) == 4
    messages = await receiver.until_told("/hook", 4)
    told = [(message.type.partition(".")[2], message.json["data"]["state"]) for message in messages]
    assert told == [("transcribed", "transcribed"), ("done", "done")] * 2


async def test_a_text_that_stands_is_told_once_though_its_enrichment_is_cancelled_and_made_anew(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    types = ["transcription.transcribed", "transcription.cancelled", "transcription.done"]
    made = await hook(receiver.url("/hook"), types)
    path = f"/api/transcriptions/{(await editor.uploaded(diarization='false'))['id']}"
    await worker.plan((0.0, 3.0))
    await worker.do_next()
    for again in ("enrichments", "retry"):
        assert (await editor.post(f"{path}/cancel")).status == 200
        assert (await editor.post(f"{path}/{again}", json={})).status in (200, 202)
    await worker.do_next(QueueName.ENRICHMENT)
    assert len(await made.deliveries()) == 4
    messages = await receiver.until_told("/hook", 4)
    assert [message.type for message in messages] == [types[0], types[1], types[1], types[2]]


async def test_an_end_without_a_text_is_told(
    hook: MakeHook, receiver: Receiver, editor: Person, worker: Worker
) -> None:
    await hook(receiver.url("/hook"))
    failed = await editor.uploaded()
    await worker.report(await worker.claim(), "failure", **FAILURE)
    cancelled = await editor.uploaded()
    await editor.post(f"/api/transcriptions/{cancelled['id']}/cancel")
    messages = await receiver.until_told("/hook", 4)
    ends = {(message.json["data"]["transcription_id"], message.type) for message in messages}
    assert {
        (failed["id"], "transcription.failed"),
        (cancelled["id"], "transcription.cancelled"),
    } < ends


async def test_one_is_told_what_one_asked_for_of_ones_own_project(
    hook: MakeHook, receiver: Receiver, editor: Person, stranger: Person
) -> None:
    await hook(receiver.url("/created"), ["transcription.created"])
    await hook(receiver.url("/deleted"), ["transcription.deleted"])
    await hook(receiver.url("/off"), active=False)
    await hook(receiver.url("/stranger"), by=stranger)
    created = await editor.uploaded()
    await editor.delete(f"/api/transcriptions/{created['id']}")
    await stranger.uploaded()
    await receiver.until(lambda all_of: {"/created", "/deleted", "/stranger"} <= {m.path for m in all_of.messages})
    assert [message.type for message in receiver.at("/created")] == ["transcription.created"]
    assert [message.type for message in receiver.at("/deleted")] == ["transcription.deleted"]
    assert [message.json["data"]["project_id"] != created["project_id"] for message in receiver.at("/stranger")] == [
        True
    ]
    assert receiver.at("/off") == []


async def test_what_is_taken_back_is_not_told(client: TestClient, hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url("/hook"))

    def half_done(name: str, *, whole: bool) -> None:
        Transcription.create(project=Project.get(Project.name == "first"), name=name)
        if not whole:
            raise LookupError(name)

    with pytest.raises(LookupError):
        await client.app[DATABASE].run(half_done, "taken back", whole=False)
    await client.app[DATABASE].run(half_done, "stands", whole=True)
    [message] = await receiver.until_told("/hook", 1)
    assert message.json["data"]["name"] == "stands"
    assert len(await made.deliveries()) == 1


async def test_a_wiped_redis_costs_no_message(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person
) -> None:
    await hook(receiver.url("/hook"), ["transcription.created", "transcription.cancelled"])
    redis = client.app[REDIS]
    for number in range(1, 4):
        redis.flushall()
        created = await editor.uploaded()
        redis.flushall()
        await editor.post(f"/api/transcriptions/{created['id']}/cancel")
        redis.flushall()
        await receiver.until_told("/hook", 2 * number)
    assert [message.type.partition(".")[2] for message in receiver.at("/hook")] == ["created", "cancelled"] * 3


async def test_what_waited_goes_out_when_it_is_switched_on(hook: MakeHook, receiver: Receiver, editor: Person) -> None:
    made = await hook(receiver.url("/held"), ["transcription.created"])
    for _ in range(6):
        await editor.uploaded()
    await receiver.until_told("/held", 4)  # as many as go to one receiver at once
    await made.owner.patch(made.address, json={"active": False})
    receiver.gate.set()
    await editor.uploaded()  # while it is off, nothing is noted
    async with asyncio.timeout(10):
        while len(await made.deliveries(outcome="delivered")) < 4:  # noqa: ASYNC110 - as owners ask
            await asyncio.sleep(0.05)
    assert (len(receiver.messages), len(await made.deliveries(outcome="pending"))) == (4, 2)
    await made.owner.patch(made.address, json={"active": True})
    assert len(await made.settled(6)) == 6
    assert len({message.id for message in receiver.messages}) == 6


async def test_another_process_tells_what_this_one_had_not(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person, settings: Settings
) -> None:
    made = await hook(receiver.url("/held"), ["transcription.created"])
    await editor.uploaded()
    await receiver.until_told("/held", 1)
    await client.close()
    receiver.gate.set()
    async with TestClient(TestServer(create_app(settings))) as other:
        again = Hook(Person(other, made.owner.headers), made.address, made.body)
        [delivery] = await again.settled()
        # To be cut off by a stop counts as no try; the receiver is told again.
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 1)
    first, second = receiver.at("/held")
    assert (first.id, first.body) == (second.id, second.body)


@pytest.fixture
def late_here(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """This process tells webhooks nothing until the event is set."""
    begin = asyncio.Event()
    run = Webhooks.run

    async def late(self: Webhooks) -> None:
        await begin.wait()
        await run(self)

    monkeypatch.setattr(Webhooks, "run", late)
    return begin


@soon_given_up
async def test_what_a_killed_instance_had_is_told_by_another(
    late_here: asyncio.Event, hook: MakeHook, receiver: Receiver, editor: Person, second_instance: Instance
) -> None:
    made = await hook(receiver.url("/held"), ["transcription.created"])
    await editor.uploaded()
    await receiver.until_told("/held", 1)
    telling = second_instance.worker_process()
    second_instance.process.kill()
    os.kill(telling, signal.SIGKILL)
    late_here.set()
    receiver.gate.set()
    [delivery] = await made.settled(1, seconds=30)
    assert delivery["outcome"] == "delivered"
    first, second = receiver.at("/held")
    assert first.id == second.id
    # Not before the other one's lease was over, were it only slow.
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 8


async def test_two_instances_tell_everything_once_and_each_recording_in_order(
    client: TestClient, hook: MakeHook, receiver: Receiver, second_instance: Instance
) -> None:
    hooks = [await hook(receiver.url(f"/hook{n}")) for n in range(3)]

    def lives(number: int) -> None:
        row = Transcription.create(project=Project.get(Project.name == "first"), name=f"{number}")
        for state in (TranscriptionState.ERROR, TranscriptionState.PENDING, TranscriptionState.CANCELLED):
            row.state = state
            row.save(only=[Transcription.state])
        row.delete_instance()

    recordings = 40
    for number in range(recordings):
        await client.app[DATABASE].run(lives, number)
    for made in hooks:
        path = made.body["url"].rpartition("/")[2]
        await receiver.until_told(f"/{path}", 4 * recordings, seconds=60)
        await made.settled(4)
    assert len(receiver.messages) == 3 * 4 * recordings
    assert len({message.id for message in receiver.messages}) == len(receiver.messages)
    assert set(receiver.most_at_once.values()) == {1}
    told = defaultdict(list)
    for message in receiver.messages:
        told[message.path, message.json["data"]["transcription_id"]].append(message.type.partition(".")[2])
    assert set(map(tuple, told.values())) == {("created", "failed", "cancelled", "deleted")}


async def test_a_message_is_small_and_says_names_as_they_are(
    client: TestClient, hook: MakeHook, receiver: Receiver
) -> None:
    made, name = await hook(receiver.url("/hook")), 'réunion d’été 😀\u2028 "1".wav'

    def one() -> None:
        Transcription.create(project=Project.get(Project.name == "first"), name=name)

    await client.app[DATABASE].run(one)
    [message] = await receiver.until_told("/hook", 1)
    assert json.loads(message.body.decode())["data"]["name"] == name
    assert message.signed_by(made.secret)
    assert len(message.body) < 500

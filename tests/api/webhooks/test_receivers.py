"""Receivers that are away, slow, broken, hostile, or want no more."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.api.webhooks import posting
from app.core.access import Role
from app.core.webhooks import SWITCHED_OFF_AFTER
from app.db import webhook_outbox
from app.db.tables import Project, Transcription, Webhook, WebhookDelivery, database, now
from app.settings import Settings
from tests.api.conftest import MakePerson, Person
from tests.api.origin import Origin, running_origin
from tests.api.problems import problem
from tests.api.receiver import Receiver, answering
from tests.api.silence import Silence
from tests.api.webhooks.conftest import MakeHook, soon_given_up

CREATED = ["transcription.created"]


@pytest.fixture
async def raw() -> AsyncIterator[Origin]:
    """A server that speaks as no HTTP library does."""
    async with running_origin() as origin:
        yield origin


@pytest.fixture
async def settings(settings: Settings, raw: Origin) -> Settings:
    return settings.model_copy(update={"webhook_ports": f"{settings.webhook_ports}, {raw.port}"})


async def test_what_does_not_arrive_is_sent_again_until_it_does(
    hook: MakeHook, receiver: Receiver, editor: Person, tried_again_at_once: None
) -> None:
    receiver.behaviours["/hook"] = answering(500, 404, 302, 200, text="as you\nlike \x00it", Location="/other")
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    [delivery] = await made.settled()
    assert [one["status"] for one in delivery["attempts"]] == [500, 404, 302, 200]
    assert [one["error"] is None for one in delivery["attempts"]] == [False, False, False, True]
    assert delivery["attempts"][0]["excerpt"] == "as you like it"
    assert {(message.id, message.body) for message in receiver.messages} == {
        (delivery["id"], receiver.messages[0].body)
    }
    assert all(message.signed_by(made.secret) for message in receiver.messages)
    assert (await made.read())["failing_since"] is None
    assert receiver.at("/other") == []


async def test_it_is_given_up_in_the_end(
    hook: MakeHook, receiver: Receiver, editor: Person, tried_again_at_once: None
) -> None:
    receiver.behaviours["/hook"] = answering(503)
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    [delivery] = await made.settled()
    assert (delivery["outcome"], delivery["due_at"], len(delivery["attempts"])) == ("failed", None, 11)
    assert delivery["finished_at"] is not None
    assert (await made.read())["failing_since"] == delivery["attempts"][0]["at"]


@soon_given_up
@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/hanging", None, "The server did not answer within 1 s."),
        ("/endless", 200, None),
        ("/trickling", 200, None),
    ],
)
async def test_no_receiver_takes_more_than_its_time(
    hook: MakeHook, receiver: Receiver, editor: Person, path: str, status: int | None, error: str | None
) -> None:
    made = await hook(receiver.url(path), CREATED)
    await editor.uploaded()
    attempt = (await made.tried())["attempts"][0]
    assert (attempt["status"], attempt["error"]) == (status, error)
    assert attempt["duration_ms"] < 4000
    assert len(attempt["excerpt"] or "") <= 500


@soon_given_up
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/slow-head", None),
        ("/no-http", None),
        ("/nothing", None),
        ("/two-lengths", None),
        ("/big-head", None),
        ("/broken-chunks", None),
        ("/shorter", 200),
        ("/bomb", 200),
        ("/part", 206),
        ("/forbidden", 403),
        ("/busy", 503),
    ],
)
async def test_whatever_a_receiver_says_is_understood_or_tried_again(
    hook: MakeHook, raw: Origin, editor: Person, path: str, status: int | None
) -> None:
    made = await hook(raw.url(path), CREATED)
    await editor.uploaded()
    delivery = await made.tried()
    [attempt] = delivery["attempts"]
    assert attempt["status"] == status
    arrived = status is not None and status < 300
    assert (delivery["outcome"], attempt["error"] is None) == ("delivered" if arrived else "pending", arrived)
    assert len(attempt["excerpt"] or "") <= 500
    assert str(raw.port) not in (attempt["error"] or "")


async def test_nobody_there_is_tried_again(hook: MakeHook, receiver: Receiver, raw: Origin, editor: Person) -> None:
    gone = receiver.url("/hook").replace(str(receiver.port), "443")
    made = await hook(gone, CREATED)
    await editor.uploaded()
    delivery = await made.tried()
    assert delivery["outcome"] == "pending"
    assert "could not be reached" in delivery["attempts"][0]["error"]
    due_in = dt.datetime.fromisoformat(delivery["due_at"]) - dt.datetime.fromisoformat(delivery["attempts"][0]["at"])
    assert 4 < due_in.total_seconds() < 7


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("3600", 3590, 3610), ("1", 4, 7), ("999999999", 21590, 21700), ("soon", 4, 7), ("-5", 4, 7)],
)
async def test_what_a_receiver_asks_to_wait_is_waited_within_limits(
    hook: MakeHook, receiver: Receiver, editor: Person, asked: str, least: float, most: float
) -> None:
    receiver.behaviours["/hook"] = answering(429, Retry_After=asked)
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    delivery = await made.tried()
    due_in = dt.datetime.fromisoformat(delivery["due_at"]) - dt.datetime.fromisoformat(delivery["attempts"][0]["at"])
    assert least <= due_in.total_seconds() <= most


@soon_given_up
async def test_a_receiver_that_hangs_holds_up_nobody_else(
    client: TestClient, hook: MakeHook, receiver: Receiver
) -> None:
    for n in range(7):
        await hook(receiver.url("/hanging"), CREATED, description=f"{n}")
    made = await hook(receiver.url("/hook"), CREATED)

    def many() -> None:
        project = Project.get(Project.name == "first")
        for number in range(20):
            Transcription.create(project=project, name=f"{number}")

    await client.app[DATABASE].run(many)
    started = time.monotonic()
    await receiver.until_told("/hook", 20, seconds=10)
    await made.settled(20)
    # Each hanging one takes a second, and each of 7 webhooks has 20 messages: in a row that were more than two minutes.
    assert time.monotonic() - started < 6


async def test_a_project_whose_receivers_all_hang_holds_up_no_other_project(
    client: TestClient, hook: MakeHook, receiver: Receiver, stranger: Person
) -> None:
    hanging = [await hook(receiver.url("/held"), CREATED, description=f"{number}") for number in range(10)]
    for _ in range(6):
        for one in hanging:
            assert (await one.owner.post(f"{one.address}/ping")).status == 202
    # More than an instance has places for, if they were given to whoever came first.
    await receiver.until_told("/held", 24)
    other = await hook(receiver.url("/hook"), CREATED, by=stranger)
    for _ in range(4):
        assert (await stranger.post(f"{other.address}/ping")).status == 202
    await other.settled(4, seconds=10)
    assert sum(message.path == "/held" for message in receiver.messages) == 24
    receiver.gate.set()


@soon_given_up
async def test_names_that_nobody_answers_for_hold_up_no_other_project(
    hook: MakeHook, receiver: Receiver, stranger: Person, silence: Silence
) -> None:
    silent = [await hook(receiver.url("/hook", host=f"{number}.silent.example"), CREATED) for number in range(9)]
    for one in silent:
        assert (await one.owner.post(f"{one.address}/ping")).status == 202
    for one in silent:
        # Given up: the look-up goes on.
        await one.tried()
    other = await hook(receiver.url("/theirs", host="hooks.example"), CREATED, by=stranger)
    assert (await stranger.post(f"{other.address}/ping")).status == 202
    [delivery] = await other.settled(seconds=10)
    assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", 1)
    assert {message.path for message in receiver.messages} == {"/theirs"}


@soon_given_up
async def test_a_name_that_nobody_answers_for_is_asked_for_once_at_a_time(
    hook: MakeHook, receiver: Receiver, editor: Person, tried_again_at_once: None, silence: Silence
) -> None:
    made = await hook(receiver.url("/hook", host="hooks.silent.example"), CREATED)
    await editor.uploaded()
    delivery = await made.tried(3)
    assert {attempt["error"] for attempt in delivery["attempts"]} == {"The server did not answer within 1 s."}
    assert silence.asked == {"hooks.silent.example": 1}
    silence.over.set()
    [delivery] = await made.settled()
    assert delivery["outcome"] == "delivered"


async def test_one_that_fails_has_a_single_place(client: TestClient, hook: MakeHook, receiver: Receiver) -> None:
    await hook(receiver.url("/held"), CREATED)

    def failing_with_many() -> None:
        Webhook.update(failing_since=now()).execute()
        for number in range(5):
            Transcription.create(project=Project.get(Project.name == "first"), name=f"{number}")

    await client.app[DATABASE].run(failing_with_many)
    await receiver.until_told("/held", 1)
    await asyncio.sleep(0.6)  # three looks for more
    assert len(receiver.messages) == 1
    receiver.gate.set()
    await receiver.until_told("/held", 5)


async def test_a_message_that_waits_to_be_tried_again_holds_up_no_later_one(
    hook: MakeHook, receiver: Receiver, editor: Person
) -> None:
    receiver.behaviours["/hook"] = answering(500, 200)
    made = await hook(receiver.url("/hook"))
    created = await editor.uploaded()
    await made.tried()
    await editor.post(f"/api/transcriptions/{created['id']}/cancel")
    messages = await receiver.until_told("/hook", 2)
    assert [message.type.partition(".")[2] for message in messages] == ["created", "cancelled"]


async def test_410_switches_it_off_and_the_owners_hear_of_it(
    hook: MakeHook, receiver: Receiver, owner: Person, editor: Person
) -> None:
    receiver.behaviours["/hook"] = answering(410, text="never again")
    made = await hook(receiver.url("/hook"), CREATED)
    watching = await hook(receiver.url("/watching"), ["webhook.switched_off"])
    async with await owner.listen() as owners, await editor.listen() as editors:
        await owners.receive_json()
        await editors.receive_json()
        await editor.uploaded()
        [delivery] = await made.settled()
        await editor.uploaded()
        told = {"webhook_id": made.body["id"], "project_id": made.address.split("/")[3], "reason": "gone"}
        assert (delivery["outcome"], len(delivery["attempts"])) == ("failed", 1)
        found = await made.read()
        assert (found["active"], found["switched_off"]) == (False, "gone")
        assert len(receiver.at("/hook")) == 1
        [message] = await receiver.until_told("/watching", 1)
        assert (message.type, message.json["data"]) == ("webhook.switched_off", told)
        assert message.signed_by(watching.secret)
        heard = []
        while len(heard) < 3:
            heard.append(await owners.receive_json(timeout=10))
        [switched_off] = [one for one in heard if one["type"] == "webhook.switched_off"]
        assert switched_off == {"type": "webhook.switched_off", "cursor": switched_off["cursor"]} | told
        others = [await editors.receive_json(timeout=10) for _ in range(2)]
        assert {one["type"] for one in others} == {"transcription.changed"}
    # Switched on it begins anew.
    receiver.behaviours["/hook"] = answering(200)
    found = await (await owner.patch(made.address, json={"active": True})).json()
    assert (found["active"], found["switched_off"], found["failing_since"]) == (True, None, None)
    await editor.uploaded()
    await receiver.until_told("/hook", 2)


@pytest.mark.parametrize(
    ("ago", "off"), [(SWITCHED_OFF_AFTER, True), (SWITCHED_OFF_AFTER - dt.timedelta(hours=1), False)]
)
async def test_after_days_without_anything_it_is_switched_off(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person, ago: dt.timedelta, off: bool
) -> None:
    receiver.behaviours["/hook"] = answering(500)
    made = await hook(receiver.url("/hook"), CREATED)
    await client.app[DATABASE].run(Webhook.update(failing_since=now() - ago).execute)
    await editor.uploaded()
    delivery = await made.tried()
    found = await made.read()
    assert (found["active"], found["switched_off"]) == ((False, "failing") if off else (True, None))
    assert delivery["outcome"] == "pending"


async def test_one_that_arrives_ends_the_count_of_days(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person
) -> None:
    made = await hook(receiver.url("/hook"), CREATED)
    await client.app[DATABASE].run(Webhook.update(failing_since=now() - SWITCHED_OFF_AFTER).execute)
    await editor.uploaded()
    await made.settled()
    found = await made.read()
    assert (found["active"], found["failing_since"]) == (True, None)


async def test_what_came_of_it_is_sent_again_on_demand(
    hook: MakeHook, receiver: Receiver, owner: Person, editor: Person
) -> None:
    receiver.behaviours["/hook"] = answering(410, 200, 200)
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    [failed] = await made.settled()
    replay = f"{made.address}/deliveries/{failed['id']}/replay"
    await problem(await owner.post(replay), 409, "conflict")
    await owner.patch(made.address, json={"active": True})
    for times in (2, 3):
        answer = await owner.post(replay)
        assert (answer.status, (await answer.json())["outcome"]) == (202, "pending")
        await receiver.until_told("/hook", times)
        [delivery] = await made.settled()
        assert (delivery["outcome"], len(delivery["attempts"])) == ("delivered", times)
    assert {(message.id, message.body) for message in receiver.messages} == {(failed["id"], receiver.messages[0].body)}


async def test_what_waits_goes_at_once_and_what_is_on_its_way_is_left_alone(
    hook: MakeHook, receiver: Receiver, owner: Person, editor: Person
) -> None:
    receiver.behaviours["/hook"] = answering(500, 200)
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    waiting = await made.tried()
    assert (await owner.post(f"{made.address}/deliveries/{waiting['id']}/replay")).status == 202
    [delivery] = await made.settled()
    assert [one["status"] for one in delivery["attempts"]] == [500, 200]
    held = await hook(receiver.url("/held"), CREATED)
    await editor.uploaded()
    [message] = await receiver.until_told("/held", 1)
    await problem(await owner.post(f"{held.address}/deliveries/{message.id}/replay"), 409, "conflict")
    receiver.gate.set()
    await held.settled()
    assert len(receiver.at("/held")) == 1


async def test_who_owns_another_project_replays_nothing_here(
    hook: MakeHook, receiver: Receiver, person: MakePerson, editor: Person, stranger: Person
) -> None:
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    [delivery] = await made.settled()
    replay = f"{made.address}/deliveries/{delivery['id']}/replay"
    await problem(await stranger.post(replay), 404, "not-found")
    await problem(await editor.post(replay), 403, "not-permitted")
    theirs = await hook(receiver.url("/theirs"), CREATED, by=stranger)
    await problem(await stranger.post(f"{theirs.address}/deliveries/{delivery['id']}/replay"), 404, "not-found")
    owner = await person("another-owner", project="first", role=Role.OWNER)
    other = await hook(receiver.url("/other"), CREATED, by=owner)
    await problem(await owner.post(f"{other.address}/deliveries/{delivery['id']}/replay"), 404, "not-found")


@pytest.mark.parametrize(
    "target", ["http://127.0.0.2:{port}/inside", "http://169.254.169.254/", "/inside", "file:///x"]
)
async def test_a_redirect_leads_nowhere(hook: MakeHook, receiver: Receiver, editor: Person, target: str) -> None:
    receiver.behaviours["/hook"] = answering(307, Location=target.format(port=receiver.port))
    made = await hook(receiver.url("/hook"), CREATED)
    await editor.uploaded()
    attempt = (await made.tried())["attempts"][0]
    assert (attempt["status"], attempt["error"]) == (307, "The receiver redirects, which is not followed.")
    assert [message.path for message in receiver.messages] == ["/hook"]


async def test_a_name_is_looked_up_and_checked_each_time_that_something_is_sent(
    hook: MakeHook, receiver: Receiver, editor: Person, tried_again_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        # What is allowed at first, then what is not, then one of each, then what is allowed again.
        asked.append(host)
        steps = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1", "127.0.0.2"], ["::ffff:127.0.0.1"]]
        return steps[len(asked) - 1] if len(asked) <= len(steps) else ["127.0.0.1"]

    monkeypatch.setattr(posting, "look_up", rebinding)
    receiver.behaviours["/hook"] = answering(500, 200)
    made = await hook(receiver.url("/hook", host="hooks.example.org"), CREATED)
    assert asked == []
    await editor.uploaded()
    [delivery] = await made.settled()
    refused = "The host is not, or not only, at a public address."
    assert [(one["status"], one["error"]) for one in delivery["attempts"]] == [
        (500, "The receiver answered with status 500."),
        (None, refused),
        (None, refused),
        (None, refused),
        (200, None),
    ]
    assert len(receiver.messages) == 2
    assert {message.headers["host"] for message in receiver.messages} == {f"hooks.example.org:{receiver.port}"}


@pytest.mark.parametrize("host", ["2130706434", "0x7f.2", "127.2", "0177.0.0.2", "[::ffff:127.0.0.2]", "127.0.0.2"])
async def test_no_spelling_of_an_address_leads_inside(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person, host: str
) -> None:
    made = await hook(receiver.url("/hook"), CREATED)
    # As a name it could be anything when it is named; what was allowed then may be forbidden now.
    await client.app[DATABASE].run(Webhook.update(url=receiver.url("/hook", host=host)).execute)
    await editor.uploaded()
    attempt = (await made.tried())["attempts"][0]
    assert attempt["status"] is None
    assert attempt["error"] in ("The host is not, or not only, at a public address.", "The address cannot be read.")
    assert receiver.messages == []


async def test_what_waits_for_others_is_not_read_to_find_the_next_message(
    client: TestClient, hook: MakeHook, receiver: Receiver
) -> None:
    made = await hook(receiver.url("/held"), CREATED)
    await hook(receiver.url("/hook"), CREATED)

    def unreached() -> int:
        database.execute_sql(
            "insert into webhook_deliveries (webhook_id, type, transcription_id, data, due_at)"
            " select %s, 'transcription.created', gen_random_uuid(), '{}',"
            " now() + (n %% 2 * 2 - 1) * interval '1 hour' from generate_series(1, 5000) as n",
            (made.body["id"],),
        )
        explain = f"explain (analyze, format json) {webhook_outbox._PICK}"
        [[[plan]]] = database.execute_sql(explain, {"at_once": 100, "at_once_a_project": 100}).fetchall()
        return max(rows_read(plan["Plan"]))

    assert await client.app[DATABASE].run(unreached) < 200
    receiver.gate.set()


def rows_read(node: dict[str, Any]) -> list[float]:
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    below = [rows for inner in node.get("Plans", []) for rows in rows_read(inner)]
    return [(node["Actual Rows"] + removed) * node["Actual Loops"], *below]


async def test_old_messages_are_removed(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person, settings: Settings
) -> None:
    made = await hook(receiver.url("/hook"), CREATED)
    for _ in range(3):
        await editor.uploaded()
    old, *_, new = await made.settled(3)
    month = dt.timedelta(days=30)

    def age(delivery: dict[str, Any], **fields: Any) -> Any:
        return WebhookDelivery.update(created_at=now() - month, **fields).where(WebhookDelivery.id == delivery["id"])

    lease = {"outcome": "pending", "finished_at": None, "lease": "x", "due_at": now() + month}
    await client.app[DATABASE].run(age(old).execute)
    await client.app[DATABASE].run(age(new, **lease, lease_expires_at=now() + month).execute)
    assert await client.app[DATABASE].run(webhook_outbox.sweep, month) == 1
    left = {delivery["id"] for delivery in await made.deliveries()}
    assert old["id"] not in left
    assert new["id"] in left

"""Webhooks as their owners make, change and read them."""

import json
import logging
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from app.api import answers
from app.api.keys import DATABASE
from app.db import webhooks
from app.db.tables import Transcription, Webhook, WebhookDelivery
from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.receiver import Receiver
from tests.api.webhooks.conftest import EVERYTHING, Hook, MakeHook, soon_given_up


async def test_a_secret_is_shown_once(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url(), description="the archive")
    answers.NewWebhook.model_validate_json(_json(made.body), strict=True)
    assert made.secret.startswith("whsec_")
    found = await made.read()
    answers.Webhook.model_validate_json(_json(found), strict=True)
    assert found == {key: value for key, value in made.body.items() if key != "secret"}
    listed = await (await made.owner.get(made.address.rpartition("/")[0])).json()
    assert listed == {"items": [found]}


async def test_a_webhook_is_changed_and_deleted(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url())
    change = {"url": receiver.url("/other"), "events": ["transcription.done"], "description": "x", "active": False}
    changed = await (await made.owner.patch(made.address, json=change)).json()
    assert changed == await made.read() == {k: v for k, v in made.body.items() if k != "secret"} | change
    assert (await made.owner.delete(made.address)).status == 204
    await problem(await made.owner.get(made.address), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, ["url", "events"]),
        ({"url": "https://hooks.example.org/" + "x" * 4000, "events": EVERYTHING}, ["url"]),
        ({"url": "https://hooks.example.org/", "events": []}, ["events"]),
        ({"url": "https://hooks.example.org/", "events": ["transcription.*"]}, ["events.0"]),
        ({"url": "https://hooks.example.org/", "events": ["ping"]}, ["events.0"]),
        ({"url": "https://hooks.example.org/", "events": EVERYTHING, "secret": "mine"}, ["secret"]),
        ({"url": "https://hooks.example.org/", "events": EVERYTHING, "active": "yes"}, ["active"]),
        ({"url": "https://hooks.example.org/", "events": EVERYTHING, "description": "a\nb"}, ["description"]),
    ],
)
async def test_what_cannot_be_is_refused(owner: Person, body: dict[str, Any], named: list[str]) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    refused = await owner.post(f"/api/projects/{project['id']}/webhooks", json=body)
    assert fields(await problem(refused, 422, "invalid-fields")) == named


async def test_a_change_says_something(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url())
    for body in ({}, {"events": []}, {"active": 1}, {"switched_off": None}):
        await problem(await made.owner.patch(made.address, json=body), 422, "invalid-fields")
    for body in ({"overlap_hours": -1}, {"overlap_hours": 24 * 8}, {"overlap_hours": "long"}, {"hours": 1}):
        await problem(await made.owner.post(f"{made.address}/secret", json=body), 422, "invalid-fields")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/", "http://localhost:6379/", "http://[::1]/", "http://10.0.0.1/", "http://169.254.169.254/",
        "http://[::ffff:10.0.0.1]/", "ftp://example.org/", "file:///etc/passwd", "//example.org/", "hooks",
        "http://user:password@example.org/", "http://example.org:22/", "http://example.org/a\nb", "",
    ],
)  # fmt: skip
async def test_an_address_into_the_site_is_refused_when_it_is_named(
    owner: Person, hook: MakeHook, receiver: Receiver, url: str
) -> None:
    made = await hook(receiver.url())
    collection = made.address.rpartition("/")[0]
    order = {"url": url, "events": EVERYTHING}
    created = await problem(await owner.post(collection, json=order), 422, "url-refused")
    changed = await problem(await owner.patch(made.address, json={"url": url}), 422, "url-refused")
    for refused in (created, changed):
        assert fields(refused) == ["url"]
        assert "VOCALYX_WEBHOOK_ALLOWED" in refused["remedy"]
        assert "password" not in str(refused)


async def test_a_project_has_a_limited_number(hook: MakeHook, receiver: Receiver, owner: Person) -> None:
    made = [await hook(receiver.url()) for _ in range(webhooks.WEBHOOKS_LIMIT)]
    collection = made[0].address.rpartition("/")[0]
    order = {"url": receiver.url(), "events": EVERYTHING}
    await problem(await owner.post(collection, json=order), 409, "conflict")
    await owner.delete(made[0].address)
    assert (await owner.post(collection, json=order)).status == 201


async def test_a_webhook_goes_with_all_that_it_was_told(
    client: TestClient, hook: MakeHook, receiver: Receiver, editor: Person
) -> None:
    made = await hook(receiver.url())
    transcription = await editor.uploaded()
    await made.settled()
    await made.owner.delete(made.address)
    assert await client.app[DATABASE].run(WebhookDelivery.select().count) == 0
    assert (await editor.delete(f"/api/transcriptions/{transcription['id']}")).status == 204
    made = await hook(receiver.url())
    assert (await made.owner.delete(made.address.partition("/webhooks")[0])).status == 204
    assert await client.app[DATABASE].run(Webhook.select().count) == 0
    assert await client.app[DATABASE].run(Transcription.select().count) == 0


async def test_a_ping_tests_it(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url("/hook"), ["transcription.failed"])
    asked = await made.owner.post(f"{made.address}/ping")
    assert asked.status == 202
    answers.Delivery.model_validate_json(await asked.text(), strict=True)
    [message] = await receiver.until_told("/hook", 1)
    ping = await asked.json()
    assert (message.id, message.type) == (ping["id"], "ping")
    assert message.json["data"] == {"webhook_id": made.body["id"], "project_id": made.address.split("/")[3]}
    assert message.signed_by(made.secret)
    [delivery] = await made.settled()
    assert (delivery["outcome"], delivery["attempts"][0]["status"]) == ("delivered", 204)


@soon_given_up
async def test_a_ping_is_sent_once_whatever_comes_of_it(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url("/hanging"))
    await made.owner.post(f"{made.address}/ping")
    [delivery] = await made.settled()
    assert (delivery["outcome"], len(delivery["attempts"])) == ("failed", 1)
    # That a test failed says nothing of how long the receiver has been away.
    assert (await made.read())["failing_since"] is None


async def test_what_is_switched_off_is_not_tested(hook: MakeHook, receiver: Receiver) -> None:
    made = await hook(receiver.url(), active=False)
    await problem(await made.owner.post(f"{made.address}/ping"), 409, "conflict")
    assert await made.deliveries() == []


async def test_the_log_is_read_in_pages_and_by_outcome(
    hook: MakeHook, receiver: Receiver, editor: Person, tried_again_at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.webhook_outbox.MAX_ATTEMPTS", 2)
    receiver.behaviours["/hook"] = _failing_at_every_other()
    made = await hook(receiver.url("/hook"), ["transcription.created"])
    for _ in range(5):
        await editor.uploaded()
    all_of_them = (await made.settled(5))[::-1]
    for limit in (1, 2, 5):
        walked, cursor = [], ""
        while cursor is not None:
            query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
            page = await (await made.owner.get(f"{made.address}/deliveries", params=query)).json()
            answers.DeliveryPage.model_validate_json(_json(page), strict=True)
            walked += page["items"]
            cursor = page["next_cursor"]
        assert walked == all_of_them
    for outcome in ("pending", "delivered", "failed"):
        found = await made.deliveries(outcome=outcome)
        assert found == [one for one in all_of_them if one["outcome"] == outcome]
    one = await (await made.owner.get(f"{made.address}/deliveries/{walked[0]['id']}")).json()
    assert one == walked[0]


@pytest.mark.parametrize(
    "query", ["outcome=lost", "limit=0", "limit=201", "cursor=x", "cursor=W10", "colour=red", "limit=many"]
)
async def test_a_page_that_cannot_be_is_refused(hook: MakeHook, receiver: Receiver, query: str) -> None:
    made = await hook(receiver.url())
    await problem(await made.owner.get(f"{made.address}/deliveries?{query}"), 422, "invalid-fields")


async def test_a_cursor_is_good_for_its_own_webhook(hook: MakeHook, receiver: Receiver, editor: Person) -> None:
    one, other = await hook(receiver.url("/a")), await hook(receiver.url("/b"))
    for _ in range(2):
        await editor.uploaded()
    await one.settled(2)
    page = await (await one.owner.get(f"{one.address}/deliveries?limit=1")).json()
    answer = await other.owner.get(f"{other.address}/deliveries?cursor={page['next_cursor']}")
    await problem(answer, 422, "invalid-fields")


async def test_no_log_line_holds_a_secret_or_an_address(
    hook: MakeHook, receiver: Receiver, editor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.behaviours["/hook"] = _failing_at_every_other()
    signed = "signature-that-opens-the-receiver"
    with caplog.at_level(logging.DEBUG):
        made = await hook(receiver.url(f"/hook?key={signed}"))
        rotated = await (await made.owner.post(f"{made.address}/secret", json={})).json()
        await editor.uploaded()
        await made.tried()
    lines = [
        f"{record.getMessage()} {getattr(record, 'fields', '')} {record.exc_text or ''}"
        for record in caplog.records
        if record.name != "peewee"
    ]
    assert any("did not arrive" in line for line in lines)
    for secret in (made.secret, rotated["secret"], signed):
        assert not [line for line in lines if secret.removeprefix("whsec_") in line]


async def test_rotating_signs_by_both_until_the_overlap_is_over(
    client: TestClient, hook: MakeHook, receiver: Receiver
) -> None:
    made = await hook(receiver.url("/hook"))
    answer = await made.owner.post(f"{made.address}/secret", json={"overlap_hours": 2})
    rotated = await answer.json()
    answers.NewWebhook.model_validate_json(_json(rotated), strict=True)
    assert rotated["secret"] != made.secret
    assert rotated["previous_secret_until"] is not None
    assert await _signers(made, receiver, made.secret, rotated["secret"]) == [True, True]

    def over() -> None:
        Webhook.update(previous_secret_until=Webhook.created_at).execute()

    await client.app[DATABASE].run(over)
    assert await _signers(made, receiver, made.secret, rotated["secret"]) == [False, True]
    assert (await made.read())["previous_secret_until"] is None
    at_once = await (await made.owner.post(f"{made.address}/secret", json={"overlap_hours": 0})).json()
    signers = await _signers(made, receiver, made.secret, rotated["secret"], at_once["secret"])
    assert signers == [False, False, True]
    # Of two rotations in a row, the secret of before both ends at once.
    first, second = [await (await made.owner.post(f"{made.address}/secret", json={})).json() for _ in range(2)]
    signers = await _signers(made, receiver, at_once["secret"], first["secret"], second["secret"])
    assert signers == [False, True, True]


async def _signers(made: Hook, receiver: Receiver, *secrets: str) -> list[bool]:
    before = len(receiver.at("/hook"))
    await made.owner.post(f"{made.address}/ping")
    *_, message = await receiver.until_told("/hook", before + 1)
    signed = [message.signed_by(secret) for secret in secrets]
    assert len(message.headers["webhook-signature"].split(" ")) == sum(signed)
    return signed


def _failing_at_every_other() -> Any:
    seen: dict[str, int] = {}

    async def behaviour(request: web.Request) -> web.StreamResponse:
        number = seen.setdefault(request.headers["webhook-id"], len(seen))
        return web.Response(status=200 if number % 2 else 500)

    return behaviour


def _json(value: Any) -> str:
    return json.dumps(value)

"""Links for those without a login: what they show, to whom, and when no more."""

import datetime as dt
import logging
import uuid
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import reading
from app.api.documentation.access import Caller
from app.api.keys import DATABASE
from app.db.tables import SharedLink, now
from app.settings import Settings
from tests.api.problems import problem
from tests.api.world import World, new_world

GUESSES = 12


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"credential_attempts_by_address": GUESSES})


@pytest.fixture
async def world(client: TestClient) -> World:
    return await new_world(client)


async def _made(client: TestClient, world: World, scope: str = "text+audio", days: int = 7) -> dict[str, Any]:
    answer = await client.post(
        f"/api/transcriptions/{world.things['transcription']}/shares",
        json={"scope": scope, "days": days},
        headers=world.headers[Caller.EDITOR],
    )
    assert answer.status == 201, await answer.text()
    reading.NewShare.model_validate_json(await answer.text(), strict=True)
    made: dict[str, Any] = await answer.json()
    return made


async def _open(client: TestClient, share: str, token: str, what: str = "") -> Any:
    client.session.cookie_jar.clear()
    return await client.get(f"/api/shared/{share}{what}", headers={"X-Share-Token": token})


async def test_a_link_shows_what_was_said_and_nothing_of_the_project(client: TestClient, world: World) -> None:
    made = await _made(client, world)
    answer = await _open(client, made["id"], made["token"])
    shown = reading.SharedRecording.model_validate_json(await answer.text(), strict=True)
    assert [segment.text for segment in shown.segments] == ["Good morning, all.", "And to you."]
    text = await answer.text()
    assert not [secret for secret in (world.things["project"], world.things["transcription"]) if secret in text]
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    assert (await _open(client, made["id"], made["token"], "/audio")).status == 200
    assert (await _open(client, made["id"], made["token"], "/peaks")).status == 200


async def test_a_player_plays_by_the_cookie_of_this_link_alone(client: TestClient, world: World) -> None:
    made, other = await _made(client, world), await _made(client, world)
    answer = await _open(client, made["id"], made["token"])
    cookie = answer.cookies["vocalyx_share"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (f"/api/shared/{made['id']}", True, "Strict")
    played = await client.get(f"/api/shared/{made['id']}/audio", headers={"Range": "bytes=0-9"})
    assert (played.status, len(await played.read())) == (206, 10)
    await problem(await client.get(f"/api/shared/{other['id']}/audio"), 404, "not-found")


async def test_a_link_for_the_text_gives_no_sound(client: TestClient, world: World) -> None:
    made = await _made(client, world, scope="text")
    assert (await (await _open(client, made["id"], made["token"])).json())["audio"] is False
    for what in ("/audio", "/peaks"):
        await problem(await _open(client, made["id"], made["token"], what), 403, "share-without-audio")


async def test_a_link_with_another_token_is_none(client: TestClient, world: World) -> None:
    made, other = await _made(client, world), await _made(client, world)
    wrong = [other["token"], "", "x", made["token"][:-1], made["token"] + "A", "\udc80" * 3, "x" * 5000]
    refusals = [await (await _open(client, made["id"], token)).json() for token in wrong]
    refusals.append(await (await _open(client, str(uuid.uuid4()), made["token"])).json())
    # An unknown link and a wrong token look the same.
    assert {(body["status"], body["code"], body["detail"]) for body in refusals} == {
        (404, "not-found", "There is no such link.")
    }


async def test_a_link_leads_to_its_recording_alone(client: TestClient, world: World) -> None:
    made = await _made(client, world)
    headers = {"X-Share-Token": made["token"], "Authorization": f"Bearer {made['token']}"}
    own = f"/api/transcriptions/{world.things['transcription']}"
    for path in (own, f"{own}/audio", f"{own}/notes", "/api/transcriptions", "/api/search?q=good"):
        await problem(await client.get(path, headers=headers), 401, "not-authenticated")


async def test_an_expired_and_a_revoked_link_have_ended(client: TestClient, world: World) -> None:
    expired, revoked = await _made(client, world), await _made(client, world)

    def unit() -> None:
        past = now() - dt.timedelta(seconds=1)
        SharedLink.update(expires_at=past).where(SharedLink.id == expired["id"]).execute()

    await client.app[DATABASE].run(unit)
    at = f"/api/transcriptions/{world.things['transcription']}/shares"
    answer = await client.delete(f"{at}/{revoked['id']}", headers=world.headers[Caller.EDITOR])
    assert answer.status == 204
    for ended in (expired, revoked):
        for what in ("", "/audio", "/peaks"):
            await problem(await _open(client, ended["id"], ended["token"], what), 410, "share-ended")
            # Whoever has not the token is not told that there was a link.
            await problem(await _open(client, ended["id"], "guess", what), 404, "not-found")
    listed = await (await client.get(at, headers=world.headers[Caller.EDITOR])).json()
    assert {share["id"] for share in listed["items"]} == {world.things["share"]}
    again = await client.delete(f"{at}/{revoked['id']}", headers=world.headers[Caller.EDITOR])
    await problem(again, 404, "not-found")


async def test_a_link_of_another_recording_cannot_be_revoked_through_ours(client: TestClient, world: World) -> None:
    other = await new_world(client)
    at = f"/api/transcriptions/{other.things['transcription']}/shares/{world.things['share']}"
    await problem(await client.delete(at, headers=other.headers[Caller.OWNER]), 404, "not-found")
    assert (await _open(client, world.things["share"], world.things["share_token"])).status == 200


async def test_a_link_ends_with_its_recording(client: TestClient, world: World) -> None:
    made = await _made(client, world)
    recording = f"/api/transcriptions/{world.things['transcription']}"
    assert (await client.delete(recording, headers=world.headers[Caller.EDITOR])).status == 204
    await problem(await _open(client, made["id"], made["token"]), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "all"},
        {"scope": "text", "days": 0},
        {"scope": "text", "days": 91},
        {},
        {"scope": "text", "expires_at": "2020-01-01T00:00:00Z"},
        {"scope": "text", "expires_at": "9999-01-01T00:00:00Z"},
        {"scope": "text", "expires_at": "2999-01-01T00:00:00"},
        {"scope": "text", "expires_at": 4_000_000_000},
    ],
)
async def test_a_link_that_cannot_be(client: TestClient, world: World, body: dict[str, Any]) -> None:
    at = f"/api/transcriptions/{world.things['transcription']}/shares"
    await problem(await client.post(at, json=body, headers=world.headers[Caller.EDITOR]), 422, "invalid-fields")


async def test_guessing_is_slowed(client: TestClient, world: World) -> None:
    made = await _made(client, world)
    for _ in range(GUESSES):
        await problem(await _open(client, made["id"], "guess"), 404, "not-found")
    await problem(await _open(client, made["id"], "guess"), 429, "too-many-attempts")
    # Who has a good one goes on.
    assert (await _open(client, made["id"], made["token"])).status == 200


async def test_a_token_is_kept_nowhere(client: TestClient, world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await _made(client, world)
    await _open(client, made["id"], made["token"])
    assert made["token"] not in caplog.text

    def unit() -> list[dict[str, Any]]:
        return list(SharedLink.select().dicts())

    assert made["token"] not in str(await client.app[DATABASE].run(unit))

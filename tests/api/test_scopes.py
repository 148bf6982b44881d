"""Every route with a key that was narrowed: to all but what the route needs, and to that alone."""

import json

import pytest
from aiohttp.test_utils import TestClient

from app.api.answers import Transcription, TranscriptionSummary
from app.api.contract import Access, Contract, Route
from app.api.documentation.access import Caller, Outcome, outcome
from app.api.keys import DATABASE
from app.api.routes.updates import CLOSE_NOT_PERMITTED
from app.core.access import Role, Scope
from app.db import api_keys
from app.queueing.queues import QueueName
from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.test_api_keys import made
from tests.api.test_roles import PROMISED, WITHOUT_END, _asked, _judged
from tests.api.worker import ANSWERS, Worker, segment, text
from tests.api.world import World, new_world

SCOPED = [(route, promised) for route, promised in PROMISED if promised.scope is not None]
UNSCOPED = [
    (route, promised) for route, promised in PROMISED if promised.scope is None and not promised.credentials_later
]
LISTENING = "/api/ws/updates"


def _named(cases: list[tuple[Route, Contract]]) -> list[str]:
    return [f"{route.method} {route.path}" for route, _ in cases]


async def _narrow(client: TestClient, world: World, *scopes: Scope) -> None:
    """Put a key with these scopes in the place of the world's owner key."""
    _, secret = await client.app[DATABASE].run(
        api_keys.create_key, world.things["project"], "narrow", Role.OWNER, scopes
    )
    world.headers[Caller.OWNER_KEY] = {"X-API-Key": secret}


def test_what_a_key_can_reach_has_a_scope_or_says_that_it_needs_none() -> None:
    free = {f"{route.method} {route.path}" for route, promised in UNSCOPED if promised.access is Access.SIGNED_IN}
    assert free == {
        "GET /api/auth/me",
        "GET /api/models",
        "GET /v1/models",
        "GET /v1/models/{model}",
        "OPTIONS /api/uploads",
        "OPTIONS /api/uploads/{id}",
    }
    closed = {Access.PUBLIC, Access.SIGNED_IN, Access.PERSON, Access.ADMINISTRATOR}
    assert {promised.access for _, promised in UNSCOPED} == closed
    assert {promised.scope for _, promised in SCOPED} == set(Scope)


@pytest.mark.parametrize(("route", "promised"), SCOPED, ids=_named(SCOPED))
async def test_a_route_with_a_key_that_lacks_its_scope(client: TestClient, route: Route, promised: Contract) -> None:
    assert promised.scope is not None
    world = await new_world(client)
    await _narrow(client, world, *(scope for scope in Scope if scope is not promised.scope))
    answer = await _asked(client, route, promised, world, Caller.OWNER_KEY)
    assert answer.status == 403
    assert answer.headers["WWW-Authenticate"] == f'Bearer error="insufficient_scope", scope="{promised.scope}"'
    if route.method == "HEAD":
        return
    body = await answer.json(content_type=None)
    told = body["error"] if promised.refused_as else body
    assert told["code"] == "missing-scope"
    assert str(promised.scope) in (told["message"] if promised.refused_as else told["detail"])


@pytest.mark.parametrize(("route", "promised"), SCOPED, ids=_named(SCOPED))
async def test_a_route_with_a_key_that_has_its_scope_alone(
    client: TestClient, route: Route, promised: Contract
) -> None:
    assert promised.scope is not None
    world = await new_world(client)
    await _narrow(client, world, promised.scope)
    if route.path == LISTENING:
        async with client.ws_connect(LISTENING, headers=world.headers[Caller.OWNER_KEY]) as socket:
            assert (await socket.receive_json())["type"] == "snapshot"
        return
    answer = await _asked(client, route, promised, world, Caller.OWNER_KEY)
    if route.operation_id == WITHOUT_END:
        assert answer.status == 200
        answer.close()
        return
    # A key that is narrowed could otherwise make another, or a member, that is not; an export, a link and the answer to a
    # correction hold the texts, too.
    more = route.operation_id in (
        "api_keys_create_key", "api_keys_rotate_key", "projects_set_member", "exports_export", "shares_make",
        "segments_correct", "segments_revert", "segments_split", "segments_merge",
    )  # fmt: skip
    assert await _judged(answer, promised) is (Outcome.NOT_PERMITTED if more else Outcome.ALLOWED)


@pytest.mark.parametrize(("route", "promised"), UNSCOPED, ids=_named(UNSCOPED))
async def test_a_route_that_needs_no_scope_asks_for_none(client: TestClient, route: Route, promised: Contract) -> None:
    world = await new_world(client)
    await _narrow(client, world, Scope.PROJECTS_READ)
    answer = await _asked(client, route, promised, world, Caller.OWNER_KEY)
    assert await _judged(answer, promised) is outcome(promised.access, Caller.OWNER_KEY)


async def test_a_scope_that_is_missing_tells_nothing_of_what_there_is(client: TestClient) -> None:
    world = await new_world(client)
    await _narrow(client, world, Scope.PROJECTS_READ)
    nothing = "/api/transcriptions/00000000-0000-0000-0000-000000000000"
    for path in (f"/api/transcriptions/{world.things['transcription']}", nothing, "/api/transcriptions/x"):
        await problem(await client.get(path, headers=world.headers[Caller.OWNER_KEY]), 403, "missing-scope")


async def test_a_key_that_only_writes_is_shown_nothing_of_what_was_said(
    client: TestClient, owner: Person, worker: Worker
) -> None:
    said = "Said in confidence."
    about = (await owner.uploaded(diarization="false"))["id"]
    await worker.plan((0.0, 1.0))
    assert (await worker.report(await worker.claim(), "result", text=text(segment(0.0, 1.0, said))))[0] == 200
    await worker.do_next(QueueName.ENRICHMENT)
    told = [said, ANSWERS["title"], ANSWERS["summary"], *ANSWERS["points"]]
    whole = json.dumps(await owner.read(about))
    assert all(words in whole for words in told)

    keys = f"/api/projects/{(await owner.read(about))['project_id']}/keys"
    _, writer = await made(owner, keys, role="editor", scopes=["transcriptions:write"])
    path, anything = f"/api/transcriptions/{about}", {"If-Match": "*"}
    shown = [
        (200, await writer.patch(path, json={"labels": ["board"]}, headers=anything)),
        (202, await writer.post(f"{path}/enrichments", json={})),
        (200, await writer.post(f"{path}/cancel")),
        (200, await writer.post(f"{path}/cancel")),
        (200, await writer.post(f"{path}/retry")),
        (200, await writer.upload(reuse="true", diarization="false")),
        (201, await writer.upload()),
    ]
    for status, answer in shown:
        body = await answer.text()
        assert answer.status == status, body
        TranscriptionSummary.model_validate_json(body)
        assert not [words for words in told if words in body]
    assert (await (await writer.upload(project_name="first")).json())["text"] is None

    refused = await problem(
        await writer.patch(path, json={"name": "x"}, headers={"If-Match": '"99"'}), 412, "precondition-failed"
    )
    assert ("current" in refused, "current" in refused["remedy"]) == (False, False)
    for method, place in (("PATCH", ""), ("DELETE", "/correction"), ("POST", "/split"), ("POST", "/merge")):
        bodies = {"PATCH": {"text": "x"}, "POST": {"word": 1}}
        answer = await writer.ask(method, f"{path}/segments/0{place}", json=bodies.get(method), headers=anything)
        await problem(answer, 403, "missing-scope")

    # Who may read, too, is shown all of it.
    _, both = await made(owner, keys, role="editor", scopes=["transcriptions:write", "transcriptions:read"])
    cancelled = Transcription.model_validate_json(await (await both.post(f"{path}/cancel")).text())
    assert [one.text for one in cancelled.segments] == [said]
    refused = await problem(
        await both.patch(path, json={"name": "x"}, headers={"If-Match": '"99"'}), 412, "precondition-failed"
    )
    assert refused["current"]["labels"] == ["board"]


async def test_a_scope_lifts_no_role_and_no_project(client: TestClient) -> None:
    world = await new_world(client)
    database, project = client.app[DATABASE], world.things["project"]
    # As an earlier release, or a hand in the database, may have left it.
    _, secret = await database.run(api_keys.create_key, project, "v", Role.VIEWER, list(Scope))
    viewer = Person(client, {"X-API-Key": secret})
    await problem(await viewer.delete(f"/api/transcriptions/{world.things['transcription']}"), 403, "not-permitted")
    await problem(await viewer.get(f"/api/projects/{world.elsewhere}"), 404, "not-found")


async def test_a_websocket_that_is_opened_with_a_key_in_its_first_message_needs_the_scope(client: TestClient) -> None:
    world = await new_world(client)
    await _narrow(client, world, Scope.TRANSCRIPTIONS_WRITE)
    secret = world.headers[Caller.OWNER_KEY]["X-API-Key"]
    async with client.ws_connect(LISTENING) as socket:
        await socket.send_json({"type": "authenticate", "api_key": secret})
        message = await socket.receive(timeout=10)
        assert socket.close_code == CLOSE_NOT_PERMITTED
        assert Scope.TRANSCRIPTIONS_READ in message.extra


@pytest.mark.parametrize(
    ("role", "scopes", "named"),
    [
        ("viewer", ["transcriptions:write"], "scopes"),
        ("editor", ["projects:manage"], "scopes"),
        ("editor", [], "scopes"),
        ("editor", ["transcriptions:everything"], "scopes.0"),
        ("editor", ["TRANSCRIPTIONS:READ"], "scopes.0"),
        ("editor", "transcriptions:read", "scopes"),
        ("editor", [None], "scopes.0"),
        ("editor", ["transcriptions:read"] * 5, "scopes"),
    ],
)
async def test_scopes_that_cannot_be_are_refused(owner: Person, role: str, scopes: object, named: str) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    new = {"name": "k", "role": role, "scopes": scopes}
    assert fields(
        await problem(await owner.post(f"/api/projects/{project['id']}/keys", json=new), 422, "invalid-fields")
    ) == [named]

"""No route is forgotten: whatever changes something, or gives out a document or a recording, is in the audit log.

Each route is asked for what its contract promises, on real things; the entry of that very request is looked for.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from app.api.application import create_app
from app.api.contract import Access, Contract, Route, promised_routes
from app.api.documentation.access import Caller
from app.api.keys import DATABASE
from app.api.oidc import binding
from app.db import pending_logins
from app.db.tables import AuditEntry, User
from app.settings import Settings
from tests.api.sound import tone
from tests.api.test_roles import SAFE, _address, _sent
from tests.api.world import PASSWORD, World, new_world

PROMISED = promised_routes(create_app(Settings()))
CHANGES = [(route, promised) for route, promised in PROMISED if route.method not in SAFE]
# A login by a provider ends with a GET; tests/api/oidc looks for what it leaves.
READINGS = [
    (route, promised)
    for route, promised in PROMISED
    if route.method in SAFE and promised.audited and route.operation_id != "oidc_come_back"
]
CODE, BROWSER = "a-code-of-this-test", "a-browser-of-this-test"
# Whatever is done, none of this may be in an entry: passwords, and what was said or what recordings are called.
SECRETS = (
    PASSWORD,
    "a long enough password",
    "Good morning",
    "meeting.wav",
    "tone.wav",
    "Anna",
    "example.org/board.mp3",
)

Prepare = Callable[[TestClient, World], Awaitable[None]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # Nobody is here to write a recording down; and nobody asks this provider for anything.
    provider = {"oidc_issuer": "https://id.example.org", "oidc_client_id": "x", "public_url": "http://localhost"}
    return settings.model_copy(update={"openai_wait": 1, **provider})


async def _do(client: TestClient, world: World, method: str, path: str, **sent: Any) -> Any:
    caller = sent.pop("caller", Caller.OWNER)
    headers = world.headers[caller] | sent.pop("headers", {})
    answer = await client.request(method, path.format(**world.things), headers=headers, **sent)
    assert answer.status < 300, await answer.text()
    return await answer.json() if answer.status != 204 else None


async def _queued(client: TestClient, world: World) -> None:
    form = FormData()
    form.add_field("project", world.things["project"])
    form.add_field("reuse", "false")
    form.add_field("file", tone(), filename="tone.wav")
    world.things["transcription"] = (await _do(client, world, "POST", "/api/transcriptions", data=form))["id"]


async def _cancelled(client: TestClient, world: World) -> None:
    await _queued(client, world)
    await _do(client, world, "POST", "/api/transcriptions/{transcription}/cancel")


async def _empty_project(client: TestClient, world: World) -> None:
    made = await _do(client, world, "POST", "/api/projects", json={"name": f"empty {world.things['project']}"})
    world.things["project"] = made["id"]


async def _merged(client: TestClient, world: World) -> None:
    path = "/api/transcriptions/{transcription}/speakers/{speaker}/merge"
    await _do(client, world, "POST", path, json={"into": "SPEAKER_01"})


async def _of_one_speaker(client: TestClient, world: World) -> None:
    path = "/api/transcriptions/{transcription}/segments/speaker"
    await _do(client, world, "PATCH", path, json={"segments": [0, 1], "speaker": "SPEAKER_00"})


async def _held(client: TestClient, world: World) -> None:
    for thing in ("projects/{project}", "transcriptions/{transcription}"):
        await _do(client, world, "PUT", f"/api/{thing}/legal-hold", json={"reason": "A case."})


async def _corrected(client: TestClient, world: World) -> None:
    path = "/api/transcriptions/{transcription}/segments/{segment}"
    await _do(client, world, "PATCH", path, json={"text": "Good morning!"}, headers={"If-Match": "*"})


async def _linked(client: TestClient, world: World) -> None:
    path = "/api/users/{member}/oidc"
    await _do(client, world, "PUT", path, json={"subject": "sub"}, caller=Caller.ADMINISTRATOR)


async def _landed(client: TestClient, world: World) -> None:
    def unit() -> None:
        user: Any = User.get(User.username == world.things["member"])
        pending_logins.issue_code(CODE, BROWSER, user.id)

    await client.app[DATABASE].run(unit)


# What has to be so before the request changes anything.
PREPARED: dict[str, Prepare] = {
    "projects_delete_project": _empty_project,
    "transcriptions_cancel": _queued,
    "transcriptions_retry": _cancelled,
    "original_cancel_task": _queued,
    "speakers_undo": _merged,
    "speakers_unmerge": _merged,
    "segments_revert": _corrected,
    "segments_merge": _of_one_speaker,
    "holds_free_project": _held,
    "holds_free_transcription": _held,
    "oidc_unlink": _linked,
    "oidc_exchange": _landed,
    "oidc_exchange_by_cookie": _landed,
}


def _recording(world: World) -> dict[str, Any]:
    form = FormData()
    form.add_field("file", tone(), filename="tone.wav")
    # Kept: its answer never comes here, and what is not kept goes with its request.
    return {"data": form, "headers": {"OpenAI-Project": world.things["project"], "X-Vocalyx-Keep": "true"}}


# Where the request of the test of the roles comes to nothing.
OTHERWISE: dict[str, Callable[[World], dict[str, Any]]] = {
    "openai_transcribe": _recording,
    "openai_translate": lambda world: _with_model(_recording(world)),
    "oidc_exchange": lambda _: _with_code(),
    "oidc_exchange_by_cookie": lambda _: _with_code(),
}


def _with_code() -> dict[str, Any]:
    return {"json": {"code": CODE}, "headers": {"Cookie": f"{binding._name(CODE, secure=False)}={BROWSER}"}}


def _with_model(sent: dict[str, Any]) -> dict[str, Any]:
    sent["data"].add_field("model", "whisper-1")
    return sent


# These wait for a text that nobody writes here, and say so.
UNFINISHED = {"openai_transcribe": 504, "openai_translate": 504}


@pytest.mark.parametrize(("route", "promised"), CHANGES, ids=[f"{route.method} {route.path}" for route, _ in CHANGES])
async def test_a_change_leaves_its_entry(client: TestClient, route: Route, promised: Contract) -> None:
    assert promised.audited, f"say in the contract of {route.operation_id} as what it is audited"
    await _looked_for(client, route, promised)


@pytest.mark.parametrize(("route", "promised"), READINGS, ids=[f"{route.method} {route.path}" for route, _ in READINGS])
async def test_what_is_given_out_leaves_its_entry(client: TestClient, route: Route, promised: Contract) -> None:
    await _looked_for(client, route, promised)


async def _looked_for(client: TestClient, route: Route, promised: Contract) -> None:
    world = await new_world(client)
    if route.operation_id in PREPARED:
        await PREPARED[route.operation_id](client, world)
    caller = Caller.ADMINISTRATOR if promised.access is Access.ADMINISTRATOR else Caller.OWNER
    sent = OTHERWISE[route.operation_id](world) if route.operation_id in OTHERWISE else _sent(route, promised, world)
    world.things.update(world.own[caller])
    request_id = uuid.uuid4().hex
    headers = world.headers[caller] | sent.pop("headers", {}) | {"X-Request-ID": request_id}
    address = _address(route, promised, world)
    answer = await client.request(route.method, address, headers=headers, **sent)
    assert answer.status < 300 or answer.status == UNFINISHED.get(route.operation_id), await answer.text()
    entries = await _entries(client, request_id)
    assert {entry.action for entry in entries} & set(promised.audited), f"{route.operation_id} left no entry of its own"
    for entry in entries:
        assert (entry.outcome, entry.address) == ("done", "127.0.0.1")
        assert entry.thing_id
        if promised.access is not Access.PUBLIC:
            assert (entry.actor_kind, entry.actor_name) == ("user", world.names[caller])
        if promised.access.role is not None:
            assert str(entry.project_id) == world.things["project"]
        for secret in SECRETS:
            assert secret not in repr(entry.__data__)


async def _entries(client: TestClient, request_id: str) -> list[Any]:
    query = AuditEntry.select().where(AuditEntry.request_id == request_id)
    return await client.app[DATABASE].run(lambda: list(query))

"""Every route × everybody, as the contracts say: the cells of docs/access.md, tried one by one on real things.

What is asked for exists, so that 404 can mean one thing only; and whatever comes back must be in the route's contract.
"""

import re
import uuid
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient
from pydantic import TypeAdapter

from app.api.answers import Problem
from app.api.application import create_app
from app.api.contract import Access, Contract, Form, Route, promised_routes, routes_of
from app.api.documentation.access import Caller, Outcome, outcome
from app.api.routes.updates import CLOSE_UNAUTHENTICATED
from app.core.errors import PreconditionRequired
from app.core.formats import FORMATS
from app.settings import Settings
from tests.api.conftest import INTERNAL_KEY
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.tus import PIECE, VERSION, metadata
from tests.api.world import PASSWORD, World, new_world

APPLICATION = create_app(Settings())
PROMISED = promised_routes(APPLICATION)
WORKERS = [route for route in routes_of(APPLICATION) if route.contract and route.contract.access is Access.WORKER]
CHANGES = [(route, promised) for route, promised in PROMISED if PreconditionRequired in promised.errors]
SAFE = {"GET", "HEAD", "OPTIONS"}
WITHOUT_END = "updates_stream"
WHATEVER_IS_THERE = {"If-Match": "*"}


def _recording(world: World) -> dict[str, Any]:
    form = FormData()
    form.add_field("project", world.things["project"])
    form.add_field("file", tone(), filename="tone.wav")
    return {"data": form}


def _no_recording(world: World) -> dict[str, Any]:
    # Nobody is here to write a recording down, and an answer would wait for that.
    form = FormData()
    form.add_field("file", b"no sound" * 100, filename="tone.wav")
    return {"data": form, "headers": {"OpenAI-Project": world.things["project"]}}


def _member_of(world: World, project: str) -> dict[str, Any]:
    return {"json": {"user_id": world.things["user"], "project_id": project}}


# What the contract's own example cannot know, by the route's operation id: who and what there is in this world.
REQUESTS: dict[str, Callable[[World], dict[str, Any]]] = {
    "auth_log_in": lambda world: {"json": {"username": world.things["member"], "password": PASSWORD}},
    "auth_log_in_by_cookie": lambda world: {"json": {"username": world.things["member"], "password": PASSWORD}},
    "openai_transcribe": _no_recording,
    "openai_translate": _no_recording,
    "original_admin_assign_project": lambda world: _member_of(world, world.elsewhere),
    "original_admin_remove_project": lambda world: _member_of(world, world.things["project"]),
    "sessions_change_password": lambda _: {"json": {"old_password": PASSWORD, "new_password": PASSWORD[::-1]}},
    "search_search": lambda _: {"params": {"q": "good morning"}},
    "transcriptions_create": _recording,
    "uploads_create": lambda world: {
        "headers": VERSION | {"Upload-Length": "10", "Upload-Metadata": metadata(project=world.things["project"])}
    },
    "uploads_add": lambda _: {"headers": PIECE | {"Upload-Offset": "0"}, "data": tone()},
    "uploads_read_offset": lambda _: {"headers": VERSION},
    "uploads_terminate": lambda _: {"headers": VERSION},
    "uploads_overridden": lambda _: {"headers": VERSION | {"X-HTTP-Method-Override": "DELETE"}},
    "voiceprints_enrol": lambda world: {
        "json": {"transcription_id": world.things["transcription"], "speaker": "SPEAKER_00", "name": "Anna"}
    },
}
REQUESTS |= {
    f"shared_{what}": lambda world: {"headers": {"X-Share-Token": world.things["share_token"]}}
    for what in ("read", "read_peaks", "read_audio")
}

# Answers that a plain request does not have: operation, headers, status.
OTHERWISE = [
    ("transcriptions_read", {"Accept": "text/plain"}, 200),
    ("transcriptions_read", {"Accept": FORMATS["docx"].media_type}, 200),
    ("transcriptions_read", {"Accept": "application/pdf"}, 406),
    ("recordings_read_audio", {"Range": "bytes=0-99"}, 206),
    ("recordings_read_audio", {"Range": "bytes=0-99", "If-Range": '"another"'}, 200),
    ("recordings_read_audio", {"Range": "bytes=9000000-"}, 416),
    ("recordings_read_audio", {"If-None-Match": "*"}, 304),
    ("recordings_read_audio", {"If-Match": '"another"'}, 412),
]


@pytest.mark.parametrize(("route", "promised"), PROMISED, ids=[f"{route.method} {route.path}" for route, _ in PROMISED])
async def test_a_route_against_everybody(client: TestClient, route: Route, promised: Contract) -> None:
    found, world = {}, await new_world(client)
    for caller in Caller:
        if 101 in promised.answers:
            found[caller] = await _listened(client, route, world, caller)
            continue
        if route.operation_id == WITHOUT_END:
            found[caller] = await _streamed(client, route, promised, world, caller)
            continue
        answer = await _asked(client, route, promised, world, caller)
        found[caller] = await _judged(answer, promised)
        if route.method not in SAFE and answer.status < 400:
            world = await new_world(client)
    assert found == {caller: outcome(promised.access, caller) for caller in Caller}


@pytest.mark.parametrize(
    ("route", "promised"),
    [
        (route, promised)
        for route, promised in PROMISED
        if {"key", "voiceprint", "webhook"} & {parameter.names for parameter in promised.path.values()}
    ],
    ids=lambda value: f"{value.method} {value.path}" if isinstance(value, Route) else "",
)
async def test_what_is_in_one_project_is_not_found_through_another(
    client: TestClient, route: Route, promised: Contract
) -> None:
    world = await new_world(client)
    world.things["project"] = world.elsewhere
    answer = await _asked(client, route, promised, world, Caller.OTHER_OWNER)
    await problem(answer, 404, "not-found")


@pytest.mark.parametrize("route", WORKERS, ids=lambda route: route.path)
async def test_a_route_of_the_workers_takes_the_internal_key_alone(client: TestClient, route: Route) -> None:
    world = await new_world(client)
    path = re.sub(r"\{\w+\}", "1", route.path.replace("{id}", str(uuid.uuid4())))
    for caller in Caller:
        answer = await client.request(route.method, path, headers=world.headers[caller], json={})
        await problem(answer, 401, "not-authenticated")
    answer = await client.request(route.method, path, headers={"X-Internal-Key": INTERNAL_KEY}, json={})
    assert answer.status in (404, 422)


@pytest.mark.parametrize(("operation", "headers", "status"), OTHERWISE)
async def test_what_headers_change_is_promised_too(
    client: TestClient, operation: str, headers: dict[str, str], status: int
) -> None:
    world = await new_world(client)
    [(route, promised)] = [(route, promised) for route, promised in PROMISED if route.operation_id == operation]
    answer = await client.get(_address(route, promised, world), headers=world.headers[Caller.VIEWER] | headers)
    assert answer.status == status
    await _judged(answer, promised)


@pytest.mark.parametrize("name", FORMATS)
async def test_a_document_is_of_a_type_that_is_promised(client: TestClient, name: str) -> None:
    world = await new_world(client)
    world.things["format"] = name
    [(route, promised)] = [one for one in PROMISED if one[0].operation_id == "transcriptions_read_rendered"]
    answer = await client.get(_address(route, promised, world), headers=world.headers[Caller.VIEWER])
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, FORMATS[name].media_type)
    await _judged(answer, promised)


@pytest.mark.parametrize(("route", "promised"), CHANGES, ids=[f"{route.method} {route.path}" for route, _ in CHANGES])
async def test_a_change_of_what_was_not_read_is_refused_as_promised(
    client: TestClient, route: Route, promised: Contract
) -> None:
    world = await new_world(client)
    for header, status in (({}, 428), ({"If-Match": '"another"'}, 412)):
        sent = _sent(route, promised, world) | {"headers": world.headers[Caller.EDITOR] | header}
        answer = await client.request(route.method, _address(route, promised, world), **sent)
        assert answer.status == status
        await _judged(answer, promised)
        current = (await answer.json(content_type=None)).get("current")
        assert (current or {}).get("etag") == answer.headers.get("ETag")
        if status == 412:
            TypeAdapter(promised.answers[200].model).validate_python(current)


async def _asked(client: TestClient, route: Route, promised: Contract, world: World, caller: Caller) -> ClientResponse:
    sent = _sent(route, promised, world)
    headers = world.headers[caller] | sent.pop("headers", {})
    return await client.request(route.method, _address(route, promised, world, caller), headers=headers, **sent)


def _address(route: Route, promised: Contract, world: World, caller: Caller = Caller.NOBODY) -> str:
    kinds = {name: parameter.names for name, parameter in promised.path.items()}
    things = world.things_of(caller)
    unknown = set(kinds.values()) - things.keys()
    assert not unknown, f"tests/api/world.py makes no {unknown}, which the address of {route.path} names"
    return route.path.format(**{name: things[kind] for name, kind in kinds.items()})


def _sent(route: Route, promised: Contract, world: World) -> dict[str, Any]:
    if route.operation_id in REQUESTS:
        return REQUESTS[route.operation_id](world)
    sent = {"headers": WHATEVER_IS_THERE} if "If-Match" in promised.headers else {}
    if not promised.bodies:
        return sent
    assert promised.example is not None, f"give {route.operation_id} an example, or a request of its own above"
    form = isinstance(promised.bodies[0], Form)
    return sent | {"data" if form else "json": dict(promised.example)}


async def _judged(answer: ClientResponse, promised: Contract) -> Outcome:
    """Return what came of it, having held the answer against the contract."""
    content = await answer.read()
    if answer.content_type == "application/problem+json" and answer.method != "HEAD":
        refused = Problem.model_validate_json(content, strict=True)
        assert (refused.status, refused.code) in {(error.status, error.code) for error in promised.refusals}, refused
        assert answer.status < 500, refused
        return Outcome(str(answer.status)) if answer.status in (401, 403, 404) else Outcome.ALLOWED
    refused_otherwise = promised.refused_as if answer.status >= 400 else None
    given = refused_otherwise or promised.answers[answer.status]
    if given.model is not None and answer.content_type == "application/json":
        TypeAdapter(given.model).validate_json(content, strict=True)
    elif content:
        assert any(fnmatch(answer.headers["Content-Type"], media_type) for media_type in given.media_types)
    for header in given.headers:
        assert header in answer.headers
    return Outcome(str(answer.status)) if answer.status in (401, 403, 404) else Outcome.ALLOWED


async def _listened(client: TestClient, route: Route, world: World, caller: Caller) -> Outcome:
    async with client.ws_connect(route.path, headers=world.headers[caller]) as socket:
        if caller is Caller.NOBODY:
            await socket.send_json({"type": "authenticate"})
        await socket.receive(timeout=10)
        return Outcome.NOT_AUTHENTICATED if socket.close_code == CLOSE_UNAUTHENTICATED else Outcome.ALLOWED


async def _streamed(client: TestClient, route: Route, promised: Contract, world: World, caller: Caller) -> Outcome:
    async with client.get(route.path, headers=world.headers[caller]) as answer:
        if answer.status != 200:
            return await _judged(answer, promised)
        assert answer.headers["Content-Type"] in promised.answers[200].media_types
        async for line in answer.content:
            if line.startswith(b"data: "):
                return Outcome.ALLOWED
    raise AssertionError("the stream ended before it said anything")

"""A password that an administrator has chosen is changed before anything else."""

import re
import uuid

from aiohttp import WSMsgType
from aiohttp.test_utils import TestClient

from app.api.application import create_app
from app.api.contract import Access, promised_routes
from app.api.keys import DATABASE
from app.db import accounts
from app.db.tables import User
from app.settings import Settings
from tests.api.conftest import Person
from tests.api.problems import fields, problem
from tests.api.test_sessions import NEW, is_in, log_in

CHOSEN = "chosen by somebody else"
CODE = "password-change-due"


async def newcomer(client: TestClient, administrator: Person) -> Person:
    body = {"username": "anna", "password": CHOSEN, "must_change_password": True}
    made = await administrator.post("/api/users", json=body)
    assert (made.status, (await made.json())["must_change_password"]) == (201, True)
    return await log_in(client, "anna", CHOSEN)


async def test_it_is_changed_and_then_the_same_login_is_good_for_everything(
    client: TestClient, administrator: Person
) -> None:
    anna = await newcomer(client, administrator)
    assert (await (await anna.get("/api/auth/me")).json())["password_change_due"] is True
    await problem(await anna.get("/api/projects"), 403, CODE)
    same = {"old_password": CHOSEN, "new_password": CHOSEN}
    refused = await problem(await anna.put("/api/auth/password", json=same), 422, "invalid-fields")
    assert fields(refused) == ["new_password"]
    await problem(await anna.get("/api/projects"), 403, CODE)
    changed = await anna.put("/api/auth/password", json={"old_password": CHOSEN, "new_password": NEW})
    assert changed.status == 204
    assert (await anna.get("/api/projects")).status == 200
    assert (await (await anna.get("/api/auth/me")).json())["password_change_due"] is False
    assert (await (await log_in(client, "anna", NEW)).get("/api/projects")).status == 200


async def test_every_route_that_asks_who_one_is_waits_for_it(client: TestClient, administrator: Person) -> None:
    anna = await newcomer(client, administrator)
    let_in, refused = [], 0
    for route, promised in promised_routes(create_app(Settings())):
        if promised.access in (Access.PUBLIC, Access.WORKER):
            continue
        path = re.sub(
            r"\{(\w+)(?::[^}]*)?\}", lambda found: "txt" if found[1] == "format" else str(uuid.UUID(int=0)), route.path
        )
        answer = await anna.ask(route.method, path)
        if answer.status == 403 and (route.method == "HEAD" or CODE in await answer.text()):
            refused += 1
        else:
            let_in.append(f"{route.method} {route.path}")
    assert let_in == ["GET /api/auth/me", "PUT /api/auth/password"]
    assert refused > 100


async def test_a_login_that_comes_in_the_first_message_waits_for_it_too(
    client: TestClient, administrator: Person
) -> None:
    anna = await newcomer(client, administrator)
    async with client.ws_connect("/api/ws/updates") as socket:
        token = anna.headers["Authorization"].removeprefix("Bearer ")
        await socket.send_json({"type": "authenticate", "token": token})
        closed = await socket.receive()
    assert (closed.type, closed.data) == (WSMsgType.CLOSE, 4403)
    assert "has to be changed" in closed.extra


async def test_a_password_that_is_reset_may_have_to_be_changed(
    client: TestClient, administrator: Person, editor: Person
) -> None:
    [user] = (await (await administrator.get("/api/users", params={"search": editor.name})).json())["items"]
    address = f"/api/users/{user['id']}"
    reset = await administrator.put(f"{address}/password", json={"password": CHOSEN, "must_change_password": True})
    assert reset.status == 204
    assert not await is_in(editor)
    again = await log_in(client, editor.name, CHOSEN)
    await problem(await again.get("/api/transcriptions"), 403, CODE)
    assert (await (await administrator.get(address)).json())["must_change_password"] is True
    # An administrator who gives another one without that takes it back.
    await administrator.put(f"{address}/password", json={"password": NEW})
    assert (await (await log_in(client, editor.name, NEW)).get("/api/transcriptions")).status == 200


async def test_a_login_by_the_provider_waits_for_no_password(client: TestClient, editor: Person) -> None:
    def unit() -> str:
        user = User.get(User.username == editor.name)
        user.must_change_password = True
        user.save()
        return accounts.begin_session(user, 3600, method="oidc")

    token = await client.app[DATABASE].run(unit)
    by_provider = Person(client, {"Authorization": f"Bearer {token}"}, editor.name)
    assert (await by_provider.get("/api/transcriptions")).status == 200
    await problem(await editor.get("/api/transcriptions"), 403, CODE)

"""Requests that mean harm, or are made as if they did."""

import io
import logging
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient

from app.api.documentation.access import Caller
from app.api.keys import DATABASE
from app.db import accounts
from tests.api.conftest import PASSWORD, Person
from tests.api.problems import problem
from tests.api.sound import tone
from tests.api.wire import END, part, send_raw
from tests.api.world import new_world

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"name": ' * 50_000, 400),
        (b'{"name": ' + b"[" * 80 + b"]" * 80 + b"}", 422),
        (b'{"name": NaN}', 422),
        (b'{"name": 1e999}', 422),
        (b'{"name": ' + b"9" * 10_000 + b"}", 400),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "\\u0000"}', 422),
        (b'{"\\u0000": 1, "name": "x"}', 422),
        (b"\xff\xfe\x00", 400),
        (b'{"name": "x"', 400),
        (b"[]", 400),
        (b"null", 400),
        (b"", 400),
        (b'{"name": "' + b"x" * 2_000_000 + b'"}', 413),
    ],
)
async def test_a_body_that_is_no_proper_json_is_refused(editor: Person, body: bytes, status: int) -> None:
    answer = await editor.post("/api/projects", data=io.BytesIO(body), headers=JSON)
    codes = {400: "bad-request", 413: "request-too-large", 422: "invalid-fields"}
    await problem(answer, status, codes[status])


@pytest.mark.parametrize("charset", ["no-such-charset", "utf-16", "\udcff"])
async def test_a_charset_is_no_way_in(editor: Person, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    answer = await editor.post("/api/projects", data=b'{"name": "fine"}', headers=headers)
    assert answer.status == 201


async def test_a_cut_off_json_body_is_refused(client: TestClient, editor: Person) -> None:
    answer = await editor.post("/api/projects", data=b"{}", headers=JSON | {"Content-Encoding": "gzip"})
    await problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/projects/{p}/members/%00"),
        ("PUT", "/api/projects/{p}/members/%ED%A0%80"),
        ("PUT", "/api/projects/{p}/members/a%0Ab"),
        ("GET", "/api/projects/{p}/task-sets/%00"),
        ("DELETE", "/api/projects/{p}/task-sets/%00"),
    ],
)
async def test_an_address_that_cannot_be_stored_is_refused(owner: Person, method: str, path: str) -> None:
    [project] = (await (await owner.get("/api/projects")).json())["items"]
    body = {"role": "viewer"} if method == "PUT" else None
    answer = await owner.ask(method, path.format(p=project["id"]), json=body)
    assert answer.status in (404, 422)
    assert answer.content_type == "application/problem+json"


async def test_nobody_writes_lines_of_his_own_into_the_log(
    client: TestClient, editor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    forged = "INFO root: all is well"
    with caplog.at_level(logging.DEBUG, logger="app"):
        await editor.get(f"/api/transcriptions/x%0A{forged.replace(' ', '%20')}")
        body = part(b"file", tone(), f"; filename*=UTF-8''{quote(f'a{chr(10)}{forged}.wav', safe='')}".encode()) + END
        assert (await send_raw(client, editor.headers, body)).status == 201
        await client.get(f"/{'x' * 5000}", headers={"X-Request-ID": f"x {forged}"})
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("app")]
    assert lines
    assert all("\n" not in line and forged not in line and len(line) < 500 for line in lines)


async def test_answers_that_are_streamed_say_which_request_they_are_to(client: TestClient) -> None:
    world = await new_world(client)
    headers = world.headers[Caller.OWNER] | {"X-Request-ID": "streamed-1"}
    for path in ("/api/transcriptions/{transcription}/audio", "/api/projects/{project}/export.zip", "/api/updates"):
        answer = await client.get(path.format(**world.things), headers=headers)
        assert (answer.status, answer.headers["X-Request-ID"]) == (200, "streamed-1")
        answer.close()


async def test_a_request_id_is_kept_where_it_is_one(client: TestClient) -> None:
    for given, kept in [("abc-123", True), ("a b", False), ("x" * 65, False), ("a;b", False)]:
        answer = await client.get("/health/live", headers={"X-Request-ID": given})
        assert (answer.headers["X-Request-ID"] == given) is kept


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "TRACE", "DELETE"])
async def test_a_method_that_an_address_does_not_know(editor: Person, method: str) -> None:
    answer = await editor.ask(method, "/api/transcriptions")
    body = await problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert "GET, HEAD, POST" in body["remedy"]


async def test_an_address_that_is_none(editor: Person) -> None:
    for path in ("/api/nothing", "/", "/api/transcriptions/", "/internal", "/api/transcriptions/x.y.z"):
        await problem(await editor.get(path), 404, "not-found")


async def test_a_huge_query_is_refused_in_a_few_words(editor: Person) -> None:
    query = "&".join(f"f{n}=1" for n in range(500))
    answer = await editor.get(f"/api/transcriptions?{query}")
    await problem(answer, 422, "invalid-fields")
    assert len(await answer.read()) < 5000


async def test_an_unexpected_error_tells_nothing_of_itself(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("postgresql://user:secret@host")

    monkeypatch.setattr("app.db.projects.list_projects", broken)
    answer = await editor.get("/api/projects")
    await problem(answer, 500, "internal-error")
    assert "secret" not in await answer.text()


async def test_an_unknown_user_costs_the_same_work_as_a_wrong_password(
    client: TestClient, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bool] = []
    verify = accounts.verify_password

    def counted(password_hash: str | None, password: str) -> None:
        verified.append(password_hash is None)
        verify(password_hash, password)

    monkeypatch.setattr(accounts, "verify_password", counted)
    for name in ("editor", "nobody"):
        answer = await client.post("/api/auth/token", json={"username": name, "password": "wrong"})
        await problem(answer, 401, "wrong-credentials")
    assert verified == [False, True]
    # And what is verified then is a whole hash of Argon2, with the work that real ones have.
    assert accounts._NOBODYS_HASH.startswith("$argon2id$v=19$m=65536,")


async def test_a_password_that_is_changed_while_it_is_checked_opens_nothing(client: TestClient, editor: Person) -> None:
    database = client.app[DATABASE]
    known = await database.run(accounts.password_hash_of, "editor")
    accounts.verify_password(known, PASSWORD)
    await database.run(accounts.set_password, "editor", "another password of theirs")
    with pytest.raises(accounts.WrongCredentials):
        await database.run(accounts.open_session, "editor", known, 3600)
    await problem(await editor.get("/api/auth/me"), 401, "not-authenticated")

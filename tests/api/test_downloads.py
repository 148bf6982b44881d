"""Recordings that the server fetches from an address: what becomes of them, and of attempts to misuse it."""

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.api import answers
from app.api.application import create_app
from app.api.keys import DATABASE, SETTINGS
from app.core.access import Role
from app.db import downloads
from app.db.tables import Download, Project, User
from app.queueing.queues import QueueName
from app.settings import Settings
from tests.api.conftest import MakePerson, Person
from tests.api.leftovers import files_of
from tests.api.origin import CONTENT, SECRET, Origin, running_origin, whole
from tests.api.problems import fields, problem
from tests.api.sound import tone
from tests.api.test_create import DEFAULTS
from tests.api.worker import Worker


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with running_origin() as origin:
        yield origin


@pytest.fixture
async def settings(settings: Settings, origin: Origin) -> Settings:
    """One address of loopback is the site's media server, and no other."""
    allowed = {"fetch_allowed": "127.0.0.1/32", "fetch_ports": str(origin.port), "fetch_patience": 0.5}
    return settings.model_copy(update=allowed)


@pytest.fixture(autouse=True)
def _tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_PAUSE_SECONDS", 0)


async def ordered(person: Person, url: str, **options: Any) -> dict[str, Any]:
    answer = await person.post("/api/transcriptions", json={"url": url} | options)
    assert answer.status == 201, await answer.text()
    body = await answer.json()
    assert answer.headers["Location"] == f"/api/transcriptions/{body['id']}"
    return body


async def settled(person: Person, transcription: str, seconds: float = 20) -> dict[str, Any]:
    """Wait until a recording is here, or will not come."""
    async with asyncio.timeout(seconds):
        while (now := await person.read(transcription))["state"] == "pending":  # noqa: ASYNC110 - as clients ask
            await asyncio.sleep(0.02)
    return now


async def test_a_recording_is_fetched_though_its_user_is_removed_at_that_moment_but_not_without_a_project(
    editor: Person, administrator: Person, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = downloads.create

    def without_user(new: downloads.NewDownload) -> Any:
        User.delete().where(User.id == new.created_by).execute()
        return create(new)

    def without_project(new: downloads.NewDownload) -> Any:
        Project.delete().where(Project.id == new.project).execute()
        return create(new)

    monkeypatch.setattr(downloads, "create", without_project)
    refused = await editor.post("/api/transcriptions", json={"url": origin.url("/meeting.wav")})
    assert fields(await problem(refused, 404, "not-found")) == ["project"]
    monkeypatch.setattr(downloads, "create", without_user)
    body = await ordered(editor, origin.url("/meeting.wav"))
    assert (await settled(administrator, body["id"]))["state"] == "queued"


async def test_a_fetched_recording_is_like_a_sent_one(
    client: TestClient, editor: Person, origin: Origin, worker: Worker
) -> None:
    url = origin.url(f"/r%C3%A9union%20d'%C3%A9t%C3%A9.wav?signature={SECRET}")
    body = await ordered(editor, url, language="fr", num_speakers=2, vad=False, prompts={"title": "Un titre."})
    assert (body["state"], body["sha256"], body["size_bytes"], body["name"]) == (
        "pending", None, None, "réunion d'été.wav",
    )  # fmt: skip
    now = await settled(editor, body["id"])
    assert (now["state"], now["size_bytes"]) == ("queued", len(CONTENT))
    assert now["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert now["duration_seconds"] == pytest.approx(3.0)
    order = await worker.claim()
    wanted = {"language": "fr", "num_speakers": 2, "vad": False, "prompts": {"title": "Un titre."}}
    assert order["options"] == DEFAULTS | wanted
    [file] = files_of(client)
    assert file == client.app[SETTINGS].uploads_dir / order["audio"]
    assert file.read_bytes() == CONTENT
    # What was asked: the whole address, and nothing that says more of us than it must.
    [head] = origin.heads
    assert f"signature={SECRET}" in head
    assert not {"authorization", "cookie", "referer"} & {line.partition(":")[0].lower() for line in head.split("\r\n")}
    # And it is kept no longer than it is needed.
    assert await client.app[DATABASE].run(lambda: Download.select().get().url) is None


async def test_a_name_may_be_given(editor: Person, origin: Origin) -> None:
    assert (await ordered(editor, origin.url("/meeting.wav"), name="Lundi"))["name"] == "Lundi"


@pytest.mark.parametrize(
    ("path", "code", "tries"),
    [
        ("/diary", "not-media", 1),
        ("/empty", "empty-upload", 1),
        ("/bomb", "fetch-failed", 1),
        ("/announced-too-large", "upload-too-large", 1),
        ("/endless", "upload-too-large", 1),
        ("/nowhere", "fetch-failed", 1),
        ("/forbidden", "fetch-failed", 1),
        ("/part", "fetch-failed", 1),
        ("/busy", "fetch-failed", 3),
        ("/shorter", "fetch-failed", 3),
        ("/broken-chunks", "fetch-failed", 3),
        ("/two-lengths", "fetch-failed", 3),
        ("/no-http", "fetch-failed", 3),
        ("/nothing", "fetch-failed", 6),  # the HTTP library asks twice where a connection ends without a word
        ("/big-head", "fetch-failed", 3),
        ("/slow", "fetch-failed", 3),
    ],
)
async def test_what_does_not_come_ends_as_an_error(
    client: TestClient, editor: Person, origin: Origin, path: str, code: str, tries: int
) -> None:
    body = await ordered(editor, origin.url(f"{path}?signature={SECRET}"))
    now = await settled(editor, body["id"])
    assert (now["state"], now["error"]["code"]) == ("error", code)
    assert len(origin.asked) == tries
    assert len(now["error"]["remedy"]) > 5
    assert SECRET not in str(now)
    assert files_of(client) == []


async def test_what_comes_behind_the_announced_length_is_never_taken(editor: Person, origin: Origin) -> None:
    now = await settled(editor, (await ordered(editor, origin.url("/longer")))["id"])
    # Whether it is noticed depends on how the network cuts it.
    assert (now["state"], now["size_bytes"]) in [("queued", len(CONTENT)), ("error", None)]


async def test_a_server_that_never_ends_its_head_is_given_up(
    editor: Person, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.outbound.opening._ANSWER_SECONDS", 0.3)
    now = await settled(editor, (await ordered(editor, origin.url("/slow-head")))["id"])
    assert (now["state"], now["error"]["code"]) == ("error", "fetch-failed")


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://127.0.0.2:{port}/meeting.wav", "url-refused"),
        ("//127.0.0.2:{port}/meeting.wav", "url-refused"),
        ("http://127.0.0.1:6379/", "url-refused"),
        ("http://169.254.169.254/latest/meta-data/", "url-refused"),
        ("http://user:password@127.0.0.1:{port}/meeting.wav", "url-refused"),
        ("file:///etc/passwd", "url-refused"),
        ("gopher://127.0.0.1:{port}/", "url-refused"),
        ("http://", "fetch-failed"),
        ("http://[::1", "url-refused"),
        ("/hop", "fetch-failed"),
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(
    client: TestClient, editor: Person, origin: Origin, target: str, code: str
) -> None:
    origin.redirect("/hop", target.format(port=origin.port))
    now = await settled(editor, (await ordered(editor, origin.url("/hop")))["id"])
    assert (now["state"], now["error"]["code"]) == ("error", code)
    assert set(origin.connected_to) == {"127.0.0.1"}
    assert set(origin.asked) == {"/hop"}
    assert len(origin.asked) <= 6
    assert files_of(client) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_within_what_is_allowed_is_followed(editor: Person, origin: Origin, status: int) -> None:
    origin.redirect("/first", "second?x=1", status)
    origin.redirect("/second", origin.url("/meeting.wav"), status)
    assert (await settled(editor, (await ordered(editor, origin.url("/first")))["id"]))["state"] == "queued"
    assert origin.asked == ["/first", "/second", "/meeting.wav"]


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        ({}, 422, "invalid-fields", ["url"]),
        ({"url": 5}, 422, "invalid-fields", ["url"]),
        ({"url": ""}, 422, "url-refused", ["url"]),
        ({"url": "meeting.wav"}, 422, "url-refused", ["url"]),
        ({"url": "file:///etc/passwd"}, 422, "url-refused", ["url"]),
        ({"url": "http://127.0.0.2/"}, 422, "url-refused", ["url"]),
        ({"url": "http://[::1]/"}, 422, "url-refused", ["url"]),
        ({"url": f"http://a:{SECRET}@example.org/"}, 422, "url-refused", ["url"]),
        ({"url": "http://example.org:22/"}, 422, "url-refused", ["url"]),
        ({"url": "http://example.org/" + "x" * 5000}, 422, "url-refused", ["url"]),
        ({"url": "http://example.org/a\nb"}, 422, "url-refused", ["url"]),
        ({"url": "http://example.org/", "colour": "red"}, 422, "invalid-fields", ["colour"]),
        ({"url": "http://example.org/", "num_speakers": "many"}, 422, "invalid-fields", ["num_speakers"]),
        ({"url": "http://example.org/", "prompts": ["title"]}, 422, "invalid-fields", ["prompts"]),
        ({"url": "http://example.org/", "name": "a\nb"}, 422, "invalid-fields", ["name"]),
        ({"url": "http://example.org/", "project": "another"}, 404, "not-found", ["project"]),
    ],
)
async def test_what_cannot_be_ordered_is_told_at_once(
    editor: Person, body: dict[str, Any], status: int, code: str, named: list[str]
) -> None:
    answer = await editor.post("/api/transcriptions", json=body)
    problem_body = await problem(answer, status, code)
    assert fields(problem_body) == named
    assert SECRET not in str(problem_body)


async def test_who_may_not_send_may_not_have_fetched(person: MakePerson, stranger: Person) -> None:
    viewer = await person("viewer", project="first", role=Role.VIEWER)
    order = {"url": "http://example.org/a.wav", "project": "first"}
    await problem(await viewer.post("/api/transcriptions", json=order), 403, "not-permitted")
    await problem(await stranger.post("/api/transcriptions", json=order), 404, "not-found")


async def test_the_same_key_fetches_once(editor: Person, origin: Origin) -> None:
    key = {"Idempotency-Key": "once"}
    order = {"url": origin.url("/meeting.wav")}
    first = await editor.post("/api/transcriptions", json=order, headers=key)
    again = await editor.post("/api/transcriptions", json=order, headers=key)
    assert (first.status, again.status) == (201, 200)
    transcription = (await first.json())["id"]
    assert (await again.json())["id"] == transcription
    await settled(editor, transcription)
    late = await editor.post("/api/transcriptions", json=order, headers=key)
    assert (late.status, (await late.json())["id"]) == (200, transcription)
    for other in ({"url": origin.url("/meeting.wav?x")}, order | {"language": "fr"}):
        answer = await editor.post("/api/transcriptions", json=other, headers=key)
        await problem(answer, 409, "idempotency-key-used")
    assert origin.asked == ["/meeting.wav"]


async def test_retrying_fetches_again(client: TestClient, editor: Person, origin: Origin) -> None:
    transcription = (await ordered(editor, origin.url("/later.wav")))["id"]
    assert (await settled(editor, transcription))["state"] == "error"
    origin.answers["/later.wav"] = origin.answers["/meeting.wav"]
    again = await editor.post(f"/api/transcriptions/{transcription}/retry")
    assert (again.status, (await again.json())["state"]) == (200, "pending")
    now = await settled(editor, transcription)
    assert (now["state"], now["error"]) == ("queued", None)
    assert len(files_of(client)) == 1


async def test_until_it_is_here_there_is_nothing_to_hear(editor: Person, origin: Origin) -> None:
    body = await ordered(editor, origin.url("/held"))
    answers.Transcription.model_validate_json(json.dumps(body), strict=True)
    assert body["media"] is None
    await problem(await editor.get(f"/api/transcriptions/{body['id']}/audio"), 404, "not-found")
    await problem(await editor.get(f"/api/transcriptions/{body['id']}/peaks"), 409, "conflict")
    origin.gate.set()
    now = await settled(editor, body["id"])
    answers.ReadTranscription.model_validate_json(json.dumps(now), strict=True)
    assert await (await editor.get(f"/api/transcriptions/{body['id']}/audio")).read() == CONTENT


async def test_channels_that_cannot_be_heard_separately_end_as_an_error(
    client: TestClient, editor: Person, origin: Origin
) -> None:
    origin.answers["/many.wav"] = whole(tone(channels=9))
    now = await settled(editor, (await ordered(editor, origin.url("/many.wav"), channels="separate"))["id"])
    assert (now["state"], now["error"]["code"]) == ("error", "invalid-options")
    assert files_of(client) == []
    now = await settled(editor, (await ordered(editor, origin.url("/many.wav"), channels="mixed"))["id"])
    assert now["state"] == "queued"


@pytest.mark.parametrize("how", ["cancel", "delete"])
async def test_what_is_not_wanted_any_more_is_not_fetched_to_its_end(
    client: TestClient, editor: Person, origin: Origin, how: str
) -> None:
    transcription = (await ordered(editor, origin.url("/held")))["id"]
    async with asyncio.timeout(10):
        while not files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    if how == "cancel":
        answer = await editor.post(f"/api/transcriptions/{transcription}/cancel")
        assert (await answer.json())["state"] == "cancelled"
    else:
        assert (await editor.delete(f"/api/transcriptions/{transcription}")).status == 204
    async with asyncio.timeout(10):
        while files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    origin.gate.set()
    if how == "cancel":
        assert (await editor.read(transcription))["state"] == "cancelled"
        await editor.post(f"/api/transcriptions/{transcription}/retry")
        assert (await settled(editor, transcription))["state"] == "queued"


async def test_another_instance_goes_on_where_one_stopped(
    client: TestClient, editor: Person, origin: Origin, settings: Settings
) -> None:
    transcription = (await ordered(editor, origin.url("/held")))["id"]
    async with asyncio.timeout(10):
        while not files_of(client):  # noqa: ASYNC110 - a file system tells nobody of its changes
            await asyncio.sleep(0.02)
    await client.close()
    origin.gate.set()
    async with TestClient(TestServer(create_app(settings))) as other:
        now = await settled(Person(other, editor.headers), transcription)
        assert (now["state"], now["sha256"]) == ("queued", hashlib.sha256(CONTENT).hexdigest())
        # To be cut off by a stop counts as no try.
        assert await other.app[DATABASE].run(lambda: Download.select().get().attempt) == 1
        # What the other one had of it goes once the row says where the recording is.
        async with asyncio.timeout(10):
            while len(files_of(other)) > 1:  # noqa: ASYNC110 - a file system tells nobody of its changes
                await asyncio.sleep(0.02)
        assert len(files_of(other)) == 1


async def trickle(_: Origin, writer: asyncio.StreamWriter) -> None:
    """Send as much as is asked for, and more, and come to no end for a minute."""
    length = 60 * 1024 * 1024
    writer.write(whole(b"", length=length))
    for _begun in range(0, length, 16 * 1024):
        writer.write(bytes(16 * 1024))
        await writer.drain()
        await asyncio.sleep(0.02)


async def until_asked(origin: Origin, path: str, times: int) -> None:
    async with asyncio.timeout(20):
        while origin.asked.count(path) < times:  # noqa: ASYNC110 - the other side of the wire tells nobody
            await asyncio.sleep(0.02)


async def test_a_project_whose_addresses_are_slow_holds_up_no_other_project(
    editor: Person, stranger: Person, origin: Origin
) -> None:
    origin.behaviours["/trickle"] = trickle
    slow = [(await ordered(editor, origin.url("/trickle")))["id"] for _ in range(6)]
    # All but one of an instance's places.
    await until_asked(origin, "/trickle", 3)
    fast = await ordered(stranger, origin.url("/meeting.wav"))
    assert (await settled(stranger, fast["id"], seconds=10))["state"] == "queued"
    assert [(await editor.read(one))["state"] for one in slow] == ["pending"] * 6
    assert origin.asked.count("/trickle") == 3


async def test_a_place_that_becomes_free_is_given_to_the_project_that_has_the_fewest(
    editor: Person, stranger: Person, person: MakePerson, origin: Origin
) -> None:
    origin.behaviours["/trickle"] = origin.behaviours["/theirs"] = trickle
    slow = [(await ordered(editor, origin.url("/trickle")))["id"] for _ in range(6)]
    await ordered(stranger, origin.url("/theirs"))
    await until_asked(origin, "/trickle", 3)
    await until_asked(origin, "/theirs", 1)
    # No place is free. Three have waited for longer than the last one, of projects that have some already.
    third = await person(project="third")
    fast = await ordered(third, origin.url("/meeting.wav"))
    assert (await editor.post(f"/api/transcriptions/{slow[0]}/cancel")).status == 200
    assert (await settled(third, fast["id"], seconds=10))["state"] == "queued"
    # Then they go on.
    await until_asked(origin, "/trickle", 4)


async def test_what_each_instance_died_of_is_given_up(client: TestClient, editor: Person, origin: Origin) -> None:
    body = await ordered(editor, origin.url("/held"))
    async with asyncio.timeout(10):
        while not origin.asked:  # noqa: ASYNC110 - the other side of the wire tells nobody
            await asyncio.sleep(0.02)
    lost = {Download.lease: None, Download.lease_expires_at: None, Download.attempt: 3}
    await client.app[DATABASE].run(Download.update(lost).execute)
    now = await settled(editor, body["id"])
    assert (now["state"], now["error"]["code"]) == ("error", "fetch-failed")
    assert len(origin.asked) == 1


async def test_no_log_line_holds_what_is_in_an_address(
    editor: Person, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    origin.redirect("/hop", f"http://127.0.0.2:{origin.port}/?signature={SECRET}")
    with caplog.at_level(logging.DEBUG):
        for path in ("/meeting.wav", "/diary", "/nothing", "/hop", "/bomb"):
            await settled(editor, (await ordered(editor, origin.url(f"{path}?signature={SECRET}")))["id"])
        await editor.post("/api/transcriptions", json={"url": f"http://user:{SECRET}@example.org/"})
    lines = [
        f"{record.getMessage()} {getattr(record, 'fields', '')}" for record in caplog.records if record.name != "peewee"
    ]
    assert any("fetched a recording" in line for line in lines)
    assert not [line for line in lines if SECRET in line]


class TestWhatIsThereAlready:
    """The same content with the same options, in the same project, is not transcribed again."""

    async def done(self, person: Person, worker: Worker, origin: Origin, **options: Any) -> dict[str, Any]:
        body = await ordered(person, origin.url("/meeting.wav"), **options)
        await settled(person, body["id"])
        await worker.plan((0.0, 3.0))
        while (now := await person.read(body["id"]))["state"] != "done":
            await worker.do_next(QueueName.ENRICHMENT if now["state"] == "transcribed" else QueueName.TRANSCRIPTION)
        return now

    async def test_what_was_made_of_it_is_taken_over(self, editor: Person, origin: Origin, worker: Worker) -> None:
        first = await self.done(editor, worker, origin)
        text = {"text": "Corrected words."}
        answer = await editor.patch(
            f"/api/transcriptions/{first['id']}/segments/0", json=text, headers={"If-Match": "*"}
        )
        assert answer.status == 200
        first = await editor.read(first["id"])
        body = await ordered(editor, origin.url("/meeting.wav"))
        now = await settled(editor, body["id"])
        assert now["state"] == "done"
        own = {"id", "created_at", "started_at", "finished_at"}
        assert {name: now[name] for name in now.keys() - own} == {name: first[name] for name in first.keys() - own}
        assert now["segments"][0]["text"] == "Corrected words."
        for path in (".srt", ".rttm", "/enrichments", "/segments/0/history"):
            old, new = [await editor.get(f"/api/transcriptions/{one['id']}{path}") for one in (first, now)]
            assert (new.status, await new.read()) == (200, await old.read())
        # It stands for itself: with a recording of its own, and without the other one.
        assert (await editor.delete(f"/api/transcriptions/{first['id']}")).status == 204
        assert await (await editor.get(f"/api/transcriptions/{now['id']}/audio")).read() == CONTENT
        assert (await editor.read(now["id"]))["segments"] == now["segments"]
        assert await worker.claimable() == []
        assert (await editor.post(f"/api/transcriptions/{now['id']}/enrichments", json={})).status == 202
        await worker.do_next(QueueName.ENRICHMENT)
        assert (await editor.read(now["id"]))["state"] == "done"

    @pytest.mark.parametrize("different", [{"reuse": False}, {"language": "fr"}])
    async def test_unless_told_otherwise(
        self, editor: Person, origin: Origin, worker: Worker, different: dict[str, Any]
    ) -> None:
        await self.done(editor, worker, origin)
        body = await ordered(editor, origin.url("/meeting.wav"), **different)
        assert (await settled(editor, body["id"]))["state"] == "queued"

    async def test_what_is_not_finished_answers_for_nothing(self, editor: Person, origin: Origin) -> None:
        first = await ordered(editor, origin.url("/meeting.wav"))
        await settled(editor, first["id"])
        second = await ordered(editor, origin.url("/meeting.wav"))
        assert (await settled(editor, second["id"]))["state"] == "queued"

    async def test_nothing_is_taken_from_another_project(
        self, editor: Person, stranger: Person, origin: Origin, worker: Worker
    ) -> None:
        await self.done(editor, worker, origin)
        body = await ordered(stranger, origin.url("/meeting.wav"))
        assert (await settled(stranger, body["id"]))["state"] == "queued"

    async def test_the_choice_is_a_boolean(self, editor: Person, origin: Origin) -> None:
        answer = await editor.post("/api/transcriptions", json={"url": origin.url("/meeting.wav"), "reuse": "perhaps"})
        assert fields(await problem(answer, 422, "invalid-fields")) == ["reuse"]

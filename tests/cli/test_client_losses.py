# ruff: noqa: ASYNC240 - small files of the test itself
"""The client outlives lost connections, restarts and expired sessions, and does nothing twice."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.cli import client, following
from app.cli.client import MAX_UPLOAD_ATTEMPTS, ApiClient, RequestRefused
from app.cli.following import follow
from app.cli.instance import AccessToken, ApiKey, Instance, Login
from app.cli.patience import ApiUnreachable
from tests.cli.contract_server import API_KEY, PASSWORD, ContractServer, contract_server


class Recorder:
    def __init__(self) -> None:
        self.states: list[str] = []
        self.texts: list[str] = []
        self.heard = asyncio.Event()

    def changed(self, transcription: Mapping[str, Any]) -> None:
        self.states.append(transcription["state"])

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        self.texts.extend(segment["text"] for segment in segments)
        self.heard.set()


async def rest(_server: ContractServer, _transcription_id: str) -> None:
    """The test publishes what happens."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "réunion du 3 mars.wav"
    file.write_bytes(bytes(range(256)) * 4 * 4096)
    return file


def client_of(server: ContractServer, sentences: list[str] | None = None, patience_seconds: float = 20) -> ApiClient:
    notify = (sentences if sentences is not None else []).append
    return ApiClient(Instance(server.url, Login("admin", PASSWORD)), notify=notify, patience_seconds=patience_seconds)


async def test_an_upload_arrives_whole_with_its_fields_and_its_name(recording: Path) -> None:
    progress: list[tuple[int, int]] = []
    async with contract_server(rest) as server, client_of(server) as api:
        created = await api.upload(
            recording, {"language": "fr", "initial_prompt": "à\nb"}, observer=lambda *sent: progress.append(sent)
        )
        [received] = server.received
        assert created["id"] in server.transcriptions
    assert received["content"] == recording.read_bytes()
    assert received["fields"] == {"language": "fr", "initial_prompt": "à\nb"}
    assert received["filename"] == recording.name
    assert progress[0] == (0, recording.stat().st_size)
    assert [sent for sent, _ in progress] == sorted(sent for sent, _ in progress)


async def test_an_upload_that_breaks_is_sent_again_with_its_key(recording: Path) -> None:
    sentences: list[str] = []
    async with contract_server(rest) as server, client_of(server, sentences) as api:
        server.break_upload_at = [1_000_000]
        created = await api.upload(recording, {})
        [(_, first_key)] = server.broken_off
        [received] = server.received
        assert received["key"] == first_key
        assert received["content"] == recording.read_bytes()
        assert list(server.transcriptions) == [created["id"]]
    assert any("lost during the upload" in sentence for sentence in sentences)


async def test_an_upload_waits_for_an_api_that_went_away(recording: Path) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        await api.connect()
        await server.stop()
        upload = asyncio.create_task(api.upload(recording, {}))
        await asyncio.sleep(0.3)
        assert not upload.done()
        await server.start()
        assert (await upload)["state"] == "queued"


async def test_an_upload_that_always_breaks_is_given_up(recording: Path) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        server.break_upload_at = [1000] * 100
        with pytest.raises(ApiUnreachable, match="broken off"):
            await api.upload(recording, {})
        assert len(server.broken_off) == MAX_UPLOAD_ATTEMPTS


async def test_a_refusal_before_the_end_of_the_upload_is_heard_at_once(tmp_path: Path) -> None:
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(512 * 1024 * 1024)
    async with contract_server(rest) as server, client_of(server) as api:
        server.refuse_upload = {
            "status": 413, "code": "upload-too-large", "detail": "The file is too large.", "remedy": "Split it."
        }  # fmt: skip
        async with asyncio.timeout(5):
            with pytest.raises(RequestRefused) as refused:
                await api.upload(large, {})
    assert (refused.value.detail, refused.value.remedy) == ("The file is too large.", "Split it.")
    assert (refused.value.http_status, refused.value.problem_code) == (413, "upload-too-large")


async def test_following_resumes_at_its_cursor_after_a_restart_and_misses_nothing(recording: Path) -> None:
    recorder, sentences = Recorder(), list[str]()
    async with contract_server(rest) as server, client_of(server, sentences) as api:
        created = (await api.upload(recording, {}))["id"]
        followed = asyncio.create_task(follow(api, created, recorder))
        await server.listened_to.wait()
        server.change(created, state="processing", percent=10)
        server.say(created, 0.0, "before")
        await recorder.heard.wait()
        await server.stop()
        server.say(created, 1.0, "meanwhile")
        await server.start()
        server.say(created, 2.0, "after")
        server.change(created, state="done", percent=100)
        assert (await followed)["state"] == "done"
        assert server.connections == [{"transcription": created}, {"transcription": created, "after": "2"}]
    assert recorder.texts == ["before", "meanwhile", "after"]
    assert recorder.states == ["queued", "processing", "done"]
    assert "The API is back." in sentences


async def test_following_takes_a_snapshot_where_its_cursor_is_too_old(recording: Path) -> None:
    recorder = Recorder()
    async with contract_server(rest) as server, client_of(server) as api:
        created = (await api.upload(recording, {}))["id"]
        followed = asyncio.create_task(follow(api, created, recorder))
        await server.listened_to.wait()
        await server.stop()
        server.resumable = False
        server.change(created, state="done")
        await server.start()
        assert (await followed)["state"] == "done"


async def test_following_asks_for_the_state_when_it_hears_nothing(
    recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "IDLE_SECONDS", 0.2)
    async with contract_server(rest) as server, client_of(server) as api:
        created = (await api.upload(recording, {}))["id"]
        followed = asyncio.create_task(follow(api, created))
        await server.listened_to.wait()
        server.transcriptions[created]["state"] = "done"  # without an event: it was lost
        assert (await followed)["state"] == "done"


async def test_following_ends_when_the_transcription_is_deleted(recording: Path) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        created = (await api.upload(recording, {}))["id"]
        followed = asyncio.create_task(follow(api, created))
        await server.listened_to.wait()
        server.delete(created)
        with pytest.raises(RequestRefused, match="deleted"):
            await followed


async def test_an_expired_session_is_opened_again_once(recording: Path) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        await api.connect()
        server.tokens.clear()
        created = (await api.upload(recording, {}))["id"]
        assert server.logins == 2
        server.tokens.clear()
        followed = asyncio.create_task(follow(api, created))
        await server.listened_to.wait()
        assert server.logins == 3
        server.change(created, state="done")
        await followed
        server.tokens.clear()
        server.accepts_logins = False
        with pytest.raises(RequestRefused, match="No active user"):
            await api.read(created)
        assert server.logins == 4


async def test_a_token_that_expired_is_an_error_that_says_so() -> None:
    async with contract_server(rest) as server, ApiClient(Instance(server.url, AccessToken("old"))) as api:
        with pytest.raises(RequestRefused, match="no valid credentials"):
            await api.connect()
        assert server.logins == 0


BEING_WRITTEN = {"type": "question.changed", "question": {"state": "processing"}}
WRITTEN = {"type": "question.changed", "question": {"state": "done"}}


def ended(code: str) -> dict[str, str]:
    return {"type": "end", "code": code}


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_OPEN_AGAIN_SECONDS", 0.0)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    "interruption",
    [502, 503, 504, [BEING_WRITTEN], *([ended(code)] for code in ("resume", "dependency-down", "internal-error"))],
)
async def test_an_answer_is_followed_through_what_passes(interruption: int | list[dict[str, Any]]) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        server.streams = [[BEING_WRITTEN], interruption, [WRITTEN, ended("finished")]]
        messages = [message async for message in api.events("/api/questions/one/events")]
    assert messages[0] == BEING_WRITTEN
    assert messages[-1] == WRITTEN


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("told", [[ended("not-authenticated")], []])
async def test_a_session_that_ends_while_an_answer_is_written_is_opened_again(told: list[dict[str, Any]]) -> None:
    async with contract_server(rest) as server, client_of(server) as api:
        server.streams = [[BEING_WRITTEN, *told], [WRITTEN, ended("finished")]]
        messages = []
        async for message in api.events("/api/questions/one/events"):
            messages.append(message)
            if message == BEING_WRITTEN:
                server.tokens.clear()
        assert server.logins == 2
    assert messages == [BEING_WRITTEN, WRITTEN]


@pytest.mark.parametrize("code", ["not-found", "not-authenticated", "key-expired"])
async def test_an_answer_that_nobody_may_read_any_more_is_not_waited_for(code: str) -> None:
    async with contract_server(rest) as server, ApiClient(Instance(server.url, ApiKey(API_KEY))) as api:
        server.streams = [[BEING_WRITTEN, ended(code)]]
        assert [message async for message in api.events("/api/questions/one/events")] == [BEING_WRITTEN]
        server.streams = [404]
        with pytest.raises(RequestRefused):
            await anext(api.events("/api/questions/one/events"))


async def test_a_session_is_closed_behind_us_and_a_key_opens_none() -> None:
    async with contract_server(rest) as server:
        async with client_of(server) as api:
            await api.connect()
        assert server.logged_out == 1
        async with ApiClient(Instance(server.url, ApiKey(API_KEY))) as api:
            await api.connect()
        assert (server.logins, server.logged_out) == (1, 1)


async def test_an_api_that_stays_away_is_reported_within_the_patience() -> None:
    async with contract_server(rest) as server, client_of(server, patience_seconds=0.5) as api:
        await server.stop()
        with pytest.raises(ApiUnreachable, match="does not answer") as raised:
            await api.connect()
        assert "make run" in raised.value.remedy


async def test_what_is_no_api_is_told_from_one_that_is_away() -> None:
    async def speak_something_else(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(speak_something_else, "127.0.0.1", 0)
    async with (
        listener,
        ApiClient(Instance(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", ApiKey("k"))) as api,
    ):
        with pytest.raises(ApiUnreachable, match="does not speak HTTP"):
            await api.connect()

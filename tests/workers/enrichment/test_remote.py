"""A model server of the site as an engine: the same answers over HTTP, and no harm from one that misbehaves."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from app.core.errors import UnknownModel, VocalyxError
from app.core.options import TranscriptionOptions
from app.workers.control import JobControl, JobStopped, StopReason
from app.workers.enrichment.engine import Prompt, Reply, Request, Sampling
from app.workers.enrichment.enricher import Enricher
from app.workers.enrichment.errors import ContextTooSmall, ModelServerDown, ModelServerRefused
from app.workers.enrichment.llama import LlamaModel
from app.workers.enrichment.model_server import ModelServer
from app.workers.enrichment.remote import RemoteModel
from app.workers.enrichment.tasks.texts import TITLE as TITLE_TASK
from tests.workers.enrichment.conftest import MEETING, REUNION, Listener, segments_of
from tests.workers.enrichment.model_server import KEY, NAME, Manner, Server, begun, event, running_model_server

pytestmark = pytest.mark.engine

TITLE = TITLE_TASK.schema(())
PROMPT = Prompt("You write titles.", "The heating in the library was repaired on Monday.", "Write a title.")


@pytest.fixture(scope="module")
def running(model: LlamaModel) -> Iterator[Server]:
    with running_model_server(model) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.manners.clear()
    running.asked.clear()
    running.paths.clear()
    running.keys.clear()
    return running


def served(url: str) -> ModelServer:
    return ModelServer(
        url=url,
        models=(f"remote/{NAME}",),
        key=SecretStr(KEY),
        context_tokens=4096,
        timeout_seconds=600,
        silence_seconds=120,
        patience_seconds=0,
    )


@pytest.fixture
def remote(server: Server) -> RemoteModel:
    return RemoteModel(served(server.url), f"remote/{NAME}")


def ask(remote: RemoteModel, **more: object) -> Reply:
    return remote.answer(PROMPT, TITLE, Sampling(), max_tokens=60, tick=lambda _: None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("said", "language"), [(MEETING, "en"), (REUNION, "fr")])
def test_a_whole_enrichment_over_the_server(
    server: Server, remote: RemoteModel, listener: Listener, said: tuple[tuple[str, str], ...], language: str
) -> None:
    enricher = Enricher(Path(), 1, remote.name, open_model=lambda _: remote)

    outcome = enricher.enrich(segments_of(said), language, TranscriptionOptions(), listener)

    assert outcome["model"] == f"remote/{NAME}"
    assert isinstance(outcome["summary"], str)
    assert len(outcome["summary"]) > 20
    assert {asked["model"] for asked in server.asked} == {NAME}
    assert all(asked["response_format"]["json_schema"]["schema"] for asked in server.asked)
    assert set(server.paths) == {"/v1/chat/completions"}
    assert set(server.keys) == {f"Bearer {KEY}"}
    # The server's own count, which knows the tokens that it had read before.
    assert outcome["tokens"]["reused"] > 0  # type: ignore[index]


def test_the_answer_is_heard_as_it_is_written(remote: RemoteModel) -> None:
    heard: list[str] = []

    reply = ask(remote, listen=heard.append)

    assert len(heard) > 2
    assert heard[-1] == reply.text
    assert all(after.startswith(before) for before, after in pairwise(heard))
    assert reply.complete
    assert reply.generated_tokens >= len(heard)


def test_only_models_that_the_operator_named_are_asked_for(server: Server) -> None:
    with pytest.raises(UnknownModel, match="no model 'remote/another'") as refusal:
        RemoteModel(served(server.url), "remote/another")
    assert f"remote/{NAME}" in refusal.value.remedy


async def _hang(request: web.Request) -> web.StreamResponse:
    while request.transport is not None:  # noqa: ASYNC110 - nothing else tells that the client has gone
        await asyncio.sleep(0.05)
    return web.Response()


async def _beat_only(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    while True:
        await response.write(b": still here\n\n")
        await asyncio.sleep(0.05)


async def _beat_and_mean_to_close(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Connection": "close"})
    response.force_close()
    await response.prepare(request)
    for _ in range(300):
        await response.write(b": still here\n\n")
        await asyncio.sleep(0.05)
    return response


async def _close_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    await event(response, {"choices": [{"delta": {"content": '{"title": "Half'}}]})
    request.transport.close()  # type: ignore[union-attr]
    return response


async def _end_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    await event(response, {"choices": [{"delta": {"content": '{"title": "Half'}}]})
    return response


async def _fail_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    await event(response, {"error": {"message": f"out of memory {KEY}"}})
    return response


async def _write_without_end(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    while True:
        await event(response, {"choices": [{"delta": {"content": "more "}}]})


async def _line_without_end(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    while True:
        await response.write(b"data: " + b"x" * 100_000)


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Welcome to nginx</html>", content_type="text/html")


async def _no_json(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    await response.write(b"data: this is no JSON\n\n")
    return response


async def _other_shape(request: web.Request) -> web.StreamResponse:
    response = await begun(request)
    await event(response, {"choices": [{"delta": {"content": ["a", "list"]}}]})
    return response


async def _redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "/elsewhere"})


def _status(status: int, said: str = "") -> Manner:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=said)

    return answer


@pytest.mark.parametrize(
    ("manner", "error", "said"),
    [
        (_hang, ModelServerDown, "wrote nothing for 1 s"),
        (_beat_only, ModelServerDown, "wrote nothing for 1 s"),
        (_close_in_the_middle, ModelServerDown, r"does not answer \(IncompleteRead|in the middle of an answer"),
        (_end_in_the_middle, ModelServerDown, "in the middle of an answer"),
        (_fail_in_the_middle, ModelServerDown, "gave up in the middle"),
        (_write_without_end, ModelServerRefused, "more than the 60 tokens"),
        (_line_without_end, ModelServerRefused, "lines without end"),
        (_page, ModelServerRefused, "sends text/html where events"),
        (_no_json, ModelServerRefused, "none of chat completions"),
        (_other_shape, ModelServerRefused, "none of chat completions"),
        (_redirect, ModelServerRefused, r"redirect \(307\), which is not followed"),
        (_status(401, f"Incorrect API key provided: {KEY}"), ModelServerRefused, r"does not take the key \(401\)"),
        (_status(404, f"no such model, {KEY}"), ModelServerRefused, "404: no such model, …"),
        (_status(429), ModelServerDown, "429"),
        (_status(500, f"Traceback {KEY}"), ModelServerDown, "500"),
        (_status(503), ModelServerDown, "503"),
        (_status(400, "maximum context length is 512 tokens"), ContextTooSmall, "too long"),
    ],
)
def test_a_server_that_misbehaves_is_told_of_in_words(
    server: Server, manner: Manner, error: type[VocalyxError], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.manners.append(manner)
    remote = RemoteModel(replace(served(server.url), silence_seconds=1), f"remote/{NAME}")

    with pytest.raises(error, match=said) as told:
        ask(remote)

    assert told.value.remedy
    assert KEY not in f"{told.value.detail} {told.value.remedy} {caplog.text}"
    assert "/elsewhere" not in server.paths
    # And the next request is as good as any, given the time that a busy machine takes.
    assert ask(RemoteModel(served(server.url), f"remote/{NAME}")).complete


def test_an_answer_that_takes_too_long_is_given_up(server: Server) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        while True:
            await event(response, {"choices": [{"delta": {"content": "a"}}]})
            await asyncio.sleep(0.2)

    server.manners.append(drip)
    remote = RemoteModel(replace(served(server.url), timeout_seconds=1, patience_seconds=30), f"remote/{NAME}")

    with pytest.raises(ModelServerDown, match="took longer than 1 s"):
        ask(remote)
    assert len(server.asked) == 1


def test_a_server_that_is_away_is_waited_for(server: Server) -> None:
    server.manners += [_status(503), _close_in_the_middle]
    remote = RemoteModel(replace(served(server.url), patience_seconds=30), f"remote/{NAME}")

    assert ask(remote).complete
    assert len(server.asked) == 3


def test_a_server_that_goes_away_late_in_an_answer_is_waited_for_as_long(server: Server) -> None:
    patience = 4.0

    async def restart(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        end = time.monotonic() + patience + 0.5
        while time.monotonic() < end:
            await event(response, {"choices": [{"delta": {"content": "a"}}]})
            await asyncio.sleep(0.1)
        request.transport.close()  # type: ignore[union-attr]
        return response

    server.manners.append(restart)
    remote = RemoteModel(replace(served(server.url), patience_seconds=patience), f"remote/{NAME}")

    assert ask(remote).complete
    assert len(server.asked) == 2


def test_a_server_that_fell_silent_has_been_away_since_then(server: Server) -> None:
    server.manners.append(_hang)
    remote = RemoteModel(replace(served(server.url), silence_seconds=2, patience_seconds=2), f"remote/{NAME}")

    with pytest.raises(ModelServerDown, match="wrote nothing for 2 s"):
        ask(remote)
    assert len(server.asked) == 1


def test_a_server_that_stays_away_is_an_error_that_may_pass() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    remote = RemoteModel(served(f"http://127.0.0.1:{port}/v1"), f"remote/{NAME}")

    with pytest.raises(ModelServerDown, match="ConnectionRefusedError") as told:
        ask(remote)
    assert told.value.status >= 500  # so that the job's other attempts are made


def test_a_prompt_that_the_server_cuts_is_no_answer(server: Server, remote: RemoteModel) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = await begun(request)
        await event(response, {"choices": [{"delta": {"content": '{"title": "It"}'}, "finish_reason": "stop"}]})
        await event(response, {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 4}})
        await response.write(b"data: [DONE]\n\n")
        return response

    server.manners.append(cut)
    with pytest.raises(ContextTooSmall, match="read 5 tokens of a prompt of"):
        ask(remote)


def test_a_prompt_beyond_the_context_is_not_sent(server: Server, remote: RemoteModel) -> None:
    with pytest.raises(ContextTooSmall):
        remote.answer(Prompt("", "word " * 5000, "?"), TITLE, Sampling(), max_tokens=60, tick=lambda _: None)
    assert not server.asked


@pytest.mark.parametrize("manner", [_hang, _beat_only, _beat_and_mean_to_close])
def test_a_stop_is_heard_while_the_server_is_silent(server: Server, remote: RemoteModel, manner: Manner) -> None:
    server.manners.append(manner)
    control = JobControl()
    asked_at = 0.0

    def tick(_done: float) -> None:
        nonlocal asked_at
        if len(server.asked) == 1 and not asked_at:
            asked_at = time.monotonic()
            control.request_stop(StopReason.CANCELLED)
        control.checkpoint()

    with pytest.raises(JobStopped):
        remote.answer(PROMPT, TITLE, Sampling(), max_tokens=60, tick=tick)
    assert time.monotonic() - asked_at < 5
    # And the connection ends, so that the server does not write on for nobody.
    readers = [thread for thread in threading.enumerate() if thread.name == "model-server"]
    for reader in readers:
        reader.join(5)
    assert not any(reader.is_alive() for reader in readers)


def test_no_proxy_of_the_environment_is_used(
    server: Server, remote: RemoteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert ask(remote).complete


def test_as_many_are_asked_at_the_same_time_as_the_operator_says(server: Server) -> None:
    remote = RemoteModel(replace(served(server.url), answers_at_once=2), f"remote/{NAME}")
    two, under_way, most = asyncio.Barrier(2), 0, 0
    replies: dict[int, Reply] = {}

    async def meet(request: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await two.wait()  # which one alone never leaves
        try:
            return await server.answer(request)
        finally:
            under_way -= 1

    server.manners += [meet] * 4
    requests = [Request(PROMPT, TITLE, Sampling(), 12 + number) for number in range(4)]

    remote.answer_all(requests, then=replies.__setitem__, tick=lambda _: None)

    assert most == 2
    assert {number: reply.generated_tokens <= 12 + number for number, reply in replies.items()} == dict.fromkeys(
        range(4), True
    )


def test_a_stop_ends_all_that_is_asked_at_the_same_time(server: Server, remote: RemoteModel) -> None:
    control = JobControl()
    server.manners += [_hang] * 3

    def tick(_done: float) -> None:
        if len(server.asked) == 3:
            control.request_stop(StopReason.CANCELLED)
        control.checkpoint()

    with pytest.raises(JobStopped):
        remote.answer_all([Request(PROMPT, TITLE, Sampling(), 20)] * 3, then=lambda _number, _reply: None, tick=tick)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("answer")]

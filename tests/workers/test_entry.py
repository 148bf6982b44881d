"""A job from its claim to its end, against a real server at the API's end."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from app.core.errors import DamagedMedia, DependencyDown, UnknownModel
from app.core.jobs import JobKind
from app.core.transcript import Segment
from app.media.recordings import UploadsVolumeAway
from app.workers import api_client, context, entry
from app.workers.api_client import InternalApi
from app.workers.context import JobContext
from app.workers.control import JobControl, JobStopped, StopReason
from app.workers.entry import Handler, Workplace, furnish, perform
from app.workers.orders import WorkOrder
from app.workers.turn import Turn
from tests.workers.internal_server import KEY, InternalServer, running_internal_server

Work = Callable[[Handler], Workplace]


@pytest.fixture
def control() -> JobControl:
    return JobControl()


@pytest.fixture
def work(server: InternalServer, control: JobControl) -> Iterator[Work]:
    """Set what the process works with: one handler for all kinds but the enrichment."""

    def use(handler: Handler) -> Workplace:
        handlers = {kind: handler for kind in JobKind if kind is not JobKind.ENRICHMENT}
        workplace = Workplace(
            worker="tester",
            api=InternalApi(server.url, KEY, control),
            control=control,
            handlers=handlers,
            stall_timeout_seconds=60,
            turn=Turn(None),
        )
        furnish(workplace)
        return workplace

    yield use
    entry._Furnished.workplace = None


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(api_client, "_FIRST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(api_client, "_LONGEST_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(context, "REPORT_INTERVAL_SECONDS", 0.05)


def segment(number: int) -> Segment:
    return Segment(start=float(number), end=number + 0.5, text=f"sentence {number}")


def nothing(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
    return {"text": {"segments": []}}


def until_stopped(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
    while True:
        context.checkpoint()
        context.report("transcribing", 1)
        time.sleep(0.01)


def raising(error: BaseException) -> Handler:
    def handler(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        raise error

    return handler


def test_the_order_arrives_whole(server: InternalServer, work: Work) -> None:
    seen: list[WorkOrder] = []

    def look(order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        seen.append(order)
        return {"text": {"segments": []}}

    work(look)
    job_id = server.give(JobKind.CHUNK, audio="2026/a.ogg")
    perform(job_id)
    (order,) = seen
    assert (order.kind, order.audio, order.language, order.attempt) == (JobKind.CHUNK, "2026/a.ogg", "en", 1)
    assert order.chunk is not None
    assert order.chunk.end == 30.0


def test_a_result_carries_the_outcome_and_the_seconds_of_each_stage(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        context.report("loading-model", 0)
        time.sleep(0.02)
        context.report("transcribing", 10)
        return {"text": {"segments": [segment(1).to_dict()]}}

    work(handler)
    job_id = server.give()
    perform(job_id)
    (body,) = server.bodies("result", job_id)
    assert body["lease"] == f"lease of {job_id}"
    assert [told["text"] for told in body["text"]["segments"]] == ["sentence 1"]
    assert set(body["metrics"]) == {"loading_model_seconds", "transcribing_seconds", "total_seconds"}
    assert 0.02 <= body["metrics"]["loading_model_seconds"] <= body["metrics"]["total_seconds"]


def test_no_segment_is_lost_over_reports_that_fail(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        server.answers["progress"] = 503
        for number in range(30):
            context.report("transcribing", number, segments=[segment(number)])
            if number == 20:
                server.wait_for("progress", count=2)
                taken.extend(server.bodies("progress"))
                del server.answers["progress"]
            time.sleep(0.01)
        server.wait_for("progress", count=len(taken) + 2)
        deadline = time.monotonic() + 10
        while len(delivered()) < 30 and time.monotonic() < deadline:
            time.sleep(0.02)
        return {"text": {"segments": []}}

    taken: list[object] = []

    def delivered() -> list[str]:
        bodies = server.bodies("progress")[len(taken) :]
        return [told["text"] for body in bodies for told in body["segments"]]

    work(handler)
    perform(server.give())
    assert delivered() == [f"sentence {number}" for number in range(30)]
    assert len(server.bodies("result")) == 1
    assert server.bodies("failure") == []


def test_reports_are_bundled_and_the_latest_wins(
    server: InternalServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(context, "REPORT_INTERVAL_SECONDS", 0.5)

    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        context.report("title", 0, answers={"title": "A"})
        server.wait_for("progress")
        for percent in range(100):
            context.report("points", percent, answers={f"answer {percent}": percent})
        server.wait_for("progress", count=2)
        return {"text": {"segments": []}}

    work(handler)
    perform(server.give())
    first, second = server.bodies("progress")
    assert (first["stage"], first["answers"]) == ("title", {"title": "A"})
    assert (second["stage"], second["percent"], len(second["answers"])) == ("points", 99, 100)


def test_the_percentage_never_goes_back(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        for percent in (10, 99, 0, 140):
            context.report("listening", percent)
            server.wait_for("progress", count=len(server.bodies("progress")) + 1)
        return {"plan": {}}

    work(handler)
    perform(server.give(JobKind.PLAN))
    assert [body["percent"] for body in server.bodies("progress")] == [10, 99, 99, 100]


def test_the_lease_is_renewed_while_an_engine_is_silent(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        server.wait_for("heartbeat", count=3)
        return {"text": {"segments": []}}

    work(handler)
    perform(server.give(lease_seconds=0.3))
    assert len(server.bodies("result")) == 1


def test_a_job_that_stands_still_gives_up_its_lease(
    server: InternalServer, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        context.checkpoint()
        time.sleep(1.5)
        beats.append(len(server.bodies("heartbeat")))
        time.sleep(0.5)
        beats.append(len(server.bodies("heartbeat")))
        context.checkpoint()
        server.wait_for("heartbeat", count=beats[-1] + 1)
        return {"text": {"segments": []}}

    beats: list[int] = []
    furnish(replace(work(handler), stall_timeout_seconds=0.5))
    perform(server.give(lease_seconds=0.3))
    assert 1 <= beats[0] == beats[1]
    assert "VOCALYX_STALL_TIMEOUT" in caplog.text


@pytest.mark.parametrize("verb", ["progress", "heartbeat"])
def test_410_stops_the_job_and_nothing_more_is_reported(server: InternalServer, work: Work, verb: str) -> None:
    server.answers[verb] = 410
    stopped: list[StopReason] = []

    def handler(order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        try:
            return until_stopped(order, context) if verb == "progress" else _silent(context)
        except JobStopped as stop:
            stopped.append(stop.reason)
            raise

    work(handler)
    perform(server.give(lease_seconds=0.3))
    assert stopped == [StopReason.SUPERSEDED]
    assert {told[0] for told in server.told} == {"claim", verb}


@pytest.mark.parametrize("status", [410, 404])
def test_a_late_answer_about_a_job_that_has_ended_does_not_stop_the_next(
    server: InternalServer, work: Work, control: JobControl, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(context, "_JOIN_SECONDS", 0.05)
    late = threading.Event()
    answer = server.answer

    def answer_late(verb: str, job: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answered = answer(verb, job, body)
        if verb == "heartbeat" and job == first:
            late.wait(10)
            return status, {}
        return answered

    def handler(order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        if order.job_id == first:
            server.wait_for("heartbeat", first)
            keepers.extend(thread for thread in threading.enumerate() if thread.name == "lease")
        else:
            late.set()
            for keeper in keepers:
                keeper.join(10)
            context.checkpoint()
        return {"text": {"segments": []}}

    keepers: list[threading.Thread] = []
    server.answer = answer_late  # type: ignore[method-assign]
    work(handler)
    first, second = server.give(lease_seconds=0.3), server.give()
    for job_id in (first, second):
        control.begin()
        perform(job_id)
    assert len(keepers) == 1
    assert [job for verb, job, _ in server.told if verb == "result"] == [first, second]


@pytest.mark.parametrize("status", [410, 404])
@pytest.mark.parametrize("verb", ["voices", "findings"])
def test_a_job_that_asks_for_what_others_found_and_is_not_wanted_any_more_has_not_failed(
    server: InternalServer, work: Work, caplog: pytest.LogCaptureFixture, verb: str, status: int
) -> None:
    server.answers[verb] = status

    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        return {"text": context.voices(0) if verb == "voices" else context.findings(0)}

    workplace = work(handler)
    perform(server.give())
    assert [told[0] for told in server.told] == ["claim", verb]
    assert workplace.card.fields()["failed"] == 0
    assert "Stopped: superseded" in caplog.text
    assert "lease" not in caplog.text


def _silent(context: JobContext) -> Mapping[str, object]:
    while True:
        context.checkpoint()
        time.sleep(0.01)


@pytest.mark.parametrize("status", [410, 404])
def test_a_job_that_is_not_to_be_had_is_dropped(
    server: InternalServer, work: Work, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    server.answers["claim"] = status
    work(raising(AssertionError("not to be called")))
    perform(server.give())
    assert [told[0] for told in server.told] == ["claim"]
    assert "Dropped" in caplog.text


def test_a_handed_back_job_is_released_once_and_not_failed(
    server: InternalServer, work: Work, control: JobControl
) -> None:
    work(until_stopped)
    job_id = server.give()
    stop = threading.Timer(0.1, control.request_stop, [StopReason.HANDED_BACK])
    stop.start()
    perform(job_id)
    assert len(server.bodies("release", job_id)) == 1
    assert server.bodies("failure") == server.bodies("result") == []


def test_a_job_is_put_back_where_the_volume_is_away(
    server: InternalServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "VOLUME_PAUSE_SECONDS", 0.05)

    def handler(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        raise UploadsVolumeAway("It is not mounted.")

    work(handler)
    job_id = server.give()
    perform(job_id)
    assert len(server.bodies("release", job_id)) == 1
    assert server.bodies("failure") == []


def test_a_failure_is_told_whatever_a_native_library_wrote(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        raise RuntimeError("\0\ud800" + "x" * 10_000)

    work(handler)
    perform(server.give())
    [told] = server.bodies("failure")
    assert "\0" not in told["detail"]
    assert told["detail"].startswith("RuntimeError: ?xxx")
    assert len(told["detail"]) == 4000


def test_a_worker_that_is_to_exit_does_not_claim(server: InternalServer, work: Work, control: JobControl) -> None:
    work(nothing)
    control.request_stop(StopReason.HANDED_BACK)
    perform(server.give())
    assert server.told == []


def test_a_finished_job_is_delivered_though_the_worker_is_to_exit(
    server: InternalServer, work: Work, control: JobControl
) -> None:
    def handler(_order: WorkOrder, _context: JobContext) -> Mapping[str, object]:
        control.request_stop(StopReason.HANDED_BACK)
        return {"text": {"segments": []}}

    work(handler)
    perform(server.give())
    assert len(server.bodies("result")) == 1
    assert server.bodies("release") == []


def test_a_result_outlasts_an_answering_but_failing_api(
    server: InternalServer, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers["result"] = 503
    work(nothing)
    job_id = server.give(lease_seconds=0.3)
    thread = threading.Thread(target=perform, args=[job_id])
    thread.start()
    server.wait_for("result", job_id, count=3)
    server.wait_for("heartbeat", job_id, count=2)  # the lease is kept meanwhile
    del server.answers["result"]
    thread.join(10)
    assert not thread.is_alive()
    assert "The result is kept and sent again" in caplog.text
    assert KEY not in caplog.text


def test_a_result_outlasts_an_api_that_is_gone(control: JobControl, caplog: pytest.LogCaptureFixture) -> None:
    with running_internal_server() as first:
        job_id, port = first.give(), int(first.url.rpartition(":")[2])
        order = WorkOrder.from_dict(first.orders[job_id])
    api = InternalApi(f"http://127.0.0.1:{port}", KEY, control)
    accepted: list[bool] = []
    thread = threading.Thread(target=lambda: accepted.append(api.result(job_id, order.lease, {"segments": []}, {})))
    thread.start()
    deadline = time.monotonic() + 10
    while "does not answer" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with running_internal_server(port) as second:
        second.orders.update(first.orders)
        second.wait_for("result", job_id)
        thread.join(10)
    assert accepted == [True]


def test_a_claim_waits_for_the_api_and_for_the_right_key(server: InternalServer, work: Work) -> None:
    work(nothing)
    job_id = server.give()
    server.answers["claim"] = 401
    thread = threading.Thread(target=perform, args=[job_id])
    thread.start()
    server.wait_for("claim", count=2)
    server.answers["claim"] = 502
    server.wait_for("claim", count=5)
    del server.answers["claim"]
    thread.join(10)
    assert len(server.bodies("result", job_id)) == 1


@pytest.mark.parametrize(
    ("status", "page"),
    [
        (404, "<html>Not Found</html>"),
        (404, '{"error": "not found", "code": "not-found"}'),
        (410, ""),
        (405, ""),
        (400, "<html>The plain HTTP request was sent to HTTPS port</html>"),
        (301, ""),
        (200, "<html>Welcome</html>"),
        (200, "[]"),
    ],
)
def test_a_job_waits_while_something_else_answers_in_the_place_of_the_api(
    server: InternalServer, work: Work, caplog: pytest.LogCaptureFixture, status: int, page: str
) -> None:
    work(nothing)
    job_id = server.give()
    server.strangers["claim"] = (status, page)
    thread = threading.Thread(target=perform, args=[job_id])
    thread.start()
    server.wait_for("claim", count=2)
    server.strangers.clear()
    thread.join(10)
    assert len(server.bodies("result", job_id)) == 1
    assert "is not the API" in caplog.text
    assert "Correct VOCALYX_API_URL." in caplog.text
    assert "Dropped" not in caplog.text


def test_another_address_of_the_api_is_not_the_one_for_workers(server: InternalServer, control: JobControl) -> None:
    with pytest.raises(api_client.NotTheApi):
        InternalApi(f"{server.url}/api", KEY, control).heartbeat(str(uuid4()), "lease")


def test_a_claim_whose_answer_was_lost_is_known_again(
    server: InternalServer, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "LONG_TIMEOUT_SECONDS", 0.3)
    answer = server.answer
    heard = threading.Event()

    def answer_as_the_api_does(verb: str, job: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, order = answer(verb, job, body)
        if verb != "claim" or job != first:
            return status, order
        if len(server.bodies("claim")) == 1:
            order["lease"] = body["lease"]
            heard.wait(10)
        return (status, order) if body["lease"] == order["lease"] else (410, {})

    server.answer = answer_as_the_api_does  # type: ignore[method-assign]
    work(nothing)
    first, second = server.give(), server.give()
    perform(first)
    heard.set()
    assert len(server.bodies("claim", first)) == 2
    assert len(server.bodies("result", first)) == 1
    perform(second)
    assert len({body["lease"] for body in server.bodies("claim")}) == 2


def test_what_takes_too_long_is_not_sent_twice_and_what_broke_is(
    server: InternalServer, control: JobControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_client, "SHORT_TIMEOUT_SECONDS", 0.3)
    job_id = server.give(lease_seconds=30)
    lease = f"lease of {job_id}"
    api = InternalApi(server.url, KEY, control)
    answer = server.answer
    heard = threading.Event()

    def answer_badly(verb: str, job: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answered = answer(verb, job, body)
        if len(server.bodies(verb)) == 2:
            raise ConnectionError("a balancer closes what was idle")
        if len(server.bodies(verb)) == 4:
            heard.wait(10)
        return answered

    server.answer = answer_badly  # type: ignore[method-assign]
    assert [api.heartbeat(job_id, lease) for _ in range(2)] == [30, 30]
    assert len(server.bodies("heartbeat")) == 3
    with pytest.raises(api_client.ApiUnreachable):
        api.heartbeat(job_id, lease)
    heard.set()
    assert len(server.bodies("heartbeat")) == 4


def test_what_no_json_can_say_is_a_failure_and_not_waited_out(server: InternalServer, work: Work) -> None:
    def handler(_order: WorkOrder, context: JobContext) -> Mapping[str, object]:
        context.report("title", 1, answers={"title": float("nan")})
        server.wait_for("heartbeat", count=2)  # and the lease is kept all the same
        return {"enrichment": {"title": float("nan")}}

    work(handler)
    perform(server.give(lease_seconds=0.3))
    (failure,) = server.bodies("failure")
    assert "is no JSON" in failure["detail"]


def test_a_refused_result_is_a_failure_with_what_the_api_said(server: InternalServer, work: Work) -> None:
    server.answers["result"] = 422
    work(nothing)
    perform(server.give())
    (failure,) = server.bodies("failure")
    assert failure["code"] == "api-refused"
    assert "as the test wants it" in failure["detail"]


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (DamagedMedia(), "damaged-media", False),
        (UnknownModel("No whisper model is called 'x'."), "unknown-model", False),
        (DependencyDown(), "dependency-down", True),
        (MemoryError(), "out-of-memory", True),
        (RuntimeError("the engine broke"), "worker-fault", True),
    ],
)
def test_an_error_is_told_with_its_remedy_and_whether_to_try_again(
    server: InternalServer, work: Work, error: Exception, code: str, *, retryable: bool
) -> None:
    work(raising(error))
    perform(server.give())
    (failure,) = server.bodies("failure")
    assert (failure["code"], failure["retryable"]) == (code, retryable)
    assert failure["detail"]
    assert failure["remedy"]


def test_a_job_of_the_other_queue_fails_for_good(server: InternalServer, work: Work) -> None:
    work(nothing)
    perform(server.give(JobKind.ENRICHMENT))
    (failure,) = server.bodies("failure")
    assert (failure["code"], failure["retryable"]) == ("wrong-queue", False)


def test_the_key_is_in_no_message(control: JobControl, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        api = InternalApi(f"http://127.0.0.1:{closed.getsockname()[1]}", KEY, control)
        with pytest.raises(api_client.ApiUnreachable) as caught:
            api.heartbeat(str(uuid4()), "lease")
    assert KEY not in caplog.text + str(caught.value) + repr(caught.value.__cause__)

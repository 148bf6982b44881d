"""Answers that are shared: by those who ask at the same time, and never older than the question."""

import asyncio
import gc
import itertools

import pytest

from app.core.errors import NotAuthenticated
from app.db.sharing import Batched, Shared


class Source:
    """Answers with what it holds at the end of each run, which ends when it is told to."""

    def __init__(self) -> None:
        self.runs: list[asyncio.Future[None]] = []
        self.asked: list[object] = []
        self.holds = itertools.count()

    async def ask(self, question: object) -> int:
        value = next(self.holds)
        self.asked.append(question)
        self.runs.append(asyncio.get_running_loop().create_future())
        await self.runs[-1]
        return value


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_asks_during_a_run_waits_for_the_next_one() -> None:
    source = Source()
    shared = Shared(source.ask)
    first = [shared.ask("a") for _ in range(3)]
    await soon()
    later = [shared.ask("a") for _ in range(3)]
    await soon()
    assert source.asked == ["a"]
    source.runs[0].set_result(None)
    assert await asyncio.gather(*first) == [0, 0, 0]
    await soon()
    assert (source.asked, [answer.done() for answer in later]) == (["a", "a"], [False] * 3)
    source.runs[1].set_result(None)
    assert await asyncio.gather(*later) == [1, 1, 1]


async def test_other_questions_do_not_wait() -> None:
    source = Source()
    shared = Shared(source.ask)
    answers = [shared.ask(question) for question in "ab"]
    await soon()
    assert source.asked == ["a", "b"]
    source.runs[1].set_result(None)
    assert await answers[1] == 1
    source.runs[0].set_result(None)
    assert await answers[0] == 0


async def test_a_failure_is_everybodys_and_the_next_run_begins_anew() -> None:
    refused = True

    async def ask(_: str) -> str:
        await asyncio.sleep(0)
        if refused:
            raise NotAuthenticated
        return "welcome"

    shared = Shared(ask)
    answers = await asyncio.gather(*(shared.ask("key") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotAuthenticated] * 3
    refused = False
    assert await shared.ask("key") == "welcome"


async def test_one_who_goes_takes_nothing_from_the_others() -> None:
    source = Source()
    shared = Shared(source.ask)
    going, staying = (shared.ask("a") for _ in range(2))
    await soon()
    going.cancel()
    await soon()
    source.runs[0].set_result(None)
    assert await staying == 0
    with pytest.raises(asyncio.CancelledError):
        await going


async def test_a_failure_that_nobody_waits_for_is_nobodys(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(_: frozenset[int]) -> dict[int, int]:
        await asyncio.sleep(0)
        raise NotAuthenticated

    batched: Batched[int, int] = Batched(ask)
    asked = batched.ask(1)
    await soon()
    del asked
    gc.collect()
    assert not caplog.records


async def test_questions_that_wait_are_asked_together() -> None:
    source: list[frozenset[int]] = []
    gate = asyncio.Event()

    async def ask(questions: frozenset[int]) -> dict[int, int]:
        source.append(questions)
        await gate.wait()
        return {question: 10 * question for question in questions if question != 3}

    batched: Batched[int, int] = Batched(ask)
    first = batched.ask(1)
    await soon()
    later = [batched.ask(question) for question in (2, 3, 2, 1)]
    await soon()
    gate.set()
    assert await first == 10
    assert [await asked for asked in later] == [20, None, 20, 10]
    assert source == [frozenset({1}), frozenset({1, 2, 3})]

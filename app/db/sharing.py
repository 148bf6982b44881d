"""One run of a question for all who ask it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Shared(Generic[Question, Answer]):
    """Answers questions by runs of `ask`, each of which begins after everybody whom it answers has asked.

    So an answer is never older than its question, whoever else is given it: what was revoked or changed before somebody
    asks is known to whoever answers them. While a question is being answered, those who ask it wait for the next run.
    Answers are given to several, who may not change them. An error is raised to all who waited for the run.
    """

    def __init__(self, ask: Callable[[Question], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._waiting: dict[Question, list[asyncio.Future[Answer]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question) -> Answer:
        """Return the answer of a run that begins now or later."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(question)
        if waiting is None:
            self._waiting[question] = [future]
            task = asyncio.create_task(self._run(question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            waiting.append(future)
        return await future

    async def _run(self, question: Question) -> None:
        while askers := self._waiting[question]:
            self._waiting[question] = []
            try:
                answer = await self._ask(question)
            except Exception as error:  # noqa: BLE001 - it is the askers', each of whom raises it
                for future in _still_waiting(askers):
                    future.set_exception(error)
            else:
                for future in _still_waiting(askers):
                    future.set_result(answer)
        del self._waiting[question]


def _still_waiting(askers: list[asyncio.Future[Answer]]) -> Iterator[asyncio.Future[Answer]]:
    """Yield those whose clients have not gone."""
    return (future for future in askers if not future.done())


class Batched(Generic[Question, Answer]):
    """As `Shared`, for questions of one kind that are answered many at once: `ask` is given those that wait."""

    def __init__(self, ask: Callable[[frozenset[Question]], Awaitable[dict[Question, Answer]]]) -> None:
        self._ask = ask
        self._asked: set[Question] = set()
        self._runs: Shared[None, dict[Question, Answer]] = Shared(self._run)

    async def answer(self, question: Question) -> Answer | None:
        """Return the answer of a run that begins now or later; None where it gave none."""
        self._asked.add(question)
        return (await self._runs.answer(None)).get(question)

    async def _run(self, _: None) -> dict[Question, Answer]:
        asked, self._asked = frozenset(self._asked), set()
        return await self._ask(asked)

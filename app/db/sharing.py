"""One run of a question for all who ask it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Shared(Generic[Question, Answer]):
    """Answers questions by runs of `ask`, each of which begins after everybody whom it answers has asked.

    So an answer is never older than its question, whoever else is given it: what was revoked or changed before somebody
    asks is known to whoever answers them. While a question is being answered, those who ask it wait for the next run.
    Answers are given to several, who may not change them. An error is raised to all who waited for the run.
    """

    def __init__(self, ask: Callable[[Question], Awaitable[Answer]]) -> None:
        self._run_of = ask
        self._waiting: dict[Question, list[asyncio.Future[Answer]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, question: Question) -> asyncio.Future[Answer]:
        """Have a question answered by a run that begins now or later; the answer need not be waited for."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(question)
        if waiting is None:
            self._waiting[question] = [future]
            task = asyncio.create_task(self._run(question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            waiting.append(future)
        return future

    async def _run(self, question: Question) -> None:
        while askers := self._waiting[question]:
            self._waiting[question] = []
            try:
                answer = await self._run_of(question)
            except Exception as error:  # noqa: BLE001 - it is the askers', each of whom raises it
                for future in _still_waiting(askers):
                    future.set_exception(error)
                    # Where nobody waits, nobody misses it.
                    future.exception()
            else:
                for future in _still_waiting(askers):
                    future.set_result(answer)
        del self._waiting[question]


def _still_waiting(askers: list[asyncio.Future[Answer]]) -> Iterator[asyncio.Future[Answer]]:
    """Yield those whose clients have not gone."""
    return (future for future in askers if not future.done())


@dataclass(frozen=True, slots=True)
class Asked(Generic[Question, Answer]):
    """A question whose answer is on its way: awaited, it is that answer, or None where there was none."""

    question: Question
    run: asyncio.Future[dict[Question, Answer]]

    def __await__(self) -> Generator[Any, None, Answer | None]:
        answers = yield from self.run.__await__()
        return answers.get(self.question)


class Batched(Generic[Question, Answer]):
    """As `Shared`, for questions that are answered many at once: `ask` is given those that wait."""

    def __init__(self, ask: Callable[[frozenset[Question]], Awaitable[dict[Question, Answer]]]) -> None:
        self._run_of = ask
        self._asked: set[Question] = set()
        self._runs: Shared[None, dict[Question, Answer]] = Shared(self._run)

    def ask(self, question: Question) -> Asked[Question, Answer]:
        """Have a question answered by a run that begins now or later; the answer need not be waited for."""
        self._asked.add(question)
        return Asked(question, self._runs.ask(None))

    async def _run(self, _: None) -> dict[Question, Answer]:
        asked, self._asked = frozenset(self._asked), set()
        return await self._run_of(asked)

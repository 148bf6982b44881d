"""Writes several answers at the same time: a step of the model takes one token of each.

A step reads all of the model's weights, whether for one token or for many, so several in one step cost little more than
one. Prompts that begin alike share the cells of their beginning. What does not fit beside the others waits until one of
them ends, so which answers are written side by side follows from the list of requests alone.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.workers.enrichment.drawing import Drawer, drawer
from app.workers.enrichment.engine import Listen, Reply, Request, Tick
from app.workers.enrichment.grammar import grammar
from app.workers.enrichment.native import Cell, NativeModel
from app.workers.enrichment.reading import Slice, Tokens, Trunk

ANSWERS_AT_ONCE = 8
"""From here on a further one saves little of a step, and all of them look past each other's cells."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its prompt in tokens. `number` is its place in the list."""

    number: int
    request: Request
    prompt: Tokens
    listen: Listen | None = None

    @property
    def prompt_tokens(self) -> int:
        return len(self.prompt.all)

    @property
    def most_tokens(self) -> int:
        return self.prompt_tokens + self.request.max_tokens


Next = Callable[[int, Reply], Asked | None]
"""Told each answer; returns what is to be asked in its place."""


@dataclass(slots=True)
class _Answer:
    """An answer that is being written. `token` was drawn last, and is computed in the next step.

    `first_scores` are those of the tokens that it may begin with: another try begins there, and reads nothing again.
    """

    asked: Asked
    sequence: int
    drawer: Drawer
    slices: tuple[Slice, ...]
    own_cells: int
    reused_tokens: int
    first_scores: npt.NDArray[np.float32]
    written: bytearray = field(default_factory=bytearray)
    count: int = 0
    token: int = -1
    complete: bool = False

    @property
    def ended(self) -> bool:
        return self.complete or self.count >= self.asked.request.max_tokens

    @property
    def done(self) -> float:
        return (self.asked.prompt_tokens + self.count) / self.asked.most_tokens

    def reply(self) -> Reply:
        return Reply(
            text=self.text(),
            complete=self.complete,
            evaluated_tokens=self.asked.prompt_tokens - self.reused_tokens,
            reused_tokens=self.reused_tokens,
            generated_tokens=self.count,
        )

    def text(self) -> str:
        return self.written.decode("utf-8", errors="ignore")


class Together:
    """A context in which answers are written side by side, up to `most` of them. One list of requests at a time."""

    def __init__(self, native: NativeModel, trunk: Trunk, *, most: int) -> None:
        self._native = native
        self._trunk = trunk
        self._most = most
        self._live: list[_Answer] = []

    def answer(self, asked: Iterable[Asked], then: Next, tick: Tick) -> None:
        """Answer each; `tick` is called before each slice and each step. Raises what `then` and `tick` raise."""
        waiting = deque(asked)
        total, ended = len(waiting), 0

        def told(parts: float) -> None:
            tick((ended + parts) / total)

        try:
            while waiting or self._live:
                while waiting and self._fits(waiting[0]):
                    self._begin(waiting.popleft(), told)
                for answer in [answer for answer in self._live if answer.ended]:
                    again = then(answer.asked.number, answer.reply())
                    if again is not None and self._can_go_back(answer, again):
                        self._begin_again(answer, again)
                        continue
                    self._leave(answer)
                    if again is None:
                        ended += 1
                    else:
                        waiting.append(again)
                if self._live:
                    told(sum(answer.done for answer in self._live))
                    self._step()
        except RuntimeError:
            self._trunk.forget()  # what the cells hold is not known
            raise
        finally:
            for answer in list(self._live):
                self._leave(answer)
            self._trunk.straighten()

    def _fits(self, asked: Asked) -> bool:
        if not self._live:
            return True
        slices = [one for answer in self._live for one in answer.slices]
        wanted = self._trunk.wanted_cells(asked.prompt, slices) + asked.request.max_tokens
        own = sum(answer.own_cells for answer in self._live)
        return len(self._live) < self._most and wanted + own <= self._native.cells

    def _begin(self, asked: Asked, tick: Tick) -> None:
        """Read a prompt and draw the first token of its answer."""
        sequence = min(set(range(1, self._native.sequences)) - {answer.sequence for answer in self._live})
        taken = sum(one.cells for one in {one for answer in self._live for one in answer.slices})
        free = self._native.cells - taken - sum(answer.own_cells for answer in self._live)
        before = sum(answer.done for answer in self._live)
        answer = None
        drawn = drawer(self._native, grammar(asked.request.schema), asked.request.sampling)
        try:
            read = self._trunk.read(
                asked.prompt, sequence, free, lambda known: tick(before + known / asked.most_tokens)
            )
            own = asked.most_tokens - sum(one.cells for one in read.slices)
            scores = self._native.scores(read.last)
            answer = _Answer(asked, sequence, drawn, read.slices, own, read.reused_tokens, scores.copy())
            self._live.append(answer)
            self._draw(answer, scores)
        finally:
            if answer is None:
                drawn.close()
                self._native.cut(sequence, 0)

    def _can_go_back(self, answer: _Answer, again: Asked) -> bool:
        return (
            not self._native.forgets
            and again.prompt == answer.asked.prompt
            and again.request.max_tokens <= answer.asked.request.max_tokens
        )

    def _begin_again(self, answer: _Answer, asked: Asked) -> None:
        """Draw another answer to the prompt that a sequence holds."""
        drawn = drawer(self._native, grammar(asked.request.schema), asked.request.sampling)
        self._leave(answer, length=asked.prompt_tokens)
        again = _Answer(
            asked,
            answer.sequence,
            drawn,
            answer.slices,
            answer.own_cells,
            asked.prompt_tokens,
            answer.first_scores,
        )
        self._live.append(again)
        self._draw(again, again.first_scores)

    def _step(self) -> None:
        """Compute the token that each answer had drawn, and draw the next ones."""
        step = [answer for answer in self._live if not answer.ended]
        if not step:
            return
        self._native.evaluate(
            [
                Cell(answer.token, answer.asked.prompt_tokens + answer.count - 1, answer.sequence, asked=True)
                for answer in step
            ]
        )
        for index, answer in enumerate(step):
            self._draw(answer, self._native.scores(index))

    def _draw(self, answer: _Answer, scores: npt.NDArray[np.float32]) -> None:
        token = answer.drawer.drawn(scores)
        if self._native.ends(token):
            answer.complete = True
            return
        answer.token = token
        answer.count += 1
        answer.written += self._native.piece_of(token)
        if answer.asked.listen is not None:
            answer.asked.listen(answer.text())

    def _leave(self, answer: _Answer, length: int = 0) -> None:
        """Give up an answer; of its sequence the first `length` tokens stay."""
        answer.drawer.close()
        self._native.cut(answer.sequence, length)
        self._live.remove(answer)

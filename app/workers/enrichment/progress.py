"""How far an enrichment is, in steps that are counted beforehand."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.workers.context import Checkpoint
from app.workers.enrichment.engine import Tick

_REPORT_SECONDS = 0.5


class Steps:
    """Turns steps and parts of steps into percent, which never go back, and passes stops on."""

    def __init__(self, context: Checkpoint, start_percent: float) -> None:
        self._context = context
        self._percent = start_percent
        self._width = 0.0
        self._reported = float("-inf")

    def expect(self, steps: int) -> None:
        """Share what is left evenly between so many steps to come."""
        self._width = (100.0 - self._percent) / steps

    @contextmanager
    def step(self, *stages: str, counted: bool = True) -> Iterator[Tick]:
        """One step, or several that are done at the same time: yields what is told their done part, 0 to 1.

        It raises where the job is to stop. Of several stages the one is named that so much work would have come to, one
        after the other. Steps that could not be expected are not `counted`: the percentage stands still meanwhile.
        """
        start = self._percent
        width = self._width * len(stages) if counted else 0.0
        self._context.report(stages[0], start)

        def tick(done: float) -> None:
            self._context.checkpoint()
            self._percent = min(100.0, max(self._percent, start + width * done))
            if time.monotonic() - self._reported >= _REPORT_SECONDS:
                self._reported = time.monotonic()
                stage = stages[min(int(done * len(stages)), len(stages) - 1)]
                self._context.report(stage, self._percent)

        yield tick
        self._percent = min(100.0, max(self._percent, start + width))

    def finished(self, stage: str, answers: Mapping[str, object]) -> None:
        """Send the answers that are there so far."""
        self._context.report(stage, self._percent, answers=dict(answers))

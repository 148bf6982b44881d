"""Puts several requests to a server at the same time, a few of them at once, and can be stopped meanwhile."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from app.workers.enrichment.engine import Reply, Request, Then, Tick

_LOOK_SECONDS = 0.1


class _Ended(Exception):
    """Nobody waits for this answer any more."""


def answer_concurrently(
    answer: Callable[[Request, Tick], Reply], requests: Sequence[Request], *, at_once: int, then: Then, tick: Tick
) -> None:
    """Have each request answered by `answer`, in threads; `then` and `tick` are called in the caller's.

    Raises what any of the three raises; no answer is being waited for by then.
    """
    ended = threading.Event()
    done = [0.0] * len(requests)

    def run(number: int, request: Request) -> Reply:
        def told(part: float) -> None:
            if ended.is_set():
                raise _Ended
            done[number] = part

        return answer(request, told)

    with ThreadPoolExecutor(at_once, thread_name_prefix="answer") as threads:
        running: dict[Future[Reply], int] = {}
        try:
            for number, request in enumerate(requests):
                running[threads.submit(run, number, request)] = number
            while running:
                there, _ = wait(running, _LOOK_SECONDS, FIRST_COMPLETED)
                tick(sum(done) / len(requests))
                for future in sorted(there, key=running.__getitem__):
                    number = running.pop(future)
                    if (again := then(number, future.result())) is not None:
                        running[threads.submit(run, number, again)] = number
                    else:
                        done[number] = 1.0
        finally:
            ended.set()
            threads.shutdown(wait=True, cancel_futures=True)

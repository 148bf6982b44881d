"""What two cores give two programs that know nothing of each other: no platform makes more of them than that.

Cores share caches, memory and, on virtual machines, often themselves. The plain script of the same engines runs in a
process of its own, with one thread, alone and then beside a copy of itself, a few times in turns.
"""

import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from app.settings import Settings
from benchmarks.bare import BareEngines

_TURNS = 3
_PATIENCE_SECONDS = 600


def gain_of_two(settings: Settings, recording: Path, language: str) -> float:
    """Return how much more two copies of the script do in a time than one: 2 where neither knows of the other."""
    spawned = multiprocessing.get_context("spawn")
    both, seconds = spawned.Barrier(2), spawned.SimpleQueue()
    copies = [
        spawned.Process(target=_take_turns, args=(number, settings, recording, language, both, seconds))
        for number in range(2)
    ]
    for copy in copies:
        copy.start()
    try:
        for copy in copies:
            copy.join()
            if copy.exitcode:
                raise RuntimeError(f"A copy of the script ended with {copy.exitcode}.")
    finally:
        for copy in copies:
            copy.kill()
    found: list[tuple[int, float]] = [seconds.get() for _ in range(3 * _TURNS)]
    alone, beside = ([spent for at_once, spent in found if at_once == count] for count in (1, 2))
    return 2 * median(alone) / median(beside)


def _take_turns(
    number: int,
    settings: Settings,
    recording: Path,
    language: str,
    both: Barrier,
    seconds: "multiprocessing.SimpleQueue[tuple[int, float]]",
) -> None:
    engines = BareEngines(settings)
    engines.run(recording, language)
    for _ in range(_TURNS):
        both.wait(_PATIENCE_SECONDS)
        if number == 0:
            seconds.put((1, _seconds_of(engines, recording, language)))
        both.wait(_PATIENCE_SECONDS)
        seconds.put((2, _seconds_of(engines, recording, language)))


def _seconds_of(engines: BareEngines, recording: Path, language: str) -> float:
    began = time.monotonic()
    engines.run(recording, language)
    return time.monotonic() - began

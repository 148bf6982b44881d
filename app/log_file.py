"""A log file on a volume that may be slow, full or away: whoever writes a line never waits for it."""

import atexit
import logging
import queue
import threading
from logging.handlers import QueueHandler, WatchedFileHandler
from pathlib import Path
from typing import cast

from typing_extensions import override

MOST_LINES_WAITING = 10_000
LAST_LINES_SECONDS = 2.0
"""How long the end of the process waits for its last lines: a volume that is away must not keep it from ending."""


class FileBeside(QueueHandler):
    """Hands lines to a thread of its own, which writes them; what does not fit into the queue is dropped and counted.

    The journal has every line anyway. A file that was renamed by whoever rotates it is opened anew.
    """

    def __init__(self, path: Path, most_waiting: int = MOST_LINES_WAITING) -> None:
        self._lines: queue.Queue[logging.LogRecord | None] = queue.Queue(most_waiting)
        super().__init__(self._lines)
        self._dropped = 0
        self._file = _File(path)
        self._writer = threading.Thread(target=self._write, name="log file", daemon=True)
        self._writer.start()
        atexit.register(self.close)

    @override
    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put_nowait(record)
        except queue.Full:
            self._dropped += 1

    @override
    def close(self) -> None:
        """Write what waits, for as long as that may take."""
        atexit.unregister(self.close)
        if self._writer.is_alive():
            try:
                self._lines.put(None, timeout=LAST_LINES_SECONDS)
            except queue.Full:
                return
            self._writer.join(LAST_LINES_SECONDS)
        super().close()

    def _write(self) -> None:
        while (record := self._lines.get()) is not None:
            dropped, self._dropped = self._dropped, 0
            if dropped:
                self._file.handle(self._of_dropped(dropped))
            self._file.handle(record)
        self._file.close()

    def _of_dropped(self, lines: int) -> logging.LogRecord:
        text = "%d lines could not be written here in time; the journal has them."
        return cast(
            "logging.LogRecord",
            self.prepare(logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, (lines,), None)),
        )


class _File(WatchedFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)  # which looks for the file, and opens it anew, before it minds errors
        except OSError:
            self.handleError(record)

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        """Pass over the line, and try with a new file descriptor for the next: a full or lost volume may come back."""
        try:
            self.close()
        except OSError:
            self.stream = None

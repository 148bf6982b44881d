"""How `vocalyx models` shows what arrives."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from app.catalog.progress import Arriving

PLAIN_PROGRESS_STEP_PERCENT = 20
_GIGABYTE = 1_000_000_000


def readable_size(size_bytes: int) -> str:
    """Return the size as megabytes, or as gigabytes with one digit."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= _GIGABYTE else f"{size_bytes / 1e6:.0f} MB"


class TerminalObserver:
    """Shows a fetch or a pull as a bar on a terminal, and as a few plain lines in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._announced: str | None = None
        self._announced_percent = -1

    def waiting(self, models_dir: Path) -> None:
        self.say(f"another process is changing {models_dir}: waiting for it")

    def downloading(self, model: Arriving, received: int) -> None:
        total = max(model.download_bytes, 1)
        if self._announced != model.name:
            self._announced, self._announced_percent = model.name, -1
            self.say(f"{model.kind}/{model.name}: {model.title}, {model.licence}")
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task("  downloading", total=total)
        self._progress.update(self._task, completed=received)
        percent = 100 * received // total
        due = self._announced_percent < 0 or percent >= self._announced_percent + PLAIN_PROGRESS_STEP_PERCENT
        if not self._console.is_terminal and due:
            self._announced_percent = percent
            self.say(f"  downloading: {percent} % of {readable_size(total)}")

    def working(self, _model: Arriving, activity: str) -> None:
        self.close()
        self.say(f"  {activity}")

    def note(self, text: str) -> None:
        """Tell of something that happened on the way."""
        self.close()
        self.say(f"  {text}")

    def present(self, model: Arriving, seconds: float | None) -> None:
        self.close()
        if seconds is not None:
            self.say(f"{model.kind}/{model.name}: installed in {seconds:.0f} s")

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._progress.stop()
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def say(self, line: str) -> None:
        """Write one line, above the bar where there is one."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)

"""What is shown on standard error while a recording is on its way: a bar on a terminal, lines in a log, or nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.core.formats.lines import clock_time, one_line

PLAIN_STEP_PERCENT = 10
_TRANSCRIPTION, _ENRICHMENT, _UPLOAD = "transcription", "enrichment", "upload"


class Display(Protocol):
    """A context that is told what happens; also an `app.cli.following.Observer` and an upload's observer."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...

    def say(self, sentence: str) -> None:
        """Something that the person should know, though work goes on."""

    def uploaded(self, sent: int, total: int) -> None:
        """So many bytes of so many are sent."""

    def changed(self, transcription: Mapping[str, Any]) -> None: ...
    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None: ...


def choose_display(console: Console, *, quiet: bool) -> Display:
    """Return what suits the place that standard error leads to."""
    if quiet:
        return QuietDisplay()
    return TerminalDisplay(console) if console.is_terminal else PlainDisplay(console)


class QuietDisplay:
    """Shows nothing: `--quiet`. Errors are not its business."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def say(self, sentence: str) -> None:
        pass

    def uploaded(self, sent: int, total: int) -> None:
        pass

    def changed(self, transcription: Mapping[str, Any]) -> None:
        pass

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        pass


class _TextLines:
    """Renders segments as lines, each once: after a reconnection a server may repeat itself."""

    def __init__(self) -> None:
        self._shown: set[tuple[float, str]] = set()

    def new_lines(self, segments: Sequence[Mapping[str, Any]]) -> list[str]:
        lines = []
        for segment in segments:
            identity = (float(segment["start"]), one_line(str(segment["text"])))
            if identity not in self._shown and identity[1]:
                self._shown.add(identity)
                lines.append(f"[{clock_time(identity[0])}] {identity[1]}")
        return lines


class PlainDisplay(QuietDisplay):
    """A line for each stage and each tenth of the way: what reads well in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._text = _TextLines()
        self._last: dict[str, tuple[str, int]] = {}

    def say(self, sentence: str) -> None:
        self._print(sentence)

    def uploaded(self, sent: int, total: int) -> None:
        self._step(_UPLOAD, f"of {decimal(total)}", 100 * sent / total if total else 100)

    def changed(self, transcription: Mapping[str, Any]) -> None:
        for name, stage, percent in progress_of(transcription):
            self._step(name, stage, percent)

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        for line in self._text.new_lines(segments):
            self._print(line)

    def _step(self, name: str, stage: str, percent: float) -> None:
        step = (stage, int(percent // PLAIN_STEP_PERCENT))
        if self._last.get(name) != step:
            self._last[name] = step
            self._print(f"{name}: {percent:.0f} % {stage}".rstrip())

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class TerminalDisplay(QuietDisplay):
    """A bar for the upload, the transcription and the enrichment, and above them the text as it appears."""

    def __init__(self, console: Console) -> None:
        self._text = _TextLines()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[stage]}", markup=False),
            console=console,
            redirect_stdout=False,  # the result itself may go there, byte for byte
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def say(self, sentence: str) -> None:
        self._print(sentence)

    def uploaded(self, sent: int, total: int) -> None:
        self._show(_UPLOAD, f"{decimal(sent)} of {decimal(total)}", 100 * sent / total if total else 100)

    def changed(self, transcription: Mapping[str, Any]) -> None:
        if _UPLOAD in self._tasks:
            self._progress.update(self._tasks[_UPLOAD], completed=100)
        for name, stage, percent in progress_of(transcription):
            self._show(name, stage, percent)

    def text_appeared(self, segments: Sequence[Mapping[str, Any]]) -> None:
        for line in self._text.new_lines(segments):
            self._print(line)

    def _show(self, name: str, stage: str, percent: float) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=100, stage="")
        self._progress.update(self._tasks[name], completed=percent, stage=stage)

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def progress_of(transcription: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """Return what is under way, as name, stage and percent: the transcription, and the enrichment once it is due."""
    state = str(transcription.get("state", ""))
    enrichment = transcription.get("enrichment") or {}
    enriching = str(enrichment.get("state", "skipped"))
    text_is_there = state in ("transcribed", "done")
    stage = one_line(str(transcription.get("stage") or state))
    percent = 100.0 if text_is_there else float(transcription.get("percent") or 0)
    shown = [(_TRANSCRIPTION, "done" if text_is_there else stage, percent)]
    if text_is_there and enriching != "skipped":
        percent = 100.0 if enriching == "done" else float(enrichment.get("percent") or 0)
        # Where no worker has named a stage, it is the state's own name, which says nothing of the enrichment.
        working = stage if enriching == "processing" and stage != state else enriching
        shown.append((_ENRICHMENT, working, percent))
    return shown

"""Running the commands of the set-up so that a person sees what takes time, and why when one fails."""

import queue
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HEARTBEAT_SECONDS = 20
SHOWN_DOWNLOAD_MEGABYTES = 5
REMEMBERED_LINES = 25

_DOWNLOAD = re.compile(r"Downloading (?P<name>\S+).*\((?P<size>[\d.]+) (?P<unit>kB|MB|GB)\)")
_MEGABYTES = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}


class SetupFailed(Exception):
    """A step of the set-up failed; the text says which, why, and the way out."""


@dataclass(frozen=True)
class Step:
    """What a command is for, and what it may cost ("about 60 MB", "10 minutes")."""

    title: str
    cost: str = ""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def elapsed(seconds: float) -> str:
    """Say a duration: `8 s`, `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class PipReport:
    """Watches pip's lines: large downloads are shown, all are counted."""

    def __init__(self) -> None:
        self.downloaded_megabytes = 0.0

    def __call__(self, line: str) -> str | None:
        if found := _DOWNLOAD.search(line):
            size = float(found["size"]) * _MEGABYTES[found["unit"]]
            if ".metadata" in found["name"]:
                return None
            self.downloaded_megabytes += size
            if size >= SHOWN_DOWNLOAD_MEGABYTES:
                return f"downloading {found['name'].rpartition('/')[2]} ({size:.0f} MB)"
        if line.startswith("Installing collected packages:"):
            return f"installing {line.count(',') + 1} packages"
        return None


def run(
    command: list[str],
    step: Step,
    *,
    log: Path,
    shown: Callable[[str], str | None] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Run a command; show the lines that `shown` gives, and now and then that it is still at it.

    All it says goes to `log`. Raises SetupFailed, with the end of that, where its exit status is not 0.
    """
    started = time.monotonic()
    report = shown or PipReport()
    say(f"  {step.title}" + (f" ({step.cost})" if step.cost else ""))
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    last: deque[str] = deque(maxlen=REMEMBERED_LINES)
    with (
        log.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            cwd=folder,
        ) as process,
    ):
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                say(f"    … {step.title}: still at it ({elapsed(time.monotonic() - started)})")
                continue
            if line is None:
                break
            file.write(line + "\n")
            last.append(line)
            if text := report(line):
                say(f"    {text}")
        status = process.wait()
    if status != 0:
        raise SetupFailed("\n".join((f"{step.title} failed (exit status {status}):", *last, f"The whole log: {log}")))
    downloaded = getattr(report, "downloaded_megabytes", 0.0)
    note = f", {downloaded:.0f} MB downloaded" if downloaded >= 1 else ""
    say(f"    done in {elapsed(time.monotonic() - started)}{note}")


def _read(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str | None]") -> None:
    for line in process.stdout or ():
        lines.put(line.rstrip())
    lines.put(None)

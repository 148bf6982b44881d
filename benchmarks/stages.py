"""Where the time goes in one recording: `python -m benchmarks.stages`.

By what the jobs say of themselves (`GET /api/transcriptions/{id}/jobs`): each kind of job, its stages, and what the
engines measured inside of them.
"""

import itertools
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.command import audio_option, language_option, new_console, new_table, open_instance, url_option
from benchmarks.instance import WITH_SPEAKERS
from benchmarks.recordings import joined

WARM_UP_MINUTES = 1.0
SUFFIX = "_seconds"
WHOLE = "total_seconds"
# What engines measure lies inside of the stages that jobs go through, and is shown below them.
INSIDE = ("sound", "features", "encoder", "decoder", "alignment", "second_attempt", "voice_activity")


@click.command()
@audio_option
@language_option
@url_option
@click.option("--minutes", type=click.FloatRange(1, 120), default=15.0, show_default=True)
@click.option(
    "--recording", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of a joined one."
)
def stages(audio: Path, language: str, url: str | None, minutes: float, recording: Path | None) -> None:
    """Send one recording through a warm instance and print the seconds of every stage."""
    console = new_console()
    instance = open_instance(url)
    options = {**WITH_SPEAKERS, "language": language}
    with tempfile.TemporaryDirectory() as folder:
        with console.status("warming up"):
            short = joined(audio, Path(folder) / "short.flac", minutes=WARM_UP_MINUTES, language=language)
            instance.transcribe(short.path, **options)
        if recording is None:
            recording = joined(audio, Path(folder) / "long.flac", minutes=minutes, language=language).path
        with console.status(recording.name):
            sent = instance.send(recording, **options)
            try:
                summary = instance.wait(sent)
                jobs = instance.jobs(sent)
            finally:
                instance.delete(sent)
    wall = _moment(summary["finished_at"]) - _moment(summary["created_at"])
    sound = summary["duration_seconds"]
    table = new_table(
        f"{sound / 60:.1f} minutes of sound in {wall:.1f} s", "job", "stage", "seconds", "of the wall time", "per hour of sound",
        names=2,
    )  # fmt: skip
    for kind, stage, seconds in _rows(jobs, wall):
        table.add_row(kind, stage, f"{seconds:.2f}", f"{100 * seconds / wall:.1f} %", f"{3600 * seconds / sound:.1f}")
    console.print(table)


def _rows(jobs: Sequence[Mapping[str, Any]], wall: float) -> list[tuple[str, str, float]]:
    """Return (kind of job, stage, seconds) for all that took time, what no job accounts for at the end."""
    done = [job for job in jobs if job["started_at"] and job["finished_at"]]
    rows = []
    for kind, group in itertools.groupby(sorted(done, key=lambda job: str(job["kind"])), key=lambda job: job["kind"]):
        sums: defaultdict[str, float] = defaultdict(float)
        held = 0.0
        count = 0
        for job in group:
            count += 1
            held += _moment(job["finished_at"]) - _moment(job["started_at"])
            for name, seconds in job["metrics"].items():
                if name.endswith(SUFFIX):
                    sums[name] += seconds
        whole = sums.pop(WHOLE, 0.0)
        rows.append((f"{kind} ({count})", "in all", whole))
        named = {name.removesuffix(SUFFIX): seconds for name, seconds in sums.items()}
        rows += [("", name, seconds) for name, seconds in named.items() if name not in INSIDE]
        rows += [("", f"of which {name}", seconds) for name, seconds in named.items() if name in INSIDE]
        rows.append(("", "claim and report", max(0.0, held - whole)))
    spans = sorted((_moment(job["started_at"]), _moment(job["finished_at"])) for job in done)
    rows.append(("no job at work", "queue, merging", max(0.0, wall - _covered(spans))))
    return rows


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """Return how long at least one of the spans, sorted, lasts."""
    covered, reached = 0.0, float("-inf")
    for start, end in spans:
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return covered


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    stages()

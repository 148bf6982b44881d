"""What a diarization costs and how right it is under several settings, file by file: `python -m benchmarks.speakers`.

One thread, and processor time rather than wall time, so that a busy machine does not show.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from pyannote.core import Annotation
from rich.console import Console
from rich.table import Table

from app.catalog import InstalledModel, ModelKind, find
from app.core.options import TranscriptionOptions
from app.core.transcript import Span
from app.media.decode import SAMPLE_RATE, Samples, decode_span
from app.settings import load_settings
from app.workers.transcription.sound import SoundMemory
from app.workers.transcription.speakers.diarizer import Diarizer
from app.workers.transcription.speakers.pipeline import SpeakerPipeline
from app.workers.transcription.speakers.trunk import Blocks
from benchmarks.measures import COLLARS_SECONDS, annotation, read_rttm, recordings_with, speaker_errors


@dataclass(frozen=True, slots=True)
class Setting:
    """One row. `blocks` is None where every window goes through the whole embedding network, as in pyannote."""

    blocks: Blocks | None
    step: float = 0.25
    threshold: float = 0.7
    batch: int = 8

    def __str__(self) -> str:
        way = "each window" if self.blocks is None else f"blocks {self.blocks.seconds:g}+{self.blocks.margin_seconds:g}"
        return f"{way}, step {self.step:g}, batch {self.batch}, threshold {self.threshold:g}"


AS_PYANNOTE = Setting(None)
SHARED = Setting(Blocks())
SETTINGS = (
    AS_PYANNOTE,
    SHARED,
    *(replace(SHARED, blocks=Blocks(*sizes)) for sizes in ((10, 0.5), (10, 1), (15, 2), (20, 1), (20, 2))),
    *(replace(SHARED, threshold=threshold) for threshold in (0.6, 0.65, 0.75)),
    *(replace(SHARED, step=step) for step in (0.1, 0.5)),
    *(replace(SHARED, batch=batch) for batch in (1, 4, 32)),
)

WIDTH_WITHOUT_TERMINAL = 280
PIECE_SECONDS = 17.3
MADE_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Recording:
    name: str
    samples: Samples
    truth: Annotation

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


class InMemory(SoundMemory):
    """The recording at work, decoded already: decoding is not what is measured."""

    samples: Samples

    def span(
        self,
        path: Path,  # noqa: ARG002 - one at a time
        start: float = 0.0,
        end: float | None = None,
        channel: int | None = None,  # noqa: ARG002 - all of them mixed
    ) -> Samples:
        return self.samples[round(start * SAMPLE_RATE) : None if end is None else round(end * SAMPLE_RATE)]


class Done:
    """A context that is never asked to stop; adds up the processor time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", time.process_time()

    def checkpoint(self) -> None:
        """Go on."""

    def report(self, stage: str, percent: float, **_: object) -> None:  # noqa: ARG002 - the protocol's
        now = time.process_time()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = stage, now


@click.command()
@click.option(
    "--audio",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: os.environ.get("VOCALYX_EVALUATION_AUDIO", "../shared/audio"),
    help="Folder of recordings with .rttm references.  [default: $VOCALYX_EVALUATION_AUDIO or ../shared/audio]",
)
@click.option("--only", default="", help="Only recordings whose name contains this.")
@click.option("--rows", default="", help="Only settings whose name contains this; the first row stays.")
@click.option("--made/--no-made", default=True, help="Also dialogues made of pieces of the recordings in turn.")
def speakers(audio: Path, only: str, rows: str, *, made: bool) -> None:
    """Print processor time and diarization error rates of each setting."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)
    model = find(load_settings().models_dir, ModelKind.DIARIZATION, load_settings().diarization_model)
    recordings = [
        Recording(path.stem, decode_span(path), read_rttm(rttm.read_text(encoding="utf-8")))
        for path, rttm in recordings_with(audio, ".rttm")
    ]
    if made:
        recordings += made_dialogues(recordings)
    recordings = [recording for recording in recordings if only in recording.name]
    minutes = sum(recording.seconds for recording in recordings) / 60
    table = Table(
        title=f"Diarization of {minutes:.1f} min, 1 thread; DER without / with {COLLARS_SECONDS[1]:g} s collar (speakers)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("setting", no_wrap=True)
    for heading in ("CPU s", "ratio", "segment.", "embedd.", "mean DER", *(recording.name for recording in recordings)):
        table.add_column(heading, justify="right", no_wrap=True)
    first = 0.0
    for setting in SETTINGS:
        if setting != AS_PYANNOTE and rows not in str(setting):
            continue
        with console.status(str(setting)), configured(model, setting) as changed:
            sound = InMemory()
            load = partial(SpeakerPipeline, blocks=setting.blocks)
            diarizer = Diarizer(changed, threads=1, sound=sound, load=load)
            diarizer.load()
            stages: dict[str, float] = {}
            cells, rates = [], []
            for recording in recordings:
                sound.samples = recording.samples
                found, seconds = diarized(diarizer, recording)
                errors = speaker_errors(recording.truth, found)
                stages = {stage: stages.get(stage, 0.0) + spent for stage, spent in seconds.items()}
                cells.append(f"{errors.rates[0]:.3f}/{errors.rates[1]:.3f} ({errors.speakers})")
                rates.append(errors.rates[0])
        total = sum(stages.values())
        first = first or total
        parts = (f"{stages.get(stage, 0.0):.1f}" for stage in ("segmentation", "embeddings"))
        table.add_row(str(setting), f"{total:.1f}", f"{first / total:.2f}", *parts, f"{np.mean(rates):.4f}", *cells)
    console.print(table)


@contextmanager
def configured(model: InstalledModel, setting: Setting) -> Iterator[InstalledModel]:
    """Give the model another configuration than its own."""
    config = (model.folder / "config.yaml").read_text(encoding="utf-8")
    for name, value in (
        ("segmentation_step", setting.step),
        ("segmentation_batch_size", setting.batch),
        ("threshold", setting.threshold),
    ):
        config = re.sub(rf"(\b{name}:).*", rf"\1 {value}", config)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for part in model.folder.iterdir():
            if part.name != "config.yaml":
                (folder / part.name).symlink_to(part.absolute())
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        yield model.model_copy(update={"folder": folder})


def diarized(diarizer: Diarizer, recording: Recording) -> tuple[Annotation, dict[str, float]]:
    """Tell the speakers of a recording apart as one stretch; return also the processor time of each stage."""
    done = Done()
    voices = diarizer.voices(Path(recording.name), Span(0.0, recording.seconds), done)
    found = diarizer.diarize([voices], TranscriptionOptions(), done, duration=recording.seconds, embeddings=False)
    done.report("", 100.0)
    return annotation((turn.start, turn.end, turn.speaker) for turn in found.turns), done.seconds


def made_dialogues(recordings: Sequence[Recording]) -> Iterator[Recording]:
    """Join recordings of more than one turn piece by piece, in turn: longer ones, with more people."""
    known = {recording.name: recording for recording in recordings if len(recording.truth) > 1}
    for names in (("libri-2spk", "fr-2spk-tts"), ("libri-2spk", "fr-2spk-tts", "pyannote-sample")):
        if known.keys() >= set(names):
            yield joined([known[name] for name in names])


def joined(recordings: Sequence[Recording]) -> Recording:
    sound: list[Samples] = []
    turns: list[tuple[float, float, str]] = []
    begins = dict.fromkeys(range(len(recordings)), 0.0)
    made = 0.0
    while made < MADE_SECONDS:
        number = min(begins, key=lambda number: begins[number] / recordings[number].seconds)
        recording, begin = recordings[number], begins[number]
        end = min(begin + PIECE_SECONDS, recording.seconds)
        if end <= begin:
            break
        sound.append(recording.samples[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)])
        for turn, _, speaker in recording.truth.itertracks(yield_label=True):
            start, stop = max(turn.start, begin), min(turn.end, end)
            if start < stop:
                turns.append((made + start - begin, made + stop - begin, f"{number}-{speaker}"))
        begins[number] = end
        made += end - begin
    return Recording(f"made of {len(recordings)}", np.concatenate(sound), annotation(turns))


if __name__ == "__main__":
    speakers()

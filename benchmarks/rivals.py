"""Vocalyx beside whisper-ctranslate2 and whisperx: `python -m benchmarks.rivals`.

All have the same model folder, int8, beam 5, the same number of threads, and are told the language. Measured twice: warm,
each engine in a process of its own with its models loaded, in turns, so that whatever else the machine does falls on
all; and as a person at a terminal has it, from the command line to the file, models loaded on the way (those of Vocalyx
stay loaded: that is what its service is for). whisperx without alignment, whose models its own hub alone has.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app import __version__
from app.catalog import ModelKind, find
from app.cli.instance import InstanceNotFound
from app.settings import load_settings
from app.standalone.site import CHECKOUT
from benchmarks.command import audio_option, new_console, new_table, verdict
from benchmarks.instance import TEXT_ALONE, LocalProcesses, RunningInstance, text_of
from benchmarks.measures import WordErrors, recordings_with, word_errors

HERE = Path(__file__).resolve().parent
LOCK = HERE / "rivals.txt"
ENVIRONMENT = CHECKOUT / ".cache" / "rivals"
OURS = "Vocalyx"
REFERENCE = "faster-whisper"
MAX_REPETITIONS = 10
MEGABYTE = 1e6
NOTHING = WordErrors(0, 0)

COMMANDS: dict[str, Callable[[Path, int, Path, str, Path], list[str]]] = {
    "whisper-ctranslate2": lambda model, threads, recording, language, output: [
        _program("whisper-ctranslate2"), "--model_directory", str(model), "--local_files_only", "True",
        "--device", "cpu", "--compute_type", "int8", "--threads", str(threads), "--language", language,
        "--verbose", "False", "--output_format", "txt", "--output_dir", str(output), str(recording),
    ],
    "whisper-ctranslate2 --batched": lambda model, threads, recording, language, output: [
        *COMMANDS["whisper-ctranslate2"](model, threads, recording, language, output), "--batched", "True",
    ],
    "whisperx": lambda model, threads, recording, language, output: [
        _program("whisperx"), "--model", str(model), "--model_cache_only", "True", "--no_align",
        "--device", "cpu", "--compute_type", "int8", "--threads", str(threads), "--language", language,
        "--verbose", "False", "--output_format", "txt", "--output_dir", str(output), str(recording),
    ],
    OURS: lambda _model, _threads, recording, language, output: [
        sys.executable, "-m", "app.cli.main", "transcribe", "--no-diarization", "--no-enrichment",
        "--language", language, "--output", str(output / f"{recording.stem}.txt"), str(recording),
    ],
}  # fmt: skip


@dataclass(slots=True)
class Measured:
    """What one system did with one recording."""

    errors: WordErrors
    errors_of_language: WordErrors = NOTHING
    """In all recordings of its language that have a text: chance decides less there than in one of them."""
    wall_seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    command_seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


Warm = Callable[[Path, str], Answer]


@click.command()
@audio_option
@click.option(
    "--recording",
    "names",
    multiple=True,
    default=("en/tts-long-en.ogg", "fr/tts-long-fr.ogg"),
    show_default=True,
    help="A recording with its text beside it, in a folder named after its language; may be given again.",
)
@click.option("--repetitions", type=click.IntRange(1, MAX_REPETITIONS), default=3, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="[default: those of a Vocalyx worker]")
@click.option("--rivals-only", is_flag=True, help="Without Vocalyx; needs no running instance.")
@click.option("--warm-only", is_flag=True, help="Without the command lines.")
@click.option("--install-only", is_flag=True, help="Set up the rivals' environment and measure nothing.")
def rivals(
    audio: Path,
    names: Sequence[str],
    repetitions: int,
    threads: int | None,
    *,
    rivals_only: bool,
    warm_only: bool,
    install_only: bool,
) -> None:
    """Measure them all over the same recordings and print what each needs and how often each is wrong."""
    install()
    if install_only:
        return
    settings = load_settings()
    threads = threads or settings.threads
    console = new_console()
    model = find(settings.models_dir, ModelKind.WHISPER, settings.default_model).folder.absolute()
    recordings = [audio / name for name in names]
    try:
        measured = measure_warm(audio, recordings, model, threads, repetitions, console, with_ours=not rivals_only)
    except InstanceNotFound as error:
        raise click.ClickException(f"{error.detail}\n{error.remedy} (Or --rivals-only.)") from error
    if not warm_only:
        for (recording, name), found in measured.items():
            if name in COMMANDS:
                with console.status(f"{recording.name}, the command line of {name}"):
                    found.command_seconds.append(_command_seconds(name, model, threads, recording))
    console.print(_table(measured, threads))
    if not rivals_only:
        for line in _verdicts(measured):
            console.print(line, highlight=False)
    console.print(
        "Seconds are medians; 'against the first' is the warm time over the first row's. Peaks are those of the engine's "
        "process (Vocalyx: of its worker). Vocalyx and faster-whisper give each word its times; the others, as set up "
        "here and by default, do not.",
        highlight=False,
    )


def measure_warm(
    audio: Path,
    recordings: Sequence[Path],
    model: Path,
    threads: int,
    repetitions: int,
    console: Console,
    *,
    with_ours: bool,
) -> dict[tuple[Path, str], Measured]:
    """Let every system transcribe every recording, in turns, its models loaded; and once all others of their languages."""
    measured: dict[tuple[Path, str], Measured] = {}
    with ExitStack() as stack:
        systems: dict[str, Warm] = {OURS: _vocalyx()} if with_ours else {}
        with console.status("loading the engines"):
            for name in (REFERENCE, *(name for name in COMMANDS if name != OURS)):
                systems[name] = stack.enter_context(_engine(name, model, threads))
            for transcribe in systems.values():
                for recording in recordings:
                    transcribe(_short(recording), recording.parent.name)
        for recording in recordings:
            for run in range(repetitions):
                # Each goes first in its turn.
                order = list(systems)[run % len(systems) :] + list(systems)[: run % len(systems)]
                for name in order:
                    with console.status(f"{recording.name}, {name}, run {run + 1} of {repetitions}"):
                        _note(measured, recording, name, systems[name](recording, recording.parent.name))
        for language in {recording.parent.name for recording in recordings}:
            for name, transcribe in systems.items():
                with console.status(f"all recordings of {language}, {name}"):
                    errors = _errors_of_language(audio, language, name, transcribe, measured)
                for recording in recordings:
                    if recording.parent.name == language:
                        measured[recording, name].errors_of_language = errors
        # The order of the rows is that of the systems, whoever went first.
        return {(recording, name): measured[recording, name] for recording in recordings for name in systems}


def _errors_of_language(
    audio: Path, language: str, name: str, transcribe: Warm, measured: Mapping[tuple[Path, str], Measured]
) -> WordErrors:
    errors = NOTHING
    for recording, reference in recordings_with(audio, ".txt"):
        if recording.parent.name == language:
            known = measured.get((recording, name))
            text = reference.read_text(encoding="utf-8")
            errors += known.errors if known else word_errors(text, transcribe(recording, language).text)
    return errors


def install() -> None:
    """Make the rivals' environment: their packages alone, on top of the project's, which hold the engines they share."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    print(f"Installing the rivals into {ENVIRONMENT}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT)], check=True)
    folder = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    ours = Path(sys.prefix) / folder
    (ENVIRONMENT / folder / "project.pth").write_text(f"{ours}\n", encoding="utf-8")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check",
            "--require-hashes", "--no-deps", "-r", str(LOCK),
        ],
        check=True,
    )  # fmt: skip
    # whisperx calls ffmpeg by name; not every machine has it.
    found = subprocess.run(
        [str(python), "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"],
        check=True,
        capture_output=True,
        text=True,
    )
    (ENVIRONMENT / "bin" / "ffmpeg").symlink_to(found.stdout.strip())
    stamp.write_bytes(LOCK.read_bytes())


def _program(name: str) -> str:
    return str(ENVIRONMENT / "bin" / name)


def _environment(threads: int) -> dict[str, str]:
    threads_of_libraries = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        **os.environ,
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYANNOTE_METRICS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONWARNINGS": "ignore",
        **dict.fromkeys(threads_of_libraries, str(threads)),
    }


@contextmanager
def _engine(name: str, model: Path, threads: int) -> Iterator[Warm]:
    """Load an engine in a process of its own."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "benchmarks.engine_process", name, str(model), str(threads)]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, cwd=CHECKOUT, env=_environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, text=True,
        ) as process,
    ):  # fmt: skip

        def answer() -> dict[str, Any]:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                errors.seek(0)
                raise click.ClickException(f"{name} ended:\n{errors.read()[-2000:]}")
            found: dict[str, Any] = json.loads(line)
            return found

        def transcribe(recording: Path, language: str) -> Answer:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"recording": str(recording.absolute()), "language": language}) + "\n")
            process.stdin.flush()
            return Answer(**answer())

        try:
            answer()
            yield transcribe
        finally:
            if process.stdin is not None:
                process.stdin.close()


def _vocalyx() -> Warm:
    """Open the running instance: the recording is uploaded and followed to its end."""
    instance = RunningInstance.open(None)
    processes = LocalProcesses.of_environment()

    def transcribe(recording: Path, language: str) -> Answer:
        before = processes.cpu_seconds() if processes else 0.0
        transcription, _, seconds = instance.transcribe(recording, language=language, **TEXT_ALONE)
        return Answer(
            text_of(transcription),
            seconds,
            processes.cpu_seconds() - before if processes else 0.0,
            processes.peak_bytes() if processes else 0,
        )

    return transcribe


def _short(recording: Path) -> Path:
    """Return a short recording of the same language, to warm up with."""
    return min((path for path in recording.parent.iterdir() if path.suffix == recording.suffix), key=_size)


def _size(path: Path) -> int:
    return path.stat().st_size


def _note(measured: dict[tuple[Path, str], Measured], recording: Path, name: str, answer: Answer) -> None:
    truth = recording.with_suffix(".txt").read_text(encoding="utf-8")
    found = measured.setdefault((recording, name), Measured(word_errors(truth, answer.text)))
    found.wall_seconds.append(answer.wall_seconds)
    found.cpu_seconds.append(answer.cpu_seconds)
    found.peak_bytes = max(found.peak_bytes, answer.peak_bytes)


def _command_seconds(name: str, model: Path, threads: int, recording: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = COMMANDS[name](model, threads, recording.absolute(), recording.parent.name, Path(folder))
        environment = dict(os.environ) if name == OURS else _environment(threads)
        begun = time.monotonic()
        ended = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begun
        written = [file for file in Path(folder).glob("*.txt") if file.stat().st_size]
        if ended.returncode or not written:
            raise click.ClickException(f"{' '.join(command)}:\n{ended.stderr[-2000:]}")
    return seconds


def _verdicts(measured: dict[tuple[Path, str], Measured]) -> Iterator[str]:
    """Say of each recording whether Vocalyx is faster than each rival, at no worse word error rate."""
    for recording in dict.fromkeys(recording for recording, _ in measured):
        ours = measured[recording, OURS]
        rivals = {name: found for (of, name), found in measured.items() if of == recording and name in COMMANDS}
        theirs = [found for name, found in rivals.items() if name != OURS]
        ratio = max(median(ours.wall_seconds) / median(found.wall_seconds) for found in theirs)
        worse = ours.errors_of_language.rate - min(found.errors_of_language.rate for found in theirs)
        yield (
            f"{recording.name}: time over the fastest rival's {ratio:.2f} ({verdict(ratio, 1)}); word error rate in all of "
            f"its language over the best rival's {worse:+.4f} ({verdict(worse, 0)})"
        )


def _versions() -> dict[str, str]:
    folder = ENVIRONMENT / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    found = {item.name: item.version for item in metadata.distributions(path=[str(folder)])}
    rival = found["whisper-ctranslate2"]
    return {
        OURS: __version__,
        REFERENCE: metadata.version("faster-whisper"),
        "whisper-ctranslate2": rival,
        "whisper-ctranslate2 --batched": rival,
        "whisperx": found["whisperx"],
    }


def _table(measured: dict[tuple[Path, str], Measured], threads: int) -> Table:
    table = new_table(
        f"{threads} threads, int8, beam 5",
        "recording", "system", "version", "WER", "of its language", "warm, s", "fastest", "slowest", "CPU, s", "peak, MB", "command, s",
        "against the first",
        names=3,
    )  # fmt: skip
    versions = _versions()
    first: dict[Path, float] = {}
    for (recording, name), found in measured.items():
        if recording not in first:
            first[recording] = median(found.wall_seconds)
            table.add_section()
        table.add_row(
            recording.name,
            name,
            versions[name],
            f"{found.errors.rate:.4f}",
            f"{found.errors_of_language.rate:.4f}",
            f"{median(found.wall_seconds):.1f}",
            f"{min(found.wall_seconds):.1f}",
            f"{max(found.wall_seconds):.1f}",
            f"{median(found.cpu_seconds):.1f}",
            f"{found.peak_bytes / MEGABYTE:.0f}",
            f"{median(found.command_seconds):.1f}" if found.command_seconds else "-",
            f"{median(found.wall_seconds) / first[recording]:.2f}",
        )
    return table


if __name__ == "__main__":
    rivals()

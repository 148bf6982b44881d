"""`vocalyx models`: what is installed, fetch the demo models, verify."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from app.catalog import InstalledModel, installed
from app.catalog.demo import DEMO_MODELS, FIRST_START, DemoModel
from app.catalog.fetch import ModelFetchFailed, fetch
from app.settings import load_settings

PLAIN_PROGRESS_STEP_PERCENT = 20
WIDTH_WITHOUT_TERMINAL = 160


def megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"


class TerminalObserver:
    """Shows a fetch as a bar on a terminal, and as a few plain lines in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._announced_percent = -1

    def waiting(self, models_dir: Path) -> None:
        self._say(f"another process is fetching into {models_dir}: waiting for it")

    def downloading(self, model: DemoModel, received: int) -> None:
        if self._task is None:
            self._say(f"{model.kind}/{model.name}: {model.title}, {model.licence}")
            self._announced_percent = -1
            self._progress.start()
            self._task = self._progress.add_task("  downloading", total=model.download_bytes)
        self._progress.update(self._task, completed=received)
        percent = 100 * received // model.download_bytes
        due = self._announced_percent < 0 or percent >= self._announced_percent + PLAIN_PROGRESS_STEP_PERCENT
        if not self._console.is_terminal and due:
            self._announced_percent = percent
            self._say(f"  downloading: {percent} % of {megabytes(model.download_bytes)}")

    def working(self, _model: DemoModel, activity: str) -> None:
        self.close()
        self._say(f"  {activity}")

    def present(self, model: DemoModel, seconds: float | None) -> None:
        if seconds is not None:
            self._say(f"{model.kind}/{model.name}: installed in {seconds:.0f} s")

    def close(self) -> None:
        """Take the bar off the terminal."""
        self._progress.stop()
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


MODELS_DIR_OPTION = click.option(
    "--models-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: load_settings().models_dir,
    help="Where models are installed.  [default: $VOCALYX_MODELS_DIR, or ./models]",
)


@click.group()
def models() -> None:
    """Speech, speaker and language models on this machine."""


@models.command("list")
@MODELS_DIR_OPTION
def list_models(models_dir: Path) -> None:
    """Show the models that are installed, and the demo models that can be fetched."""
    present = {(model.kind, model.name): model for model in installed(models_dir)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Model", "Title", "Languages", "Licence"):
        table.add_column(heading, no_wrap=heading == "Model")
    table.add_column("Size", justify="right")
    table.add_column("State")
    for model in present.values():
        state = "installed" if model.is_whole() else "damaged: fetch it again"
        table.add_row(*_cells(model), state)
    for demo in DEMO_MODELS:
        if (demo.kind, demo.name) not in present:
            table.add_row(*_cells(demo), f"can be fetched ({megabytes(demo.download_bytes)} download)")
    # A pipe or a file has no width to fold lines for.
    Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL).print(table)


def _cells(model: InstalledModel | DemoModel) -> tuple[str, str, str, str, str]:
    languages = "any" if "*" in model.languages else " ".join(model.languages)
    return f"{model.kind}/{model.name}", model.title, languages, model.licence, megabytes(model.size_bytes)


@models.command("fetch")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All demo models, tiny.en included, which only tests use.")
@MODELS_DIR_OPTION
def fetch_models(names: tuple[str, ...], *, everything: bool, models_dir: Path) -> None:
    """Install demo models by NAME (base, or whisper/base); without a name, those that a first start needs.

    What is installed and whole is left alone.
    """
    wanted = DEMO_MODELS if everything else tuple(map(_demo_model, names)) or FIRST_START
    observer = TerminalObserver(Console(stderr=True))
    try:
        fetch(wanted, models_dir, observer)
    except ModelFetchFailed as error:
        observer.close()
        raise click.ClickException(f"{error.detail}\n{error.remedy}") from error
    finally:
        observer.close()


def _demo_model(name: str) -> DemoModel:
    for model in DEMO_MODELS:
        if name in (model.name, f"{model.kind}/{model.name}"):
            return model
    known = ", ".join(model.name for model in DEMO_MODELS)
    raise click.BadParameter(f"there is no demo model {name!r}; there are {known}", param_hint="NAMES")


@models.command("verify")
@MODELS_DIR_OPTION
def verify_models(models_dir: Path) -> None:
    """Read every file of every installed model and compare its SHA-256 with the recorded one."""
    damaged = 0
    for model in installed(models_dir):
        files = model.damaged_files()
        damaged += bool(files)
        click.echo(f"{model.kind}/{model.name}: " + (f"damaged: {', '.join(files)}" if files else "ok"))
    if damaged:
        click.echo("Run 'vocalyx models fetch NAME' for a demo model, or install the folder again.", err=True)
        sys.exit(1)

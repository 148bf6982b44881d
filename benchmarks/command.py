"""What the benchmarks' command lines have in common."""

import os
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.instance import InstanceNotFound
from benchmarks.instance import LocalProcesses, RunningInstance

WIDTH_WITHOUT_TERMINAL = 160

audio_option = click.option(
    "--audio",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: os.environ.get("VOCALYX_EVALUATION_AUDIO", "../shared/audio"),
    help="Folder of recordings with .txt or .rttm references beside them.  [default: $VOCALYX_EVALUATION_AUDIO or ../shared/audio]",
)
url_option = click.option(
    "--url",
    help="A running Vocalyx; its credentials are in $VOCALYX_TOKEN or $VOCALYX_API_KEY.  [default: the one of $VOCALYX_STATE]",
)
language_option = click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)


def open_instance(url: str | None) -> RunningInstance:
    """Open the running instance, or end the command in words."""
    try:
        return RunningInstance.open(url)
    except InstanceNotFound as error:
        raise click.ClickException(f"{error.detail}\n{error.remedy}") from error


def local_processes() -> LocalProcesses:
    """Return the instance's processes, or end the command in words where it runs elsewhere."""
    found = LocalProcesses.of_environment()
    if found is None:
        raise click.ClickException("No instance runs on $VOCALYX_STATE here, and this measures its memory.")
    return found


def new_console() -> Console:
    return Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def new_table(title: str, *headings: str, names: int = 1) -> Table:
    """Return a table whose first `names` columns are words, the others figures."""
    # Of itself a title would be as narrow as its table.
    whole = Text(title, no_wrap=True, overflow="ignore")
    table = Table(title=whole, title_justify="left", box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number < names else "right", no_wrap=number < names)
    return table


def verdict(value: float, limit: float, *, at_least: bool = False) -> str:
    """Say whether a measured value keeps to its limit."""
    kept = value >= limit if at_least else value <= limit
    return f"{'at least' if at_least else 'at most'} {limit:g} wanted: {'kept' if kept else 'NOT KEPT'}"

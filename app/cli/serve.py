"""`vocalyx serve`: the whole platform on this machine."""

from pathlib import Path

import click

DEFAULT_PORT = 8000
MAX_WORKERS = 64


@click.command()
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), envvar="VOCALYX_STATE", default=Path("var"),
    show_default=True, show_envvar=True, help="The folder that the instance lives in.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), envvar="VOCALYX_PORT", default=DEFAULT_PORT,
    show_default=True, show_envvar=True, help="The port of the API, on this machine only.",
)  # fmt: skip
@click.option(
    "--models", type=click.Path(file_okay=False, path_type=Path), envvar="VOCALYX_MODELS_DIR", default=Path("models"),
    show_default=True, show_envvar=True, help="Where models are installed; several instances may share it.",
)  # fmt: skip
@click.option(
    "--transcription-workers", type=click.IntRange(1, MAX_WORKERS), envvar="VOCALYX_TRANSCRIPTION_WORKERS", default=1,
    show_default=True, show_envvar=True, help="How many transcription workers; each has models of its own in memory.",
)  # fmt: skip
@click.option(
    "--transcription-threads", type=click.IntRange(min=1), envvar="VOCALYX_TRANSCRIPTION_THREADS",
    show_envvar=True, help="The threads of each.  [default: an equal part of the cores]",
)  # fmt: skip
def serve(state: Path, port: int, models: Path, transcription_workers: int, transcription_threads: int | None) -> None:
    """Run the servers, the API and the workers under one supervisor, until Ctrl-C."""
    from app.standalone.instance import serve as run

    run(state, port, models, click.echo, workers=transcription_workers, threads=transcription_threads)

"""`vocalyx serve`: the whole platform on this machine."""

from pathlib import Path

import click

DEFAULT_PORT = 8000


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
def serve(state: Path, port: int, models: Path) -> None:
    """Run the servers, the API and the workers under one supervisor, until Ctrl-C."""
    from app.standalone.instance import serve as run

    run(state, port, models, click.echo)

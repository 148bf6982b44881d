"""`vocalyx during COMMAND`: run a command that needs an instance, with one started for it where none runs."""

import asyncio
import os
from pathlib import Path

import click

from app.standalone.borrowing import borrowed_instance
from app.standalone.state import StateFolder


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), envvar="VOCALYX_STATE", default=Path("var"),
    show_default=True, show_envvar=True, help="The folder of the instance.",
)  # fmt: skip
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def during(context: click.Context, state: Path, command: tuple[str, ...]) -> None:
    """Run COMMAND while an instance is up, and end with its exit status."""
    context.exit(asyncio.run(_run(StateFolder(state.absolute()), command)))


async def _run(state: StateFolder, command: tuple[str, ...]) -> int:
    async with borrowed_instance(state):
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, "VOCALYX_STATE": str(state.root)})
        return await process.wait()

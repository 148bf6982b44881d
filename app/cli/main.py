"""The entry point. A command's module is imported when the command is named: `vocalyx --help` loads no engine."""

import importlib
from typing import ClassVar

import click

from app import __version__
from app.core.errors import VocalyxError


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each when it is needed."""

    COMMANDS: ClassVar[dict[str, str]] = {
        "admin": "app.cli.admin:admin",
        "ask": "app.cli.ask:ask",
        "demo": "app.cli.demo:demo",
        "during": "app.cli.during:during",
        "models": "app.cli.models:models",
        "serve": "app.cli.serve:serve",
        "transcribe": "app.cli.transcribe:transcribe",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in self.COMMANDS:
            return None
        module, _, name = self.COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


class Failure(click.ClickException):
    """An error of ours at a terminal: the fact, then the way out."""

    def __init__(self, error: VocalyxError) -> None:
        super().__init__(f"{error.detail}\n{error.remedy}")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vocalyx")
def group() -> None:
    """Speaker-labelled, searchable, enriched transcripts on your own machines."""


def main() -> None:
    """Run the command line; errors of ours end it with status 1 and no traceback."""
    try:
        # Without click's own handling, which would print a traceback for errors of ours; an exit status is returned.
        status = group.main(standalone_mode=False)
    except VocalyxError as error:
        Failure(error).show()
        raise SystemExit(1) from error
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error
    except click.Abort as error:
        click.echo("Stopped.", err=True)
        raise SystemExit(130) from error
    raise SystemExit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()

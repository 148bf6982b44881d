"""`vocalyx admin`, as far as it is about logins by a provider."""

import click

from app.cli.database import run


@click.command("link-oidc")
@click.argument("username")
@click.argument("subject")
def link_oidc(username: str, subject: str) -> None:
    """Say which SUBJECT (`sub`) of the provider of logins a user is, who from then on logs in there, too.

    Whoever the provider knows by this subject becomes that user here: be sure of it.
    """
    from app.db import identities

    run(identities.link, username, _issuer(), subject)
    click.echo(f"{username} can log in by the provider")


@click.command("unlink-oidc")
@click.argument("username")
def unlink_oidc(username: str) -> None:
    """Take away that a user logs in by the provider of logins, and end all logins of this user."""
    from app.db import identities

    run(identities.unlink, username, _issuer())
    click.echo(f"{username} is not linked with the provider any more; earlier logins have ended")


COMMANDS = (link_oidc, unlink_oidc)


def _issuer() -> str:
    from app.settings import load_settings

    issuer = load_settings().oidc_issuer
    if not issuer:
        raise click.ClickException("VOCALYX_OIDC_ISSUER is not set: set it to what the API has.")
    return issuer

"""`vocalyx admin audit`: entries of the audit log at a terminal, a line each."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

import click

from app.cli.database import run


@click.command()
@click.option("--action", "actions", multiple=True, metavar="ACTION", help="Such as key.created; may be repeated.")
@click.option("--actor", help="A user's name, a key's (key:NAME), an account of this machine, or an id.")
@click.option("--project", type=click.UUID, help="A project, by id.")
@click.option("--after", type=click.DateTime(), help="This moment or later, in UTC.")
@click.option("--before", type=click.DateTime(), help="Before this moment, in UTC.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many entries, at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def audit(
    actions: tuple[str, ...],
    actor: str | None,
    project: UUID | None,
    after: dt.datetime | None,
    before: dt.datetime | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Show who did what, on what, from where: the newest entry first."""
    from app.db import audit as log

    moments = [moment and moment.replace(tzinfo=dt.UTC) for moment in (after, before)]
    page = run(log.page, log.Narrowed(actions, actor, project, *moments), limit=limit)
    for entry in page.items:
        click.echo(json.dumps(entry, ensure_ascii=False) if as_json else line(entry))


def line(entry: dict[str, Any]) -> str:
    """Return an entry as `moment action who thing details`; what is not known is left out."""
    actor, thing = entry["actor"], entry["thing"] or {}
    told = {
        "by": actor["name"] or actor["id"] or actor["kind"],
        "from": entry["address"],
        "outcome": None if entry["outcome"] == "done" else entry["outcome"],
        thing.get("kind") or "": thing.get("id"),
        "project_id": entry["project_id"],
        "request": entry["request_id"],
        **entry["details"],
    }
    values = " ".join(f"{name}={_in_one_line(value)}" for name, value in told.items() if name and value is not None)
    return f"{entry['at']} {entry['action']} {values}"


def _in_one_line(value: Any) -> str:
    # Names are people's: none of them may write lines, or colours, of its own.
    text = "".join(character if character.isprintable() else "?" for character in str(value))
    return f'"{text}"' if " " in text else text

"""`vocalyx admin workers|queues|failures|overview`: how the site stands and went, read where it is kept."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import click
from rich.console import Console
from rich.table import Table

from app.cli.arrivals import readable_size
from app.core.errors import DependencyDown
from app.core.jobs import JobKind

WIDTH_WITHOUT_TERMINAL = 200
_MOST_FAILURES = 200

Answer = TypeVar("Answer")

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, as the API has it.")


@click.command()
@_AS_JSON
def workers(*, as_json: bool) -> None:
    """Show the workers: state, models, memory, and what they are at."""
    from app.core.standing import workers_shown
    from app.db import standing
    from app.queueing.standing import read_workers

    cards = _ask_redis(read_workers)
    in_hand = [UUID(card.job) for card in cards if card.job and _is_id(card.job)]
    items = workers_shown(cards, _ask_database(lambda: standing.in_hand(in_hand)))
    if as_json:
        _print_json({"items": items})
        return
    _print_table(
        ("Worker", "Queue", "State", "Models", "Memory", "Done", "Failed", "At"),
        (
            (
                item["name"],
                item["queue"],
                f"{item['state']} ({item['silent_seconds']:.0f} s)" if item["state"] == "stale" else item["state"],
                ", ".join(item["models"]) or "-",
                _memory(item),
                str(item["done"]),
                str(item["failed"]),
                _at(item["job"]),
            )
            for item in items
        ),
        nothing="No worker is registered.",
    )


@click.command()
@_AS_JSON
def queues(*, as_json: bool) -> None:
    """Show the queues: what is due, how long it has waited, and who works it."""
    from app.core.standing import queues_shown
    from app.db import standing
    from app.queueing.queues import QueueName, kinds_of
    from app.queueing.standing import read_queues, read_workers

    def kinds(queue: str) -> Sequence[JobKind]:
        return kinds_of(QueueName(queue))

    found, cards = _ask_redis(lambda connection: (read_queues(connection), read_workers(connection)))
    items = queues_shown(found, cards, _ask_database(standing.backlog), kinds)
    if as_json:
        _print_json({"items": items})
        return
    _print_table(
        ("Queue", "Queued", "Running", "Held", "Oldest", "In Redis", "Unreported", "Idle", "Busy", "Stale"),
        (
            (
                item["name"],
                *(str(item[state]) for state in ("queued", "running", "held")),
                "-" if item["oldest_seconds"] is None else f"{item['oldest_seconds']:.0f} s",
                str(item["delivery"]["waiting"]),
                str(item["delivery"]["failed"]),
                *(str(item["workers"][state]) for state in ("idle", "busy", "stale")),
            )
            for item in items
        ),
    )


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, _MOST_FAILURES), default=20, show_default=True, help="How many, at most."
)
@_AS_JSON
def failures(limit: int, *, as_json: bool) -> None:
    """Show the parts of transcriptions that came to nothing, the newest first."""
    from app.db import standing

    items = _ask_database(lambda: standing.failures(limit))
    if as_json:
        _print_json({"items": items})
        return
    _print_table(
        ("When", "Transcription", "Part", "Worker", "Why"),
        (
            (
                (item["finished_at"] or "-")[:19],
                item["transcription_id"],
                f"{item['kind']} {item['position']}",
                item["worker"] or "-",
                f"{item['error']['code']}: {item['error']['detail']}" if item["error"] else "-",
            )
            for item in items
        ),
        nothing="No part of any transcription has failed.",
    )


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 92), default=7, show_default=True, help="How many days, today among them."
)
@_AS_JSON
def overview(days: int, *, as_json: bool) -> None:
    """Show how the site went, day by day: hours transcribed, waiting, speed, failures."""
    from app.db import standing

    found = _ask_database(lambda: standing.overview(days))
    if as_json:
        _print_json(found)
        return
    _print_table(
        ("Day", "Done", "Failed", "Cancelled", "Failed parts", "Hours", "Waiting", "Seconds a second"),
        ((numbers.get("day", "together"), *_numbers(numbers)) for numbers in (*found["days"], found["total"])),
    )
    on_their_way = ", ".join(f"{number} {state}" for state, number in found["unfinished"].items() if number)
    click.echo(
        f"On their way: {on_their_way or 'none'}. Waiting and speed are medians, with what 95 of 100 do not exceed."
    )


def _numbers(numbers: dict[str, Any]) -> tuple[str, ...]:
    waiting, factor = numbers["waiting_seconds"], numbers["real_time_factor"]
    return (
        *(str(numbers[name]) for name in ("done", "failed", "cancelled", "failed_jobs")),
        f"{numbers['hours']:.1f}",
        "-" if waiting is None else f"{waiting['median']:.0f} s ({waiting['p95']:.0f})",
        "-" if factor is None else f"{factor['median']:.2f} ({factor['p95']:.2f})",
    )


def _memory(item: dict[str, Any]) -> str:
    if item["memory_bytes"] is None:
        return "-"
    limit = item["memory_limit_bytes"]
    return readable_size(item["memory_bytes"]) + (f" of {readable_size(limit)}" if limit else "")


def _at(job: dict[str, Any] | None) -> str:
    if job is None:
        return "-"
    return f"{job['kind']} {job['position']} of {job['transcription_id']} ({job['stage'] or 'begun'}, {job['percent']:.0f} %)"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _ask_redis(question: Callable[[Any], Answer]) -> Answer:
    from redis.exceptions import RedisError

    from app.queueing.connections import connect
    from app.settings import load_settings

    with connect(load_settings().redis_url.get_secret_value(), name="vocalyx-admin") as connection:
        try:
            return question(connection)
        except RedisError as error:
            raise DependencyDown(
                "Redis does not answer.", remedy="Start it, or correct VOCALYX_REDIS_URL; 'make run' starts one."
            ) from error


def _ask_database(unit: Callable[[], Answer]) -> Answer:
    from app.db.database import Database
    from app.settings import load_settings

    database = Database(load_settings().database_url.get_secret_value(), connections=1)
    try:
        return database.run_here(unit)
    finally:
        database.close()


def _print_json(found: dict[str, Any]) -> None:
    click.echo(json.dumps(found, indent=2))


def _print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], nothing: str = "") -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    if nothing and not table.row_count:
        click.echo(nothing)
        return
    # A pipe or a file has no width to fold lines for.
    Console(width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, markup=False, highlight=False).print(table)


def _plain(cell: str) -> str:
    """Return what a terminal may show of text that a worker wrote."""
    return "".join(character if character.isprintable() else "?" for character in cell)

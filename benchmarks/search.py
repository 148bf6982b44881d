"""How long lists and searches take over many recordings: `python -m benchmarks.search`.

A PostgreSQL server of its own is filled with recordings whose words are as unevenly frequent as those of a language, and
asked through the same units of work as the API's routes. Median and 95th percentile in milliseconds. Filling it with a
million takes minutes: with --state it is kept, and found again by the next run.
"""

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click

from app.core.access import Principal, Role
from app.db import listing, search
from app.db.database import Database
from app.db.filters import Filters
from app.db.listing import Order, Sort
from app.db.tables import database as tables_database
from benchmarks.command import new_console, new_table, verdict
from benchmarks.shelf import BEGINNING, PROJECTS, Shelf, filled

WANTED_MILLISECONDS = 100.0
_PAGE = 20

Question = Callable[[], str]


@click.command()
@click.option("--recordings", type=click.IntRange(1000, 10_000_000), default=1_000_000, show_default=True)
@click.option(
    "--segments", type=click.IntRange(1, 10_000), default=7, show_default=True, help="Of a recording, at most."
)
@click.option("--repetitions", type=click.IntRange(5, 1000), default=40, show_default=True)
@click.option("--only", default="", help="What has this in its name.")
@click.option("--plans", is_flag=True, help="Print the plans of each one's queries too.")
@click.option("--state", type=click.Path(file_okay=False, path_type=Path), help="Where the filled database is kept.")
def searching(recordings: int, segments: int, repetitions: int, only: str, plans: bool, state: Path | None) -> None:
    """Fill a database, measure, and print one table."""
    console = new_console()
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with console.status("filling the database, unless it is there"):
            shelf = stack.enter_context(filled(folder.absolute(), recordings, segments))
        database = Database(shelf.url, connections=1)
        stack.callback(database.close)
        questions = {
            name: partial(database.run_here, ask)
            for name, ask in database.run_here(_questions, shelf).items()
            if only in name
        }
        table = new_table(
            f"{shelf.recordings} recordings, {shelf.segments} segments, each asked {repetitions} times",
            "asked", "found", "ms", "p95 ms",
        )  # fmt: skip
        worst = 0.0
        for name, ask in questions.items():
            with console.status(name):
                found = ask()
                times = sorted(_timed(ask) for _ in range(repetitions))
            p95 = quantiles(times, n=20)[-1]
            worst = max(worst, p95)
            table.add_row(name, found, f"{median(times):.1f}", f"{p95:.1f}")
        console.print(table)
        console.print(f"95th percentile of the slowest: {worst:.0f} ms; {verdict(worst, WANTED_MILLISECONDS)}")
        for name, ask in questions.items() if plans else ():
            console.print("", name, *_plans(ask), sep="\n", highlight=False, markup=False, soft_wrap=True)


def _questions(shelf: Shelf) -> dict[str, Question]:
    most, small = shelf.projects[:-1], shelf.projects[-1]
    member = Principal(None, "member", roles=dict.fromkeys(most[: PROJECTS // 2], Role.VIEWER))
    root = Principal(None, "root", administrator=True)
    few = Principal(None, "few", roles={small: Role.VIEWER})
    words = shelf.words["fr"]
    # Recordings of the small project, those that failed and those with the rare label are of one language each.
    common_in_english, middling_in_english = shelf.words["en"][50], shelf.words["en"][1000]
    rare, seldom, middling, common, most_common = (words[rank] for rank in (15_000, 4000, 1000, 50, 0))
    later = BEGINNING + dt.timedelta(days=200)

    def look(who: Principal, asked: str, *, second_page: bool = False, **narrowed: Any) -> Question:
        filters = Filters(**narrowed)
        cursor = search.search(who, asked, filters, limit=_PAGE).next_cursor if second_page else None

        def ask() -> str:
            found = search.search(who, asked, filters, limit=_PAGE, cursor=cursor)
            hits = sum(item["hits"] for item in found.items)
            return f"{len(found.items)} ({hits}){'+' if found.next_cursor else ''}"

        return ask

    def walk(
        who: Principal, order: Order = listing.NEWEST_FIRST, *, second_page: bool = False, **narrowed: Any
    ) -> Question:
        filters = Filters(**narrowed)
        cursor = listing.list_page(who, filters, order).next_cursor if second_page else None

        def ask() -> str:
            page = listing.list_page(who, filters, order, cursor=cursor)
            return f"{len(page.items)}{'+' if page.next_cursor else ''}"

        return ask

    by_name, by_duration = Order(Sort.NAME, descending=False), Order(Sort.DURATION)
    return {
        "search: a rare word": look(member, rare),
        "search: a seldom word": look(member, seldom),
        "search: a word of middling frequency": look(member, middling),
        "search: a common word": look(member, common),
        "search: a common word, the second page": look(member, common, second_page=True),
        "search: a common word, in the language": look(member, common, language="fr"),
        "search: the most common word, by an administrator": look(root, most_common),
        "search: a common word in one project": look(member, common, project=most[0]),
        "search: a common word by a member of a small project": look(few, common_in_english),
        "search: a middling word by a member of a small project": look(few, middling_in_english),
        "search: two words": look(member, f"{middling} {common}"),
        "search: two common words": look(member, f"{words[20]} {common}"),
        "search: either of two": look(member, f"{middling} or {common}"),
        "search: a phrase of common words": look(member, f'"{words[3]} {words[5]}"'),
        "search: a phrase that nobody said": look(member, f'"{common} {middling}"'),
        "search: one word without another": look(member, f"{middling} -{common}"),
        "search: nothing": look(member, "zzzz"),
        "search: a common word, a rare label": look(member, common, labels=("rare",)),
        "search: a common word, a common label": look(member, common, labels=("common",)),
        "search: a common word, a speaker": look(member, common, speaker="person 7"),
        "search: a common word, those that failed": look(member, common_in_english, states=("error",)),
        "search: a common word, part of a name": look(member, common, name="call 77"),
        "search: a common word, before some day": look(member, common, created_before=later),
        "search: a common word, since some day": look(member, common, created_after=later),
        "list: the newest": walk(member),
        "list: the newest, of all projects": walk(root),
        "list: the newest, the second page": walk(member, second_page=True),
        "list: the newest, of a small project": walk(few),
        "list: by name": walk(member, by_name),
        "list: by name, of all projects": walk(root, by_name),
        "list: by duration, descending": walk(member, by_duration),
        "list: by duration, ascending": walk(member, Order(Sort.DURATION, descending=False)),
        "list: one project": walk(member, project=most[0]),
        "list: a rare label": walk(member, labels=("rare",)),
        "list: a common label": walk(member, labels=("common",)),
        "list: two labels": walk(member, labels=("common", "rare")),
        "list: part of a name": walk(member, name="call 7777"),
        "list: part of many names": walk(member, name="call 77"),
        "list: part of every name": walk(member, name=".wav"),
        "list: part of no name": walk(member, name="minutes"),
        "list: a state that is rare": walk(member, states=("error",)),
        "list: the usual state": walk(member, states=("done",)),
        "list: a state that none is in": walk(member, states=("queued",)),
        "list: a language": walk(member, language="fr"),
        "list: a language that none is in": walk(member, language="de"),
        "list: a speaker": walk(member, speaker="person 7"),
        "list: before some day": walk(member, created_before=later),
        "list: since some day, by name": walk(member, by_name, created_after=later),
        "list: a speaker, by duration": walk(member, by_duration, speaker="person 7"),
        "list: a common label, by name": walk(member, by_name, labels=("common",)),
    }  # fmt: skip


def _timed(ask: Question) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


def _plans(ask: Question) -> Iterator[str]:
    """Yield the plans of the statements that answer a question."""
    asked: list[tuple[str, Any]] = []
    execute = tables_database.obj.execute_sql

    def noted(statement: str, parameters: Any = None, **options: Any) -> Any:
        asked.append((statement, parameters))
        return execute(statement, parameters, **options)

    tables_database.obj.execute_sql = noted
    try:
        ask()
    finally:
        del tables_database.obj.execute_sql
    for statement, parameters in asked:
        explained = execute(f"explain (analyze, buffers, costs off) {statement}", parameters).fetchall()
        yield from ("", " ".join(statement.split())[:300], *(line for (line,) in explained))


if __name__ == "__main__":
    searching()

"""How long lists and searches take over many recordings: `python -m benchmarks.search`.

A PostgreSQL server of its own is filled with recordings whose words are as unevenly frequent as those of a language
(Zipf 1949), and asked through the same units of work as the API's routes. Median and 95th percentile in milliseconds.
"""

import datetime as dt
import io
import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import click
import psycopg2

from app.core.access import Principal, Role
from app.core.identifiers import ProjectId
from app.db import listing, search
from app.db.database import Database
from app.db.filters import Filters
from app.db.listing import Order, Sort
from app.db.migrate import migrate
from app.db.models import database as models_database
from benchmarks.command import new_console, new_table, verdict
from tests.servers.running import running_postgres

WANTED_MILLISECONDS = 100.0
VOCABULARY = 20_000
WORDS_A_SEGMENT = 15
PROJECTS = 10
_BEGINNING = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
_RECORDINGS_A_BATCH = 500
_COLUMNS = {
    "transcriptions": (
        "id", "project_id", "name", "audio_path", "sha256", "size_bytes", "media", "options", "state", "language",
        "duration_seconds", "labels", "created_at", "planned_turns",
    ),
    "speakers": ("transcription_id", "label", "name", "seconds"),
    "segments": (
        "transcription_id", "position", "start_seconds", "end_seconds", "text", "words", "search_configuration",
    ),
}  # fmt: skip
_SYLLABLES = [first + second for first in "bcdfglmnprstv" for second in ("a", "e", "é", "i", "o", "ou", "an", "on")]


@click.command()
@click.option("--recordings", type=click.IntRange(10, 1_000_000), default=5000, show_default=True)
@click.option("--segments", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each recording.")
@click.option("--repetitions", type=click.IntRange(5, 1000), default=30, show_default=True)
@click.option("--plans", is_flag=True, help="Print the plan of each query too.")
def searching(recordings: int, segments: int, repetitions: int, plans: bool) -> None:
    """Fill a database, measure, and print one table."""
    console = new_console()
    with _filled_database(recordings, segments, console.status) as (projects, words, seconds):
        member = Principal(None, "member", roles=dict.fromkeys(projects[: PROJECTS // 2], Role.VIEWER))
        root = Principal(None, "root", administrator=True)
        table = new_table(
            f"{recordings} recordings of {segments} segments, filled in {seconds:.0f} s",
            "asked",
            "found",
            "ms",
            "p95 ms",
        )
        questions = _questions(member, root, projects, words)
        worst = 0.0
        for name, ask in questions.items():
            with console.status(name):
                found = ask()
                times = sorted(_timed(ask) for _ in range(repetitions))
            p95 = quantiles(times, n=20)[-1]
            worst = max(worst, p95)
            table.add_row(name, str(found), f"{median(times):.1f}", f"{p95:.1f}")
        console.print(table)
        console.print(f"95th percentile of the slowest: {worst:.0f} ms; {verdict(worst, WANTED_MILLISECONDS)}")
        for name, ask in questions.items() if plans else ():
            console.print("", name, *_plans(ask), sep="\n", highlight=False, markup=False, soft_wrap=True)


Question = Callable[[], int]


def _questions(member: Principal, root: Principal, projects: list[ProjectId], words: list[str]) -> dict[str, Question]:
    everything = Filters()
    in_one = Filters(project=projects[0])

    def look(who: Principal, asked: str, filters: Filters = everything) -> Question:
        return lambda: sum(item["hits"] for item in search.search(who, asked, filters).items)

    def walk(who: Principal, filters: Filters = everything, order: Order = listing.NEWEST_FIRST) -> Question:
        return lambda: len(listing.list_page(who, filters, order).items)

    rare, middling, common = words[15_000], words[1000], words[50]
    return {
        "search: a rare word": look(member, rare),
        "search: a word of middling frequency": look(member, middling),
        "search: a common word": look(member, common),
        "search: the most common word, by an administrator": look(root, words[0]),
        "search: a common word in one project": look(member, common, in_one),
        "search: two words": look(member, f"{middling} {common}"),
        "search: a phrase": look(member, f'"{words[3]} {words[5]}"'),
        "search: one word without another": look(member, f"{middling} -{common}"),
        "search: a common word, one language": look(member, common, Filters(language="fr")),
        "search: nothing": look(member, "zzzz"),
        "list: the newest": walk(member),
        "list: by name, of all projects": walk(root, order=Order(Sort.NAME, descending=False)),
        "list: by duration, descending": walk(member, order=Order(Sort.DURATION)),
        "list: a rare label": walk(member, Filters(labels=("rare",))),
        "list: a common label": walk(member, Filters(labels=("common",))),
        "list: part of a name": walk(member, Filters(name="call 77")),
        "list: those that failed": walk(member, Filters(states=("error",))),
        "list: a speaker": walk(member, Filters(speaker="person 7")),
    }


def _timed(ask: Question) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


def _plans(ask: Question) -> Iterator[str]:
    """Yield the plans of the statements that answer a question."""
    asked: list[tuple[str, Any]] = []
    execute = models_database.obj.execute_sql

    def noted(statement: str, parameters: Any = None, **options: Any) -> Any:
        asked.append((statement, parameters))
        return execute(statement, parameters, **options)

    models_database.obj.execute_sql = noted
    try:
        ask()
    finally:
        del models_database.obj.execute_sql
    for statement, parameters in asked:
        if "segments s" in statement or "ORDER BY" in statement.upper():
            yield from (line for (line,) in execute(f"explain (analyze, costs off) {statement}", parameters).fetchall())


@contextmanager
def _filled_database(
    recordings: int, segments: int, status: Callable[[str], Any]
) -> Iterator[tuple[list[ProjectId], list[str], float]]:
    choose = random.Random(1)
    words = _vocabulary(choose)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with running_postgres(Path(folder)) as server:
            server.ensure_database("search")
            url = server.url("search")
            migrate(url)
            started = time.perf_counter()
            with status("filling the database"):
                projects = _fill(url, words, recordings, segments, choose)
            seconds = time.perf_counter() - started
            database = Database(url, connections=1)
            try:
                with models_database.obj.connection_context():
                    yield projects, words, seconds
            finally:
                database.close()


def _vocabulary(choose: random.Random) -> list[str]:
    """Return words, the most common one first."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(choose.choices(_SYLLABLES, k=choose.randint(2, 4)))] = None
    return list(words)


def _fill(url: str, words: list[str], recordings: int, segments: int, choose: random.Random) -> list[ProjectId]:
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    projects = [ProjectId(uuid.UUID(int=choose.getrandbits(128))) for _ in range(PROJECTS)]
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            for number, project in enumerate(projects):
                cursor.execute(
                    "insert into projects (id, name, created_at) values (%s, %s, now())",
                    (str(project), f"project {number}"),
                )
            for first in range(0, recordings, _RECORDINGS_A_BATCH):
                rows: dict[str, list[str]] = {table: [] for table in _COLUMNS}
                for number in range(first, min(recordings, first + _RECORDINGS_A_BATCH)):
                    found = str(uuid.UUID(int=choose.getrandbits(128)))
                    rows["transcriptions"].append(_recording(found, choose.choice(projects), number, choose))
                    rows["speakers"].append(f"{found}\tSPEAKER_00\tPerson {number % 1000}\t1")
                    for position in range(segments):
                        text = " ".join(choose.choices(words, cum_weights=weights, k=WORDS_A_SEGMENT)).capitalize()
                        rows["segments"].append(
                            f"{found}\t{position}\t{position * 5}\t{position * 5 + 5}\t{text}.\t[]\tfrench"
                        )
                for table, columns in _COLUMNS.items():
                    cursor.copy_from(io.StringIO("\n".join(rows[table])), table, columns=columns)
        connection.commit()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze")
    finally:
        connection.close()
    return projects


def _recording(found: str, project: ProjectId, number: int, choose: random.Random) -> str:
    """Return the row of a recording, as COPY takes it."""
    labels = ",".join(["common"] * (number % 2) + ["rare"] * (number % 1000 == 0))
    state = "error" if number % 500 == 0 else "done"
    moment = _BEGINNING + dt.timedelta(minutes=choose.randint(0, 500_000))
    seconds = choose.randint(10, 10_000)
    return f"{found}\t{project}\tCall {number}.wav\t\t\t1\t{{}}\t{{}}\t{state}\tfr\t{seconds}\t{{{labels}}}\t{moment.isoformat()}\t[]"


if __name__ == "__main__":
    searching()

"""A PostgreSQL full of made-up recordings, whose words are as unevenly frequent as those of a language (Zipf 1949)."""

import datetime as dt
import io
import json
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import psycopg2

from app.core.identifiers import ProjectId
from app.db.migrate import migrate
from tests.servers.running import running_postgres

VOCABULARY = 20_000
WORDS_A_SEGMENT = 15
PROJECTS = 10
SMALL_PROJECT_EVERY = 1000
_DATABASE = "search"
BEGINNING = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
_MINUTES = 500_000
_PERIOD_SECONDS = 900
_RECORDINGS_A_BATCH = 2000
_WRITERS = 2
_DESCRIPTION = "shelf.json"
_COLUMNS = {
    "transcriptions": (
        "id", "project_id", "name", "audio_path", "sha256", "size_bytes", "media", "options", "state", "language",
        "duration_seconds", "labels", "created_at", "planned_turns",
    ),
    "speakers": ("transcription_id", "label", "name", "seconds"),
    "segments": (
        "transcription_id", "position", "start_seconds", "end_seconds", "text", "words", "search_configuration",
        "project_id", "period",
    ),
}  # fmt: skip
_SYLLABLES = {
    "fr": [first + second for first in "bcdfglmnprstv" for second in ("a", "e", "é", "i", "o", "ou", "an", "on")],
    "en": [first + second for first in "bcdfghklmnprstw" for second in ("a", "e", "i", "o", "ee", "er", "an", "ow")],
}
_CONFIGURATIONS = {"fr": "french", "en": "english"}

# Of every recording, what is told of it in lists besides: a job and what the language model made of it.
_TOLD_BESIDES = """
    insert into jobs (id, transcription_id, kind, position, state, attempt, empty, stage, percent, metrics, queued_at,
            start_seconds, length_seconds)
        select gen_random_uuid(), id, 'enrichment', 0, 'done', 1, false, '', 100, '{}', created_at, 0, duration_seconds
        from transcriptions;
    insert into enrichments (transcription_id, state, answers, provenance, updated_at)
        select id, 'done', '{"title": "A call", "summary": "Somebody called.", "points": ["One"]}', '{}', created_at
        from transcriptions
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was put in: `words` of each language, the most common one first; the last project is a small one."""

    url: str
    projects: list[ProjectId]
    words: dict[str, list[str]]
    recordings: int
    segments: int


@contextmanager
def filled(folder: Path, recordings: int, most_segments: int) -> Iterator[Shelf]:
    """Run the server in a folder, filled now unless that was done before with the same numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    wanted = {"recordings": recordings, "most_segments": most_segments}
    described = folder / _DESCRIPTION
    with running_postgres(folder) as server:
        if not described.exists():
            server.drop_database(_DATABASE)
            server.ensure_database(_DATABASE)
            url = server.url(_DATABASE)
            migrate(url)
            _fill(url, recordings, most_segments)
            described.write_text(json.dumps(wanted))
        elif json.loads(described.read_text()) != wanted:
            raise ValueError(f"{folder} holds another number of recordings: {described.read_text()}")
        migrate(server.url(_DATABASE))
        yield _shelf(server.url(_DATABASE), recordings)


@cache
def vocabulary(language: str) -> list[str]:
    """Return words that nobody says, the most common one first; the same ones each time."""
    choose = random.Random(language)
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words["".join(choose.choices(_SYLLABLES[language], k=choose.randint(2, 4)))] = None
    return list(words)


def _projects() -> list[ProjectId]:
    return [ProjectId(uuid.uuid5(uuid.NAMESPACE_URL, f"project {number}")) for number in range(PROJECTS + 1)]


def _shelf(url: str, recordings: int) -> Shelf:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from segments")
        [segments] = cursor.fetchone() or [0]
    words = {language: vocabulary(language) for language in _SYLLABLES}
    return Shelf(url, _projects(), words, recordings, segments)


def _fill(url: str, recordings: int, most_segments: int) -> None:
    """Copy rows in while there are no indexes and no triggers, and make the indexes again."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for number, project in enumerate(_projects()):
            cursor.execute(
                "insert into projects (id, name, created_at) values (%s, %s, now())",
                (str(project), f"project {number}"),
            )
        cursor.execute(
            "select indexdef, indexname from pg_indexes where tablename = any(%s) and schemaname = 'public' and not exists"
            " (select 1 from pg_constraint where conname = indexname)",
            [list(_COLUMNS)],
        )
        indexes = cursor.fetchall()
        for _, name in indexes:
            cursor.execute(f"drop index {name}")
        batches = [(url, first, min(recordings, first + _RECORDINGS_A_BATCH), most_segments)
                   for first in range(0, recordings, _RECORDINGS_A_BATCH)]  # fmt: skip
        with ProcessPoolExecutor(_WRITERS) as writers:
            list(writers.map(_copy, *zip(*batches, strict=True)))
        cursor.execute("set maintenance_work_mem = '1GB'")
        for definition, _ in indexes:
            cursor.execute(definition)
        cursor.execute("set session_replication_role = replica")
        for statement in _TOLD_BESIDES.split(";"):
            cursor.execute(statement)
        cursor.execute("vacuum analyze")


def _copy(url: str, first: int, last: int, most_segments: int) -> None:
    choose = random.Random(first)
    projects = _projects()
    words = {language: vocabulary(language) for language in _SYLLABLES}
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
    rows: dict[str, list[str]] = {table: [] for table in _COLUMNS}
    for number in range(first, last):
        found = str(uuid.UUID(int=choose.getrandbits(128)))
        language = "fr" if number % 2 else "en"
        small = number % SMALL_PROJECT_EVERY == 0
        project = projects[-1] if small else projects[choose.randrange(PROJECTS)]
        moment = _moment(number, choose)
        rows["transcriptions"].append(_recording(found, project, number, moment, language, choose))
        rows["speakers"].append(f"{found}\tSPEAKER_00\tPerson {number % 1000}\t1")
        period = int(moment.timestamp()) // _PERIOD_SECONDS
        for position in range(choose.randint(1, most_segments)):
            text = " ".join(choose.choices(words[language], cum_weights=weights, k=WORDS_A_SEGMENT)).capitalize()
            rows["segments"].append(
                f"{found}\t{position}\t{position * 5}\t{position * 5 + 5}\t{text}.\t[]\t{_CONFIGURATIONS[language]}"
                f"\t{project}\t{period}"
            )
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        # Neither foreign keys nor the triggers: what is written here is right.
        cursor.execute("set session_replication_role = replica")
        for table, columns in _COLUMNS.items():
            cursor.copy_from(io.StringIO("\n".join(rows[table])), table, columns=columns)


def _moment(number: int, choose: random.Random) -> dt.datetime:
    """Return when a recording was sent: some days about its turn, as those of a site that grows come in."""
    spread = choose.gauss(0, 1440)
    return BEGINNING + dt.timedelta(minutes=(number / 2 + spread) % _MINUTES)


def _recording(
    found: str, project: ProjectId, number: int, moment: dt.datetime, language: str, choose: random.Random
) -> str:
    """Return the row of a recording, as COPY takes it."""
    labels = ",".join(["common"] * (number % 3 == 0) + ["rare"] * (number % 1000 == 1))
    state = "error" if number % 500 == 0 else "done"
    values: list[Any] = [
        found, project, f"Call {number}.wav", "", "", 1, "{}", "{}", state, language,
        choose.randint(10, 10_000), f"{{{labels}}}", moment.isoformat(), "[]",
    ]  # fmt: skip
    return "\t".join(str(value) for value in values)

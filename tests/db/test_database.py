"""Units of work: all or nothing, and found again after an outage; the event log: in the order of commits."""

import asyncio
import random
import time
from collections.abc import AsyncIterator

import psycopg2
import pytest

from app.core.errors import DependencyDown
from app.db import events, projects
from app.db.database import Database, connection_parameters
from app.db.events import EventKind
from app.db.tables import Event, Project


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, connections=4)
    yield opened
    opened.close()


async def test_a_unit_stands_whole_or_not_at_all(database: Database) -> None:
    def half() -> None:
        projects.create_project("half", None)
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(half)
    assert await database.run(lambda: Project.select().count()) == 0
    await database.run(projects.create_project, "whole", None)
    assert await database.run(lambda: Project.select().count()) == 1


async def test_a_connection_that_was_cut_is_replaced_before_any_work(database: Database, database_url: str) -> None:
    await asyncio.gather(*(database.run(time.sleep, 0.05) for _ in range(4)))
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vocalyx' and pid <> pg_backend_pid()"
        )
    connection.close()
    await asyncio.gather(*(database.run(projects.create_project, f"p{n}", None) for n in range(8)))


async def test_a_connection_that_is_cut_during_a_unit_undoes_it(database: Database) -> None:
    def cut() -> None:
        projects.create_project("gone", None)
        Project._meta.database.execute_sql("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DependencyDown):
        await database.run(cut)
    assert await database.run(lambda: Project.select().count()) == 0


async def test_a_server_that_is_not_there_is_told_at_once() -> None:
    nowhere = Database("postgresql://nobody:secret@127.0.0.1:1/nothing")
    with pytest.raises(DependencyDown) as down:
        await nowhere.run(lambda: None)
    assert "secret" not in str(down.value)
    with pytest.raises(DependencyDown):
        nowhere.check()
    nowhere.close()


async def test_one_database_a_process(database: Database, database_url: str) -> None:
    with pytest.raises(RuntimeError):
        Database(database_url)


def test_addresses_are_read_with_everything_in_them() -> None:
    found = connection_parameters("postgresql://us%40er:p%2Fw@db.example:6432/voc?sslmode=require&host=/run/pg")
    assert {name: found[name] for name in ("user", "password", "port", "database", "sslmode", "host")} == {
        "user": "us@er", "password": "p/w", "port": 6432, "database": "voc", "sslmode": "require", "host": "/run/pg",
    }  # fmt: skip


async def test_ids_of_events_follow_the_order_of_commits(database: Database) -> None:
    """A reader that asks for what is behind its cursor, again and again, misses nothing however writers interleave."""
    dice = random.Random(7)

    def write(pause: float) -> None:
        time.sleep(pause)
        events.append(EventKind.ACCESS, {})
        time.sleep(pause)

    async def read() -> list[int]:
        seen: list[int] = []
        while len(seen) < 60:
            found = await database.run(events.after, events.EventId(seen[-1] if seen else 0), limit=7)
            seen += [event.id for event in found]
        return seen

    async with asyncio.timeout(30):
        writing = [database.run(write, dice.random() / 200) for _ in range(60)]
        seen, *_ = await asyncio.gather(read(), *writing)
    assert seen == await database.run(lambda: [event.id for event in Event.select().order_by(Event.id)])


async def test_a_writer_that_fails_leaves_no_event(database: Database) -> None:
    def failing() -> None:
        events.append(EventKind.ACCESS, {})
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(failing)
    await database.run(events.append, EventKind.ACCESS, {})
    found = await database.run(events.after, events.EventId(0))
    assert len(found) == 1
    assert await database.run(events.latest) == found[0].id

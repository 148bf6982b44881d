"""Bring the database's tables to this release's shape."""

import logging
from pathlib import Path

from peewee import InterfaceError, OperationalError
from playhouse.migrations import Runner
from playhouse.postgres_ext import PostgresqlExtDatabase

from app.core.errors import DependencyDown
from app.db.database import connection_parameters

MIGRATIONS = Path(__file__).parent / "migrations"

# Any constant will do, as long as it is ours: two releases that start at once must not both migrate.
_ADVISORY_LOCK = 0x766F63616C7978

logger = logging.getLogger(__name__)


def migrate(database_url: str) -> list[str]:
    """Apply what is missing, one process at a time, and return the names of the migrations applied.

    Raises `DependencyDown` where PostgreSQL does not answer, or goes away meanwhile.
    """
    database = PostgresqlExtDatabase(**connection_parameters(database_url))
    try:
        with database.connection_context():
            database.execute_sql("select pg_advisory_lock(%s)", (_ADVISORY_LOCK,))
            applied: list[str] = Runner(database, str(MIGRATIONS)).up()
            # The lock goes with the connection.
    except (OperationalError, InterfaceError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DependencyDown(
            f"The database was not migrated: {reason}.",
            remedy="Start PostgreSQL, or correct VOCALYX_DATABASE_URL, and migrate again: what was applied stays.",
        ) from error
    for name in applied:
        logger.info("migration applied", extra={"fields": {"migration": name}})
    return applied

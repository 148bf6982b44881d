"""What a new instance needs before anyone can log in: tables, an administrator, a project to put recordings in."""

import secrets

from app.db import accounts, projects
from app.db.database import Database
from app.db.migrate import migrate
from app.standalone.site import Site
from app.standalone.state import FirstLogin

ADMINISTRATOR = "admin"
FIRST_PROJECT = "default"
PASSWORD_BYTES = 18
"""24 characters of a password that nobody has to remember: it is in a file."""


def prepare_database(site: Site) -> None:
    """Bring the tables to this release; where there is no user yet, add the administrator and the first project.

    The password is in `first-login.json` before the user is in the database, so that a crash in between leaves a file
    without a user, which the next start repairs, and never a user whose password nobody knows.
    """
    site.postgres.ensure_database()
    migrate(site.postgres.url())
    database = Database(site.postgres.url(), connections=1)
    try:
        login = site.state.read_first_login()
        if not database.run_here(accounts.list_users):
            login = FirstLogin(site.url, ADMINISTRATOR, secrets.token_urlsafe(PASSWORD_BYTES))
            site.state.write_first_login(login)
            database.run_here(_add_administrator, login)
        elif login is not None and login.url != site.url:
            # The instance has moved to another port; clients find it by this file.
            site.state.write_first_login(FirstLogin(site.url, login.username, login.password))
    finally:
        database.close()


def _add_administrator(login: FirstLogin) -> None:
    user = accounts.create_user(login.username, login.password, administrator=True)
    projects.create_project(FIRST_PROJECT, user.id)

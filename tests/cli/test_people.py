"""`vocalyx admin` on users: what administrators do through the API, for whoever has the machine."""

import pytest
from click.testing import CliRunner, Result

from app.cli.admin import admin
from app.core.errors import Conflict, LastAdministrator, NotAuthenticated, NotFound
from app.db import accounts, principals
from app.db.database import Database

PASSWORD = "a password for tests"


@pytest.fixture(autouse=True)
def _this_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOCALYX_DATABASE_URL", database_url)


def vocalyx(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(admin, arguments, input=typed)


def said(*arguments: str, typed: str | None = None) -> str:
    result = vocalyx(*arguments, typed=typed)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def opens(database_url: str, name: str, password: str) -> bool:
    database = Database(database_url, connections=1)
    try:
        accounts.verify_password(database.run_here(accounts.password_hash_of, name), password)
    except accounts.WrongCredentials:
        return False
    finally:
        database.close()
    return True


def test_users_come_change_and_go(database_url: str) -> None:
    said("create-user", "anna", "--administrator", typed=f"{PASSWORD}\n")
    said("create-user", "ben", typed=PASSWORD)
    assert opens(database_url, "anna", PASSWORD)
    assert said("list-users") == "anna\tadministrator\tactive\nben\tuser\tactive\n"
    assert said("list-users", "--search", "BE") == "ben\tuser\tactive\n"
    assert said("change-user", "ben", "--inactive", "--administrator") == "ben\tadministrator\tinactive\n"
    assert not opens(database_url, "ben", PASSWORD)
    assert said("change-user", "ben", "--active") == "ben\tadministrator\tactive\n"
    assert said("change-user", "anna", "--no-administrator") == "anna\tuser\tactive\n"
    said("reset-password", "anna", typed="quite another password\r\n")
    assert opens(database_url, "anna", "quite another password")
    said("end-sessions", "anna")
    said("delete-user", "anna", "--yes")
    assert said("list-users") == "ben\tadministrator\tactive\n"


def test_a_password_may_have_to_be_changed_first(database_url: str) -> None:
    def is_due() -> bool:
        database = Database(database_url, connections=1)
        try:
            due: bool = database.run_here(lambda: accounts.user_named("anna").must_change_password)
        finally:
            database.close()
        return due

    said("create-user", "anna", "--must-change-password", typed=PASSWORD)
    assert is_due()
    said("reset-password", "anna", typed=PASSWORD)
    assert not is_due()
    said("reset-password", "anna", "--must-change-password", typed=PASSWORD)
    assert is_due()


def test_a_password_is_no_argument_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    result = vocalyx("create-user", "anna", PASSWORD)
    assert result.exit_code == 2
    assert PASSWORD not in said("create-user", "anna", typed=f"{PASSWORD}\n")
    for short in ("", "\n", "short\n"):
        result = vocalyx("create-user", "ben", typed=short)
        assert (result.exit_code, "fewer than 12 characters" in result.output) == (1, True)
    assert said("list-users") == "anna\tuser\tactive\n"


def test_sessions_end_from_the_machine(database_url: str) -> None:
    said("create-user", "anna", typed=PASSWORD)

    def log_in() -> str:
        return accounts.open_session("anna", accounts.password_hash_of("anna"), 3600)

    def is_in(token: str) -> bool:
        database = Database(database_url, connections=1)
        try:
            database.run_here(principals.of_token, token)
        except NotAuthenticated:
            return False
        finally:
            database.close()
        return True

    for command in (["end-sessions", "anna"], ["change-user", "anna", "--inactive"]):
        database = Database(database_url, connections=1)
        token = database.run_here(log_in)
        database.close()
        assert is_in(token)
        said(*command)
        assert not is_in(token)


def test_what_cannot_be_is_said_in_words() -> None:
    said("create-user", "anna", "--administrator", typed=PASSWORD)
    for command in (["--inactive"], ["--no-administrator"]):
        assert isinstance(vocalyx("change-user", "anna", *command).exception, LastAdministrator)
    assert isinstance(vocalyx("delete-user", "anna", "--yes").exception, LastAdministrator)
    assert isinstance(vocalyx("create-user", "anna", typed=PASSWORD).exception, Conflict)
    for command in ("end-sessions", "reset-password"):
        assert isinstance(vocalyx(command, "nobody", typed=PASSWORD).exception, NotFound)
    assert vocalyx("change-user", "anna").exit_code == 2
    assert vocalyx("delete-user", "anna", typed="n\n").exit_code == 1
    assert said("list-users") == "anna\tadministrator\tactive\n"

"""`vocalyx admin audit`, and what the command line itself leaves in the audit log."""

import json
import os
import pwd
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from app.cli.admin import admin
from app.cli.audit_log import line

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VOCALYX_DATABASE_URL", database_url)
    monkeypatch.setenv("VOCALYX_NEW_PASSWORD", "a long enough password")
    monkeypatch.setenv("VOCALYX_OIDC_ISSUER", "https://id.example.org")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("SUDO_USER", raising=False)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(admin, arguments, catch_exceptions=False)

    return invoke


def test_commands_are_told_under_the_account_that_runs_them(run: Run) -> None:
    account = pwd.getpwuid(os.getuid()).pw_name
    assert run("create-user", "anna").exit_code == 0
    assert run("reset-password", "anna").exit_code == 0
    assert run("link-oidc", "anna", "sub-1").exit_code == 0
    assert run("unlink-oidc", "anna").exit_code == 0
    shown = run("audit", "--json", "--actor", account)
    found = [json.loads(text) for text in shown.output.splitlines()]
    assert [(entry["action"], entry["actor"]["kind"], entry["address"]) for entry in found] == [
        ("user.unlinked", "command", None),
        ("user.linked", "command", None),
        ("user.password_changed", "command", None),
        ("user.created", "command", None),
    ]
    narrowed = run(
        "audit", "--action", "user.created", "--action", "user.linked", "--limit", "1", "--after", "2020-01-01"
    )
    [text] = narrowed.output.splitlines()
    assert f" user.linked by={account} user={found[1]['thing']['id']} name=anna issuer=https://id.example.org" in text
    assert run("audit", "--before", "2020-01-01").output == ""
    assert "a long enough password" not in shown.output


def test_whoever_said_sudo_gave_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "clara")
    assert run("create-user", "anna").exit_code == 0
    assert " user.created by=clara " in run("audit").output


def test_names_write_no_lines_of_their_own() -> None:
    entry = {
        "at": "2026-01-01T00:00:00.000+00:00",
        "action": "login.failed",
        "outcome": "refused",
        "actor": {"kind": "nobody", "id": None, "name": None},
        "thing": None,
        "project_id": None,
        "address": "203.0.113.7",
        "request_id": None,
        "details": {"subject": "a\nb \x1b[31m"},
    }
    assert line(entry) == (
        '2026-01-01T00:00:00.000+00:00 login.failed by=nobody from=203.0.113.7 outcome=refused subject="a?b ?[31m"'
    )

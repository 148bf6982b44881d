"""PostgreSQL, Redis and their exporters: who gets in, who may do what, what survives."""

import re
from collections.abc import Callable

import pytest
from testinfra.backend.base import CommandResult
from testinfra.host import Host

OWNER = "postgresql://vocalyx_owner:owner-password-of-the-scenario@{host}/vocalyx?sslmode={mode}"
APPLICATION = "postgresql://vocalyx:application-password-of-the-scenario@{host}/vocalyx?sslmode={mode}"

testinfra_hosts = ["ansible://data"]


def psql(host: Host, sql: str, url: str | None = None) -> CommandResult:
    command = "psql --no-psqlrc --tuples-only --no-align --command=%s %s"
    if url is None:
        return host.run("runuser -u postgres -- " + command, sql, "vocalyx")
    return host.run(command, sql, url)


def redis(host: Host, *words: str, user: str = "vocalyx", password: str = "redis-password-of-the-scenario") -> str:
    arguments = " ".join(words)
    return host.run(
        f"REDISCLI_AUTH={password} redis-cli --tls --cacert /etc/vocalyx/tls/authority.crt -h data --user {user} {arguments}"
    ).stdout.strip()


def test_the_database_is_in_utf8_with_checksums(host: Host) -> None:
    assert psql(host, "show server_encoding").stdout.strip() == "UTF8"
    assert psql(host, "show data_checksums").stdout.strip() == "on"


def test_it_is_tuned_to_the_memory_it_was_given(host: Host) -> None:
    assert psql(host, "show shared_buffers").stdout.strip() == "128MB"
    assert psql(host, "select count(*) from pg_settings where pending_restart").stdout.strip() == "0"


@pytest.fixture
def client(find: Callable[[str], Host]) -> Host:
    """Return the other host, which the rules name, with what it takes to speak to both servers."""
    found = find("client")
    found.run_expect([0], "apt-get install --yes --no-install-recommends postgresql-client redis-tools")
    return found


def test_the_application_comes_in_by_tls_and_only_so(client: Host) -> None:
    assert psql(client, "select 1", APPLICATION.format(host="data", mode="require")).stdout.strip() == "1"
    refused = psql(client, "select 1", APPLICATION.format(host="data", mode="disable"))
    assert "no pg_hba.conf entry" in refused.stderr


def test_who_is_not_listed_for_an_address_does_not_come_in(client: Host) -> None:
    refused = psql(client, "select 1", OWNER.format(host="data", mode="require"))
    assert "no pg_hba.conf entry" in refused.stderr


def test_passwords_are_kept_as_scram(host: Host) -> None:
    kinds = psql(host, "select distinct left(rolpassword, 13) from pg_authid where rolpassword is not null").stdout
    assert kinds.split() == ["SCRAM-SHA-256"]


def test_the_application_works_with_rows_and_changes_no_table(host: Host, client: Host) -> None:
    psql(host, "drop table if exists proof")
    for sql in (
        "set role vocalyx_owner; create table proof (id bigint generated always as identity, word text)",
        "set role vocalyx_owner; create extension if not exists pg_trgm",
    ):
        done = psql(host, sql)
        assert done.rc == 0, done.stderr
    url = APPLICATION.format(host="data", mode="require")
    assert psql(client, "insert into proof (word) values ('x') returning id", url).stdout.split()[0] == "1"
    assert psql(client, "update proof set word = 'y'; delete from proof", url).rc == 0
    for forbidden in (
        "drop table proof",
        "alter table proof add column more text",
        "create table other (id int)",
        "truncate proof",
        "create temporary table t (id int)",
        "create role somebody",
    ):
        refused = psql(client, forbidden, url)
        assert "permission denied" in refused.stderr or "must be owner" in refused.stderr, (forbidden, refused.stderr)
    psql(host, "drop table proof")


def test_others_see_nothing_of_the_database(host: Host) -> None:
    assert psql(host, "select has_database_privilege('public', 'vocalyx', 'connect')").stdout.strip() == "f"


def test_killed_databases_come_back(host: Host) -> None:
    for unit in ("postgresql@15-main", "redis-server"):
        main = f"systemctl show --value --property MainPID {unit}"
        before = host.check_output(main)
        host.run_expect([0], f"kill -9 {before}")
        back = f'[ "$({main})" != {before} ] && systemctl is-active --quiet {unit}'
        host.run_expect([0], "timeout 60 sh -c %s", f"until {back}; do sleep 0.2; done")


def test_redis_keeps_everything(client: Host) -> None:
    assert "noeviction" in redis(client, "INFO", "memory")
    assert "aof_enabled:1" in redis(client, "INFO", "persistence")


def test_redis_survives_a_restart_with_what_it_had(host: Host, client: Host) -> None:
    assert redis(client, "SET", "rq:proof", "here") == "OK"
    host.run_expect([0], "systemctl restart redis-server")
    assert redis(client, "GET", "rq:proof") == "here"
    assert redis(client, "DEL", "rq:proof") == "1"


@pytest.mark.parametrize(
    "words",
    [
        ("SET", "other", "1"),
        ("CONFIG", "GET", "maxmemory"),
        ("FLUSHALL",),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("DEBUG", "SLEEP", "0"),
        ("PUBLISH", "other", "x"),
    ],
)
def test_the_application_cannot_administer_redis(client: Host, words: tuple[str, ...]) -> None:
    assert re.match("NOPERM|ERR .*not allowed", redis(client, *words))


def test_nobody_comes_into_redis_without_a_user(host: Host, client: Host) -> None:
    answer = client.run("redis-cli --tls --cacert /etc/vocalyx/tls/authority.crt -h data ping")
    assert "NOAUTH" in answer.stdout
    assert "redis-password-of-the-scenario" not in host.file("/etc/redis/users.acl").content_string


def test_the_monitoring_user_reads_figures_and_no_data(client: Host) -> None:
    password = "monitoring-password-of-the-scenario"
    assert "redis_version" in redis(client, "INFO", "server", user="monitoring", password=password)
    assert "NOPERM" in redis(client, "GET", "rq:proof", user="monitoring", password=password)


def test_the_port_speaks_tls_only(client: Host) -> None:
    plain = client.run("timeout 5 redis-cli -h data ping")
    assert "refused" not in plain.stderr
    assert "PONG" not in plain.stdout


@pytest.mark.parametrize(
    ("port", "line"), [(9100, "node_memory_MemTotal_bytes"), (9187, "pg_up 1"), (9121, "redis_up 1")]
)
def test_exporters_show_figures(host: Host, address: Callable[[str], str], port: int, line: str) -> None:
    page = host.check_output(
        "python3 -c %s",
        f"import urllib.request as u; print(u.urlopen('http://{address('data')}:{port}/metrics').read().decode())",
    )
    assert line in page


def test_no_password_is_in_a_process_list_an_exporters_environment_or_sudos_log(host: Host) -> None:
    seen = host.run(
        "cat /proc/*/cmdline /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c [o]f-the-scenario"
    ).stdout
    assert seen.strip() == "0"
    logged = host.check_output("journalctl --output=cat _COMM=sudo")
    assert "COMMAND=" in logged
    assert "of-the-scenario" not in logged

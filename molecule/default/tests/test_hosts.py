"""What every host has, and what the network lets through, seen from the hosts and from an address that is not listed."""

import socket
from collections.abc import Callable

import pytest
from testinfra.host import Host


@pytest.fixture
def data(find: Callable[[str], Host]) -> Host:
    return find("data")


@pytest.fixture
def client(find: Callable[[str], Host]) -> Host:
    return find("client")


def test_nothing_failed(host: Host) -> None:
    assert host.run("systemctl --failed --plain --no-legend").stdout == ""


def test_the_account_has_the_same_numbers_everywhere_and_no_way_in(host: Host) -> None:
    account = host.user("vocalyx")
    assert (account.uid, account.gid, account.shell) == (4100, 4100, "/usr/sbin/nologin")
    assert host.file("/opt/vocalyx").user == "root"


def test_credentials_are_for_root_and_the_group(host: Host) -> None:
    folder = host.file("/etc/vocalyx/credentials")
    assert (folder.user, folder.group, folder.mode) == ("root", "vocalyx", 0o750)


def test_hosts_know_one_another_by_name(client: Host, address: Callable[[str], str]) -> None:
    assert client.addr("data").ipv4_addresses == [address("data")]


def test_a_listed_host_gets_in(client: Host) -> None:
    for port in (5432, 6379, 9100, 9121, 9187):
        assert client.addr("data").port(port).is_reachable, port


@pytest.mark.parametrize("port", [5432, 6379, 9100, 4444])
def test_a_host_that_is_not_listed_does_not(address: Callable[[str], str], port: int) -> None:
    # This process has the bridge's own address, which no rule names.
    with pytest.raises(TimeoutError), socket.create_connection((address("data"), port), timeout=2):
        pass


def test_what_is_open_to_everybody_is(client: Host) -> None:
    rules = client.run("nft list table inet vocalyx").stdout
    assert 'tcp dport 8000 accept comment "everybody"' in rules
    assert "policy drop" in rules


def test_the_way_back_from_new_rules_is_gone_once_they_are_proved(host: Host) -> None:
    assert host.run("systemctl is-active vocalyx-firewall-undo.timer").stdout.strip() == "inactive"


def test_the_rules_come_back_with_the_host(host: Host) -> None:
    assert host.service("nftables").is_enabled


def test_certificates_are_the_sites(host: Host) -> None:
    name = host.check_output("hostname")
    answer = host.run(
        "openssl verify -CAfile /etc/vocalyx/tls/authority.crt -verify_hostname %s /etc/vocalyx/tls/host.crt", name
    )
    assert answer.rc == 0, answer.stderr
    assert host.run("openssl verify /etc/vocalyx/tls/host.crt").rc == 0, "the system trusts it, too"


def test_keys_are_not_for_everybody(host: Host) -> None:
    for file in ("host.key", "host.pem"):
        found = host.file(f"/etc/vocalyx/tls/{file}")
        assert (found.user, found.group, found.mode) == ("root", "ssl-cert", 0o640)


def test_the_authoritys_key_is_on_one_host_only(data: Host, client: Host) -> None:
    assert data.file("/etc/vocalyx/authority/authority.key").mode == 0o600
    assert not client.file("/etc/vocalyx/authority").exists


def test_logs_are_rotated_by_size_as_their_owner(client: Host) -> None:
    log = "/srv/vocalyx/logs/api.json"
    client.run_expect([0], f"runuser -u vocalyx -- sh -c 'head -c 2000000 /dev/zero > {log}'")
    client.run_expect([0], "systemctl start logrotate.service")
    rotated = client.run("ls /srv/vocalyx/logs").stdout.split()
    assert any(name.startswith("api.json-") for name in rotated), rotated
    client.run_expect([0], "rm -f /srv/vocalyx/logs/api.json*")


def test_logs_are_looked_at_by_the_hour(client: Host) -> None:
    assert "OnCalendar=hourly" in client.run("systemctl cat logrotate.timer").stdout

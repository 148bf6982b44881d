"""What stands after a change that did not come up: everything that was changed for it was given back."""

from collections.abc import Callable

import pytest
from testinfra.host import Host


@pytest.fixture
def client(find: Callable[[str], Host]) -> Host:
    return find("client")


def test_an_instance_that_did_not_come_up_runs_as_it_stood(client: Host) -> None:
    assert not client.file("/run/vocalyx-trial-passed").exists, "the change was not noticed to have failed"
    unit = "vocalyx-trial@01.service"
    said = client.check_output(f"systemctl show {unit} --property=MemoryMax,CPUQuotaPerSecUSec,ActiveState")
    assert set(said.splitlines()) == {f"MemoryMax={64 * 1024 * 1024}", "CPUQuotaPerSecUSec=500ms", "ActiveState=active"}
    assert 'TRIAL_FOLDER="/srv"' in client.file("/etc/vocalyx/trial/01.env").content_string
    client.run_expect([0], "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:7001/\")'")


def test_an_instance_whose_turn_did_not_come_was_left_alone(client: Host) -> None:
    started = "systemctl show vocalyx-trial@%s.service --value --property=ActiveEnterTimestampMonotonic"
    assert int(client.check_output(started, "02")) < int(client.check_output(started, "01"))
    assert client.service("vocalyx-trial@02").is_running


def test_nothing_of_the_volumes_is_left_on_a_host_that_has_none(client: Host) -> None:
    assert client.check_output("systemctl list-unit-files --no-legend 'vocalyx-volumes*' | wc -l") == "0"
    assert client.check_output("systemctl list-units --all --no-legend 'vocalyx-volumes*' | wc -l") == "0"
    assert client.run("find /etc/systemd -name '*vocalyx-volumes*'").stdout == ""

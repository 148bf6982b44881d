"""The address that two hosts share: one has it, and the other one as soon as that one cannot be used."""

import time
from collections.abc import Callable

import pytest
from testinfra.host import Host

LONGEST_SECONDS = 60
UNUSABLE = "/run/unusable"


@pytest.fixture
def shared(address: Callable[[str], str]) -> str:
    return f"{address('data').rpartition('.')[0]}.19"


def holders(find: Callable[[str], Host], shared: str) -> list[str]:
    return [name for name in ("data", "client") if f" {shared}/24" in find(name).check_output("ip address show eth0")]


def test_the_address_goes_to_the_host_that_can_be_used_and_back(find: Callable[[str], Host], shared: str) -> None:
    def wait_for(name: str) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        while (found := holders(find, shared)) != [name]:
            assert time.monotonic() < end, found
            time.sleep(0.5)

    wait_for("data")
    find("data").check_output(f"touch {UNUSABLE}")
    try:
        wait_for("client")
        assert find("client").check_output(f"ping -c 1 -W 2 {shared}")
    finally:
        find("data").check_output(f"rm {UNUSABLE}")
    wait_for("data")

"""The hosts of the scenario by name, beside testinfra's own `host`, which is each of them in turn."""

from collections.abc import Callable

import pytest
import testinfra
from testinfra.host import Host


@pytest.fixture(scope="session")
def find(request: pytest.FixtureRequest) -> Callable[[str], Host]:
    """Return the function from a host's name to the host, on which commands run as root."""
    inventory = request.config.getoption("ansible_inventory")

    def found(name: str) -> Host:
        return testinfra.get_host(f"ansible://{name}?ansible_inventory={inventory}", sudo=True)

    return found


@pytest.fixture(scope="session")
def address(find: Callable[[str], Host]) -> Callable[[str], str]:
    """Return the function from a host's name to its address in the lab."""
    return lambda name: str(find(name).check_output("hostname -I").split()[0])

"""One instance for the tests that leave it running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.instance import RunningInstance, running_instance


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Iterator[RunningInstance]:
    with running_instance(tmp_path_factory.mktemp("instance") / "var", models_dir) as running:
        yield running

"""Ansible on the inventories of this checkout: on the controller alone, no host is touched."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
ANSIBLE = CHECKOUT / ".venv-deploy" / "bin" / "ansible-playbook"

Playbook = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def ansible_playbook() -> Playbook:
    """Run a playbook on an inventory and return what came of it."""
    assert ANSIBLE.exists(), "Ansible is not installed. Say: python3.11 requirements/install.py deploy"

    def run(playbook: Path, inventory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ANSIBLE), "-i", str(inventory), str(playbook), *arguments],
            cwd=CHECKOUT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(params=["example", "single"])
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an inventory of the checkout, with secrets of its own."""
    return with_secrets(request.param, tmp_path)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return with_secrets("example", tmp_path)


def with_secrets(name: str, folder: Path) -> Path:
    copy = folder / name
    shutil.copytree(CHECKOUT / "inventory" / name, copy)
    path = copy / "group_vars" / "all" / "secrets.yml"
    path.write_text(re.sub(r"change-me\S*", lambda _: secrets.token_hex(20), path.read_text()))
    return copy


def change(path: Path, **values: object) -> None:
    """Set variables in a file of an inventory."""
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | values))

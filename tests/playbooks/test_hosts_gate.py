"""The second gate, on this machine as the one host of a site: what parts of it may use together."""

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook, with_secrets

PREFLIGHT = CHECKOUT / "playbooks" / "preflight_hosts.yml"
TOTAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
SIZES = ("transcription_worker_memory_mb", "enrichment_worker_memory_mb", "postgresql_memory_mb", "redis_memory_mb")


def said(ansible_playbook: Playbook, folder: Path, sizes: dict[str, int], *away: str) -> str:
    """Return what the gate says of the one host with these sizes, which is not in some groups."""
    single = with_secrets("single", folder)
    hosts = yaml.safe_load((single / "hosts.yml").read_text())
    variables = hosts["all"]["hosts"]["vocalyx-1"]
    for name in SIZES:
        del variables[name]
    variables |= sizes
    for group in away:
        hosts["all"]["children"]["site"]["children"][group] = {}
    (single / "hosts.yml").write_text(yaml.safe_dump(hosts))
    ended = ansible_playbook(PREFLIGHT, single, "-e", "ansible_connection=local", "-e", "ansible_become=false")
    assert "vocalyx-1" in ended.stdout, ended.stdout + ended.stderr
    return re.sub(r"\s+", " ", ended.stdout)


@pytest.mark.parametrize(
    ("sizes", "away", "counted"),
    [
        (
            {"postgresql_memory_mb": 128, "redis_memory_mb": 64},
            ("api",),
            {"transcription_worker_memory_mb": 0.85, "enrichment_worker_memory_mb": 0.85},
        ),
        ({"redis_memory_mb": 64}, ("transcription", "enrichment"), {"postgresql_memory_mb": 1}),
    ],
    ids=["workers of both kinds", "the database and the API"],
)
def test_what_would_be_promised_twice_is_refused_with_the_numbers(
    ansible_playbook: Playbook, tmp_path: Path, sizes: dict[str, int], away: tuple[str, ...], counted: dict[str, float]
) -> None:
    text = said(ansible_playbook, tmp_path, sizes, *away)
    found = re.search(rf"vocalyx-1: has {TOTAL} MiB of memory, and what runs there may use (\d+) MiB \((.*?)\)", text)
    assert found is not None, text
    parts = {name: int(megabytes) for name, megabytes in (part.split(": ") for part in found[2].split(", "))}
    assert int(found[1]) == sum(parts.values())
    assert parts.items() >= sizes.items()
    for name, share in counted.items():
        assert abs(parts[name] - share * TOTAL) <= 1


def test_what_fits_together_is_not(ansible_playbook: Playbook, tmp_path: Path) -> None:
    assert "of memory, and" not in said(ansible_playbook, tmp_path, dict.fromkeys(SIZES, 128) | {"api_memory_mb": 128})


def test_what_a_part_takes_that_has_the_host_to_itself_is_not(ansible_playbook: Playbook, tmp_path: Path) -> None:
    away = ("api", "transcription", "enrichment", "redis")
    assert "of memory, and" not in said(ansible_playbook, tmp_path, {}, *away)

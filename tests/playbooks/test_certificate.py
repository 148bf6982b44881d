"""What `verify.yml` says of a certificate that ends soon, with the way out."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.playbooks.conftest import CHECKOUT, Playbook

VERIFY = CHECKOUT / "playbooks" / "verify.yml"


@pytest.mark.parametrize(
    ("days", "source", "way"),
    [
        (40, "authority", ""),
        (20, "authority", "ends within 29 days (notAfter="),
        (20, "own", ""),
        (3, "own", "Put a new one into the inventory (tls_own_certificate, tls_own_key), and deploy"),
    ],
)
def test_a_certificate_that_ends_soon_is_a_finding(
    ansible_playbook: Playbook, example: Path, tmp_path: Path, days: int, source: str, way: str
) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key"), "-out",
         str(tmp_path / "host.crt"), "-subj", "/CN=vocalyx.example.org", "-days", str(days)],
        check=True, capture_output=True,
    )  # fmt: skip
    variables = {
        "ansible_connection": "local", "ansible_become": False, "tls_directory": str(tmp_path), "tls_source": source,
    }  # fmt: skip
    ended = ansible_playbook(
        VERIFY, example, "--limit", "lb-1", "--tags", "verify_certificate", "-e", json.dumps(variables)
    )
    said = " ".join(ended.stdout.split())
    assert "Insist that it holds for a while" in said
    assert (ended.returncode == 0) == (not way), said
    assert way in said

"""Archives of wheels, on their way from the build host to the controller."""

import os
import subprocess
import tarfile
from pathlib import Path

from tests.playbooks.conftest import ANSIBLE, CHECKOUT

PLAYBOOK = CHECKOUT / "tests" / "playbooks" / "bring.yml"
NAMES = ("core-1.tar", "tools-1.tar")
ARCHIVE_BYTES = 8 * 1024 * 1024
CUT_KIB = 4 * 1024


def bring(folder: Path, limit: str = "") -> subprocess.CompletedProcess[str]:
    """Run the role; a limit of bash ends it where a file grows beyond."""
    return subprocess.run(
        ["bash", "-c", f'{limit}\nexec "$@"', "bash", str(ANSIBLE), str(PLAYBOOK), "-e", f"folder={folder}"],
        cwd=CHECKOUT, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_archive_that_was_cut_off_is_brought_again(tmp_path: Path) -> None:
    made, artifacts = tmp_path / "made", tmp_path / "artifacts"
    made.mkdir()
    for name in NAMES:
        (made / name).write_bytes(name.encode())
        os.truncate(made / name, ARCHIVE_BYTES)
    # What builds them on a host: here they are made already.
    (tmp_path / "python").write_text(f'#!/bin/sh\ncp --link --force "{made}"/* "{tmp_path}/build/archives"\n')
    (tmp_path / "python").chmod(0o755)
    with tarfile.open(tmp_path / "program.tar", "w") as program:
        program.add(tmp_path / "python", arcname="program")

    ended = bring(tmp_path, f"ulimit -f {CUT_KIB}")
    assert ended.returncode != 0
    assert "Bring the archives to the controller" in ended.stdout
    assert not [name for name in NAMES if (artifacts / name).exists()]

    ended = bring(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {path.name: path.read_bytes() for path in artifacts.iterdir()} == {
        name: (made / name).read_bytes() for name in NAMES
    }
    ended = bring(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "changed=0" in ended.stdout

"""The environment of a new release, filled from that of one which was installed from the same wheels."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.conftest import ANSIBLE, CHECKOUT

PROGRAM = "#!{python}\nimport engine, sys\nprint(engine.SAYS, sys.prefix)\n"
FOUND = {"core-1", "tools-1"}


def release(home: Path, version: str, *marks: str) -> Path:
    """Make a release with an environment in which nothing is installed."""
    folder = home / "releases" / version
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (folder / ".installed").mkdir()
    for mark in marks:
        (folder / ".installed" / mark).touch()
    return folder


def packages(folder: Path) -> Path:
    return next((folder / "venv" / "lib").glob("python*/site-packages"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A host with a whole release, in which a package and a program of it are installed, and a new release."""
    one = release(tmp_path, "one", "source", "vocalyx", *FOUND)
    (packages(one) / "engine").mkdir()
    (packages(one) / "engine" / "__init__.py").write_text("SAYS = 'as-installed'\n")
    program = one / "venv" / "bin" / "engine"
    program.write_text(PROGRAM.format(python=one / "venv" / "bin" / "python3"))
    program.chmod(0o755)
    release(tmp_path, "two")
    return tmp_path


def inherit(home: Path, *wheels: str) -> str:
    arguments = {"home": str(home), "version": "two", "wheels": wheels}
    ended = subprocess.run(
        [str(ANSIBLE.with_name("ansible")), "localhost", "-m", "release_inherit", "-a", json.dumps(arguments)],
        cwd=CHECKOUT,
        env=os.environ
        | {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LIBRARY": str(CHECKOUT / "roles" / "release" / "library"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    answer = json.loads(ended.stdout.partition("=>")[2])
    assert answer["changed"] is bool(answer["inherited_from"])
    return str(answer["inherited_from"])


def said(folder: Path) -> list[str]:
    done = subprocess.run([folder / "venv" / "bin" / "engine"], check=True, capture_output=True, text=True)
    return done.stdout.split(" ")


def test_a_release_with_the_same_wheels_takes_no_room_and_stands_by_itself(home: Path) -> None:
    one, two = home / "releases" / "one", home / "releases" / "two"
    assert inherit(home, *FOUND) == "one"
    assert {mark.name for mark in (two / ".installed").iterdir()} == FOUND
    older, newer = packages(one) / "engine" / "__init__.py", packages(two) / "engine" / "__init__.py"
    assert newer.samefile(older)
    assert said(two) == ["as-installed", f"{two / 'venv'}\n"]
    # As pip replaces a file: by another one of its name.
    newer.unlink()
    newer.write_text("SAYS = 'replaced'\n")
    assert said(one)[0] == "as-installed"
    assert said(two)[0] == "replaced"


@pytest.mark.parametrize("change", ["other wheels", "more wheels", "not finished", "another Python"])
def test_nothing_is_taken_from_a_release_that_is_not_the_same(home: Path, change: str) -> None:
    one = home / "releases" / "one"
    if change == "other wheels":
        (one / ".installed" / "core-1").rename(one / ".installed" / "core-2")
    elif change == "more wheels":
        (one / ".installed" / "speech-1").touch()
    elif change == "not finished":
        (one / ".installed" / "vocalyx").unlink()
    else:
        settings = one / "venv" / "pyvenv.cfg"
        settings.write_text(settings.read_text().replace("version = 3.", "version = 4."))
    assert inherit(home, *FOUND) == ""
    assert not (packages(home / "releases" / "two") / "engine").exists()
    assert not list((home / "releases" / "two" / ".installed").iterdir())

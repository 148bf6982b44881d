"""The virtual environment: made where it is missing or broken, with or without Debian's python3-venv."""

import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from progress import SetupFailed, Step, run, say

PYTHON_VERSION = (3, 11)


@dataclass(frozen=True)
class Environment:
    """A virtual environment in `folder`, and the lock files in `locks`."""

    folder: Path
    locks: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    def stamp(self, stage: str) -> str:
        """Return what the stage was last installed from; nothing where it was not, or the environment is broken."""
        try:
            return (self.folder / "stamps" / stage).read_text(encoding="ascii") if self._works() else ""
        except FileNotFoundError:
            return ""

    def write_stamp(self, stage: str, fingerprint: str) -> None:
        (self.folder / "stamps").mkdir(exist_ok=True)
        (self.folder / "stamps" / stage).write_text(fingerprint, encoding="ascii")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the environment for this process, made if it is missing; wait for another set-up to end first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another set-up is working on this environment; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            if not self._works():
                self.create()
            yield

    def create(self) -> None:
        """Make the environment anew, pip included. Raises SetupFailed where this machine lacks what that takes."""
        if sys.version_info[:2] != PYTHON_VERSION:
            raise SetupFailed(
                f"Python {'.'.join(map(str, PYTHON_VERSION))} is needed, and this is {sys.version.split()[0]}. "
                "Install it (Debian 12 has it) or name it: make run PYTHON=/path/to/python3.11"
            )
        shutil.rmtree(self.folder / "stamps", ignore_errors=True)
        with_pip = _can_import("ensurepip")
        command = [sys.executable, "-m", "venv", *([] if with_pip else ["--without-pip"]), str(self.folder)]
        for broken in (self.folder / "bin", self.folder / "lib"):
            shutil.rmtree(broken, ignore_errors=True)
        run(command, Step(f"a virtual environment in {self.folder}"), log=self.log)
        if not with_pip:
            self._bring_pip()

    def _works(self) -> bool:
        # By its files, without starting it, which would cost a tenth of a second each time.
        site = self.folder / "lib" / "python{}.{}".format(*PYTHON_VERSION) / "site-packages"
        return self.python.exists() and (site / "pip").is_dir()

    def _bring_pip(self) -> None:
        """Install pip where Debian's python3-venv, which carries it, is missing: three ways without root, in turn."""
        tools = str(self.locks / "tools.txt")
        install = ["install", "--quiet", "--require-hashes", "--no-deps", "-r", tools]
        if _can_import("pip"):
            self.run(
                [sys.executable, "-m", "pip", "--python", str(self.python), *install], Step("pip, by Debian's pip")
            )
            return
        if uv := shutil.which("uv"):
            self.run([uv, "pip", *install[:1], "--python", str(self.python), *install[2:]], Step("pip, by uv"))
            return
        with tempfile.TemporaryDirectory() as folder:
            wheel = _pip_wheel_of_debian(Path(folder))
            if wheel is None:
                raise SetupFailed(
                    "this Python has neither ensurepip nor pip, and apt-get could not download python3-pip-whl.\n"
                    "Ask an administrator for: apt-get install python3.11-venv"
                )
            self.run([str(self.python), f"{wheel}/pip", *install], Step("pip, from Debian's python3-pip-whl"))

    def pip(self, arguments: list[str], step: Step) -> None:
        # `-I` would drop the user's own pip settings in the environment; those say where packages come from here.
        common = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
        verb, *rest = arguments
        self.run([str(self.python), "-m", "pip", verb, *common, *rest], step)

    def install_lock(self, lock: Path, step: Step, *options: str) -> None:
        """Install a whole lock file: exactly what it names, every file checked."""
        self.pip(["install", "--require-hashes", "--no-deps", *options, "-r", str(lock)], step)

    def install_lines(self, lines: str, step: Step, *options: str) -> None:
        """Install a part of a lock file (see `extract`)."""
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / "part.txt"
            part.write_text(lines, encoding="utf-8")
            self.install_lock(part, step, *options)

    def run(self, command: list[str], step: Step) -> None:
        run(command, step, log=self.log, folder=self.locks.parent)


def extract(lock: Path, only: Iterable[str] = (), *, exclude: Iterable[str] = ()) -> str:
    """Return the entries of a lock file of these packages, or of all but those excluded."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8"))
    wanted, unwanted = set(only), set(exclude)
    names = [(entry, entry.partition("==")[0].partition("[")[0]) for entry in entries if "==" in entry]
    return "".join(entry for entry, name in names if name not in unwanted and (not wanted or name in wanted))


def _can_import(module: str) -> bool:
    # A folder that a removed package left behind has a specification too, but no origin.
    spec = importlib.util.find_spec(module)
    return spec is not None and spec.origin is not None


def _pip_wheel_of_debian(folder: Path) -> Path | None:
    """Download the Debian package that carries pip's wheel, which takes no root, and return the wheel."""
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        return None
    subprocess.run([apt, "download", "python3-pip-whl"], cwd=folder, check=False, stdout=subprocess.DEVNULL)
    for package in folder.glob("*.deb"):
        subprocess.run([dpkg, "--extract", str(package), str(folder / "unpacked")], check=False)
    return next(iter(sorted(folder.glob("unpacked/usr/share/python-wheels/pip-*.whl"))), None)


def cache_folder() -> Path:
    """Return where built wheels are kept over environments: $VOCALYX_CACHE, or the user's cache."""
    if chosen := os.environ.get("VOCALYX_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vocalyx"

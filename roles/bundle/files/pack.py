"""Join archives, models and the checkout into one file: `pack.py FILE ARCHIVE… [--models FOLDER] [--checkout FOLDER]`.

The file is a tar; `SHA256SUMS` in it has the hash of every other member. `pack.py FILE --unpack FOLDER` checks them all.
"""

import argparse
import hashlib
import io
import os
import shutil
import sys
import tarfile
from pathlib import Path, PurePosixPath

SUMS = "SHA256SUMS"
BLOCK_BYTES = 1024 * 1024

# What deploys, and what it deploys. Of inventories the examples: a site's own has its secrets, and goes its own way.
CHECKOUT = ("CHANGELOG.md", "LICENSE", "README.md", "ansible.cfg", "app", "docs", "inventory/README.md", "inventory/example",
            "inventory/single", "playbooks", "pyproject.toml", "requirements", "roles", "templates")  # fmt: skip
LEFT_OUT = ("__pycache__", "node_modules")


def pack(bundle: Path, archives: list[Path], models: Path | None, checkout: Path | None) -> None:
    members = {f"artifacts/{path.name}": path for path in archives}
    if models is not None:
        members |= {f"models/{path.relative_to(models)}": path for path in files(models)}
    if checkout is not None:
        found = [path for entry in CHECKOUT for path in files(checkout / entry)]
        members |= {f"checkout/{path.relative_to(checkout)}": path for path in found}
    partial = bundle.with_name(f".{bundle.name}.partial")
    bundle.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(partial, "w", dereference=True) as tar:
        sums = "".join(f"{digest(path)}  {name}\n" for name, path in members.items()).encode()
        member = tarfile.TarInfo(SUMS)
        member.size = len(sums)
        tar.addfile(member, io.BytesIO(sums))
        for name, path in members.items():
            tar.add(path, arcname=name, recursive=False)
    partial.replace(bundle)


def files(top: Path) -> list[Path]:
    """Return the files in a folder, or the one file that it is, without what programs leave behind."""
    found = [top] if top.is_file() else []
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [Path(folder, name) for name in names if not name.endswith(".pyc")]
    return sorted(found)


def unpack(bundle: Path, folder: Path) -> None:
    """Unpack a bundle into a folder that is not there yet, and refuse what is not as it was packed."""
    # The folder has its name once all of it is there and right: by that the next run knows it.
    partial = folder.with_name(f"{folder.name}.part")
    if partial.exists():
        shutil.rmtree(partial)
    try:
        extract(bundle, partial)
        for line in (partial / SUMS).read_text(encoding="utf-8").splitlines():
            expected, name = line.split("  ", 1)
            if digest(partial / name) != expected:
                sys.exit(f"{name} in {bundle} is not what was packed. Carry the bundle here again.")
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def extract(bundle: Path, folder: Path) -> None:
    """Write the files of a bundle, and refuse any that would be elsewhere, and what is no file."""
    # By hand: Debian 12's Python knows no `filter` of extractall.
    with tarfile.open(bundle) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or path.is_absolute() or ".." in path.parts:
                sys.exit(f"{member.name} in {bundle} is nothing that was packed. Carry the bundle here again.")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file, BLOCK_BYTES)
            target.chmod(0o755 if member.mode & 0o100 else 0o644)


def digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("archives", nargs="*", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--checkout", type=Path)
    parser.add_argument("--unpack", type=Path, metavar="FOLDER")
    wanted = parser.parse_args()
    if wanted.unpack is not None:
        unpack(wanted.bundle, wanted.unpack)
    else:
        pack(wanted.bundle, wanted.archives, wanted.models, wanted.checkout)


if __name__ == "__main__":
    main()

#!/usr/bin/python
"""Pack the program of a checkout into one archive, named after its content."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import tarfile
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: release_content
short_description: Pack the program of a checkout into one archive, named after its content
description:
  - The same content gives the same name and the same archive, to the bit, so that deploying it again changes nothing.
  - Works in check mode, where it says the name and writes nothing.
options:
  source: {description: The checkout., type: path, required: true}
  folder: {description: Where the archive goes., type: path, required: true}
  include: {description: Files and folders of the checkout that make up the program., type: list, elements: str, required: true}
  dashboard_modules: {description: "Whether the dashboard's front-end modules, which git ignores, must be there.", type: bool, default: false}
"""

EXAMPLES = r"""
- release_content: {source: /home/anna/vocalyx, folder: /home/anna/vocalyx/.cache/artifacts, include: [app, requirements]}
"""

RETURN = r"""
release: {description: The version and the first digits of the content's hash., type: str, returned: always}
archive: {description: The path of the archive., type: str, returned: always}
"""

_VERSION = re.compile(r'^__version__\s*=\s*"([^"]+)"', re.MULTILINE)
_LEFT_OUT = {"__pycache__", "node_modules"}


def files_of(source: Path, include: list[str]) -> list[Path]:
    """Return the files, sorted, below the given entries of the checkout."""
    found: list[Path] = []
    for entry in include:
        top = source / entry
        if top.is_file():
            found.append(top)
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
            found += [Path(folder, name) for name in names if not name.endswith(".pyc")]
    return sorted(found)


def digest_of(source: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(source)}\0{os.access(path, os.X_OK)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def pack(source: Path, files: list[Path], archive: Path) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=archive.parent, prefix=f".{archive.name}.")
    try:
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            for path in files:
                member = tarfile.TarInfo(str(path.relative_to(source)))
                member.size = path.stat().st_size
                member.mode = 0o755 if os.access(path, os.X_OK) else 0o644
                member.uname = member.gname = "root"
                with path.open("rb") as content:
                    tar.addfile(member, content)
        Path(partial).chmod(0o644)
        Path(partial).replace(archive)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "source": {"type": "path", "required": True},
            "folder": {"type": "path", "required": True},
            "include": {"type": "list", "elements": "str", "required": True},
            "dashboard_modules": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    source = Path(module.params["source"]).resolve()
    found = _VERSION.search((source / "app" / "__init__.py").read_text(encoding="utf-8"))
    if found is None:
        module.fail_json(msg=f"{source}/app/__init__.py names no version. Deploy from a checkout of Vocalyx.")
    modules = source / "app" / "dashboard" / "static" / "modules"
    if module.params["dashboard_modules"] and not (modules.is_dir() and any(modules.iterdir())):
        module.fail_json(
            msg=f"The dashboard's front-end modules are not in {modules}. Run `python3.11 requirements/install.py"
            " dashboard` in the checkout, which fetches them, or leave the group `dashboard` empty."
        )
    files = files_of(source, module.params["include"])
    release = f"{found.group(1)}-{digest_of(source, files)[:10]}"
    archive = Path(module.params["folder"], f"vocalyx-{release}.tar.gz")
    missing = not archive.exists()
    if missing and not module.check_mode:
        pack(source, files, archive)
    module.exit_json(changed=missing, release=release, archive=str(archive))


if __name__ == "__main__":
    main()

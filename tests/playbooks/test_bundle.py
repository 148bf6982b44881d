"""What a closed site is deployed from: whole, checked, and with every package that a role installs."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook, change

PACK = CHECKOUT / "roles" / "bundle" / "files" / "pack.py"
ROLES = CHECKOUT / "roles"
PACKAGE = re.compile(r"^[a-z0-9][a-z0-9+.-]+$")


def pack(*arguments: Path | str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, str(PACK), *map(str, arguments)], capture_output=True, text=True, check=False)


# A controller's is Debian's, which lacks what later ones have.
@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3"])
def test_what_was_packed_is_unpacked_and_what_was_changed_on_the_way_is_refused(tmp_path: Path, python: str) -> None:
    archive, models = tmp_path / "core-1.tar", tmp_path / "models"
    archive.write_bytes(b"wheels")
    (models / "whisper" / "base").mkdir(parents=True)
    (models / "whisper" / "base" / "model.json").write_text("{}")
    bundle = tmp_path / "out" / "site.bundle.tar"
    assert pack(bundle, archive, "--models", models, python=python).returncode == 0
    # As a run left it that was killed.
    (tmp_path / "here.part" / "artifacts").mkdir(parents=True)
    (tmp_path / "here.part" / "artifacts" / "of-another-bundle.tar").touch()
    unpacked = pack(bundle, "--unpack", tmp_path / "here", python=python)
    assert unpacked.returncode == 0, unpacked.stderr
    assert [path.name for path in (tmp_path / "here" / "artifacts").iterdir()] == ["core-1.tar"]
    assert (tmp_path / "here/artifacts/core-1.tar").read_bytes() == b"wheels"
    assert (tmp_path / "here/models/whisper/base/model.json").read_text() == "{}"

    content = bundle.read_bytes()
    assert content.count(b"wheels") == 1
    bundle.write_bytes(content.replace(b"wheels", b"weevil"))
    refused = pack(bundle, "--unpack", tmp_path / "there", python=python)
    assert refused.returncode != 0
    assert "artifacts/core-1.tar" in refused.stderr
    assert not list(tmp_path.glob("there*"))


def test_a_bundle_that_was_changed_is_refused_by_every_deployment(
    ansible_playbook: Playbook, example: Path, tmp_path: Path
) -> None:
    archive, bundle = tmp_path / "core-1.tar", tmp_path / "out" / "site.bundle.tar"
    archive.write_bytes(b"wheels")
    assert pack(bundle, archive).returncode == 0
    bundle.write_bytes(bundle.read_bytes().replace(b"wheels", b"weevil"))
    for _ in range(2):
        ended = ansible_playbook(
            CHECKOUT / "playbooks" / "build.yml", example, "--tags", "always", "-e", f"vocalyx_bundle={bundle}"
        )
        assert ended.returncode != 0
        assert "is not what was packed. Carry the bundle here again." in " ".join(ended.stdout.split())


def test_what_deploys_comes_along_and_no_sites_secrets(tmp_path: Path) -> None:
    bundle, here = tmp_path / "site.bundle.tar", tmp_path / "here"
    checkout = tmp_path / "checkout"
    for name in ("app/page.py", "app/dashboard/static/modules/page.js", "playbooks/deploy.yml", "inventory/single/hosts.yml",
                 "inventory/mysite/secrets.yml", "app/__pycache__/page.pyc", ".git/config", ".venv-deploy/bin/python"):  # fmt: skip
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(name)
    assert pack(bundle, "--checkout", checkout).returncode == 0
    assert pack(bundle, "--unpack", here).returncode == 0
    found = {str(path.relative_to(here / "checkout")) for path in (here / "checkout").rglob("*") if path.is_file()}
    assert found == {
        "app/page.py", "app/dashboard/static/modules/page.js", "playbooks/deploy.yml", "inventory/single/hosts.yml",
    }  # fmt: skip


@pytest.mark.parametrize("python", [sys.executable, "/usr/bin/python3"])
@pytest.mark.parametrize(
    "names", [["../escaped"], ["models/../../escaped"], ["{deep}/escaped"], ["link", "link/escaped"]]
)
def test_a_bundle_that_would_write_elsewhere_is_refused(tmp_path: Path, python: str, names: list[str]) -> None:
    bundle, deep = tmp_path / "evil.tar", tmp_path / "deep"
    deep.mkdir()
    with tarfile.open(bundle, "w") as tar:
        for name in names:
            member = tarfile.TarInfo(name.format(deep=deep))
            if name == "link":
                member.type, member.linkname = tarfile.SYMTYPE, str(deep)
            tar.addfile(member)
    refused = pack(bundle, "--unpack", deep / "here", python=python)
    assert refused.returncode != 0
    assert "is nothing that was packed" in refused.stderr
    assert not list(deep.iterdir())


def test_no_bundle_is_begun_without_a_model_that_the_site_needs(
    ansible_playbook: Playbook, example: Path, tmp_path: Path
) -> None:
    carried = tmp_path / "models"
    for name in ("whisper/base", "llm/smollm2-135m-instruct"):
        (carried / name).mkdir(parents=True)
        (carried / name / "model.json").write_text("{}")
    change(example / "group_vars" / "all" / "site.yml", vocalyx_models_carried=str(carried))
    ended = ansible_playbook(CHECKOUT / "playbooks" / "bundle.yml", example)
    said = " ".join(ended.stdout.split())
    assert ended.returncode != 0
    assert "The bundle would lack diarization/community-campplus. Bring each" in said
    # No host was asked for anything yet.
    assert "unreachable=0" in said
    assert "Unpack" not in said


def test_every_package_that_a_role_installs_is_in_the_bundle() -> None:
    bundled = set(yaml.safe_load((ROLES / "bundle/defaults/main.yml").read_text())["bundle_packages"])
    installed = {name for role in ROLES.iterdir() if role.name != "bundle" for name in packages_of(role)}
    assert {"haproxy", "redis-server", "nftables"} <= installed
    # The version of PostgreSQL is a variable of its role.
    assert installed - bundled == set()


def packages_of(role: Path) -> set[str]:
    """Return the names of Debian packages in a role's apt tasks and in its `…_packages`."""
    found: set[str] = set()
    defaults = role / "defaults" / "main.yml"
    values = (yaml.safe_load(defaults.read_text()) or {}) if defaults.exists() else {}
    for name, value in values.items():
        if name.endswith("_packages"):
            found |= set(value)
    for tasks in role.glob("tasks/*.yml"):
        for task in _tasks(yaml.safe_load(tasks.read_text()) or []):
            names = task.get("ansible.builtin.apt", {}).get("name", [])
            for name in [names] if isinstance(names, str) else names:
                if "{{" in name:
                    found |= {word for word in re.findall(r"'([a-z0-9.+-]+)'", name) if word in KNOWN_IN_EXPRESSIONS}
                else:
                    found.add(name)
    return {name for name in found if PACKAGE.match(name)}


KNOWN_IN_EXPRESSIONS = {"chrony", "ca-certificates", "openssl", "python3-cryptography", "ssl-cert"}


def _tasks(tasks: list[dict[str, object]]) -> list[dict[str, object]]:
    flat = []
    for task in tasks:
        flat.append(task)
        for part in ("block", "rescue", "always"):
            flat += _tasks(task.get(part, []))  # type: ignore[arg-type]
    return flat

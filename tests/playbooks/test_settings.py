"""What a site sets for its processes arrives there: settings as they were written, secrets as credentials alone."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.playbooks.conftest import CHECKOUT, Playbook, change, with_secrets

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
# systemd's own reader of such files, as far as a program shows it.
READER = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
ISSUER = "https://id.example.org/realms/site"
SETTINGS = {
    "VOCALYX_OIDC_ISSUER": ISSUER,
    "VOCALYX_OIDC_CLIENT_ID": "vocalyx",
    "VOCALYX_OIDC_ADMINISTRATOR_CLAIM": 'groups=élus "Île-de-France" \\ it\'s # all',
}
GIVEN = {"vocalyx_secret_oidc_client_secret": "of~the.provider", "vocalyx_secret_llm_server_key": "sk-of-the-server"}


@pytest.fixture(scope="module")
def site(ansible_playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a provider of logins and a model server; what is rendered for a host lies in its name."""
    folder = tmp_path_factory.mktemp("site")
    inventory = with_secrets("example", folder)
    change(inventory / "group_vars" / "all" / "secrets.yml", **GIVEN)
    change(
        inventory / "group_vars" / "all" / "site.yml",
        vocalyx_home=str(folder / "home"),
        vocalyx_credentials=str(folder / "credentials"),
    )
    variables = {"folder": str(folder), "certificate": "", "api_settings": SETTINGS}
    hosts = "api-1,transcription-1,enrichment-1"
    ended = ansible_playbook(RENDER, inventory, "--limit", hosts, "-e", json.dumps(variables))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_secrets_of_others_come_as_credentials_to_those_who_need_them(site: Path) -> None:
    having: dict[str, set[str]] = {}
    for unit in site.glob("*-1/*.service"):
        for name in re.findall(r"^LoadCredential=(\w+):", unit.read_text(), flags=re.MULTILINE):
            having.setdefault(name, set()).add(unit.name)
    assert having["vocalyx_oidc_client_secret"] == {"vocalyx-api@.service"}
    assert having["vocalyx_llm_server_key"] == {"vocalyx-enrichment@.service"}
    for file in site.glob("*-1/*"):
        for secret in GIVEN.values():
            assert secret not in file.read_text(), file


def test_systemd_reads_settings_as_they_were_written(site: Path, tmp_path: Path) -> None:
    (tmp_path / "environment.d").mkdir()
    (tmp_path / "environment.d" / "01.conf").write_bytes((site / "api-1" / "01.env").read_bytes())
    read = subprocess.run(
        [READER], env={"XDG_CONFIG_HOME": str(tmp_path), "LANG": "C.UTF-8"}, capture_output=True, text=True, check=True
    )
    found = dict(word.split("=", 1) for word in shlex.split(read.stdout))
    assert {name: found[name] for name in SETTINGS} == SETTINGS


@pytest.mark.parametrize("sudo", [{"SUDO_USER": "anna"}, {}])
def test_an_administrator_of_the_host_has_the_apis_settings(
    site: Path, tmp_path: Path, database_url: str, sudo: dict[str, str]
) -> None:
    (site / "credentials").mkdir(exist_ok=True)
    (site / "credentials" / "vocalyx_database_url").write_text(database_url)
    stand_in(
        site / "home/releases/0.0.0-test/venv/bin/vocalyx",
        f'PYTHONPATH={CHECKOUT} exec {sys.executable} -m app.cli.main "$@"',
    )
    # Nobody but a host's own root becomes somebody else.
    stand_in(tmp_path / "bin" / "setpriv", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')

    def vocalyx(*arguments: str) -> str:
        ended = subprocess.run(
            ["unshare", "--user", "--map-root-user", str(site / "api-1" / "vocalyx"), *arguments],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LANG": "C.UTF-8", **sudo},
            input="a long enough password", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    vocalyx("admin", "create-user", "bert")
    vocalyx("admin", "link-oidc", "bert", "sub-1")
    [entry] = vocalyx("admin", "audit", "--action", "user.linked").splitlines()
    assert f" by={sudo.get('SUDO_USER', 'root')} " in entry
    assert f" issuer={ISSUER} " in entry + " "


def stand_in(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)

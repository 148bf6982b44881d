"""The first gate: what is wrong with an inventory is said before anything is touched, all of it, with the way out."""

import re
from pathlib import Path

import yaml

from tests.playbooks.conftest import CHECKOUT, Playbook, change

PREFLIGHT = CHECKOUT / "playbooks" / "preflight_inventory.yml"


def findings(text: str) -> str:
    """Return what the gate said, without the line ends that Ansible puts into it."""
    return re.sub(r"\s+", " ", text).replace("''", "'")


def test_a_whole_inventory_passes(ansible_playbook: Playbook, inventory: Path) -> None:
    ended = ansible_playbook(PREFLIGHT, inventory)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "changed=1" not in ended.stdout


def test_the_examples_secrets_are_refused(ansible_playbook: Playbook) -> None:
    ended = ansible_playbook(PREFLIGHT, CHECKOUT / "inventory" / "single")
    said = findings(ended.stdout)
    assert ended.returncode != 0
    for name in yaml.safe_load((CHECKOUT / "inventory/single/group_vars/all/secrets.yml").read_text()):
        assert f"{name} is that of an example. Make one of your own: python3 -c" in said


def test_all_findings_are_in_one_list(ansible_playbook: Playbook, example: Path) -> None:
    variables = example / "group_vars" / "all"
    hosts = yaml.safe_load((example / "hosts.yml").read_text())
    groups = hosts["all"]["children"]["site"]["children"]
    groups["nfs_server"]["hosts"] = {}
    del groups["dashboard"]
    groups["api"]["hosts"]["api-2"]["vocalyx_address"] = "10.20.0.31"
    groups["api"]["vars"]["api_instances"] = 7
    groups["transcription"]["hosts"]["transcription-1"] |= {
        "transcription_worker_instances": 2,
        "transcription_worker_threads": 4,
        "transcription_worker_memory_mb": 5000,
        "vocalyx_cores": 4,
        "vocalyx_memory_mb": 8000,
    }
    groups["enrichment"]["hosts"]["enrichment-1"]["enrichment_worker_instances"] = "two"
    (example / "hosts.yml").write_text(yaml.safe_dump(hosts))
    change(
        variables / "site.yml",
        vocalyx_admin_networks=["0.0.0.0/0", "10.0.0.0/33"],
        vocalyx_tls="yes please",
        vocalyx_hom="/opt/other",
        vocalyx_trusted_proxies=["0.0.0.0/0"],
        haproxy_api_prot=8001,
        haproxy_api_port=443,
        api_port_base=9000,
        firewall_ssh_port=2222,
        api_worker_count=3,
        old_api_count=2,
        api_settings={"VOCALYX_SESSION_LIFETIME": "3600", "VOCALYX_OIDC_CLIENT_SECRET": "of-the-client"},
        enrichment_worker_settings="VOCALYX_LLM_SERVER_AT_ONCE=2",
    )
    change(
        variables / "secrets.yml",
        vocalyx_secret_redis_password="short",
        vocalyx_secret_internal_key="",
        vocalyx_secret_oidc_client_secret="two words",
        vocalyx_secret_llm_server_key="short~is.fine",
    )
    renamed = example / "renamed.yml"
    renamed.write_text("preflight_inventory_renamed: {old_api_count: api_instances}\n")

    ended = ansible_playbook(PREFLIGHT, example, "--extra-vars", f"@{renamed}")
    said = findings(ended.stdout)
    assert ended.returncode != 0
    for finding in (
        "vocalyx_volumes is nfs, and the group `nfs_server` has no host. Add one",
        "The group `dashboard` is not there. Add it below `site`",
        "api-2 and api-1 have the same vocalyx_address, 10.20.0.31. Correct one of them.",
        "The instances of the API open 140 connections, and PostgreSQL takes 100",
        "transcription-1 may use 8 threads together, and vocalyx_cores says 4.",
        "transcription-1 may use 10000 MiB together, and vocalyx_memory_mb says 8000.",
        "enrichment_worker_instances of enrichment-1 is 'two'. Give a number",
        "vocalyx_admin_networks has 0.0.0.0/0 in it: ports 5555, 8404 and metrics may not be open to the world.",
        "vocalyx_admin_networks has '10.0.0.0/33' in it. Give addresses and networks",
        "vocalyx_trusted_proxies has 0.0.0.0/0 in it: whoever comes could say to be anybody else. Name networks of yours.",
        "haproxy_api_port (11 hosts) cannot be set: firewall, balancer and other hosts know a site's ports by their numbers.",
        "api_port_base (11 hosts) cannot be set: firewall",
        "vocalyx_tls is 'yes please'. Say true or false.",
        "vocalyx_hom (11 hosts) is no variable of Vocalyx. Is vocalyx_home meant?",
        "haproxy_api_prot (11 hosts) is no variable of Vocalyx. Is haproxy_api_port meant?",
        "api_worker_count (11 hosts) is no variable of Vocalyx, and its name says it were. Remove it",
        "old_api_count (11 hosts) is a variable of an earlier release. It is called api_instances now: rename it.",
        "vocalyx_secret_redis_password has to have 24 or more letters",
        "vocalyx_secret_internal_key is not set for lb-1.",
        "vocalyx_secret_oidc_client_secret has a space, a letter with an accent or a line's end in it.",
        "api_settings has VOCALYX_OIDC_CLIENT_SECRET in it, and would write that secret where a file of settings",
        "an environment show it. Take it out, and set vocalyx_secret_oidc_client_secret.",
        "enrichment_worker_settings is 'VOCALYX_LLM_SERVER_AT_ONCE=2'. Give names of settings with their values",
    ):
        assert finding in said, said
    assert "firewall_ssh_port" not in said
    assert "vocalyx_secret_llm_server_key" not in said
    assert "VOCALYX_SESSION_LIFETIME" not in said


def test_a_group_that_is_needed_is_missed(ansible_playbook: Playbook, example: Path) -> None:
    hosts = yaml.safe_load((example / "hosts.yml").read_text())
    del hosts["all"]["children"]["site"]["children"]["redis"]
    hosts["all"]["children"]["site"]["children"]["loadbalancer"]["hosts"] = {"lb-1": None}
    hosts["all"]["children"]["site"]["children"]["loadbalancer"]["hosts"]["lb-1"] = {"vocalyx_address": "10.20.0.11"}
    (example / "hosts.yml").write_text(yaml.safe_dump(hosts))
    change(example / "group_vars" / "all" / "site.yml", vocalyx_volumes="local")
    ended = ansible_playbook(PREFLIGHT, example)
    said = findings(ended.stdout)
    assert ended.returncode != 0
    assert "The group `redis` has no host. Add one to it in hosts.yml" in said
    assert "vocalyx_high_availability_address moves between two balancers, and `loadbalancer` has one host." in said
    assert "vocalyx_volumes is local, and api-1, api-2, enrichment-1" in said

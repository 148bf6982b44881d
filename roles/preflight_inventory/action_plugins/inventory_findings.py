"""What is wrong with an inventory, with the way out: everything at once, and nothing is touched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.plugins.action import ActionBase
from ansible.vars.plugins import get_vars_from_inventory_sources

REQUIRED_GROUPS = ("loadbalancer", "postgresql", "redis", "api", "transcription", "enrichment", "build")
TIERS = (*REQUIRED_GROUPS[:-1], "nfs_server", "dashboard", "queue_dashboard")
SINGLE_GROUPS = ("postgresql", "redis", "nfs_server")
"""Of these a site has one host: a second one would be a second truth."""

SITE_VARIABLES = {
    "vocalyx_site_name", "vocalyx_volumes", "vocalyx_user", "vocalyx_group", "vocalyx_uid", "vocalyx_gid", "vocalyx_home",
    "vocalyx_uploads", "vocalyx_models", "vocalyx_logs", "vocalyx_credentials", "vocalyx_public_url",
    "vocalyx_client_networks", "vocalyx_admin_networks", "vocalyx_metrics_networks", "vocalyx_high_availability_address",
    "vocalyx_tls", "vocalyx_firewall", "vocalyx_exporters", "vocalyx_drain_seconds", "vocalyx_models_carried",
    "vocalyx_models_wanted", "vocalyx_address",
}  # fmt: skip
OPTIONAL_SITE_VARIABLES = {
    "vocalyx_artifacts", "vocalyx_release", "vocalyx_bundle", "vocalyx_backup_folder", "vocalyx_cores", "vocalyx_memory_mb",
    "vocalyx_processor", "vocalyx_trusted_proxies",
}  # fmt: skip
NETWORKS = {
    "vocalyx_client_networks": "",
    "vocalyx_admin_networks": "ports 5555, 8404 and metrics may not be open to the world",
    "vocalyx_metrics_networks": "ports 5555, 8404 and metrics may not be open to the world",
    "vocalyx_trusted_proxies": "whoever comes could say to be anybody else",
}
"""Lists of networks, and why everybody may not be in one; an empty text where everybody may."""
SECRETS = (
    "vocalyx_secret_postgresql_owner_password", "vocalyx_secret_postgresql_password", "vocalyx_secret_redis_password",
    "vocalyx_secret_internal_key", "vocalyx_secret_haproxy_stats_password", "vocalyx_secret_queue_dashboard_password",
    "vocalyx_secret_administrator_password",
)  # fmt: skip
OPTIONAL_SECRETS = (
    "vocalyx_secret_metrics_token", "vocalyx_secret_redis_monitoring_password", "vocalyx_secret_oidc_client_secret",
    "vocalyx_secret_llm_server_key", "vocalyx_secret_hub_token",
)  # fmt: skip
GIVEN_SECRETS = (
    "vocalyx_secret_oidc_client_secret", "vocalyx_secret_llm_server_key", "vocalyx_secret_hub_token",
)  # fmt: skip
"""Somebody else makes these: what they look like is not the site's choice."""
SECRET_SETTINGS = {
    "VOCALYX_DATABASE_URL": "vocalyx_secret_postgresql_password",
    "VOCALYX_REDIS_URL": "vocalyx_secret_redis_password",
    "VOCALYX_INTERNAL_KEY": "vocalyx_secret_internal_key",
    "VOCALYX_METRICS_TOKEN": "vocalyx_secret_metrics_token",
    "VOCALYX_OIDC_CLIENT_SECRET": "vocalyx_secret_oidc_client_secret",
    "VOCALYX_LLM_SERVER_KEY": "vocalyx_secret_llm_server_key",
}
SHORTEST_SECRET = 24
_SECRET = re.compile(r"^[A-Za-z0-9_-]+$")
_GIVEN_SECRET = re.compile(r"^[!-~]+$")
_EXAMPLE = re.compile(r"change.?me|example|secret|password|vocalyx", re.IGNORECASE)
_NOT_OURS = re.compile(r"^(ansible_|group_names$|groups$|inventory_|omit$|playbook_dir$|hostvars$|environment$|__)")
_PORT = re.compile(r"_port(_base)?$")
OWN_PORTS = {"firewall_ssh_port"}
"""Ports that one role alone knows; all others stand in the firewall's rules, the balancer's servers and addresses, too."""
CLOSE = 0.84
"""How alike two names must be to be taken for one with a slip."""
MOST_INSTANCES = 99
POSTGRESQL_CONNECTIONS = 100
POSTGRESQL_RESERVED = 10
BESIDE_UNITS = 2
"""An instance's connections beside api_database_connections: see app/db/database.py."""

Variables = Mapping[str, Any]


def findings(
    hosts: Mapping[str, Variables],
    groups: Mapping[str, list[str]],
    known: Mapping[str, set[str]],
    renamed: Mapping[str, str],
) -> list[str]:
    """Return every finding of an inventory, each a sentence and its way out.

    `hosts` has each host's variables as the inventory gives them, `known` the variables of each role.
    """
    found: list[str] = []
    site = {name: hosts[name] for name in groups.get("site", [])}
    for check in (
        _groups(groups, hosts), _variables(hosts, known, renamed), _values(site), _secrets(site), _settings(site),
        _addresses(site, groups), _sizes(hosts, groups),
    ):  # fmt: skip
        found.extend(check)
    return list(dict.fromkeys(found))


def _groups(groups: Mapping[str, list[str]], hosts: Mapping[str, Variables]) -> Iterator[str]:
    for name in REQUIRED_GROUPS:
        if not groups.get(name):
            yield f"The group `{name}` has no host. Add one to it in hosts.yml; inventory/example has a whole site."
    for name in TIERS:
        if name not in groups:
            yield f"The group `{name}` is not there. Add it below `site` in hosts.yml, empty where you do without: {name}: {{}}"
        elif outside := sorted(set(groups[name]) - set(groups.get("site", []))):
            yield f"{', '.join(outside)} of the group `{name}` is not in `site`. Put the group below `site` in hosts.yml."
    for name in SINGLE_GROUPS:
        if len(groups.get(name, [])) > 1:
            yield (
                f"The group `{name}` has {len(groups[name])} hosts ({', '.join(groups[name])}), and a site has one. Leave one."
            )
    volumes = {str(variables.get("vocalyx_volumes")) for variables in hosts.values()}
    users = sorted({host for name in ("api", "transcription", "enrichment") for host in groups.get(name, [])})
    if "nfs" in volumes and not groups.get("nfs_server"):
        yield "vocalyx_volumes is nfs, and the group `nfs_server` has no host. Add one, or say vocalyx_volumes: local."
    if "local" in volumes and len(users) > 1:
        yield (
            f"vocalyx_volumes is local, and {', '.join(users)} would each have volumes of their own. Say vocalyx_volumes: nfs"
            " and add a host to the group `nfs_server`."
        )


def _variables(
    hosts: Mapping[str, Variables], known: Mapping[str, set[str]], renamed: Mapping[str, str]
) -> Iterator[str]:
    every = SITE_VARIABLES | OPTIONAL_SITE_VARIABLES | set(SECRETS) | set(OPTIONAL_SECRETS)
    every |= {name for names in known.values() for name in names}
    where: dict[str, list[str]] = {}
    for host, variables in hosts.items():
        for name in variables:
            where.setdefault(name, []).append(host)
    for name, places in sorted(where.items()):
        place = places[0] if len(places) == 1 else f"{len(places)} hosts"
        if name in renamed:
            way = (
                f"It is called {renamed[name]} now: rename it."
                if renamed[name]
                else "Nothing reads it any more: remove it."
            )
            yield f"{name} ({place}) is a variable of an earlier release. {way}"
            continue
        if name in every and _PORT.search(name) and name not in OWN_PORTS:
            yield (
                f"{name} ({place}) cannot be set: firewall, balancer and other hosts know a site's ports by their numbers. Remove it;"
                " where people shall come by another port, put a proxy in front (vocalyx_trusted_proxies)."
            )
        if name in every or _NOT_OURS.match(name):
            continue
        alike = difflib.get_close_matches(name, every, 1, CLOSE)
        if alike:
            yield f"{name} ({place}) is no variable of Vocalyx. Is {alike[0]} meant? Correct or remove it."
        elif name.startswith(("vocalyx_", *(f"{role}_" for role in known))):
            yield (
                f"{name} ({place}) is no variable of Vocalyx, and its name says it were. Remove it; the role's README lists"
                " those that there are."
            )


def _values(hosts: Mapping[str, Variables]) -> Iterator[str]:
    for host, variables in hosts.items():
        for name in sorted(SITE_VARIABLES - {"vocalyx_address"}):
            if name not in variables:
                yield f"{name} is not set for {host}. Take it over from inventory/example/group_vars/all/site.yml."
        if (volumes := variables.get("vocalyx_volumes")) not in {"local", "nfs", None}:
            yield f"vocalyx_volumes is {volumes!r}. Say local (one host) or nfs."
        for name in ("vocalyx_tls", "vocalyx_firewall", "vocalyx_exporters"):
            if name in variables and not isinstance(variables[name], bool):
                yield f"{name} is {variables[name]!r}. Say true or false."
        for name in ("vocalyx_home", "vocalyx_uploads", "vocalyx_models", "vocalyx_logs", "vocalyx_credentials"):
            path = str(variables.get(name, "/x"))
            if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path):
                yield f"{name} is {path!r}. Give a full path of letters, digits, dots, - and _."
        url = str(variables.get("vocalyx_public_url") or "")
        if url and not re.fullmatch(r"https?://[^\s/?#]+(:\d+)?", url):
            yield f"vocalyx_public_url is {url!r}. Give http:// or https://, a name, and no path."


def _secrets(hosts: Mapping[str, Variables]) -> Iterator[str]:
    command = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
    for host, variables in hosts.items():
        values: dict[str, str] = {}
        for name in (*SECRETS, *OPTIONAL_SECRETS):
            value = variables.get(name)
            if value in {None, ""}:
                exporting = (
                    variables.get("vocalyx_exporters") is True and name == "vocalyx_secret_redis_monitoring_password"
                )
                if name in SECRETS or exporting:
                    yield f"{name} is not set for {host}. Make one ({command}) and put it into an encrypted file of the inventory."
                continue
            text = str(value)
            if name in GIVEN_SECRETS:
                if not _GIVEN_SECRET.match(text):
                    yield f"{name} has a space, a letter with an accent or a line's end in it. Write it as it was given to you."
            elif _EXAMPLE.search(text):
                yield f"{name} is that of an example. Make one of your own: {command}"
            elif len(text) < SHORTEST_SECRET or not _SECRET.match(text):
                yield (
                    f"{name} has to have {SHORTEST_SECRET} or more letters, digits, - and _, as it stands in addresses. Make a"
                    f" new one: {command}"
                )
            elif text in values:
                yield f"{name} and {values[text]} are the same. Give each secret a value of its own: {command}"
            values.setdefault(text, name)


def _settings(hosts: Mapping[str, Variables]) -> Iterator[str]:
    for variables in hosts.values():
        for name in ("api_settings", "transcription_worker_settings", "enrichment_worker_settings"):
            settings = variables.get(name) or {}
            if not isinstance(settings, Mapping):
                yield f"{name} is {settings!r}. Give names of settings with their values, a line each."
                continue
            for setting in settings:
                if secret := SECRET_SETTINGS.get(str(setting).upper()):
                    yield (
                        f"{name} has {setting} in it, and would write that secret where a file of settings and an environment"
                        f" show it. Take it out, and set {secret}."
                    )


def _addresses(hosts: Mapping[str, Variables], groups: Mapping[str, list[str]]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for host in groups.get("site", []):
        address = str(hosts[host].get("vocalyx_address", ""))
        if not _parses(ip_address, address):
            yield f"vocalyx_address of {host} is {address!r}. Give the IP address at which the other hosts reach it."
        elif address in owners:
            yield f"{host} and {owners[address]} have the same vocalyx_address, {address}. Correct one of them."
        owners.setdefault(address, host)
    for host, variables in hosts.items():
        for name, why in NETWORKS.items():
            networks = variables.get(name, [])
            if not isinstance(networks, list):
                yield f"{name} is {networks!r}. Give a list of addresses and networks, such as [10.0.0.0/8]."
                continue
            for network in networks:
                if network == "any" and name == "vocalyx_client_networks":
                    continue
                if not _parses(ip_network, str(network)):
                    yield f"{name} has {network!r} in it. Give addresses and networks, such as 10.0.0.0/8."
                elif why and ip_network(str(network)).prefixlen == 0:
                    yield f"{name} has {network} in it: {why}. Name networks of yours."
        yield from _moving_address(host, variables, groups, owners)


def _moving_address(
    host: str, variables: Variables, groups: Mapping[str, list[str]], owners: Mapping[str, str]
) -> Iterator[str]:
    moving = str(variables.get("vocalyx_high_availability_address") or "")
    if moving and ("/" not in moving or not _parses(ip_interface, moving)):
        yield f"vocalyx_high_availability_address is {moving!r}. Give an address with its prefix, such as 10.20.0.10/24."
    elif moving and len(groups.get("loadbalancer", [])) < 2:  # noqa: PLR2004
        yield f"vocalyx_high_availability_address moves between two balancers, and `loadbalancer` has one host. Add one to {host}'s site, or leave the address empty."
    elif moving and str(ip_interface(moving).ip) in owners:
        yield f"vocalyx_high_availability_address is the address of {owners[str(ip_interface(moving).ip)]}. Give one that no host has."


def _sizes(hosts: Mapping[str, Variables], groups: Mapping[str, list[str]]) -> Iterator[str]:
    connections = 0
    for host, variables in hosts.items():
        threads = memory = 0
        tiers = 0
        for group, role in (
            ("api", "api"),
            ("transcription", "transcription_worker"),
            ("enrichment", "enrichment_worker"),
        ):
            if host not in groups.get(group, []):
                continue
            count = _number(variables.get(f"{role}_instances", 1))
            if count is None or count > MOST_INSTANCES:
                yield f"{role}_instances of {host} is {variables.get(f'{role}_instances')!r}. Give a number from 0 to {MOST_INSTANCES}."
                continue
            each = _number(variables.get(f"{role}_memory_mb", 1024 if role == "api" else 0)) or 0
            memory += count * each
            if role == "api":
                connections += count * ((_number(variables.get("api_database_connections", 8)) or 8) + BESIDE_UNITS)
            else:
                tiers += 1
                own = count * (_number(variables.get(f"{role}_threads", 0)) or 0)
                # Workers of both kinds on one host take turns: each may have all its cores.
                threads = max(threads, own)
                if each and each < 512:  # noqa: PLR2004
                    yield f"{role}_memory_mb of {host} is {each}: a worker needs 512 MiB to begin with. Raise it."
        for what, name, unit, total in (
            ("threads", "vocalyx_cores", "cores", threads),
            ("memory", "vocalyx_memory_mb", "MiB", memory),
        ):
            size = _number(variables.get(name, 0)) or 0
            if size and total > size:
                yield (
                    f"What runs on {host} may use {total} {unit if what == 'memory' else 'threads'} together, and {name} says {size}."
                    " Lower instances, threads or memory."
                )
    database = (groups.get("postgresql") or [""])[0]
    most = (
        _number(hosts.get(database, {}).get("postgresql_max_connections", POSTGRESQL_CONNECTIONS))
        or POSTGRESQL_CONNECTIONS
    )
    if connections > most - POSTGRESQL_RESERVED:
        yield (
            f"The instances of the API open {connections} connections, and PostgreSQL takes {most}, of which {POSTGRESQL_RESERVED}"
            f" are kept for others. Set postgresql_max_connections to {connections + POSTGRESQL_RESERVED}, or lower"
            " api_database_connections."
        )


def _number(value: object) -> int | None:
    return int(str(value)) if re.fullmatch(r"\d{1,9}", str(value)) else None


def _parses(kind: Any, text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def known_variables(roles: Path) -> dict[str, set[str]]:
    """Return the variables of each role, from their argument specifications."""
    known = {}
    for path in sorted(roles.glob("*/meta/argument_specs.yml")):
        specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
        known[path.parent.parent.name] = {name for spec in specs.values() for name in spec.get("options", {})}
    return known


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller, once for all hosts."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if task_vars is None:
            message = "The action needs the variables of a play."
            raise ValueError(message)
        values = task_vars["hostvars"]
        hosts = {
            host: {name: _value(values[host], name) for name in names}
            for host, names in self._names(task_vars["ansible_inventory_sources"]).items()
        }
        roles = Path(self._task.args["roles"])
        result["findings"] = findings(
            hosts, task_vars["groups"], known_variables(roles), self._task.args.get("renamed") or {}
        )
        result["changed"] = False
        return result

    def _names(self, sources: list[str]) -> dict[str, set[str]]:
        """Return which variables the inventory itself gives each host: not facts, nor what playbooks wire."""
        inventory = InventoryManager(loader=self._loader, sources=sources)
        names = {}
        for host in inventory.get_hosts("all"):
            groups = host.get_groups()
            given = set(get_vars_from_inventory_sources(self._loader, sources, [*groups, host], "task"))
            names[host.name] = given | set(host.vars) | {name for group in groups for name in group.vars}
        return names


def _value(variables: Any, name: str) -> object:
    try:
        return variables[name]
    except Exception as error:  # noqa: BLE001 - a value that cannot be computed is a finding of another check
        return f"(cannot be computed: {error})"

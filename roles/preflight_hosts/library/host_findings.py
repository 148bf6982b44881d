#!/usr/bin/python
"""Say what keeps a host from being deployed to, with the way out. Reads only."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: host_findings
short_description: Say what keeps a host from being deployed to, with the way out
description: [Reads only; each finding is a sentence that names the host and the way out.]
options:
  name: {description: The host's name in the inventory., type: str, required: true}
  distribution: {description: The distribution and its major version., type: str, required: true}
  processor: {description: "Instruction sets, by their names in /proc/cpuinfo.", type: list, elements: str, default: []}
  memory: {description: "MiB that what runs here may use, by the variable that sets it.", type: dict, required: true}
  threads: {description: Threads of the workers here together., type: int, required: true}
  shared_cores: {description: Whether workers of two kinds take turns., type: bool, default: false}
  disk: {description: Room that must be free., type: list, elements: dict, default: []}
  ports: {description: Ports that must be free or ours., type: list, elements: dict, default: []}
  address: {description: The address by which other hosts know it., type: str, default: ""}
  reach:
    description:
      - Hosts to reach, each with C(name), C(address), C(port) and C(rules), which are those that it has in force
        (C(nft --json list table inet vocalyx)) or nothing. Where they do not let this host in yet, no answer is no finding.
    type: list
    elements: dict
    default: []
  names: {description: Names to resolve., type: list, elements: str, default: []}
"""

EXAMPLES = r"""
- host_findings: {name: api-1, distribution: Debian 12, memory: {api_memory_mb: 2048}, threads: 1}
"""

RETURN = r"""
findings: {description: What is wrong., type: list, returned: always}
time: {description: "The host's clock, in seconds since the epoch.", type: float, returned: always}
"""

DISTRIBUTION = "Debian 12"
_KEPT_MB = 256
"""For the system itself."""
_REACH_SECONDS = 3.0


def findings(host: dict[str, Any]) -> Iterator[str]:
    if host["distribution"] != DISTRIBUTION:
        yield f"runs {host['distribution']}, and {DISTRIBUTION} is needed. Install {DISTRIBUTION} on it."
    if sys.version_info[:2] != (3, 11):
        version = ".".join(map(str, sys.version_info[:2]))
        yield f"has Python {version} as python3, and 3.11 is needed, which {DISTRIBUTION} has. Set ansible_python_interpreter to it."
    yield from _processor(host)
    yield from _room(host)
    yield from _ports(host["ports"])
    yield from _network(host)


def _processor(host: dict[str, Any]) -> Iterator[str]:
    flags: set[str] = set()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            flags = set(line.partition(":")[2].split())
            break
    missing = [flag for flag in host["processor"] if flag not in flags]
    if missing:
        yield (
            f"has a processor without {', '.join(missing)}, which the engines are built for. Let a virtual machine see its host's"
            " processor (cpu: host), or leave them out of vocalyx_processor for the whole site."
        )


def _room(host: dict[str, Any]) -> Iterator[str]:
    cores = os.cpu_count() or 1
    if host["threads"] > cores:
        yield (
            f"has {cores} cores, and its workers would run {host['threads']} threads{' in turns' if host['shared_cores'] else ''}."
            " Lower the instances or the threads of each."
        )
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
    wanted = {name: int(megabytes) for name, megabytes in host["memory"].items()}
    if sum(wanted.values()) + _KEPT_MB > total:
        parts = ", ".join(f"{name}: {megabytes}" for name, megabytes in wanted.items())
        yield (
            f"has {total} MiB of memory, and what runs there may use {sum(wanted.values())} MiB ({parts}), besides {_KEPT_MB} for"
            " the system. Set these for the host so that they fit together, lower its instances, or give it more."
        )
    for room in host["disk"]:
        path = Path(room["path"])
        while not path.exists():
            path = path.parent
        free = shutil.disk_usage(path).free // 1024**2
        if free < int(room["free_mb"]):
            yield f"has {free} MiB free below {room['path']}, and {room['free_mb']} are needed. Enlarge or clear the file system of {path}."


def _ports(ports: list[dict[str, Any]]) -> Iterator[str]:
    holders = _holders({int(each["port"]) for each in ports})
    for each in ports:
        holder = holders.get(int(each["port"]))
        if holder is not None and not any(program in holder for program in each["programs"]):
            yield f"has {holder} listening on port {each['port']}, which {each['programs'][0]} needs. Stop it, or move it to another port."


def _holders(ports: set[int]) -> dict[int, str]:
    """Return which programs listen on which of the ports, by their command lines."""
    inodes: dict[str, int] = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if fields[3] == "0A" and port in ports:
                inodes[fields[9]] = port
    found = dict.fromkeys(inodes.values(), "something")
    for link in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        inode = target.removeprefix("socket:[").removesuffix("]")
        if inode in inodes:
            words = (link.parent.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            name = (link.parent.parent / "comm").read_text(encoding="utf-8").strip()
            found[inodes[inode]] = f"{name} ({words[:120]})"
    return found


def _network(host: dict[str, Any]) -> Iterator[str]:
    for name in host["names"]:
        try:
            socket.getaddrinfo(name, None)
        except OSError as error:
            yield f"does not resolve the name {name} ({error}). Give it a name server, or a line in /etc/hosts."
    for other in host["reach"]:
        try:
            socket.create_connection((other["address"], int(other["port"])), timeout=_REACH_SECONDS).close()
        except ConnectionRefusedError:
            continue  # nothing listens there yet, and the way is free
        except OSError as error:
            if isinstance(error, TimeoutError) and not _lets_in(other["rules"], host["address"], int(other["port"])):
                continue  # the site's own rules of before this host was in the inventory
            yield (
                f"does not reach {other['name']} at {other['address']}, port {other['port']} ({error}). Look at the networks and"
                " firewalls between them, and at vocalyx_address of both."
            )


def _lets_in(rules: str, address: str, port: int) -> bool:
    """Whether a host lets an address come to a port of it; one without rules of ours does."""
    if not rules:
        return True
    for entry in json.loads(rules)["nftables"]:
        steps = entry.get("rule", {}).get("expr", [])
        matches = [step["match"] for step in steps if "match" in step]
        fields = {
            match["left"]["payload"].get("field"): match["right"] for match in matches if "payload" in match["left"]
        }
        if (
            {"accept": None} in steps
            and _holds(fields.get("dport"), str(port))
            and _holds(fields.get("saddr", address), address)
        ):
            return True
    return False


def _holds(value: Any, wanted: str) -> bool:
    """Whether a port or an address is in what nft compares with: one of them, a network, a range, or a set of these."""
    if not isinstance(value, dict):
        return str(value) == wanted
    if "set" in value:
        return any(_holds(each, wanted) for each in value["set"])
    if "prefix" in value:
        return ipaddress.ip_address(wanted) in ipaddress.ip_network("{addr}/{len}".format(**value["prefix"]))
    if "range" in value:
        first, last = map(_order, value["range"])
        return first <= _order(wanted) <= last
    return False


def _order(value: object) -> tuple[int, int]:
    text = str(value)
    if text.isdecimal():
        return 0, int(text)
    address = ipaddress.ip_address(text)
    return address.version, int(address)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "distribution": {"type": "str", "required": True},
            "processor": {"type": "list", "elements": "str", "default": []},
            "memory": {"type": "dict", "required": True},
            "threads": {"type": "int", "required": True},
            "shared_cores": {"type": "bool", "default": False},
            "disk": {"type": "list", "elements": "dict", "default": []},
            "ports": {"type": "list", "elements": "dict", "default": []},
            "address": {"type": "str", "default": ""},
            "reach": {"type": "list", "elements": "dict", "default": []},
            "names": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    found = [f"{module.params['name']}: {finding}" for finding in findings(module.params)]
    module.exit_json(changed=False, findings=found, time=time.time())


if __name__ == "__main__":
    main()

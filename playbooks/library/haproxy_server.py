#!/usr/bin/python
"""Take a server out of HAProxy's traffic, prove that nothing is left on it, or give it back."""

from __future__ import annotations

import csv
import socket
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: haproxy_server
short_description: Take a server out of HAProxy's traffic, prove that nothing is left on it, or give it back
description:
  - Speaks to HAProxy's admin socket. A server that no backend has is no error; there is nothing to take it out of.
options:
  socket: {description: The admin socket., type: path, default: /run/haproxy/admin.sock}
  master:
    description: The socket of the master process, which knows the processes from before a reload that still answer what they had begun.
    type: path
    default: /run/haproxy/master.sock
  name: {description: The server's name., type: str, required: true}
  state:
    description:
      - C(drained) gives it no new requests and waits until those that run have ended. What is left after the patience
        (WebSockets never end by themselves, and their clients resume elsewhere) is ended.
      - C(ready) gives it traffic again, and waits until its health check has passed.
    type: str
    choices: [drained, ready]
    required: true
  patience_seconds: {description: How long to wait., type: int, default: 60}
  may_miss:
    description: Backends whose health check it need not pass to be C(ready); it is given back there all the same.
    type: list
    elements: str
    default: []
  state_file: {description: Where the servers' states are kept for the next start., type: path, default: /var/lib/vocalyx-haproxy/servers}
  configuration: {description: "HAProxy's configuration, whose servers they are.", type: path, default: /etc/haproxy/haproxy.cfg}
  keep_program:
    description: What keeps them (the role haproxy installs it); nothing is kept where it is not there.
    type: path
    default: /usr/local/lib/vocalyx/keep_haproxy_servers
"""

EXAMPLES = r"""
- haproxy_server: {name: api-1-01, state: drained, patience_seconds: 120}
"""

RETURN = r"""
ended: {description: Connections that were still open when the patience ended., type: int, returned: when drained}
"""

_POLL_SECONDS = 0.5
# Of `show servers state`: its columns, and the bits of a server that an operator took out of traffic (maintenance, drain).
_BACKEND, _NAME, _ADMIN_STATE = 1, 3, 6
_TAKEN_OUT = 0x01 | 0x08


class Haproxy:
    def __init__(self, path: str, master: str) -> None:
        self._path = path
        self._master = master

    def ask(self, command: str) -> str:
        """Ask the process that takes new requests."""
        return _ask(self._path, command)

    def servers(self, name: str) -> list[dict[str, str]]:
        """Return the rows of the statistics about servers of this name, one for each backend that has it."""
        return _servers(self.ask("show stat"), name)

    def taken_out(self, name: str) -> dict[str, bool]:
        """Return by backend whether somebody took the server out of traffic; the statistics do not tell of one that is down."""
        lines = [line.split() for line in self.ask("show servers state").splitlines() if not line.startswith("#")]
        return {
            words[_BACKEND]: bool(int(words[_ADMIN_STATE]) & _TAKEN_OUT)
            for words in lines
            if len(words) > _ADMIN_STATE and words[_NAME] == name
        }

    def left(self, name: str) -> int:
        """Return how many requests are on a server, or wait for it, those of earlier processes among them."""
        rows = self.servers(name)
        for process in self._earlier():
            rows += _servers(_ask(self._master, f"@!{process} show stat"), name)
        return sum(int(row["scur"] or 0) + int(row["qcur"] or 0) for row in rows)

    def end(self, name: str) -> None:
        """End what is on a server, in all processes."""
        for backend in {row["pxname"] for row in self.servers(name)}:
            self.ask(f"shutdown sessions server {backend}/{name}")
            for process in self._earlier():
                _ask(self._master, f"@!{process} shutdown sessions server {backend}/{name}")

    def _earlier(self) -> list[str]:
        """Return the processes from before a reload that still answer what they had begun."""
        if not Path(self._master).exists():
            return []
        _, _, after = _ask(self._master, "show proc").partition("# old workers\n")
        earlier, _, _ = after.partition("#")
        return [line.split()[0] for line in earlier.splitlines() if line.strip()]


def _ask(path: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(10)
        channel.connect(path)
        channel.sendall(f"{command}\n".encode())
        # The master goes on waiting for commands otherwise.
        channel.shutdown(socket.SHUT_WR)
        answer = b""
        while block := channel.recv(65536):
            answer += block
    return answer.decode()


def _servers(statistics: str, name: str) -> list[dict[str, str]]:
    return [row for row in csv.DictReader(statistics.lstrip("# ").splitlines()) if row.get("svname") == name]


def keep(module: AnsibleModule) -> None:
    """Have HAProxy know at its next start, however it comes about, what was changed now."""
    command = [module.params[name] for name in ("keep_program", "socket", "state_file", "configuration")]
    if Path(command[0]).exists():
        status, _, err = module.run_command(command)
        if status != 0:
            module.fail_json(msg=f"What was changed would not outlive HAProxy's process: {err.strip()}")


def wait(deadline: float, done: object) -> bool:
    while not done():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def drain(module: AnsibleModule, haproxy: Haproxy, name: str, deadline: float) -> None:
    due = [backend for backend, is_out in haproxy.taken_out(name).items() if not is_out]
    if module.check_mode:
        module.exit_json(changed=bool(due), ended=0)
    for backend in due:
        if answer := haproxy.ask(f"set server {backend}/{name} state drain").strip():
            module.fail_json(msg=f"HAProxy does not drain {backend}/{name}: {answer}")
    if due:
        keep(module)
    wait(deadline, lambda: haproxy.left(name) == 0)
    ended = haproxy.left(name)
    if ended:
        haproxy.end(name)
    if ended and not wait(time.monotonic() + 10, lambda: haproxy.left(name) == 0):
        module.fail_json(
            msg=f"{haproxy.left(name)} connections to {name} do not end. Look at `show sess` on HAProxy's admin socket, and drain again."
        )
    module.exit_json(changed=bool(due), ended=ended)


def give_back(module: AnsibleModule, haproxy: Haproxy, name: str, deadline: float) -> None:
    due = [backend for backend, is_out in haproxy.taken_out(name).items() if is_out]
    if module.check_mode or not due:
        module.exit_json(changed=bool(due))
    for backend in due:
        haproxy.ask(f"set server {backend}/{name} state ready")
    keep(module)

    def is_up() -> bool:
        needed = [row for row in haproxy.servers(name) if row["pxname"] not in module.params["may_miss"]]
        return all(row["status"].startswith(("UP", "no check")) for row in needed)

    if not wait(deadline, is_up):
        states = {row["pxname"]: f"{row['status']} ({row['check_desc']})" for row in haproxy.servers(name)}
        module.fail_json(msg=f"{name} does not pass HAProxy's health check: {states}. Look at its /health/ready.")
    module.exit_json(changed=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "master": {"type": "path", "default": "/run/haproxy/master.sock"},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["drained", "ready"], "required": True},
            "patience_seconds": {"type": "int", "default": 60},
            "may_miss": {"type": "list", "elements": "str", "default": []},
            "state_file": {"type": "path", "default": "/var/lib/vocalyx-haproxy/servers"},
            "configuration": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
            "keep_program": {"type": "path", "default": "/usr/local/lib/vocalyx/keep_haproxy_servers"},
        },
        supports_check_mode=True,
    )
    haproxy = Haproxy(module.params["socket"], module.params["master"])
    deadline = time.monotonic() + module.params["patience_seconds"]
    work = drain if module.params["state"] == "drained" else give_back
    try:
        work(module, haproxy, module.params["name"], deadline)
    except (FileNotFoundError, ConnectionRefusedError):
        # Nothing balances here (any more, or yet): nobody sends anything to the server.
        module.exit_json(changed=False, ended=0)


if __name__ == "__main__":
    main()

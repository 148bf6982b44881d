#!/usr/bin/python3
"""Write how HAProxy's servers stand into the file that it reads when it starts or reloads: `keep_servers.py SOCKET FILE CONFIGURATION`.

Drains and the outcome of checks are then those of the process before. A server of another port than the configuration's is
left out, as what the file says of a port would count more. Without an answer the file stays as it is, and the status is 1.
"""

import os
import re
import socket
import sys
from pathlib import Path

_SERVER = re.compile(r"^\s*server\s+(\S+)\s+\S+:(\d+)", re.MULTILINE)
_NAME, _PORT = 3, 18


def ask(path: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(10)
        channel.connect(path)
        channel.sendall(f"{command}\n".encode())
        return b"".join(iter(lambda: channel.recv(65536), b"")).decode()


def kept(states: str, configuration: str) -> str:
    """Return the lines of `show servers state` that still hold for the servers of a configuration."""
    known = set(_SERVER.findall(configuration))
    lines = []
    for line in states.splitlines():
        words = line.split()
        if len(words) <= _PORT or line.startswith("#") or (words[_NAME], words[_PORT]) in known:
            lines.append(line)
    return "\n".join(lines).strip() + "\n"


def main() -> None:
    admin_socket, file, configuration = sys.argv[1:]
    try:
        states = ask(admin_socket, "show servers state")
    except OSError as error:
        sys.exit(f"HAProxy does not say how its servers stand ({admin_socket}): {error}")
    if not states.startswith("1\n"):
        sys.exit("HAProxy says in an unknown way how its servers stand; drains would be lost.")
    target = Path(file)
    following = target.with_name(f".{target.name}.{os.getpid()}")
    following.write_text(kept(states, Path(configuration).read_text(encoding="utf-8")), encoding="utf-8")
    following.chmod(0o644)
    following.replace(target)


if __name__ == "__main__":
    main()

"""Where the lab keeps things, and how it is called: several labs, of different names and networks, live side by side.

`VOCALYX_LAB` names a lab (default `lab`), `VOCALYX_LAB_NETWORK` is its network (default 10.66.0.0/24), and what can be
used again lies under `$VOCALYX_CACHE/lab` (default: `~/.cache/vocalyx/lab`), shared by all labs and all checkouts.
"""

import os
import re
import zlib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROXY_PORT = 3142


class LabError(Exception):
    """Something that whoever calls the lab can mend; the text says how."""


def name() -> str:
    chosen = os.environ.get("VOCALYX_LAB", "lab")
    if not re.fullmatch(r"[a-z][a-z0-9]{0,7}", chosen):
        raise LabError(f"VOCALYX_LAB is {chosen!r}: use one to eight small letters and digits.")
    return chosen


def network() -> IPv4Network:
    return IPv4Network(os.environ.get("VOCALYX_LAB_NETWORK", "10.66.0.0/24"))


def gateway() -> IPv4Address:
    """Return the bridge's own address: the first of the network."""
    return network()[1]


def proxy_url() -> str:
    return f"http://{gateway()}:{PROXY_PORT}"


def bridge() -> str:
    return f"vl-{name()}"


def interface(host: str) -> str:
    """Return the name of a host's interface on this side; Linux gives a name 15 characters."""
    return f"vl{zlib.crc32(f'{name()}/{host}'.encode()):08x}"


def cache() -> Path:
    """Return the folder of what takes minutes to make: base image, kernel, packages. Made if it is missing."""
    base = (
        os.environ.get("VOCALYX_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vocalyx"
    )
    folder = Path(base).absolute() / "lab"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def state() -> Path:
    """Return the folder of this lab's hosts: their disks, consoles and process ids."""
    folder = cache() / "labs" / name()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def key() -> Path:
    """Return the private key with which Ansible reaches every host."""
    return cache() / "id_ed25519"


def known_hosts() -> Path:
    return state() / "known_hosts"

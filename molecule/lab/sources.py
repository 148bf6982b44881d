"""Where this machine gets Debian and Python packages from; hosts of the lab get the same, through the proxy.

Everything is read from the machine's own settings, so that no name of a mirror stands in the project.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from places import LabError

RELEASE = "bookworm"
SUITES = (RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# What decides whether a mirror's index is accepted; the rest of a machine's settings concern the machine itself.
_KEPT_SETTINGS = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")


class Source(NamedTuple):
    """One suite of one archive."""

    address: str
    suite: str
    components: str

    def line(self) -> str:
        """Return the entry for a host: plain http, because the proxy speaks to the archive as the machine does."""
        address = re.sub(r"^https:", "http:", self.address)
        return f"deb [signed-by={KEYRING}] {address} {self.suite} {self.components}"


def debian() -> list[Source]:
    """Return this machine's sources of Debian 12. Raises LabError where it has none."""
    found = [
        Source(address, suite, components)
        for address, suites, components in _entries()
        for suite in suites.split()
        if suite in SUITES
    ]
    if not any(source.suite == RELEASE for source in found):
        raise LabError(f"No apt source of this machine has Debian's {RELEASE}; add one to /etc/apt/sources.list.d.")
    return list(dict.fromkeys(found))


def _entries() -> Iterator[tuple[str, str, str]]:
    folder = Path("/etc/apt/sources.list.d")
    for file in [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list"))]:
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            if match := re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)", line):
                yield match[1], match[2], match[3].strip()
    for file in sorted(folder.glob("*.sources")):
        for paragraph in re.split(r"\n\s*\n", file.read_text(encoding="utf-8")):
            lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
            fields = dict(line.split(":", 1) for line in lines if re.match(r"[A-Za-z-]+:", line))
            if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes").strip() != "no":
                for address in fields.get("URIs", "").split():
                    yield address, fields.get("Suites", "").strip(), fields.get("Components", "main").strip()


def apt_settings() -> list[str]:
    """Return what the machine says about accepting indexes, as lines for apt.conf."""
    answer = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return [line for line in answer.splitlines() if line.startswith(_KEPT_SETTINGS)]


def wheel_folders() -> list[Path]:
    """Return the folders of this machine in which pip looks for wheels, besides its index."""
    words = os.environ.get("PIP_FIND_LINKS", "").split()
    return [Path(word) for word in words if Path(word).is_dir()]


def authorities() -> list[Path]:
    """Return the certificates of authorities that an administrator added to this machine."""
    return sorted(Path("/usr/local/share/ca-certificates").rglob("*.crt"))

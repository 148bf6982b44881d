"""The firewall's rules in force, and what is left where they are switched off: a real nftables, network and /etc of its own."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.playbooks.conftest import ANSIBLE, CHECKOUT, Playbook, change

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
HOSTS = CHECKOUT / "playbooks" / "hosts.yml"
PATH = f"/usr/sbin:{os.environ.get('PATH', '')}"
# A folder for /etc, the ways to run Ansible, and its words: what stands is said before the first run and after each.
SCRIPT = """
set -eu
mount --bind "$1" /etc
ways=$2
shift 2
look() {
    nft list tables
    ls /etc/nftables.conf /etc/nftables.vocalyx /etc/systemd/system/sysinit.target.wants/nftables.service || true
}
nft add table inet theirs
nft --file /etc/nftables.conf
systemctl enable nftables
look
for way in $ways; do
    echo "# $way"
    "$@" "$way"
    look
done
"""
# How each of the next begins. What would take rules away again has no systemd here: it is written down.
ARMED = r"""
set -eu
mount --bind "$1" /etc
mount -t tmpfs none /run
printf '#!/bin/sh\necho "armed: $*" >>/run/armed\n' >/run/systemd-run
chmod +x /run/systemd-run
export PATH=/run:$PATH
"""
# What happens to rules between runs.
BETWEEN = r"""
happenings=$2
shift 2
while read -r happening <&3; do
    echo "# $happening"
    sh -c "$happening"
    : >/run/armed
    "$@"
    cat /run/armed
    nft list table inet vocalyx
done 3<"$happenings"
"""
# Rules that were proved, and others whose proof has no time; and then what would take these away.
UNPROVED = r"""
shift
"$@"
look() {
    sha256sum /etc/nftables.conf
    nft list table inet vocalyx
}
echo "# proved"
look
echo "# tried"
"$@" --check --diff
: >/run/armed
echo "# unproved"
if "$@" -e firewall_ssh_port=2222 -e firewall_undo_seconds=1; then exit 1; fi
echo "# as it stands"
nft list table inet vocalyx
echo "# undone"
sh -c "$(sed 's/.*--on-active=1 //' /run/armed)"
look
"""
# A file that the host starts with, before the first run: somebody else's, and then Debian's.
FOUND = r"""
printf '#!/bin/sh\necho " /etc/nftables.conf %s"\n' "$(md5sum <"$2" | cut -d ' ' -f 1)" >/run/dpkg-query
chmod +x /run/dpkg-query
debians=$2
shift 2
nft --file /etc/nftables.conf
if "$@"; then exit 1; fi
echo "# refused"
cat /etc/nftables.conf
nft list tables
echo "# Debian's"
cp "$debians" /etc/nftables.conf
"$@"
echo "# taken"
nft list tables
"""


def folder(where: Path) -> Path:
    """Make what a run needs of /etc."""
    (where / "systemd" / "system").mkdir(parents=True)
    for name in ("passwd", "group", "nsswitch.conf"):
        shutil.copy(Path("/etc") / name, where)
    # By which nft knows them; the package netbase has it.
    (where / "protocols").write_text("icmp 1\ntcp 6\nudp 17\nipv6-icmp 58\nvrrp 112\n")
    return where


def switched_off(etc: Path, inventory: Path, *ways: str) -> list[str]:
    """Return what stood before the role ran and what came of each run."""
    assert shutil.which("nft", path=PATH), "nftables is not installed. Say: apt-get install nftables"
    change(inventory / "group_vars" / "all" / "site.yml", vocalyx_firewall=False)
    words = [str(ANSIBLE), "-i", str(inventory), str(HOSTS), "--limit", "lb-1", "--tags", "firewall"]
    words += ["-e", "ansible_connection=local", "-e", "ansible_become=false"]
    return said(SCRIPT, str(etc), " ".join(ways), *words)


def said(script: str, *words: str) -> list[str]:
    """Return what a script says, part by part, without being root and without a trace here."""
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", "-c", script, "bash", *words],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": PATH, "ANSIBLE_NOCOLOR": "1", "SYSTEMD_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return re.split(r"^# .*\n", ended.stdout, flags=re.MULTILINE)


def changes(said: str) -> int:
    return int(said.partition("changed=")[2].split()[0])


def test_rules_that_are_switched_off_are_gone_and_those_of_others_stay(
    ansible_playbook: Playbook, example: Path, tmp_path: Path
) -> None:
    etc = folder(tmp_path / "etc")
    ended = ansible_playbook(RENDER, example, "--limit", "lb-1", "-e", f"folder={tmp_path}", "-e", "certificate=")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for name in ("nftables.conf", "nftables.vocalyx"):
        shutil.copy(tmp_path / "lb-1" / "nftables.conf", etc / name)

    before, tried, done, again = switched_off(etc, example, "--check", "--diff", "--diff")
    ours = ("table inet vocalyx\n", "/etc/nftables.conf\n", "/etc/nftables.vocalyx\n", "wants/nftables.service\n")
    for said in (before, tried):
        assert all(part in said for part in ours), said
    assert changes(tried) > 0
    assert changes(done) > 0
    assert changes(again) == 0
    for said in (done, again):
        stands = said.partition("PLAYBOOK RECAP")[2]
        assert "table inet theirs\n" in stands
        assert not any(part in stands for part in ours), stands


def test_a_file_of_somebody_else_stays(example: Path, tmp_path: Path) -> None:
    etc = folder(tmp_path / "etc")
    (etc / "nftables.conf").write_text("table inet vocalyx_like {\n}\n")
    _, said = switched_off(etc, example, "--diff")
    assert changes(said) == 0
    stands = said.partition("PLAYBOOK RECAP")[2]
    for part in ("table inet vocalyx_like\n", "/etc/nftables.conf\n", "wants/nftables.service\n"):
        assert part in stands, stands


def test_rules_that_are_not_in_force_are_put_in_force_with_a_way_back(example: Path, tmp_path: Path) -> None:
    assert shutil.which("nft", path=PATH), "nftables is not installed. Say: apt-get install nftables"
    etc = folder(tmp_path / "etc")
    gone, back = "nft delete table inet vocalyx\n", "nft --file /etc/nftables.conf\n"
    # What happens, and the way back of the rules that are loaded then.
    happenings = {
        "true": gone,  # the first run
        ":": "",
        gone.strip(): gone,
        "nft insert rule inet vocalyx input tcp dport 4444 accept": back,
        # An earlier release had this one alone.
        "rm /etc/nftables.vocalyx; sed -i 's/^# Ansible/# An earlier Ansible/' /etc/nftables.conf": "",
    }
    (tmp_path / "happenings").write_text("".join(f"{happening}\n" for happening in happenings))
    _, *runs = said(
        ARMED + BETWEEN, str(etc), str(tmp_path / "happenings"), str(ANSIBLE), "-i", str(example), str(HOSTS), "--limit", "lb-1",
        "--tags", "firewall_configure,firewall_run", "-e", "ansible_connection=local", "-e", "ansible_become=false",
    )  # fmt: skip
    for (happening, way_back), run in zip(happenings.items(), runs, strict=True):
        assert (changes(run) > 0) is (happening != ":"), (happening, run)
        stands = run.partition("PLAYBOOK RECAP")[2]
        assert ("armed: " in stands) is bool(way_back), (happening, run)
        assert way_back in stands, (happening, run)
        assert 'tcp dport { 8000, 8080 } accept comment "clients"' in stands
        assert "4444" not in stands
    assert (etc / "nftables.conf").read_text() == (etc / "nftables.vocalyx").read_text()


def test_rules_that_somebody_else_wrote_down_are_not_overwritten(example: Path, tmp_path: Path) -> None:
    assert shutil.which("nft", path=PATH), "nftables is not installed. Say: apt-get install nftables"
    etc, debians = folder(tmp_path / "etc"), tmp_path / "debians"
    theirs = "table inet theirs {\n}\n"
    (etc / "nftables.conf").write_text(theirs)
    debians.write_text("flush ruleset\n")
    run, refused, _, taken = said(
        ARMED + FOUND, str(etc), str(debians), str(ANSIBLE), "-i", str(example), str(HOSTS), "--limit", "lb-1",
        "--tags", "firewall_preflight,firewall_configure,firewall_run", "-e", "ansible_connection=local", "-e", "ansible_become=false",
    )  # fmt: skip
    assert "is neither ours nor as Debian brought it" in " ".join(run.split())
    assert refused == theirs + "table inet theirs\n"
    assert taken == "table inet theirs\ntable inet vocalyx\n"
    assert (etc / "nftables.conf").read_text() == (etc / "nftables.vocalyx").read_text()


def test_rules_that_were_not_proved_make_way_for_those_that_were(example: Path, tmp_path: Path) -> None:
    assert shutil.which("nft", path=PATH), "nftables is not installed. Say: apt-get install nftables"
    etc = folder(tmp_path / "etc")
    _, proved, tried, unproved, stands, undone = said(
        ARMED + UNPROVED, str(etc), str(ANSIBLE), "-i", str(example), str(HOSTS), "--limit", "lb-1",
        "--tags", "firewall_configure,firewall_run", "-e", "ansible_connection=local", "-e", "ansible_become=false",
    )  # fmt: skip
    assert "tcp dport 22 accept" in proved
    assert changes(tried) == 0
    assert "Prove that Ansible still reaches the host" in unproved
    assert "tcp dport 2222 accept" in stands
    assert undone == proved

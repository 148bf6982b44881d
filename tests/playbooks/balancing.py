"""A real HAProxy with the site's own settings, before two small servers of its own."""

import csv
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.playbooks.conftest import ANSIBLE, CHECKOUT
from tests.servers.instance import wait_until

HAPROXY = shutil.which("haproxy", path=f"/usr/sbin:{os.environ.get('PATH', '')}")
KEEP = CHECKOUT / "roles" / "haproxy" / "files" / "keep_servers.py"
MOVE = Path(__file__).with_name("move.yml")
NAMES = ("api-1-01", "api-2-01")


@dataclass
class Balancer:
    """`folder` has what was rendered for it, its sockets and its servers' notes; `ports` are of what it listens on."""

    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None
    servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def configuration(self) -> Path:
        return self.folder / "lb-1" / "haproxy.cfg"

    @property
    def admin(self) -> Path:
        return self.folder / "admin.sock"

    def start(self) -> None:
        assert HAPROXY, "HAProxy is not installed. Say: apt-get install haproxy"
        command = [
            HAPROXY,
            "-Ws",
            "-f",
            str(self.configuration),
            "-p",
            str(self.folder / "pid"),
            "-S",
            str(self.folder / "master.sock"),
        ]
        with (self.folder / "haproxy.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(self.answers, "HAProxy's admin socket")

    def answers(self) -> bool:
        try:
            return bool(self.ask("show info"))
        except OSError:
            return False

    def reload(self) -> None:
        """Do what the unit says that a reload is."""
        before = self.worker()
        unit = (self.folder / "lb-1" / "vocalyx.conf").read_text()
        for line in re.findall(r"^ExecReload=(.+)$", unit, flags=re.MULTILINE):
            known = {"CONFIG": self.configuration, "EXTRAOPTS": "", "MAINPID": self.process.pid if self.process else 0}
            words = re.sub(r"\$(\w+)", lambda found, known=known: str(known[found[1]]), line)
            words = words.replace("/usr/local/lib/vocalyx/keep_haproxy_servers", str(KEEP))
            words = words.replace("/etc/haproxy/haproxy.cfg", str(self.configuration))
            subprocess.run(words.split(), check=True, capture_output=True)
        wait_until(lambda: self.answers() and self.worker() != before, "the new process")

    def worker(self) -> str:
        return next(line for line in self.ask("show info").splitlines() if line.startswith("Pid:"))

    def kill(self) -> None:
        """End all its processes at once."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(10)
            channel.connect(str(self.admin))
            channel.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: channel.recv(65536), b"")).decode()

    def states(self, backend: str = "api") -> dict[str, str]:
        rows = csv.DictReader(io.StringIO(self.ask("show stat").lstrip("# ")))
        return {row["svname"]: row["status"] for row in rows if row["pxname"] == backend and row["svname"] in NAMES}

    def is_taken_out(self, name: str) -> bool:
        """Say whether somebody took a server out of traffic, which the statistics do not tell of one that is down."""
        lines = map(str.split, self.ask("show servers state api").splitlines())
        return next(words[6] != "0" for words in lines if name in words)

    def move(self, name: str, state: str) -> None:
        """Drain a server, or give it back, with the tasks that the playbooks use."""
        host, _, turn = name.rpartition("-")
        balancer = {"haproxy_admin_socket": str(self.admin), "haproxy_state_file": str(self.folder / "servers")}
        groups = {
            "loadbalancer": {"hosts": {"lb-1": balancer}},
            "api": {"hosts": {host: {"instances_turn": turn, "vocalyx_drain_seconds": 60}}},
        }
        variables = {
            "tasks": {"drained": "take_out", "ready": "give_back"}[state],
            "master": str(self.folder / "master.sock"),
            "configuration": str(self.configuration),
            "keep_program": str(KEEP),
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory = self.folder / "balanced.yml"
        inventory.write_text(json.dumps({"all": {"vars": variables, "children": groups}}))
        ended = subprocess.run(
            [str(ANSIBLE), "-i", str(inventory), str(MOVE)],
            env={**os.environ, "ANSIBLE_LIBRARY": str(CHECKOUT / "playbooks" / "library")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def verify(self, *drained: str) -> tuple[int, str]:
        """Return what verify.yml asks the balancer with, its status and its words, of a site with these hosts drained."""
        plays = yaml.safe_load((CHECKOUT / "playbooks" / "verify.yml").read_text())
        tasks = [task for play in plays for task in play.get("tasks", ())]
        script = next(
            task["vars"]["verify_backend_script"] for task in tasks if "verify_backend_script" in task.get("vars", {})
        )
        ended = subprocess.run(
            [sys.executable, "-c", script, str(self.admin), *drained], capture_output=True, text=True, check=False
        )
        return ended.returncode, ended.stderr

    def request(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str, str]:
        """Return the status, the kind of content and the text of one answer, over a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
        finally:
            connection.close()

    def connection(self, source: str = "127.0.0.1") -> http.client.HTTPConnection:
        """Return a connection to the API's port that comes from this address of the machine."""
        return http.client.HTTPConnection("127.0.0.1", self.ports["api"], timeout=30, source_address=(source, 0))

    def serve(self, name: str) -> None:
        program = Path(__file__).with_name("balanced.py")
        command = [sys.executable, str(program), name, str(self.ports[name]), str(self.folder)]
        self.servers[name] = subprocess.Popen(command)


@contextmanager
def balancing(balancer: Balancer) -> Iterator[Balancer]:
    """Start the servers and HAProxy, wait until both are in traffic, and end all of them whatever happens."""
    with ExitStack() as ending:
        ending.callback(balancer.kill)
        for name in NAMES:
            balancer.serve(name)
            ending.callback(lambda name=name: (balancer.servers[name].kill(), balancer.servers[name].wait()))
        for name in NAMES:
            wait_until(lambda name=name: listens(balancer.ports[name]), name)
        balancer.start()
        for backend in ("api", "uploads"):
            wait_until(
                lambda backend=backend: set(balancer.states(backend).values()) == {"UP"}, "both servers in traffic"
            )
        yield balancer


def listens(port: int) -> bool:
    with socket.socket() as channel:
        return channel.connect_ex(("127.0.0.1", port)) == 0

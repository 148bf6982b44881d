"""What clients see of the site's HAProxy, a real one, when servers end, are drained, or are not ready."""

import http.client
import json
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.api.application import create_app
from app.api.contract import promised_routes
from app.core.errors import WrongCredentials
from app.settings import Settings
from app.standalone.state import free_port
from tests.playbooks.balancing import NAMES, Balancer, balancing
from tests.playbooks.conftest import CHECKOUT, Playbook, change, with_secrets
from tests.servers.instance import wait_until

RENDER = CHECKOUT / "tests" / "playbooks" / "render.yml"
FIRST, SECOND = NAMES
# Addresses of this machine, and of proxies before it.
CLIENT, PROXY, FARTHER_PROXIES = "127.0.0.1", "127.0.0.2", "10.9.0.0/24"
ADMINISTRATOR, PROMETHEUS, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def settings(ansible_playbook: Playbook) -> Iterator[Balancer]:
    """The site's settings of a balancer, with ports of this machine; in a folder whose name a socket can have."""
    folder = Path(tempfile.mkdtemp(prefix="vocalyx-"))
    try:
        ports = {name: free_port() for name in ("api", "dashboard", "queue_dashboard", "stats", "internal", *NAMES)}
        servers = [{"name": name, "address": "127.0.0.1", "port": ports[name]} for name in NAMES]
        variables = {
            "folder": str(folder), "certificate": "", "haproxy_tls_certificate": "", "haproxy_api_servers": servers,
            "haproxy_dashboard_servers": servers,
            "haproxy_bind_address": "127.0.0.1", "haproxy_internal_address": "127.0.0.1",
            "haproxy_admin_socket": str(folder / "admin.sock"), "haproxy_state_file": str(folder / "servers"),
            "haproxy_requests_per_10_seconds": 1_000_000, "haproxy_slow_start_seconds": 1,
            "haproxy_admin_networks": [ADMINISTRATOR], "haproxy_metrics_networks": [PROMETHEUS],
        } | {f"haproxy_{name}_port": port for name, port in ports.items() if name not in NAMES}  # fmt: skip
        inventory = with_secrets("example", folder)
        change(inventory / "group_vars" / "all" / "site.yml", vocalyx_trusted_proxies=[PROXY, FARTHER_PROXIES])
        ended = ansible_playbook(RENDER, inventory, "--limit", "lb-1", "-e", json.dumps(variables))
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield Balancer(folder, ports)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def balancer(settings: Balancer) -> Iterator[Balancer]:
    (settings.folder / "servers").write_text("1\n")
    with balancing(settings) as running:
        yield running


def seen(balancer: Balancer) -> set[str]:
    return {balancer.request("/")[2] for _ in range(8)}


RECORDINGS = (
    ("POST", "/api/transcriptions"),
    ("POST", "/api/uploads"),
    ("PATCH", "/api/uploads/1"),
    ("POST", "/v1/audio/transcriptions"),
    ("GET", "/api/transcriptions/1/audio"),
    ("GET", "/api/shared/1/audio"),
    ("GET", "/api/projects/1/export.zip"),
    ("DELETE", "/api/transcriptions/1"),
)


def takers(balancer: Balancer) -> set[str]:
    """Return who gets what needs the recordings, each kind of it twice: the servers take turns."""
    answers = [balancer.request(f"{path}?id=0", method) for method, path in RECORDINGS * 2]
    assert {status for status, _, _ in answers} == {200}
    (balancer.folder / "posts").unlink()
    return {text for _, _, text in answers}


def test_no_reader_sees_a_server_being_killed(balancer: Balancer) -> None:
    over, answers = threading.Event(), Counter[tuple[int, str]]()

    def read(path: str) -> None:
        while not over.is_set():
            status, _, text = balancer.request(path)
            answers[status, text if status == 200 else path] += 1

    with ThreadPoolExecutor(8) as readers:
        # Some are being answered when it ends, some were not even read yet.
        for path in ["/?seconds=0.3", "/?busy=0.05"] * 4:
            readers.submit(read, path)
        wait_until(lambda: answers[200, FIRST] > 10 and answers[200, SECOND] > 10, "answers of both")
        balancer.servers[FIRST].kill()
        enough = answers[200, SECOND] + 50
        wait_until(lambda: answers[200, SECOND] > enough, "answers of the one that is left")
        over.set()
    assert set(answers) == {(200, FIRST), (200, SECOND)}


def test_what_changes_something_is_sent_to_one_server_once(balancer: Balancer) -> None:
    posts = balancer.folder / "posts"
    with ThreadPoolExecutor(1) as sender:
        for attempt, name in enumerate(NAMES):
            answer = sender.submit(balancer.request, f"/?seconds=20&id={attempt}", "POST", b"x" * 4000)
            wait_until(lambda attempt=attempt: posts.exists() and f"{attempt} " in posts.read_text(), "the request")
            taker = posts.read_text().split()[-1]
            balancer.servers[taker].kill()
            balancer.servers[taker].wait()
            status, kind, text = answer.result()
            assert (status, kind) == (502, "application/problem+json")
            assert "Idempotency-Key" in json.loads(text)["remedy"]
            balancer.serve(taker)
            wait_until(lambda: set(balancer.states().values()) == {"UP"}, name)
    assert [line.split()[0] for line in posts.read_text().splitlines()] == ["0", "1"]
    posts.unlink()


def test_a_drain_holds_over_a_reload_and_a_crash_until_it_is_taken_back(balancer: Balancer) -> None:
    balancer.move(FIRST, "drained")
    assert seen(balancer) == {SECOND}
    balancer.reload()
    assert balancer.states() == {FIRST: "DRAIN", SECOND: "UP"}
    assert balancer.states("websockets")[FIRST] == balancer.states("uploads")[FIRST] == "DRAIN"
    assert seen(balancer) == takers(balancer) == {SECOND}

    balancer.kill()
    balancer.start()
    assert seen(balancer) == {SECOND}

    assert balancer.verify() == (1, f"{FIRST}: DRAIN; give it back: playbooks/undrain.yml -e drain=api-1\n")
    balancer.move(FIRST, "ready")
    assert seen(balancer) == set(NAMES)
    balancer.kill()
    balancer.start()
    balancer.reload()
    assert seen(balancer) == set(NAMES)


def test_a_drain_waits_for_what_a_process_before_a_reload_had_begun(balancer: Balancer) -> None:
    posts = balancer.folder / "posts"
    with ThreadPoolExecutor(1) as sender:
        answer = sender.submit(balancer.request, "/?seconds=8&id=before", "POST", b"x")
        wait_until(lambda: posts.exists() and "before" in posts.read_text(), "the request")
        taker = posts.read_text().split()[-1]
        balancer.reload()
        balancer.move(taker, "drained")
        assert answer.done(), "the server would be stopped under a request"
        assert answer.result()[0] == 200
    posts.unlink()


def test_a_server_that_is_down_is_given_back_and_comes_into_traffic_once_it_is_up(balancer: Balancer) -> None:
    balancer.move(FIRST, "drained")
    marker = balancer.folder / f"{FIRST}.unready"
    marker.touch()
    try:
        wait_until(lambda: balancer.states()[FIRST] == "DOWN", "the server down")
        assert balancer.verify() == (1, f"{FIRST}: DOWN\n")
        assert balancer.verify("api-1") == (0, "")
        with ThreadPoolExecutor(1) as giver:
            given = giver.submit(balancer.move, FIRST, "ready")
            wait_until(lambda: given.done() or not balancer.is_taken_out(FIRST), "the server given back")
            marker.unlink()
            given.result()
        # It is sent little at first.
        wait_until(lambda: seen(balancer) == set(NAMES), "the server in traffic")
    finally:
        marker.unlink(missing_ok=True)


def test_recordings_go_to_servers_that_have_their_volume_and_all_else_to_every_server(balancer: Balancer) -> None:
    markers = [balancer.folder / f"{name}.away" for name in NAMES]
    assert takers(balancer) == set(NAMES)
    try:
        markers[0].touch()
        wait_until(lambda: balancer.states("uploads") == {FIRST: "DOWN", SECOND: "UP"}, "the volume missed")
        assert takers(balancer) == {SECOND}
        assert seen(balancer) == set(NAMES)
        # The end of a deployment says so, and of a host that is drained and has requests all the same.
        status, words = balancer.verify()
        assert status == 1
        assert words.startswith(f"{FIRST}: DOWN for recordings: its uploads volume does not answer")
        again = "drain it again: playbooks/drain.yml -e drain="
        assert balancer.verify("api-1") == (1, f"{FIRST} is drained, and in traffic; {again}api-1\n")
        assert balancer.verify("api-1", "api-2")[1].count(again) == 2

        # Who is out of traffic takes none of it, though it has the volume; who has none says so itself.
        balancer.move(SECOND, "drained")
        assert takers(balancer) == seen(balancer) == {FIRST}
        # An instance without its volume is given back to what it can do.
        balancer.move(FIRST, "drained")
        balancer.move(FIRST, "ready")
        balancer.move(SECOND, "ready")
        assert takers(balancer) == {SECOND}

        markers[1].touch()
        wait_until(lambda: set(balancer.states("uploads").values()) == {"DOWN"}, "both volumes missed")
        assert takers(balancer) == set(NAMES)
    finally:
        for marker in markers:
            marker.unlink(missing_ok=True)
    wait_until(lambda: set(balancer.states("uploads").values()) == {"UP"}, "the volumes back")
    wait_until(lambda: takers(balancer) == set(NAMES), "both servers with their volumes in traffic")


def test_servers_none_of_which_is_ready_answer_for_themselves(balancer: Balancer) -> None:
    markers = [balancer.folder / f"{name}.unready" for name in NAMES]
    for marker in markers:
        marker.touch()
    try:
        wait_until(lambda: all(state == "DOWN" for state in balancer.states().values()), "all out of traffic")
        assert seen(balancer) == set(NAMES)
        for name in NAMES:
            balancer.servers[name].kill()
        begun = time.monotonic()
        status, kind, text = balancer.request("/")
        assert (status, kind) == (503, "application/problem+json")
        assert json.loads(text)["code"] == "dependency-down"
        assert time.monotonic() - begun < 20
    finally:
        for marker in markers:
            marker.unlink()


SENDERS = (
    (CLIENT, ["203.0.113.5"], CLIENT),
    (PROXY, [], PROXY),
    (PROXY, ["203.0.113.5"], "203.0.113.5"),
    (PROXY, ["2001:db8::5"], "2001:db8::5"),
    # What the client wrote itself stands before what the proxy wrote.
    (PROXY, ["10.9.0.9, 203.0.113.5"], "203.0.113.5"),
    (PROXY, ["198.51.100.1", "203.0.113.5"], "203.0.113.5"),
    (PROXY, ["198.51.100.1, 203.0.113.5, 10.9.0.9"], "203.0.113.5"),
    (PROXY, ["198.51.100.1, 203.0.113.5, 10.9.0.9, 10.9.0.8"], "203.0.113.5"),
    (PROXY, ["10.9.0.9"], "10.9.0.9"),
    # What is no address ends it.
    (PROXY, ["203.0.113.5, unknown"], PROXY),
    (PROXY, ["10.9.0.7, 10.9.0.9, unknown"], PROXY),
    (PROXY, ["203.0.113.5, unknown, 10.9.0.9"], "10.9.0.9"),
)


def test_who_sends_is_what_trusted_proxies_say_and_nobody_else(balancer: Balancer) -> None:
    # A proxy sends many clients' requests over one connection.
    connections = {source: balancer.connection(source) for source in (CLIENT, PROXY)}
    for source, lines, sender in SENDERS:
        connection = connections[source]
        connection.putrequest("GET", "/senders")
        for line in lines:
            connection.putheader("X-Forwarded-For", line)
        connection.endheaders()
        assert connection.getresponse().read().decode() == sender, (source, lines)
    for connection in connections.values():
        connection.close()


def test_every_way_to_log_in_by_a_password_is_limited() -> None:
    template = (CHECKOUT / "templates" / "haproxy.cfg.j2").read_text()
    [limited] = re.findall(r"acl is_login \S+ -i (.+)", template)
    judging = {
        (route.method, route.path)
        for route, promised in promised_routes(create_app(Settings()))
        if WrongCredentials in promised.errors
    }
    assert judging == {("POST", path) for path in limited.split()}


def test_who_comes_by_a_trusted_proxy_has_limits_of_their_own(balancer: Balancer) -> None:
    connection = balancer.connection(PROXY)

    def log_in(sender: str, path: str = "/api/auth/token") -> int:
        connection.request("POST", f"{path}?id=0", headers={"X-Forwarded-For": sender})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    # The second one is the page's; the API reads the third as the same.
    for last, path in enumerate(("/api/auth/token", "/api/auth/session", "/api/auth/%73ession"), start=5):
        statuses = [log_in(f"203.0.113.{last}", path) for _ in range(40)]
        assert (statuses[0], statuses[-1]) == (200, 429), path
    assert log_in("203.0.113.9") == 200
    # An IPv6 site has a network of addresses to choose from.
    statuses = [log_in(f"2001:db8::{number:x}") for number in range(40)]
    assert (statuses[0], statuses[-1]) == (200, 429)
    assert log_in("2001:db8:0:1::1") == 200
    connection.close()
    (balancer.folder / "posts").unlink()


def test_a_file_of_a_release_that_one_dashboard_has_already_is_asked_of_that_one(balancer: Balancer) -> None:
    asked = balancer.folder / "assets"

    def statuses(port: str, version: str) -> Counter[int]:
        return Counter(shown(balancer, port, f"/assets/{version}/main.js", CLIENT)[0] for _ in range(8))

    for name in NAMES:
        assert statuses("dashboard", name) == {200: 8}
    # Some came to the other first.
    assert len(asked.read_text().split()) > 16
    assert statuses("dashboard", "neither") == {404: 8}
    # What the API does not have is asked of one instance, once.
    asked.unlink()
    assert statuses("api", "neither") == {404: 8}
    assert len(asked.read_text().split()) == 8
    asked.unlink()


def test_prometheus_reads_the_balancers_metrics_and_sees_nothing_else(balancer: Balancer) -> None:
    status, text = shown(balancer, "stats", "/metrics", PROMETHEUS)
    assert status == 200
    assert "haproxy_backend_active_servers" in text
    assert shown(balancer, "stats", "/", PROMETHEUS)[0] == 403
    assert shown(balancer, "stats", "/;csv", PROMETHEUS)[0] == 403
    # Who may see the statistics shows a password, for whatever there is.
    assert shown(balancer, "stats", "/", ADMINISTRATOR)[0] == 401
    assert shown(balancer, "stats", "/metrics", ADMINISTRATOR)[0] == 401
    for port, address in (("queue_dashboard", PROMETHEUS), ("stats", STRANGER)):
        with pytest.raises(ConnectionResetError):
            shown(balancer, port, "/metrics", address)


def shown(balancer: Balancer, port: str, path: str, address: str) -> tuple[int, str]:
    """Return what one of the balancer's ports answers to somebody at this address."""
    connection = http.client.HTTPConnection("127.0.0.1", balancer.ports[port], timeout=30, source_address=(address, 0))
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()

"""A whole instance: what is on disk, what survives, what is left behind (nothing)."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import requests

from app.standalone.site import CHECKOUT, answers
from app.standalone.state import FirstLogin, StateFolder, free_port
from tests.servers.instance import RunningInstance, running_instance, wait_until

pytestmark = pytest.mark.e2e

GONE_TIMEOUT_SECONDS = 30


def test_first_login_opens_the_api_and_is_nobody_elses(instance: RunningInstance) -> None:
    login = instance.login()

    assert login.url == instance.url
    assert login.password != login.username
    assert instance.token()
    assert stat.S_IMODE(instance.state.first_login.stat().st_mode) == 0o600
    assert stat.S_IMODE(instance.state.root.stat().st_mode) == 0o700


def test_no_secret_is_in_a_command_line_or_in_the_log(instance: RunningInstance) -> None:
    secrets = [file.read_text().strip() for file in instance.state.credentials.iterdir()]
    secrets.append(instance.login().password)
    said = instance.output.read_text() + instance.state.log.read_text()
    said += "\n".join(" ".join(process.cmdline()) for process in instance.everyone())

    assert len(secrets) >= 5
    assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize(
    "marker",
    ["app.workers.transcription", "app.workers.enrichment", "gunicorn", "valkey-server", "pginstall/bin/postgres"],
)
def test_what_is_killed_comes_back(instance: RunningInstance, marker: str) -> None:
    wait_until(lambda: instance.child(marker) is not None, marker)
    first = instance.child(marker)
    assert first is not None

    first.kill()

    def is_back() -> bool:
        child = instance.child(marker)
        return child is not None and child.pid != first.pid and answers(instance.url)

    wait_until(is_back, f"another {marker}")
    assert instance.token()


def test_a_second_one_on_the_same_folder_is_refused_in_words(instance: RunningInstance) -> None:
    result = _try_to_serve(instance.state.root, free_port())

    assert result.returncode == 1
    assert "is running on" in result.stderr
    assert f"process {psutil.Process(instance.process.pid).pid}" in result.stderr
    assert "VOCALYX_STATE" in result.stderr


def test_a_taken_port_is_refused_in_words(instance: RunningInstance, tmp_path: Path) -> None:
    result = _try_to_serve(tmp_path / "var", instance.port)

    assert result.returncode == 1
    assert f"Port {instance.port} is taken" in result.stderr
    assert "VOCALYX_PORT" in result.stderr


def test_models_that_cannot_be_fetched_end_the_start_in_words(tmp_path: Path) -> None:
    in_the_way = tmp_path / "models"
    in_the_way.write_text("a file where the folder should be")

    result = _try_to_serve(tmp_path / "var", free_port(), "--models", str(in_the_way / "below"))

    assert result.returncode == 1
    assert "models failed" in result.stderr
    assert "Traceback" not in result.stderr.splitlines()[0]


def test_two_run_side_by_side_and_ctrl_c_leaves_nothing(
    instance: RunningInstance, tmp_path: Path, models_dir: Path
) -> None:
    with running_instance(tmp_path / "var", models_dir) as second:
        assert answers(instance.url)
        assert answers(second.url)
        everyone = second.everyone()
        assert len(everyone) >= 6

        assert second.stop() == 0

    _, alive = psutil.wait_procs(everyone, timeout=GONE_TIMEOUT_SECONDS)
    assert not alive
    assert answers(instance.url)


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_finds_everything(
    tmp_path: Path, models_dir: Path
) -> None:
    with running_instance(tmp_path / "var", models_dir) as first:
        everyone = first.everyone()
        login = first.login()
        created = requests.post(
            f"{first.url}/api/projects",
            json={"name": "kept"},
            headers={"Authorization": f"Bearer {first.token()}"},
            timeout=10,
        )
        assert created.status_code == requests.codes.created
        first.process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(everyone, timeout=GONE_TIMEOUT_SECONDS)
        assert not alive

    with running_instance(tmp_path / "var", models_dir, port=first.port) as second:
        assert second.login() == login
        projects = requests.get(
            f"{second.url}/api/projects", headers={"Authorization": f"Bearer {second.token()}"}, timeout=10
        )
        assert "kept" in projects.text


def test_an_instance_is_borrowed_though_its_first_login_was_removed(tmp_path: Path, models_dir: Path) -> None:
    with running_instance(tmp_path / "var", models_dir) as running:
        running.state.first_login.unlink()
        borrowed = _borrow(running, "during", "echo", "up")
        assert borrowed.stdout == "up\n", borrowed.stderr
        demonstrated = _borrow(running, "demo")
        assert demonstrated.returncode == 1
        assert f"{running.state.first_login} does not exist" in demonstrated.stderr
        assert "VOCALYX_API_KEY" in demonstrated.stderr
        assert running.stop() == 0

    borrowed = _borrow(running, "during", "echo", "up again")
    assert borrowed.stdout == "up again\n", borrowed.stderr
    assert not answers(running.url)


def test_what_answers_where_an_earlier_run_did_is_not_borrowed(instance: RunningInstance, tmp_path: Path) -> None:
    earlier = StateFolder(tmp_path / "var")
    earlier.create()
    earlier.write_address(instance.url)
    # No login of this folder's is tried there, even where there is one.
    earlier.write_first_login(FirstLogin(instance.url, "admin", "a password of this folder alone"))

    demonstrated = _run("demo", earlier.root, instance.port)

    assert demonstrated.returncode == 1
    assert f"Port {instance.port} is taken by another program" in demonstrated.stderr
    assert "POST /api/auth/token 401" not in instance.state.log.read_text()


def _borrow(instance: RunningInstance, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(command, instance.state.root, instance.port, *arguments)


def _run(command: str, state: Path, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", command, "--state", str(state), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "VOCALYX_PORT": str(port)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_ctrl_c_is_obeyed_while_models_are_being_fetched(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli.main", "serve", "--state", str(tmp_path / "var"),
             "--port", str(free_port()), "--models", str(tmp_path / "models")],
            cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: "to fetch" in output.read_text(), "the fetching")

        process.send_signal(signal.SIGINT)

        process.wait(GONE_TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert "stopping" in output.read_text()
    assert "Vocalyx is up" not in output.read_text()


def _try_to_serve(state: Path, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli.main", "serve", "--state", str(state), "--port", str(port), *options],
        cwd=CHECKOUT,
        env=dict(os.environ),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

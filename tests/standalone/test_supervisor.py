"""The supervisor on small programs: order, readiness, restarts, and the end of everything."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from app.standalone import leash
from app.standalone.child import Program
from app.standalone.errors import CannotStart
from app.standalone.log import InstanceLog
from app.standalone.supervisor import Backoff, Supervisor, describe_exit

SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def program(name: str, code: str, folder: Path, **wishes: object) -> Program:
    values: dict[str, object] = {
        "name": name,
        "command": (sys.executable, "-c", textwrap.dedent(code)),
        "environment": {"PATH": os.environ["PATH"]},
        "folder": folder,
        "stop_timeout_seconds": 2,
    }
    return Program(**(values | wishes))  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> InstanceLog:
    return InstanceLog(tmp_path / "vocalyx.log")


@pytest.fixture
async def supervisor(log: InstanceLog) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(log, Backoff(first_seconds=0.05, longest_seconds=0.4))
    yield supervisor
    await supervisor.stop()
    log.close()


async def until(condition: Callable[[], bool], timeout_seconds: float = 10) -> None:
    async with asyncio.timeout(timeout_seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)


def said(folder: Path) -> str:
    """Return the log so far; it is made with its first line."""
    log = folder / "vocalyx.log"
    return log.read_text() if log.exists() else ""


async def test_keep_returns_when_the_program_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    code = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(sign)!r}).touch(); time.sleep(600)"

    await supervisor.keep(program("a", code, tmp_path, is_ready=sign.exists))

    assert sign.exists()
    assert psutil.pid_exists(supervisor.running()["a"])


async def test_a_program_that_never_gets_ready_says_why(supervisor: Supervisor, tmp_path: Path) -> None:
    never = program("a", "print('no such table'); raise SystemExit(3)", tmp_path, is_ready=lambda: False)

    with pytest.raises(CannotStart, match="no such table"):
        await supervisor.keep(never)


async def test_what_dies_comes_back_with_growing_pauses(supervisor: Supervisor, tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    code = f"open({str(lives)!r}, 'a').write('x')"

    await supervisor.keep(program("a", code, tmp_path))

    await until(lambda: lives.exists() and len(lives.read_text()) >= 4)
    text = said(tmp_path)
    pauses = [float(line.split(" in ")[1].split()[0]) for line in text.splitlines() if "starting it again" in line]
    assert pauses == sorted(pauses)
    assert pauses[:3] == [0.05, 0.1, 0.2]


async def test_a_killed_program_takes_its_whole_group_along(supervisor: Supervisor, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    code = f"""
        import pathlib, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path({str(note)!r}).write_text(str(child.pid))
        time.sleep(600)
    """
    await supervisor.keep(program("a", code, tmp_path, is_ready=lambda: note.exists() and bool(note.read_text())))
    grandchild = int(note.read_text())

    os.kill(supervisor.running()["a"], signal.SIGKILL)

    await until(lambda: not _is_alive(grandchild))


async def test_stop_goes_backwards_and_kills_the_deaf(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.keep(program("first", SLEEPER, tmp_path))
    await supervisor.keep(program("second", DEAF, tmp_path))
    await until(lambda: "deaf" in said(tmp_path))
    running = supervisor.running()

    await supervisor.stop()

    assert not [name for name, process_id in running.items() if _is_alive(process_id)]
    text = said(tmp_path)
    assert "did not stop in 2 s and is killed" in text
    assert text.index("second        stopped") < text.index("first         stopped")


async def test_a_step_that_fails_says_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="disk is full"):
        await supervisor.perform(program("step", "print('disk is full'); raise SystemExit(1)", tmp_path))


async def test_a_step_is_stopped_with_everything(supervisor: Supervisor, tmp_path: Path) -> None:
    step = asyncio.create_task(supervisor.perform(program("step", SLEEPER, tmp_path)))
    await until(lambda: "here" in said(tmp_path))

    await supervisor.stop()

    with pytest.raises(CannotStart):
        await step


def test_a_leashed_program_ends_with_its_parent(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    sleeper = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid())); time.sleep(600)"
    parent = f"""
        import subprocess, sys, time
        from app.standalone import leash
        subprocess.Popen(leash.command([sys.executable, "-c", {sleeper!r}]), start_new_session=True)
        time.sleep(600)
    """
    process = psutil.Popen([sys.executable, "-c", textwrap.dedent(parent)])
    try:
        deadline = time.monotonic() + 20
        while not (note.exists() and note.read_text()):
            assert time.monotonic() < deadline
        child = psutil.Process(int(note.read_text()))
    finally:
        process.kill()
        process.wait()

    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_a_leash_says_what_cannot_be_started() -> None:
    process = psutil.Popen(leash.command(["/nowhere/at-all"]), stderr=-1)
    _, said = process.communicate(timeout=20)

    assert process.returncode == leash.EXIT_NOT_STARTED
    assert b"/nowhere/at-all cannot be started" in said


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (3, "exit status 3"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")],
)
def test_exits_in_words(status: int, words: str) -> None:
    assert describe_exit(status) == words


def _is_alive(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

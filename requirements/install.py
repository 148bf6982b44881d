"""Brings the environment up to requirements/*.txt, a stage at a time: `python3.11 requirements/install.py STAGE…`.

It runs before anything is installed, so it uses the standard library alone. A stage that is up to date costs a few
milliseconds; one that changed is installed again. Every download is checked against the hashes of the lock file.
"""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import engine
import environment
from progress import SetupFailed, Step, say

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent

# The registry's torch for Linux is built for CUDA and brings gigabytes of it. The CPU build has a version of its own
# (`+cpu`), which only its makers' index serves: it is asked when the indexes that pip knows here do not have it.
# The hashes in the lock hold for either source.
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"

TUS_JS = "tests/api/tus_js"
BROWSER = "tests/browser"
DASHBOARD = "app/dashboard"


class Stage(NamedTuple):
    """What one stage installs: its lock files, what to tell, and the function that does it."""

    locks: tuple[str, ...]
    title: str
    install: Callable[[environment.Environment], None]
    after: tuple[str, ...] = ()
    folder: str = ".venv"


def install_tools(env: environment.Environment) -> None:
    env.install_lock(HERE / "tools.txt", Step("pip and setuptools"))


def install_core(env: environment.Environment) -> None:
    env.install_lock(HERE / "core.txt", Step("the API, the queues, PostgreSQL and Valkey", "about 60 MB"))
    # The checkout itself: `vocalyx` and `import app`. Nothing is fetched for it.
    env.pip(
        ["install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(CHECKOUT)], Step("vocalyx")
    )


def install_transcription(env: environment.Environment) -> None:
    lock = HERE / "transcription.txt"
    step = Step("torch, the CPU build", "about 190 MB")
    torch = environment.extract(lock, ["torch"])
    try:
        env.install_lines(torch, step)
    except SetupFailed:
        say(f"not where pip looks on this machine; asking its makers' index ({TORCH_INDEX})")
        env.install_lines(torch, step, "--extra-index-url", TORCH_INDEX)
    env.install_lock(lock, Step("the speech engines", "about 400 MB"))
    env.run([str(env.python), "-m", "app.workers.transcription.torchaudio_cpu"], Step("torchaudio without CUDA"))


def install_enrichment(env: environment.Environment) -> None:
    lock = HERE / "enrichment.txt"
    wheel = engine.build(env, HERE)
    with env.locked():
        env.install_lines(environment.extract(lock, exclude=[engine.PACKAGE]), Step("what the engine needs"))
        env.pip(["install", "--no-deps", "--no-index", "--force-reinstall", str(wheel)], Step("the language engine"))


def install_dev(env: environment.Environment) -> None:
    env.install_lock(HERE / "dev.txt", Step("what tests, linters and measurements need", "about 120 MB"))
    fetch_modules(env, TUS_JS, Step("the JavaScript client that a test drives", "about 1 MB"))
    fetch_modules(env, BROWSER, Step("the browser that tests drive", "about 70 MB"))
    env.run([str(env.python), str(CHECKOUT / BROWSER / "unpack.py")], Step("the browser, unpacked"))


def install_dashboard(env: environment.Environment) -> None:
    env.install_lock(HERE / "dashboard.txt", Step("npm", "about 60 MB"))
    fetch_modules(env, DASHBOARD, Step("the page's modules", "about 5 MB"))
    env.run([str(env.python), "-m", "app.dashboard.modules"], Step("the page's modules in their place"))


def fetch_modules(env: environment.Environment, folder: str, step: Step) -> None:
    """Fetch what a folder's package-lock.json names, to the hash; what packages would like to run then is not run."""
    npm = [str(env.python.with_name("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    env.run([*npm, f"--prefix={CHECKOUT / folder}"], step)


def install_lock_tools(env: environment.Environment) -> None:
    env.install_lock(HERE / "lock.txt", Step("uv, which locks", "about 25 MB"))


def install_deploy(env: environment.Environment) -> None:
    install_tools(env)
    env.install_lock(HERE / "deploy.txt", Step("Ansible, Molecule and their linters", "about 90 MB"))


STAGES = {
    "tools": Stage(("tools.txt",), "the set-up's own tools", install_tools),
    "core": Stage(("core.txt", "../pyproject.toml"), "the core", install_core, after=("tools",)),
    "transcription": Stage(("transcription.txt",), "speech", install_transcription, after=("core",)),
    "enrichment": Stage(("enrichment.txt", "build.txt"), "the language engine", install_enrichment, after=("core",)),
    "dashboard": Stage(
        ("dashboard.txt", f"../{DASHBOARD}/package-lock.json", f"../{DASHBOARD}/modules.py"),
        "the page",
        install_dashboard,
        after=("core",),
    ),
    "dev": Stage(
        ("dev.txt", f"../{TUS_JS}/package-lock.json", f"../{BROWSER}/package-lock.json", f"../{BROWSER}/unpack.py"),
        "development",
        install_dev,
        after=("core",),
    ),
    "lock": Stage(("lock.txt",), "locking", install_lock_tools, after=("tools",)),
    # An environment of its own: what deploys is not what is deployed, and the two need not agree on versions.
    "deploy": Stage(("tools.txt", "deploy.txt"), "deployment", install_deploy, folder=".venv-deploy"),
}


def fingerprint(stage: Stage) -> str:
    """Return what the stage was or would be installed from, as one hash."""
    digest = hashlib.sha256()
    for name in stage.locks:
        content = (HERE / name).read_bytes()
        if name.endswith(".toml"):
            # Rules for linters change often, and change nothing that is installed.
            content = json.dumps(tomllib.loads(content.decode())["project"], sort_keys=True).encode()
        digest.update(content)
    return digest.hexdigest()


def with_requirements(names: list[str]) -> Iterator[str]:
    """Yield the stages, each after those that it builds on, each once."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done:
            return
        done.add(name)
        for before in STAGES[name].after:
            yield from visit(before)
        yield name

    for name in names:
        yield from visit(name)


def bring_up(names: list[str]) -> None:
    """Install the stages that are not up to date."""
    environments = {name: environment.Environment(CHECKOUT / STAGES[name].folder, HERE) for name in STAGES}
    due = [name for name in with_requirements(names) if environments[name].stamp(name) != fingerprint(STAGES[name])]
    for number, name in enumerate(due, start=1):
        stage, env = STAGES[name], environments[name]
        say(f"[{number}/{len(due)}] {stage.title}")
        # The language engine builds for minutes and takes the lock only to install; a test run need not wait for it.
        with contextlib.nullcontext() if name == "enrichment" else env.locked():
            if env.stamp(name) != fingerprint(stage):
                stage.install(env)
                env.write_stamp(name, fingerprint(stage))


def end_with_everything_started(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler
    """Take pip and the compilers along; they would work on for minutes."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    subprocess.run(["pkill", "-TERM", "-P", str(os.getpid())], check=False)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stages", nargs="*", choices=[[], *STAGES], metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--print-torch-index", action="store_true", help="where torch's CPU build is served")
    wanted = parser.parse_args()
    if wanted.print_torch_index:
        print(TORCH_INDEX)
        return
    signal.signal(signal.SIGTERM, end_with_everything_started)
    try:
        bring_up(wanted.stages)
    except SetupFailed as error:
        say(f"\nThe set-up stopped: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say("\nStopped. What was installed is kept; the same command goes on from here.")
        sys.exit(130)


if __name__ == "__main__":
    main()

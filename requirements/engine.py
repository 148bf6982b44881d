"""llama-cpp-python, which comes as source only: built once a machine, for its processor, and kept in a cache."""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from environment import Environment, cache_folder, extract
from progress import PipReport, SetupFailed, Step, elapsed, run, say

PACKAGE = "llama-cpp-python"
WITHOUT_COMMON = "engine.cmake"
SHOWN_STEP_PERCENT = 10

# Instruction sets that llama.cpp can be built with, by their names in /proc/cpuinfo. Each is set by what this processor
# has: the library's own default takes them for granted, and "native" picks AMX, which crashes on some virtual machines.
INSTRUCTION_SETS = {
    "sse4_2": "GGML_SSE42", "avx": "GGML_AVX", "avx2": "GGML_AVX2", "bmi2": "GGML_BMI2", "fma": "GGML_FMA",
    "f16c": "GGML_F16C",
}  # fmt: skip


def build(env: Environment, locks: Path, processor: Collection[str] | None = None) -> Path:
    """Return the wheel of the engine, built if no earlier build is kept.

    `processor` are the instruction sets that it may use, by their names in /proc/cpuinfo; None: those of this machine.
    Raises SetupFailed where it cannot be built.
    """
    source = extract(locks / "enrichment.txt", [PACKAGE])
    tools = (locks / "build.txt").read_text(encoding="utf-8")
    compiler = None if _compilers() else (locks / "compiler.txt").read_text(encoding="utf-8")
    options = cmake_options(own_compiler=compiler is None, processor=processor)
    made_from = [source, tools, compiler, options, (locks / WITHOUT_COMMON).read_text(encoding="utf-8")]
    key = hashlib.sha256(json.dumps([made_from, sys.version_info[:2]]).encode()).hexdigest()
    kept = cache_folder() / "engine" / key[:16]
    with _held(kept):
        if (wheel := _kept_wheel(kept)) is not None:
            say(f"  the language engine was built before ({wheel.name})")
            return wheel
        with tempfile.TemporaryDirectory(prefix="vocalyx-build-", dir=kept) as work:
            _build(env, Path(work), source, tools, compiler, options)
            built = next(Path(work, "wheels").glob("*.whl"))
            wheel = kept / built.name
            built.replace(wheel)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (kept / "sha256").write_text(digest, encoding="ascii")
        return wheel


def cmake_options(*, own_compiler: bool, processor: Collection[str] | None = None) -> list[str]:
    """Return how llama.cpp is to be built for these instruction sets; None: for this machine's."""
    options = ["-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF"]
    if platform.machine() == "x86_64":
        present = _processor_flags() if processor is None else set(processor)
        options += [f"-D{option}={'ON' if flag in present else 'OFF'}" for flag, option in INSTRUCTION_SETS.items()]
    if not own_compiler:
        # The compiler in the wheel has no OpenMP library; llama.cpp's own threads take its place.
        options.append("-DGGML_OPENMP=OFF")
    return options


def _processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    for line in cpuinfo.read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def _compilers() -> tuple[str, str] | None:
    c = shutil.which(os.environ.get("CC", "cc"))
    cxx = shutil.which(os.environ.get("CXX", "c++"))
    return (c, cxx) if c and cxx else None


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another instance is building the language engine; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        for left in folder.glob("vocalyx-build-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a build that was killed
        yield


def _kept_wheel(folder: Path) -> Path | None:
    try:
        digest = (folder / "sha256").read_text(encoding="ascii")
        wheel = next(folder.glob("*.whl"))
    except (FileNotFoundError, StopIteration):
        return None
    return wheel if hashlib.sha256(wheel.read_bytes()).hexdigest() == digest else None


def _build(env: Environment, work: Path, source: str, tools: str, compiler: str | None, options: list[str]) -> None:
    """Build in an environment of its own, so that CMake and the compiler come from hashed wheels, and go afterwards."""
    workshop = Environment(work / "venv", env.locks)
    with workshop.locked():
        workshop.install_lines(tools, Step("CMake and Ninja", "about 35 MB"))
    settings = {**os.environ, "PATH": f"{workshop.folder / 'bin'}:{os.environ.get('PATH', '')}"}
    if compiler is not None:
        workshop.install_lines(compiler, Step("a C++ compiler, since this machine has none", "about 100 MB"))
        settings |= _wrap_compiler(workshop, work / "compiler")
    settings["CMAKE_ARGS"] = " ".join([*options, f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={env.locks / WITHOUT_COMMON}"])
    settings.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(len(os.sched_getaffinity(0))))
    settings["TMPDIR"] = str(work / "tmp")  # so that a build that is killed leaves nothing elsewhere
    (work / "tmp").mkdir()
    requirement = work / "source.txt"
    requirement.write_text(source, encoding="utf-8")
    command = [str(workshop.python), "-m", "pip", "wheel", "--verbose", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar=off", "--no-cache-dir", "--no-deps", "--no-build-isolation", "--require-hashes"]
    command += ["--wheel-dir", str(work / "wheels"), "-r", str(requirement)]
    run(
        command,
        Step("the language engine from source", "77 MB, then about 5 minutes on 2 cores"),
        log=env.log,
        shown=BuildReport(),
        environment=settings,
    )


def _wrap_compiler(workshop: Environment, folder: Path) -> Mapping[str, str]:
    """Make `cc`, `c++`, `ar` and `ranlib` out of the one program in the wheel `ziglang`; return the settings for CMake."""
    program = next(workshop.folder.glob("lib/python*/site-packages/ziglang/zig"))
    folder.mkdir()
    for name, words in {"cc": "cc", "c++": "c++", "ar": "ar", "ranlib": "ranlib"}.items():
        flags = " -fno-sanitize=undefined" if name in {"cc", "c++"} else ""
        wrapper = folder / name
        wrapper.write_text(f'#!/bin/sh\nexec "{program}" {words}{flags} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
    return {
        "CC": str(folder / "cc"),
        "CXX": str(folder / "c++"),
        "AR": str(folder / "ar"),
        "RANLIB": str(folder / "ranlib"),
        "ZIG_GLOBAL_CACHE_DIR": str(folder / "cache"),
        "ZIG_LOCAL_CACHE_DIR": str(folder / "cache"),
    }


class BuildReport(PipReport):
    """Watches Ninja's `[12/230]` go by, besides pip's lines."""

    _STEP = re.compile(r"^\s*\[(?P<done>\d+)/(?P<all>\d+)\]")

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()
        self._shown_percent = 0

    def __call__(self, line: str) -> str | None:
        found = self._STEP.match(line)
        if found is None:
            return super().__call__(line)
        percent = 100 * int(found["done"]) // int(found["all"])
        if percent < self._shown_percent + SHOWN_STEP_PERCENT:
            return None
        self._shown_percent = percent - percent % SHOWN_STEP_PERCENT
        return f"compiling: {percent} % ({elapsed(time.monotonic() - self._started)})"


__all__ = ["PACKAGE", "BuildReport", "SetupFailed", "build", "cmake_options"]

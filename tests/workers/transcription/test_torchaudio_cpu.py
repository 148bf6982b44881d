import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CANNOT_LOAD = """
from pathlib import Path
if list((Path(__file__).parent / "lib").glob("*.so")):
    raise OSError("libc10_cuda.so: cannot open shared object file")
"""


def torchaudio(folder: Path, code: str) -> Path:
    """Put a package of that name, with two native libraries, into `folder`; return where they are."""
    libraries = folder / "torchaudio" / "lib"
    libraries.mkdir(parents=True)
    (folder / "torchaudio" / "__init__.py").write_text(code)
    for name in ("_torchaudio.so", "libtorchaudio.so"):
        (libraries / name).write_bytes(b"\x7fELF")
    return libraries


def prepare(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app.workers.transcription.torchaudio_cpu"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def names(libraries: Path) -> set[str]:
    return {path.name for path in libraries.iterdir()}


def test_libraries_that_cannot_be_loaded_are_set_aside_once(tmp_path: Path) -> None:
    libraries = torchaudio(tmp_path, CANNOT_LOAD)
    first, second = prepare(tmp_path), prepare(tmp_path)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "2 CUDA libraries set aside" in first.stderr
    assert second.stderr == ""
    assert names(libraries) == {"_torchaudio.so.set-aside", "libtorchaudio.so.set-aside"}


def test_libraries_that_load_are_left_alone(tmp_path: Path) -> None:
    libraries = torchaudio(tmp_path, "")
    done = prepare(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(libraries) == {"_torchaudio.so", "libtorchaudio.so"}


def test_a_torchaudio_that_fails_for_another_reason_is_reported(tmp_path: Path) -> None:
    torchaudio(tmp_path, "raise OSError('something else')")
    done = prepare(tmp_path)
    assert done.returncode == 1
    assert "cannot be imported even so" in done.stderr


@pytest.mark.engine
def test_the_real_one_can_be_imported_here() -> None:
    command = [
        sys.executable,
        "-c",
        "from torchaudio.compliance import kaldi; from torchaudio.functional import resample",
    ]
    assert subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0

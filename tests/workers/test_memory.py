from pathlib import Path

import pytest

from app.catalog import InstalledModel, find
from app.catalog.needs import memory_needed
from app.workers.memory import (
    PROCESS_BYTES,
    MemoryLimit,
    ModelTooLarge,
    available_bytes,
    has_room,
    memory_limit,
    require_room,
    room_needed,
    usable_cores,
)

MEBIBYTE = 1024**2


def own_group(root: Path) -> Path:
    """Make the folder that is this process's control group below `root`."""
    lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    (path,) = (line.split(":", 2)[2] for line in lines if line.startswith("0:"))
    group = root / path.strip("/")
    group.mkdir(parents=True, exist_ok=True)
    return group


def test_without_a_limit_the_machines_free_memory_counts(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) > MEBIBYTE
    assert usable_cores(tmp_path) >= 1


def test_a_control_groups_limit_counts_less_what_is_used_and_not_file_pages(tmp_path: Path) -> None:
    group = own_group(tmp_path)
    (group / "memory.max").write_text(f"{100 * MEBIBYTE}\n")
    (group / "memory.current").write_text(f"{60 * MEBIBYTE}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {20 * MEBIBYTE}\nfile 3\n")

    assert available_bytes(tmp_path) == 60 * MEBIBYTE


def test_a_group_without_a_limit_says_max(tmp_path: Path) -> None:
    group = own_group(tmp_path)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5\n")

    assert available_bytes(tmp_path) > MEBIBYTE


def test_a_quota_of_processor_time_limits_the_threads(tmp_path: Path) -> None:
    (own_group(tmp_path) / "cpu.max").write_text("50000 100000\n")

    assert usable_cores(tmp_path) == 1


def test_the_least_of_all_limits_counts_and_says_whose_it_is(tmp_path: Path) -> None:
    group = own_group(tmp_path)
    machine = memory_limit(cgroups=tmp_path)
    assert machine.source == "the machine's memory"
    (group / "memory.high").write_text(f"{700 * MEBIBYTE}\n")
    (group / "memory.max").write_text(f"{800 * MEBIBYTE}\n")
    assert memory_limit(cgroups=tmp_path).bytes == 700 * MEBIBYTE
    assert memory_limit(cgroups=tmp_path).source.startswith("MemoryHigh= of ")
    assert memory_limit(600 * MEBIBYTE, tmp_path) == MemoryLimit(600 * MEBIBYTE, "VOCALYX_MEMORY_LIMIT")
    assert memory_limit(machine.bytes * 2, tmp_path).bytes == 700 * MEBIBYTE


def test_a_limit_of_the_first_version_of_control_groups_counts(tmp_path: Path) -> None:
    unlimited = 2**63 - 4096
    lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    paths = [line.split(":", 2)[2] for line in lines if "memory" in line.split(":", 2)[1].split(",")]
    group = tmp_path / "memory" / (paths[0].strip("/") if paths else "")
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(f"{unlimited}\n")
    assert memory_limit(cgroups=tmp_path).source == "the machine's memory"
    (group / "memory.limit_in_bytes").write_text(f"{500 * MEBIBYTE}\n")
    expected = 500 * MEBIBYTE if paths else memory_limit(cgroups=tmp_path).bytes
    assert memory_limit(cgroups=tmp_path).bytes == expected


def model(folder: Path, kind: str, name: str, memory_bytes: int) -> InstalledModel:
    place = folder / kind / name
    place.mkdir(parents=True)
    described = InstalledModel(
        kind=kind, name=name, title=name, licence="MIT", languages=("*",), size_bytes=0, source="a test", files={},
        memory_bytes=memory_bytes,
    )  # fmt: skip
    (place / "model.json").write_text(described.model_dump_json())
    return described


def test_a_model_that_does_not_fit_is_refused_with_the_numbers_and_what_fits(tmp_path: Path) -> None:
    voices = model(tmp_path, "diarization", "voices", 500 * MEBIBYTE)
    large = model(tmp_path, "whisper", "large", 6000 * MEBIBYTE)
    small = model(tmp_path, "whisper", "small", 1000 * MEBIBYTE)
    limit = MemoryLimit(4_000_000_000, "MemoryMax= of vocalyx-transcription@01.service")
    require_room((voices, small), limit, tmp_path)
    with pytest.raises(ModelTooLarge) as refusal:
        require_room((voices, large), limit, tmp_path)
    assert refusal.value.detail == (
        "diarization/voices and whisper/large need about 7.0 GB; this worker's limit is 4.0 GB"
        " (MemoryMax= of vocalyx-transcription@01.service)."
    )
    assert refusal.value.remedy == "Choose a smaller model (small), or give the worker more memory."
    assert refusal.value.status < 500  # the same request would end the same way: no second try


def test_models_are_worked_with_one_at_a_time(models_dir: Path) -> None:
    both = [find(models_dir, "whisper", name) for name in ("base", "tiny.en")]
    needs = [memory_needed(each) for each in both]
    assert room_needed(both) == PROCESS_BYTES + sum(need.loaded for need in needs) + max(need.working for need in needs)
    assert has_room(both, MemoryLimit(room_needed(both), "a test"))
    assert not has_room(both, MemoryLimit(room_needed(both) - 1, "a test"))

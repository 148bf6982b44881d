from pathlib import Path

from app.workers.enrichment.memory import available_bytes, usable_cores

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

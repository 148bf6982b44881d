"""The lock files, and the set-up's reading of them."""

import re
from pathlib import Path

import pytest
from engine import INSTRUCTION_SETS, cmake_options
from environment import extract
from install import STAGES, with_requirements
from progress import PipReport, elapsed

REQUIREMENTS = Path(__file__).resolve().parent.parent.parent / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_says_what_and_never_from_where(lock: Path) -> None:
    text = lock.read_text()

    assert not re.findall(r"https?://|file:|--\S*index\S*|--find-links|(?m:^-[fi] )", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_entry_of_a_lock_is_pinned_and_hashed(lock: Path) -> None:
    entries = [entry for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", lock.read_text()) if entry[:1].isalnum()]

    assert entries
    assert not [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]


def test_versions_agree_between_the_locks_of_one_environment() -> None:
    pins: dict[str, set[str]] = {}
    for stage in ("core", "transcription", "enrichment", "dev"):
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", (REQUIREMENTS / f"{stage}.txt").read_text()):
            pins.setdefault(name, set()).add(version)

    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_extract_takes_one_entry_whole_or_leaves_it_out() -> None:
    lock = REQUIREMENTS / "enrichment.txt"

    one = extract(lock, ["llama-cpp-python"])
    others = extract(lock, exclude=["llama-cpp-python"])

    assert one.startswith("llama-cpp-python==")
    assert "--hash=sha256:" in one
    assert one.count("==") == 1
    assert "llama-cpp-python==" not in others
    assert "numpy==" in others


def test_stages_come_after_those_that_they_build_on_and_once() -> None:
    assert list(with_requirements(["enrichment", "transcription", "core"])) == [
        "tools", "core", "enrichment", "transcription",
    ]  # fmt: skip
    assert all(before in STAGES for stage in STAGES.values() for before in stage.after)


def test_the_engine_is_never_built_for_what_the_processor_happens_to_be() -> None:
    options = cmake_options(own_compiler=True)

    assert "-DGGML_NATIVE=OFF" in options
    assert len([option for option in options if option.partition("=")[0][2:] in INSTRUCTION_SETS.values()]) in {0, 6}
    assert "-DGGML_OPENMP=OFF" in cmake_options(own_compiler=False)


def test_pip_is_reported_in_few_lines() -> None:
    report = PipReport()

    assert report("  Downloading aiosignal-1.4.0-py3-none-any.whl (7.5 kB)") is None
    assert report("  Downloading torch-2.13.0.whl.metadata (29 kB)") is None
    assert report("  Downloading av-18.1.0-cp311.whl (36.2 MB)") == "downloading av-18.1.0-cp311.whl (36 MB)"
    assert report("Installing collected packages: a, b, c") == "installing 3 packages"
    assert report.downloaded_megabytes == pytest.approx(36.2, abs=0.1)


@pytest.mark.parametrize(("seconds", "words"), [(8.4, "8 s"), (60, "1 min 00 s"), (200, "3 min 20 s")])
def test_durations_in_words(seconds: float, words: str) -> None:
    assert elapsed(seconds) == words

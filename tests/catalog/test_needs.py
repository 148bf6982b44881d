"""What models need, held against what the engines take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.catalog import find, needs
from app.catalog.needs import MEBIBYTE, memory_needed
from app.catalog.shelf import SHELF
from app.cli.arrivals import readable_size
from app.workers.memory import PROCESS_BYTES

ROOT = Path(__file__).resolve().parents[2]


def test_the_estimate_is_for_the_way_in_which_whisper_is_run() -> None:
    from app.workers.transcription.text import whisper

    assert (needs.WHISPER_BATCH, needs.WHISPER_BEAM) == (whisper.BATCH_SIZE, whisper.BEAM_SIZE)


def test_the_shelf_and_the_files_lead_to_the_same_figure(models_dir: Path) -> None:
    for name in ("base", "tiny.en"):
        shelf = next(model for model in SHELF if model.name == name)
        assert shelf.memory_bytes == pytest.approx(memory_needed(find(models_dir, "whisper", name)).total, rel=0.02)


def test_larger_models_need_more() -> None:
    memory = {model.name: model.memory_bytes for model in SHELF}
    order = ("tiny", "base", "small", "large-v3-turbo", "medium", "large-v3")
    assert [memory[name] for name in order] == sorted(memory[name] for name in order)


def test_names_on_the_shelf_are_unique_and_can_be_installed() -> None:
    from app.catalog.pull import checked_name

    assert len({(model.kind, model.name) for model in SHELF}) == len(SHELF)
    assert all(checked_name(model.name) == model.name for model in SHELF)


WORK = """
import sys
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio
from app.catalog.needs import WHISPER_BATCH, WHISPER_BEAM

whisper = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
segments, _ = BatchedInferencePipeline(whisper).transcribe(
    np.tile(decode_audio(sys.argv[2]), 10), language="en", batch_size=WHISPER_BATCH, beam_size=WHISPER_BEAM,
    word_timestamps=True,
)
assert list(segments)
# Not what getrusage says: that begins with what the process had that started this one.
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(int(peak.split()[1]) * 1024)
"""


@pytest.mark.engine
def test_whisper_stays_within_its_estimate_and_not_far_below(models_dir: Path) -> None:
    model = find(models_dir, "whisper", "tiny.en")
    command = [sys.executable, "-c", WORK, str(model.folder), str(ROOT / "tests/audio/jfk.ogg")]
    worked = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, text=True, check=True
    )
    needed = PROCESS_BYTES + memory_needed(model).total
    assert 0.6 * needed < int(worked.stdout) < needed + 50 * MEBIBYTE


def test_the_operators_page_has_the_shelf_as_it_is() -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for model in SHELF:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{model.name}` |")]
        assert all(f"`{piece.repository}`" in row for piece in model.pieces)
        assert f"| {model.licence} |" in row
        assert row.endswith(f"| {readable_size(model.size_bytes)} | {readable_size(model.memory_bytes)} |")

"""What the engines' libraries find in the environment."""

import os
import subprocess
import sys

import pytest

from app.workers import environment


def test_every_library_is_held_to_the_threads_and_to_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "64", "PYANNOTE_METRICS_ENABLED": "1"})
    environment.prepare(3)
    assert {os.environ[name] for name in os.environ if name.endswith("_THREADS")} == {"3"}
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "0"
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


@pytest.mark.parametrize("module", ["app.workers.transcription.__main__", "app.workers.enrichment.__main__"])
def test_no_engine_is_imported_before_the_environment_is_set(module: str) -> None:
    heavy = {"torch", "numpy", "faster_whisper", "ctranslate2", "llama_cpp", "pyannote.audio", "onnxruntime"}
    script = f"import sys, {module}; print(*({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""

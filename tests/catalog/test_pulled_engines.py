"""Pulled models as their engines see them: real weights, through a hub on this machine."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.catalog import ModelKind
from app.catalog.errors import ModelPullFailed, ModelRefused
from app.catalog.hub import Hub
from app.catalog.installed import InstalledModel
from app.catalog.offline import import_pyannote_audio
from app.catalog.pull import order_from_repository, order_from_shelf, pull
from app.catalog.shelf import SHELF
from tests.catalog.hub import TOKEN, PlayedHub, running_hub, whisper_files
from tests.catalog.test_pull import Told

PYANNOTE_3_1 = next(model for model in SHELF if model.name == "speaker-diarization-3.1")

CONFIG_3_1 = b"""\
version: 3.1.0

pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    segmentation: pyannote/segmentation-3.0
    segmentation_batch_size: 32

params:
  clustering:
    method: centroid
    min_cluster_size: 12
    threshold: 0.7045654963945799
  segmentation:
    min_duration_off: 0.0
"""


@pytest.fixture
def hub() -> Iterator[PlayedHub]:
    with running_hub() as played:
        yield played


def from_shelf(hub: PlayedHub, target: Path, name: str) -> InstalledModel:
    model = next(model for model in SHELF if model.name == name)
    client = Hub(hub.url, TOKEN, first_pause_seconds=0)
    try:
        return pull(order_from_shelf(model), target, client, Told())
    finally:
        client.close()


@pytest.mark.engine
def test_a_whisper_model_of_the_shelf_loads(hub: PlayedHub, models_dir: Path, tmp_path: Path) -> None:
    from app.workers.transcription.text.whisper import Whisper

    files = whisper_files(models_dir)
    hub.publish("Systran/faster-whisper-tiny.en", files | {"README.md": b"", ".gitattributes": b"", "extra.bin": b"x"})
    model = from_shelf(hub, tmp_path, "tiny.en")
    assert set(model.files) == set(files)
    assert (model.licence, model.languages) == ("MIT", ("en",))
    assert not Whisper(model.folder, 1).multilingual


@pytest.mark.engine
def test_pyannotes_pipeline_of_three_repositories_becomes_one_folder(
    hub: PlayedHub, models_dir: Path, tmp_path: Path
) -> None:
    installed = models_dir / "diarization/community-campplus"
    hub.publish("pyannote/speaker-diarization-3.1", {"config.yaml": CONFIG_3_1, "handler.py": b"pass"}, gated=True)
    for repository, part in (
        ("pyannote/segmentation-3.0", "segmentation"),
        ("pyannote/wespeaker-voxceleb-resnet34-LM", "embedding"),  # another model stands in for its weights
    ):
        weights = (installed / part / "pytorch_model.bin").read_bytes()
        hub.publish(
            repository, {"pytorch_model.bin": weights, "config.yaml": b"task: {}"}, gated=part == "segmentation"
        )
    model = from_shelf(hub, tmp_path, "speaker-diarization-3.1")
    assert set(model.files) == {
        "config.yaml", "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin", "plda/plda.npz",
        "plda/xvec_transform.npz",
    }  # fmt: skip
    assert model.source.count("@" + "c" * 40) == 3
    moved = tmp_path / "elsewhere"
    shutil.move(model.folder, moved)
    pipeline = import_pyannote_audio().Pipeline.from_pretrained(moved)
    assert pipeline.parameters(instantiated=True)["clustering"]["threshold"] == 0.7045654963945799


def test_a_pipeline_of_other_models_is_not_bent_into_shape(hub: PlayedHub, models_dir: Path, tmp_path: Path) -> None:
    for piece in PYANNOTE_3_1.pieces:
        hub.publish(piece.repository, {"config.yaml": CONFIG_3_1, "pytorch_model.bin": b"weights"})
    changed = CONFIG_3_1.replace(b"segmentation-3.0", b"segmentation-4.0")
    hub.publish(PYANNOTE_3_1.repository, {"config.yaml": changed})
    with pytest.raises(ModelRefused, match="names other models"):
        from_shelf(hub, tmp_path, PYANNOTE_3_1.name)


def test_a_pipeline_that_would_fetch_more_is_refused(hub: PlayedHub, tmp_path: Path) -> None:
    hub.publish(PYANNOTE_3_1.repository, {"config.yaml": CONFIG_3_1})
    client = Hub(hub.url, first_pause_seconds=0)
    order = order_from_repository(PYANNOTE_3_1.repository, ModelKind.DIARIZATION)
    with pytest.raises(ModelPullFailed, match=r"but pyannote/segmentation-3\.0, which cannot be fetched here"):
        pull(order, tmp_path, client, Told())
    client.close()

"""Turns published weights into folders that the engines load. Heavy imports stay inside: the API imports this package."""

from importlib.metadata import version
from pathlib import Path

from app.catalog.errors import ModelRefused
from app.catalog.offline import import_pyannote_audio

CAMPPLUS_EMBEDDING_DIMENSION = 192
WESPEAKER_EMBEDDING_DIMENSION = 256
PLDA_DIMENSION = 128
PYANNOTE_3_1_MODELS = ("pyannote/segmentation-3.0", "pyannote/wespeaker-voxceleb-resnet34-LM")
PUBLISHED_CAMPPLUS = Path("embedding/campplus_cn_en_common.pt")

PIPELINE_CONFIG = """\
# pyannote.audio pipeline, loaded by Pipeline.from_pretrained(<this folder>).
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    segmentation: $model/segmentation
    segmentation_step: 0.25
    segmentation_batch_size: 8
    embedding: $model/embedding
    # Three rows a chunk, one for each local speaker: whole chunks only, so that none is computed twice.
    embedding_batch_size: 12
    embedding_exclude_overlap: true
    plda: $model/plda
    clustering: AgglomerativeClustering
params:
  segmentation:
    min_duration_off: 0.0
  clustering:
    method: centroid
    min_cluster_size: 4
    # The middle of 0.55 to 0.8, where the error rates of all evaluation recordings stay the same.
    threshold: 0.7
"""


def convert_community_campplus(folder: Path) -> None:
    """Make `folder`, with the published segmentation and CAM++ weights in it, a pyannote pipeline.

    Leaves `config.yaml`, `segmentation/pytorch_model.bin`, `embedding/pytorch_model.bin` and `plda/*.npz`.
    """
    _write_embedding_checkpoint(folder / PUBLISHED_CAMPPLUS, folder / "embedding/pytorch_model.bin")
    (folder / PUBLISHED_CAMPPLUS).unlink()
    _write_neutral_plda(folder / "plda", CAMPPLUS_EMBEDDING_DIMENSION)
    (folder / "config.yaml").write_text(PIPELINE_CONFIG, encoding="utf-8")


def convert_pyannote_3_1(folder: Path) -> None:
    """Make `folder`, with pyannote's pipeline 3.1 and the two models that it names in it, stand on its own.

    Its `config.yaml` names repositories of the hub; afterwards it names the folders `segmentation` and `embedding`. The
    parameters that the pipeline was trained with stay. Raises `ModelRefused` where it names other models.
    """
    import yaml

    path = folder / "config.yaml"
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        parameters = config["pipeline"]["params"]
        named = parameters["segmentation"], parameters["embedding"]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ModelRefused("config.yaml is not that of a diarization pipeline.") from error
    if named != PYANNOTE_3_1_MODELS:
        raise ModelRefused(f"config.yaml names other models than {' and '.join(PYANNOTE_3_1_MODELS)}: {named}.")
    parameters.update(segmentation="$model/segmentation", embedding="$model/embedding", plda="$model/plda")
    _write_neutral_plda(folder / "plda", WESPEAKER_EMBEDDING_DIMENSION)
    path.unlink()  # a new file: this one may be a link to what was downloaded
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _write_embedding_checkpoint(published: Path, checkpoint: Path) -> None:
    """Wrap a bare state dict in what `pyannote.audio.Model.from_pretrained` reads: class, hyper-parameters, specifications."""
    pyannote_audio = import_pyannote_audio()
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications

    state = torch.load(published, map_location="cpu", weights_only=True)
    content = {
        "state_dict": state,
        "hyper_parameters": {"sample_rate": 16_000, "num_channels": 1},
        "pytorch-lightning_version": version("pytorch-lightning"),
        "pyannote.audio": {
            "versions": {"torch": torch.__version__, "pyannote.audio": pyannote_audio.__version__},
            "architecture": {"module": "app.workers.transcription.campplus", "class": "CAMPPlus"},
            "specifications": Specifications(
                problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0
            ),
        },
    }
    torch.save(content, checkpoint)


def _write_neutral_plda(folder: Path, embedding_dimension: int) -> None:
    """Write a probabilistic linear discriminant analysis that changes nothing.

    pyannote.audio 4 loads one for every pipeline and fetches its own where none is named, although agglomerative
    clustering does not use it. Mean zero, the first axes as they are, unit within-class and between-class variance.
    """
    import numpy as np

    folder.mkdir()
    np.savez_compressed(
        folder / "xvec_transform.npz",
        mean1=np.zeros(embedding_dimension),
        mean2=np.zeros(PLDA_DIMENSION),
        lda=np.eye(embedding_dimension, PLDA_DIMENSION),
    )
    np.savez_compressed(
        folder / "plda.npz", mu=np.zeros(PLDA_DIMENSION), tr=np.eye(PLDA_DIMENSION), psi=np.ones(PLDA_DIMENSION)
    )

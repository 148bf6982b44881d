"""The shelf: models that `vocalyx models pull NAME` knows by name.

Sizes and memory are rounded figures for choosing; what is downloaded and checked is what the hub states at that moment.
Checksums are therefore not here: they come from the hub with the commit that is pulled, and are recorded in `model.json`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.catalog.conversion import convert_pyannote_3_1
from app.catalog.ct2 import WhisperHeader
from app.catalog.installed import ModelKind
from app.catalog.needs import llm_need, pipeline_need, whisper_need

ANY_LANGUAGE = ("*",)

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Files of one repository, as patterns, and the folder of the model that they go into.

    Each of `needed` must match a file; those of `wanted` are taken where they are.
    """

    repository: str
    needed: tuple[str, ...]
    wanted: tuple[str, ...] = ("LICENSE*", "LICENCE*")
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfModel:
    """A model that can be pulled. `size_bytes` and `memory_bytes` are about; `settle` changes the folder in place."""

    kind: ModelKind
    name: str
    title: str
    licence: str
    languages: tuple[str, ...]
    size_bytes: int
    memory_bytes: int
    pieces: tuple[Piece, ...]
    gated: bool = False
    settle: Callable[[Path], None] | None = None

    @property
    def repository(self) -> str:
        """The repository that it is known by."""
        return self.pieces[0].repository


WHISPER_NEEDED = ("config.json", "model.bin", "tokenizer.json", "vocabulary.*")
WHISPER_WANTED = ("preprocessor_config.json", "LICENSE*", "LICENCE*")
PIPELINE_NEEDED = ("config.yaml",)
PIPELINE_WANTED = ("*.yaml", "*.bin", "*.safetensors", "*.npz", "LICENSE*", "LICENCE*")


def whisper_piece(repository: str) -> Piece:
    """Return what has to be taken out of a repository with a Whisper model in CTranslate2 format."""
    return Piece(repository=repository, needed=WHISPER_NEEDED, wanted=WHISPER_WANTED)


def _whisper(
    name: str,
    title: str,
    repository: str,
    shape: tuple[int, int, int],
    megabytes: int,
    *,
    english: bool = False,
    mel_bands: int = 80,
) -> ShelfModel:
    """`shape`: layers of the decoder, attention heads, width, as the models' authors published them."""
    layers, heads, width = shape
    size = megabytes * MEGABYTE
    return ShelfModel(
        kind=ModelKind.WHISPER,
        name=name,
        title=title,
        licence="MIT",
        languages=("en",) if english else ANY_LANGUAGE,
        size_bytes=size,
        memory_bytes=whisper_need(size, WhisperHeader(layers, heads, width, mel_bands, 0)).total,
        pieces=(whisper_piece(repository),),
    )


def _gguf(
    name: str,
    title: str,
    licence: str,
    source: tuple[str, str],
    megabytes: int,
    cache_bytes_per_token: int,
    languages: tuple[str, ...],
) -> ShelfModel:
    """`source`: repository and file. The cache follows from layers, key-value heads and their width, in half precision."""
    repository, file = source
    size = megabytes * MEGABYTE
    return ShelfModel(
        kind=ModelKind.LLM,
        name=name,
        title=title,
        licence=licence,
        languages=languages,
        size_bytes=size,
        memory_bytes=llm_need(size, cache_bytes_per_token, 4096).total,
        pieces=(Piece(repository=repository, needed=(file,)),),
    )


_TINY, _BASE, _SMALL, _MEDIUM, _LARGE = (4, 6, 384), (6, 8, 512), (12, 12, 768), (24, 16, 1024), (32, 20, 1280)
# Those that its authors name out of the 29 that they claim.
_QWEN_LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "th", "vi", "zh")
_TURBO, _DISTIL_LARGE = (4, 20, 1280), (2, 20, 1280)

SHELF = (
    _whisper("tiny", "Whisper tiny, multilingual", "Systran/faster-whisper-tiny", _TINY, 78),
    _whisper("tiny.en", "Whisper tiny, English only", "Systran/faster-whisper-tiny.en", _TINY, 78, english=True),
    _whisper("base", "Whisper base, multilingual", "Systran/faster-whisper-base", _BASE, 148),
    _whisper("base.en", "Whisper base, English only", "Systran/faster-whisper-base.en", _BASE, 148, english=True),
    _whisper("small", "Whisper small, multilingual", "Systran/faster-whisper-small", _SMALL, 486),
    _whisper("small.en", "Whisper small, English only", "Systran/faster-whisper-small.en", _SMALL, 486, english=True),
    _whisper("medium", "Whisper medium, multilingual", "Systran/faster-whisper-medium", _MEDIUM, 1531),
    _whisper("medium.en", "Whisper medium, English only", "Systran/faster-whisper-medium.en", _MEDIUM, 1531, english=True),
    _whisper("large-v2", "Whisper large v2, multilingual", "Systran/faster-whisper-large-v2", _LARGE, 3090),
    _whisper(
        "large-v3", "Whisper large v3, multilingual", "Systran/faster-whisper-large-v3", _LARGE, 3091, mel_bands=128
    ),
    _whisper(
        "large-v3-turbo", "Whisper large v3 turbo, multilingual", "mobiuslabsgmbh/faster-whisper-large-v3-turbo", _TURBO,
        1622, mel_bands=128,
    ),
    _whisper(
        "distil-large-v3", "Distil-Whisper large v3, English only", "Systran/faster-distil-whisper-large-v3",
        _DISTIL_LARGE, 1516, english=True, mel_bands=128,
    ),
    ShelfModel(
        kind=ModelKind.DIARIZATION,
        name="speaker-diarization-community-1",
        title="pyannote community 1",
        licence="CC-BY-4.0",
        languages=ANY_LANGUAGE,
        size_bytes=33 * MEGABYTE,
        memory_bytes=pipeline_need(33 * MEGABYTE).total,
        pieces=(
            Piece(
                repository="pyannote/speaker-diarization-community-1",
                needed=(
                    "config.yaml", "segmentation/pytorch_model.bin", "embedding/pytorch_model.bin", "plda/plda.npz",
                    "plda/xvec_transform.npz",
                ),
            ),
        ),
        gated=True,
    ),
    ShelfModel(
        kind=ModelKind.DIARIZATION,
        name="speaker-diarization-3.1",
        title="pyannote 3.1: segmentation 3.0, WeSpeaker ResNet34",
        licence="MIT and CC-BY-4.0",
        languages=ANY_LANGUAGE,
        size_bytes=33 * MEGABYTE,
        memory_bytes=pipeline_need(33 * MEGABYTE).total,
        pieces=(
            Piece(repository="pyannote/speaker-diarization-3.1", needed=("config.yaml",)),
            Piece(repository="pyannote/segmentation-3.0", needed=("pytorch_model.bin",), folder="segmentation"),
            Piece(repository="pyannote/wespeaker-voxceleb-resnet34-LM", needed=("pytorch_model.bin",), folder="embedding"),
        ),
        gated=True,
        settle=convert_pyannote_3_1,
    ),
    _gguf(
        "qwen2.5-0.5b-instruct", "Qwen2.5 0.5B Instruct, Q4_K_M", "Apache-2.0",
        ("Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf"), 491, 2 * 24 * 2 * 64 * 2,
        _QWEN_LANGUAGES,
    ),
    _gguf(
        "qwen2.5-1.5b-instruct", "Qwen2.5 1.5B Instruct, Q4_K_M", "Apache-2.0",
        ("Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf"), 1117, 2 * 28 * 2 * 128 * 2,
        _QWEN_LANGUAGES,
    ),
    _gguf(
        "phi-3-mini-4k-instruct", "Phi-3 mini 4k Instruct, Q4_K_M", "MIT",
        ("microsoft/Phi-3-mini-4k-instruct-gguf", "Phi-3-mini-4k-instruct-q4.gguf"), 2393, 2 * 32 * 32 * 96 * 2, ("en",),
    ),
    _gguf(
        "mistral-7b-instruct-v0.2", "Mistral 7B Instruct v0.2, Q4_K_M", "Apache-2.0",
        ("TheBloke/Mistral-7B-Instruct-v0.2-GGUF", "mistral-7b-instruct-v0.2.Q4_K_M.gguf"), 4369, 2 * 32 * 8 * 128 * 2,
        ("en",),
    ),
    _gguf(
        "qwen2.5-7b-instruct", "Qwen2.5 7B Instruct, Q4_K_M", "Apache-2.0",
        ("bartowski/Qwen2.5-7B-Instruct-GGUF", "Qwen2.5-7B-Instruct-Q4_K_M.gguf"), 4683, 2 * 28 * 4 * 128 * 2,
        _QWEN_LANGUAGES,
    ),
)  # fmt: skip
"""By kind, each from small to large."""

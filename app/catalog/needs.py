"""How much memory a worker needs to work with a model: an estimate, from what its files say of its shape.

The figures were measured on an x86 processor with one thread; docs/models.md tells how. They hold for the way in which
Vocalyx runs the engines: Whisper in int8 with windows of 30 s in batches, a language model with up to 4096 tokens.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.catalog import ct2, gguf
from app.catalog.errors import ModelDamaged
from app.catalog.installed import InstalledModel, ModelKind

MEBIBYTE = 1024**2

# What app/workers/transcription/text/whisper.py decodes with; a test holds the two together.
WHISPER_BATCH = 4
WHISPER_BEAM = 5

_BYTES_A_NUMBER = 4
_FRAMES = 1500
"""Of a window of 30 s, in the encoder."""
_TOKENS = 224
"""Of a window's text, half of what the decoder can hold: speech without a pause gives about 120."""
_SOUND_BYTES = 250 * MEBIBYTE
"""Features, voice activity and the sound itself; measured as what remains beside the tables below."""

_PIPELINE_LIBRARIES_BYTES = 560 * MEBIBYTE
_PIPELINE_WORKING_BYTES = 500 * MEBIBYTE

_LLM_CONTEXT_TOKENS = 4096
_LLM_WORKING_BYTES = 256 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """`loaded` bytes stay as long as the model is loaded; `working` bytes come on top while it works."""

    loaded: int
    working: int

    @property
    def total(self) -> int:
        return self.loaded + self.working


def whisper_need(weights_bytes: int, shape: ct2.WhisperHeader) -> MemoryNeed:
    """Return what a Whisper model of that shape needs whose weights take `weights_bytes` in its file.

    Loaded in int8, a float16 file takes about a twentieth more than its own size. On top comes the larger of two: the
    encoder's attention (a number for each pair of frames and head), or the decoder's memory of the sound (two numbers a
    frame, layer and dimension) and of the text (the same a token and beam).
    """
    encoder = WHISPER_BATCH * shape.heads * _FRAMES * _FRAMES
    decoder = 2 * shape.decoder_layers * shape.width * WHISPER_BATCH * (_FRAMES + WHISPER_BEAM * _TOKENS)
    return MemoryNeed(weights_bytes * 21 // 20, _SOUND_BYTES + _BYTES_A_NUMBER * max(encoder, decoder))


def pipeline_need(weights_bytes: int) -> MemoryNeed:
    """Return what a diarization pipeline needs: its libraries (torch, pyannote.audio), weights, and a batch of windows."""
    return MemoryNeed(_PIPELINE_LIBRARIES_BYTES + weights_bytes, _PIPELINE_WORKING_BYTES)


def llm_need(weights_bytes: int, cache_bytes_per_token: int, context_tokens: int) -> MemoryNeed:
    """Return what a GGUF model needs: its file, the keys and values of its context, and room to compute."""
    cache = cache_bytes_per_token * min(context_tokens, _LLM_CONTEXT_TOKENS)
    return MemoryNeed(weights_bytes + cache, _LLM_WORKING_BYTES)


def memory_needed(model: InstalledModel) -> MemoryNeed:
    """Return what the installed model needs: its `model.json`'s figure, or an estimate. Reads headers only.

    Where a file cannot be read, its size is all that is known of it.
    """
    if model.memory_bytes is not None:
        return MemoryNeed(model.memory_bytes, 0)
    if model.kind is ModelKind.DIARIZATION:
        return pipeline_need(model.size_bytes)
    path = model.folder / "model.bin" if model.kind is ModelKind.WHISPER else _gguf_file(model)
    try:
        stat = path.stat()
        return _of_file(model.kind, path, stat.st_size, stat.st_mtime_ns)
    except (OSError, ModelDamaged):
        return MemoryNeed(model.size_bytes, 0)


def _gguf_file(model: InstalledModel) -> Path:
    return next((model.folder / path for path in model.files if path.endswith(".gguf")), model.folder)


@lru_cache(maxsize=256)
def _of_file(kind: ModelKind, path: Path, size: int, _changed: int) -> MemoryNeed:
    """Read the header once for each state of the file: the API asks at every listing."""
    if kind is ModelKind.WHISPER:
        return whisper_need(size, ct2.read_header(path))
    header = gguf.read_header(path)
    return llm_need(size, header.cache_bytes_per_token, header.context_tokens)

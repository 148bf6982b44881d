"""What the engines' libraries read from the environment when they are imported, and so must be set before that."""

import os

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_SILENCE = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def prepare(threads: int) -> None:
    """Hold every library to `threads` threads, and to silence towards the outside.

    Each library would otherwise take all cores for itself, and together they would be slower than one core by far.
    """
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    os.environ.update(_SILENCE)

"""Keeps the libraries that load models off the network: nothing leaves the site, not even a count of uses."""

import os
import warnings
from typing import Any


def forbid_network() -> None:
    """Turn off the telemetry and the downloads of pyannote.audio and huggingface_hub in this process and its children.

    Both read these variables while they are imported, so this comes before any import of theirs.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"


def import_pyannote_audio() -> Any:
    """Import and return pyannote.audio (several seconds, once a process) without telemetry and without its note on torchcodec.

    torchcodec is only published as a CUDA build, does not load beside a CPU build of torch, and is not needed: Vocalyx
    decodes recordings itself and hands over waveforms.
    """
    forbid_network()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly", category=UserWarning)
        import pyannote.audio
    return pyannote.audio

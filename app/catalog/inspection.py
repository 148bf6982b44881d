"""Looks into a folder: is it a model of that kind, and whole, before an engine meets it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from app.catalog import ct2, gguf
from app.catalog.errors import ModelDamaged, ModelRefused
from app.catalog.installed import ModelKind

_USUAL_MEL_BANDS = 80
# Read as text: the command line may run where no YAML library is installed.
_PIPELINE = re.compile(r"^\s+name:\s*['\"]?pyannote\.audio\.pipelines\.", re.MULTILINE)
_LOCAL_PART = "$model/"
_PARTS = ("segmentation", "embedding", "plda")


def kind_of(path: Path) -> ModelKind:
    """Return what kind of model a folder or file seems to be, by the names in it. Raises `ModelRefused`."""
    if path.suffix == ".gguf" or any(path.glob("*.gguf")):
        return ModelKind.LLM
    if (path / "model.bin").exists():
        return ModelKind.WHISPER
    if (path / "config.yaml").exists():
        return ModelKind.DIARIZATION
    raise ModelRefused(
        f"{path} is no model that is known here: no model.bin (Whisper), no config.yaml (diarization), no .gguf (language"
        " model).",
        remedy="Name the folder that holds these files, or a .gguf file.",
    )


def inspect(folder: Path, kind: ModelKind) -> tuple[str, ...]:
    """Check that `folder` is a whole model of that kind; return its languages, as far as its files tell them (or `*`).

    Raises `ModelRefused`.
    """
    try:
        if kind is ModelKind.WHISPER:
            return _whisper(folder)
        if kind is ModelKind.LLM:
            return _language_model(folder)
        return _pipeline(folder)
    except ModelDamaged as error:
        raise ModelRefused(error.detail, remedy="Copy or download it again.") from error


def _whisper(folder: Path) -> tuple[str, ...]:
    _require(folder, "config.json", "model.bin", "tokenizer.json")
    if not any((folder / name).is_file() for name in ("vocabulary.json", "vocabulary.txt")):
        raise ModelRefused(
            "vocabulary.json (or vocabulary.txt) is missing.", remedy="Add it from where the model was published."
        )
    try:
        json.loads((folder / "config.json").read_bytes())
    except (ValueError, RecursionError) as error:
        raise ModelRefused("config.json is not JSON.", remedy="Copy or download it again.") from error
    header = ct2.read_header(folder / "model.bin")
    if header.mel_bands != _USUAL_MEL_BANDS:
        # Without it the engine computes 80 bands and fails at the first recording.
        _require(folder, "preprocessor_config.json")
    return ("*",) if header.multilingual else ("en",)


def _language_model(folder: Path) -> tuple[str, ...]:
    files = sorted(path.name for path in folder.glob("*.gguf"))
    if len(files) != 1:
        raise ModelRefused(
            f"It holds {len(files)} .gguf files at its top; one is needed.",
            remedy="Name one file. A model split into several is joined with llama.cpp's llama-gguf-split --merge.",
        )
    gguf.read_header(folder / files[0])
    return ("*",)


def _pipeline(folder: Path) -> tuple[str, ...]:
    _require(folder, "config.yaml")
    try:
        config = (folder / "config.yaml").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModelRefused("config.yaml is not text.", remedy="Copy or download it again.") from error
    if _PIPELINE.search(config) is None:
        raise ModelRefused(
            "config.yaml is not that of a pyannote pipeline.", remedy="Name the folder of a pipeline, not of one model."
        )
    for part in _PARTS:
        # In the lines of the models each is named in one word; a key of the same name without one begins parameters.
        named = re.search(rf"^\s+{part}:[ \t]*['\"]?([^\s'\"#]+)", config, re.MULTILINE)
        if named is None or not named[1].startswith(_LOCAL_PART):
            wanted = named[1] if named is not None else "one of the model hub"
            raise ModelRefused(
                f"config.yaml names no folder of its own for {part}, but {wanted}, which cannot be fetched here.",
                remedy="On a machine with a network: 'vocalyx models pull speaker-diarization-community-1' (or"
                " speaker-diarization-3.1), and carry its folder here.",
            )
        if not any((folder / named[1].removeprefix(_LOCAL_PART)).glob("*.*")):
            raise ModelRefused(
                f"The folder {named[1].removeprefix(_LOCAL_PART)} that config.yaml names is empty or missing.",
                remedy="Copy the whole folder of the pipeline.",
            )
    return ("*",)


def _require(folder: Path, *names: str) -> None:
    missing = list(_missing(folder, names))
    if missing:
        raise ModelRefused(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            remedy="Copy the whole folder, or add the files from where the model was published.",
        )


def _missing(folder: Path, names: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if not (folder / name).is_file())

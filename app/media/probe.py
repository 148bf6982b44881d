"""Asking a short-lived process what a file is.

Uploads are hostile until proved otherwise, and media parsers are large programs in C: `probe` never opens the file in
its own process. It runs `python -m app.media.listening PATH`, which limits its own memory and processor time, decodes
the first sound and prints one line of JSON: the fields of `MediaInfo`, or `{"error": "<code>"}`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import app
from app.core.errors import DamagedMedia, EmptyUpload, NoAudio, NotMedia, VocalyxError
from app.media.information import MediaInfo

# Named, not imported: that module loads libav, which the API never does.
_LISTENER = "app.media.listening"

_ERRORS: dict[str, type[VocalyxError]] = {error.code: error for error in (NotMedia, DamagedMedia, NoAudio)}


async def probe(path: Path, timeout_seconds: float) -> MediaInfo:
    """Return what the recording at `path` is, having heard its first sound.

    Raises `EmptyUpload`, `NotMedia`, `NoAudio`, or `DamagedMedia`: also where the file makes its reader crash, exceed
    its memory or take longer than `timeout_seconds`.
    """
    absolute, size = await asyncio.to_thread(_look, path)
    if size == 0:
        raise EmptyUpload
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _LISTENER,
        str(absolute),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # Nothing of the API's environment: it holds the keys to the database.
        env={"PYTHONPATH": str(Path(app.__path__[0]).parent), "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise DamagedMedia(f"The recording could not be read to a first sound in {timeout_seconds:g} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _parse(output)


def _look(path: Path) -> tuple[Path, int]:
    """Return the absolute path and the size in bytes; on a shared volume even this may wait."""
    return path.resolve(), path.stat().st_size


def _parse(output: bytes) -> MediaInfo:
    try:
        answer = json.loads(output)
    except ValueError:
        # It crashed or was stopped by its limits before it could answer.
        raise DamagedMedia from None
    if "error" in answer:
        raise _ERRORS.get(answer["error"], DamagedMedia)
    return MediaInfo(**answer)

"""Asking a short-lived process what a file is.

Uploads are hostile until proved otherwise, and media parsers are large programs in C: `probe` never opens the file in
its own process, and does not even look at it, as a volume of the network may let whoever does wait. It runs
`python -m app.media.listening PATH`, which limits its own memory and processor time, decodes the first sound and prints
one line of JSON: the fields of `MediaInfo`, or `{"error": "<code>"}`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import app
from app.core.errors import DamagedMedia, DependencyDown, EmptyUpload, NoAudio, NotMedia, VocalyxError
from app.media.information import MediaInfo

# Named, not imported: that module loads libav, which the API never does.
_LISTENER = "app.media.listening"

_ERRORS: dict[str, type[VocalyxError]] = {
    error.code: error for error in (EmptyUpload, NotMedia, DamagedMedia, NoAudio, DependencyDown)
}


async def probe(path: Path, timeout_seconds: float) -> MediaInfo:
    """Return what the recording at `path` is, having heard its first sound.

    Raises `EmptyUpload`, `NotMedia`, `NoAudio`, or `DamagedMedia`: also where the file makes its reader crash, exceed
    its memory or take longer than `timeout_seconds`. `DependencyDown` where the file is not there.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _LISTENER,
        str(path),
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


def _parse(output: bytes) -> MediaInfo:
    try:
        answer = json.loads(output)
    except ValueError:
        # It crashed or was stopped by its limits before it could answer.
        raise DamagedMedia from None
    if "error" in answer:
        raise _ERRORS.get(answer["error"], DamagedMedia)
    return MediaInfo(**answer)

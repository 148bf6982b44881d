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

_WORKED_SHARE = 0.5
"""Of its time: a reader that worked for less of it was kept waiting."""

_ERRORS: dict[str, type[VocalyxError]] = {
    error.code: error for error in (EmptyUpload, NotMedia, DamagedMedia, NoAudio, DependencyDown)
}


async def probe(path: Path, timeout_seconds: float) -> MediaInfo:
    """Return what the recording at `path` is, having heard its first sound.

    Raises `EmptyUpload`, `NotMedia`, `NoAudio`, or `DamagedMedia`: also where the file makes its reader crash, exceed
    its memory or work for too much of `timeout_seconds`. `DependencyDown` where the file is not there, or its reader was
    let do little in that time: that is the host's fault or the volume's, and nothing is known of the file.
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
        words = f"The recording could not be read to a first sound in {timeout_seconds:g} s"
        if _processor_seconds(process.pid) < _WORKED_SHARE * timeout_seconds:
            raise DependencyDown(f"{words}: this server is too busy, or its volume too slow.") from error
        raise DamagedMedia(f"{words}.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _parse(output)


def _processor_seconds(process: int) -> float:
    """Return for how long a process had a processor; 0 where it has ended."""
    try:
        # Behind the program's name, which may hold spaces and brackets: proc(5).
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _parse(output: bytes) -> MediaInfo:
    try:
        answer = json.loads(output)
    except ValueError:
        # It crashed or was stopped by its limits before it could answer.
        raise DamagedMedia from None
    if "error" in answer:
        raise _ERRORS.get(answer["error"], DamagedMedia)
    return MediaInfo(**answer)

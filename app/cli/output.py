"""Where a result goes: standard output, or a file that is either the old one or the whole new one."""

import os
import secrets
import sys
from pathlib import Path

from app.core.errors import VocalyxError

STANDARD_OUTPUT = Path("-")


class OutputNotWritable(VocalyxError):
    code = "output-not-writable"
    title = "The result cannot be written"


class ResultOutput:
    """Takes one result. Raises `OutputNotWritable`; `check` does so before hours of work rather than after."""

    def __init__(self, path: Path) -> None:
        # Through symbolic links, so that the link stays and what it points to is replaced.
        self._path = None if path == STANDARD_OUTPUT else path.resolve()

    def check(self) -> None:
        """Try out whether the result could be written."""
        if self._path is None or self._is_device():
            return
        if self._path.is_dir():
            raise OutputNotWritable(f"{self._path} is a folder.", remedy="Name a file with --output.")
        if not os.access(self._path.parent, os.W_OK | os.X_OK):
            missing = not self._path.parent.exists()
            raise OutputNotWritable(
                f"The folder {self._path.parent} {'does not exist' if missing else 'cannot be written to'}.",
                remedy="Create it, or choose another place with --output.",
            )

    def write(self, content: bytes) -> None:
        """Write the whole of the result; a file is replaced in one step, or left as it was."""
        try:
            if self._path is None:
                sys.stdout.buffer.write(content)
                sys.stdout.buffer.flush()
            elif self._is_device():
                self._path.write_bytes(content)
            else:
                _replace(self._path, content)
        except OSError as error:
            place = "standard output" if self._path is None else str(self._path)
            raise OutputNotWritable(
                f"The result could not be written to {place}: {error.strerror or error}.",
                remedy="The transcript is kept on the server.",
            ) from error

    def _is_device(self) -> bool:
        return self._path is not None and self._path.exists() and not (self._path.is_file() or self._path.is_dir())


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the umask, as for any new file
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

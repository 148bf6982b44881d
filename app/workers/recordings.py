"""Where the recordings lie, seen from a worker: the uploads volume."""

from pathlib import Path

from app.core.errors import DependencyDown, NotFound


class UploadsVolumeAway(DependencyDown):
    """The volume is not mounted on this worker's host. Another worker, or the same one later, may have it."""

    code = "uploads-volume-away"
    default_remedy = "Mount the uploads volume on the worker's host, or correct VOCALYX_UPLOADS_DIR."


class RecordingMissing(NotFound):
    """The volume is there and the recording is not: another try would not find it either."""

    code = "recording-missing"
    title = "The recording is not on the uploads volume"
    default_remedy = "Upload the recording again."


def locate(uploads_dir: Path, relative: str) -> Path:
    """Return the path of a recording. Raises `UploadsVolumeAway` or `RecordingMissing`."""
    root = uploads_dir.resolve()
    # A mount point without its volume is an empty folder; the volume is not, for the API keeps folders of its own there.
    if not root.is_dir() or not any(root.iterdir()):
        raise UploadsVolumeAway(f"The folder {uploads_dir} is missing or empty on this worker.")
    path = (root / relative).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise RecordingMissing(f"There is no recording {relative!r} on the uploads volume.")
    return path

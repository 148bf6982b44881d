"""Where the recordings lie: the uploads volume, seen from a worker or from the API."""

from pathlib import Path

from app.core.errors import DependencyDown, NotFound


class UploadsVolumeAway(DependencyDown):
    """The volume is not mounted on this host, or cannot be read. Another one, or the same one later, may have it."""

    code = "uploads-volume-away"
    default_remedy = "Mount the uploads volume on this host, or correct VOCALYX_UPLOADS_DIR."


class RecordingMissing(NotFound):
    """The volume is there and the recording is not: another try would not find it either."""

    code = "recording-missing"
    title = "The recording is not on the uploads volume"
    default_detail = "The file of this recording is not kept here, or not any more."
    default_remedy = "Upload the recording again."


def unreadable(path: Path, error: OSError) -> UploadsVolumeAway:
    """Return what to raise where the volume does not give `path`: a stale handle, say, or an export that was taken away."""
    return UploadsVolumeAway(f"{path} cannot be read on this host: {error.strerror or type(error).__name__}.")


def locate(uploads_dir: Path, relative: str) -> Path:
    """Return the path of a recording. Raises `UploadsVolumeAway` or `RecordingMissing`."""
    try:
        root = uploads_dir.resolve()
        # A mount point without its volume is an empty folder; the volume is not: the API keeps folders there.
        if not root.is_dir() or not any(root.iterdir()):
            raise UploadsVolumeAway(f"The folder {uploads_dir} is missing or empty on this host.")
        path = (root / relative).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise RecordingMissing(f"There is no recording {relative!r} on the uploads volume.")
    except OSError as error:
        # It says nothing about the recording.
        raise unreadable(uploads_dir, error) from error
    return path

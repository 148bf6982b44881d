"""Whether a file is several recordings joined to one, each with a clock of its own.

MPEG streams and Ogg are searched for a timestamp by halves. In such a file that leads to any of the recordings.
"""

from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer

from app.media.container import open_recording, require_volume

_PLACES = 16
_PACKETS_AT_A_PLACE = 50
# Audio is not interleaved in strict order, and a declared end is rounded.
_TOLERANCE_SECONDS = 1.0


def has_several_clocks(path: Path, container: InputContainer) -> bool:
    """Tell whether the clock starts again inside the file at `path`, opened as `container`, as far as that shows.

    A part shorter than a sixteenth of the file can stay unseen. Formats that are not searched by halves: False.
    """
    if container.format.name == "ogg":
        return container.duration is None  # libav finds no length: the last page is of another recording than the first
    # Opened once more: whoever reads the container shall not lose the place.
    return container.format.name in {"mpegts", "mpeg"} and not _times_grow(path)


def _times_grow(path: Path) -> bool:
    """Tell whether timestamps grow from place to place of the file, up to its declared end."""
    with open_recording(path) as (container, stream):
        at = (container.start_time or 0) / av.time_base
        end = at + container.duration / av.time_base if container.duration else float("inf")
        for place in range(_PLACES):
            try:
                container.seek(container.size * place // _PLACES, unsupported_byte_offset=True)
                packets = islice(container.demux(stream), _PACKETS_AT_A_PLACE)
                found = next((float(packet.pts * packet.time_base) for packet in packets if packet.pts is not None), at)
            except av.error.FFmpegError as error:
                require_volume(path, error)
                continue
            if not at - _TOLERANCE_SECONDS <= found <= end + _TOLERANCE_SECONDS:
                return False
            at = max(at, found)
    return True

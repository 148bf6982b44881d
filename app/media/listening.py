"""What a file is, by opening it and hearing its first sound: the short-lived process that `app.media.probe` starts.

Every upload waits for it, and most of its time is what it imports: nothing that calculates with sound, and no event loop.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from app.core.errors import DamagedMedia, DependencyDown, EmptyUpload, NoAudio, NotMedia
from app.media.container import begins_like_media, open_recording, stated_duration
from app.media.information import MediaInfo

# A damaged beginning is forgiven for so many packets; arbitrary bytes under a recording's name never decode for long.
_PACKETS_LISTENED_TO = 500
_FRAMES_THAT_PROVE_SOUND = 3

_MEMORY_BYTES = 2 * 1024**3
_PROCESSOR_SECONDS = 20
_OPEN_FILES = 64


def inspect(path: Path) -> MediaInfo:
    """Return what the recording at `path` is.

    Raises `EmptyUpload`, `NotMedia`, `DamagedMedia` or `NoAudio`; `DependencyDown` where there is no such file.
    """
    if not _size(path):
        raise EmptyUpload
    with open_recording(path) as (container, stream):
        frames, packets, damaged = _listen(container, stream)
        if not frames:
            if packets == 0 and not damaged and not stated_duration(container, stream):
                raise NoAudio if begins_like_media(path) else NotMedia
            raise DamagedMedia if begins_like_media(path) else NotMedia
        if damaged and frames < _FRAMES_THAT_PROVE_SOUND and not begins_like_media(path):
            raise NotMedia
        context = stream.codec_context
        return MediaInfo(
            format=container.format.name,
            codec=context.codec.canonical_name,
            channels=context.channels,
            sample_rate=context.sample_rate,
            duration_seconds=stated_duration(container, stream),
            # A cover picture is a video stream to libav.
            has_video=any(not video.disposition & Disposition.attached_pic for video in container.streams.video),
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DependencyDown from error


def _listen(container: InputContainer, stream: AudioStream) -> tuple[int, int, int]:
    """Decode up to a few frames; return the numbers of frames heard, packets read and places that were damaged."""
    frames = packets = damaged = 0
    source = container.demux(stream)
    while frames < _FRAMES_THAT_PROVE_SOUND and packets + damaged < _PACKETS_LISTENED_TO:
        try:
            packet = next(source, None)
            if packet is None:
                break
            packets += packet.size > 0
            frames += sum(frame.samples > 0 for frame in packet.decode())
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            damaged += 1
            source = container.demux(stream)
    return frames, packets, damaged


def _limit_resources() -> None:
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY_BYTES),
        (resource.RLIMIT_CPU, _PROCESSOR_SECONDS),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (ceiling, ceiling))


def main() -> None:
    """Print the answer about the file named by the only argument."""
    _limit_resources()
    try:
        # Absolute: a name that looks like a protocol is a file's all the same.
        answer: dict[str, object] = asdict(inspect(Path(sys.argv[1]).absolute()))
    except (EmptyUpload, NotMedia, DamagedMedia, NoAudio) as error:
        answer = {"error": error.code}
    except DependencyDown:
        answer = {"error": DependencyDown.code}
    except MemoryError:
        answer = {"error": DamagedMedia.code}
    except OSError as error:
        # Of what the volume does not give nothing is known; libav's own are about the file.
        answer = {"error": (DamagedMedia if isinstance(error, av.error.FFmpegError) else DependencyDown).code}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

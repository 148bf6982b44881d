"""Opening a file as media, and as nothing else.

libav also "plays" playlists, concatenation scripts, image patterns and text, some of which read other files or the
network. Here a file is opened only by the demuxers of recordings and only through the local file protocol, whatever
its content claims to be.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.core.errors import DamagedMedia, NoAudio, NotMedia
from app.media.recordings import unreadable

# Demuxers whose input is one self-contained recording. Left out on purpose: hls, dash, concat, image2, sdp, tty,
# subtitles, and every raw format that would accept arbitrary bytes.
RECORDING_DEMUXERS = (
    "aac,ac3,aea,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi,caf,dsf,dts,dtshd,dv,eac3,flac,flv,gsm,ircam,live_flv,loas,"
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,rm,sox,tak,truehd,tta,"
    "voc,w64,wav,wtv,wv,xwma"
)
_OPTIONS = {"format_whitelist": RECORDING_DEMUXERS, "protocol_whitelist": "file", "enable_drefs": "0"}

# How the common containers begin: (offset, bytes). A file that begins so and cannot be read is damaged; one that does
# not was never a recording.
_SIGNATURES = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (0, b"RIFF"),
    (0, b"RF64"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"\x1aE\xdf\xa3"),  # Matroska, WebM
    (0, b"FORM"),
    (0, b"caff"),
    (0, b"#!AMR"),
    (0, b"FLV\x01"),
    (0, b"0&\xb2u\x8ef\xcf\x11"),  # ASF: wma, wmv
    (0, b"\x00\x00\x01\xba"),  # MPEG programme stream
    (0, b".snd"),
    (0, b"wvpk"),
    (0, b"MAC "),
)


# What a volume answers that is away; libav makes none of them up for damage in a file, as it does EIO.
_FAULTS_OF_THE_VOLUME = frozenset(
    {
        errno.EACCES,
        errno.EHOSTDOWN,
        errno.ENODEV,
        errno.ENOTCONN,
        errno.ENXIO,
        errno.EREMOTEIO,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)


def require_readable(path: Path) -> None:
    """Raise `UploadsVolumeAway` where the recording at `path` cannot be read any more.

    To libav's demuxers a read that failed is damage, or the end.
    """
    try:
        # Opened anew, since what is open may be answered from memory while the volume is away.
        with path.open("rb", buffering=0) as file:
            for place in (0, max(0, os.fstat(file.fileno()).st_size - 1)):
                os.pread(file.fileno(), 1, place)
    except OSError as error:
        raise unreadable(path, error) from error


def require_volume(path: Path, error: Exception) -> None:
    """Raise `UploadsVolumeAway` where the volume, and not what the recording at `path` holds, is the reason of `error`."""
    if not isinstance(error, OSError):
        return
    if error.errno in _FAULTS_OF_THE_VOLUME:
        raise unreadable(path, error) from error
    if error.errno == errno.EIO:
        require_readable(path)


def begins_like_media(path: Path) -> bool:
    """Tell whether the first bytes are those of a known container. Raises `UploadsVolumeAway`, `FileNotFoundError`."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    return any(head[offset : offset + len(mark)] == mark for offset, mark in _SIGNATURES)


def stated_duration(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the stream's length in seconds, or the container's, or None."""
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and container.duration > 0:
        return float(container.duration / av.time_base)
    return None


@contextmanager
def open_recording(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Open the recording at `path` and its main audio stream.

    Raises `NotMedia`, `DamagedMedia` (a known beginning, but unreadable) or `NoAudio`; `UploadsVolumeAway` where the
    volume does not give it, and `FileNotFoundError`.
    """
    try:
        # The prefix keeps libav from reading a protocol into a file's name; the resolved path, an option into it.
        container = av.open(f"file:{path.resolve()}", mode="r", options=dict(_OPTIONS), metadata_errors="replace")
    except FileNotFoundError:
        raise
    except (av.error.FFmpegError, ValueError, OSError) as error:
        require_volume(path, error)
        error_class = DamagedMedia if begins_like_media(path) else NotMedia
        raise error_class from error
    with container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            if container.streams.audio:  # announced, but its format could not be made out
                raise (DamagedMedia if begins_like_media(path) else NotMedia)
            raise NoAudio
        # Several threads change nothing for audio decoders but memory, and the worker's cores are spoken for.
        stream.codec_context.thread_type = "NONE"
        yield container, stream

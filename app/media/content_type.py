"""The media type of a recording, by what it was found to be when it came, never by its name."""

from collections.abc import Mapping
from typing import Any

ANY_CONTENT = "application/octet-stream"

# By libav's names of containers: without a picture, and with one. Only types that browsers play or save, never show.
_TYPES: Mapping[str, tuple[str, str]] = {
    "aac": ("audio/aac", "audio/aac"),
    "ac3": ("audio/ac3", "audio/ac3"),
    "aiff": ("audio/aiff", "audio/aiff"),
    "amr": ("audio/amr", "audio/amr"),
    "asf": ("audio/x-ms-wma", "video/x-ms-wmv"),
    "au": ("audio/basic", "audio/basic"),
    "avi": ("video/x-msvideo", "video/x-msvideo"),
    "caf": ("audio/x-caf", "audio/x-caf"),
    "eac3": ("audio/eac3", "audio/eac3"),
    "flac": ("audio/flac", "audio/flac"),
    "flv": ("video/x-flv", "video/x-flv"),
    "matroska": ("audio/x-matroska", "video/x-matroska"),
    "mov": ("audio/mp4", "video/mp4"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "mpeg": ("video/mpeg", "video/mpeg"),
    "mpegts": ("video/mp2t", "video/mp2t"),
    "ogg": ("audio/ogg", "video/ogg"),
    "wav": ("audio/wav", "audio/wav"),
    "webm": ("audio/webm", "video/webm"),
}
_WEBM_CODECS = frozenset({"opus", "vorbis"})


def content_type(media: Mapping[str, Any]) -> str:
    """Return the type for the fields of `MediaInfo`; `application/octet-stream` for a container without one."""
    container, *_ = str(media.get("format") or "").split(",")
    if container == "matroska" and media.get("codec") in _WEBM_CODECS:
        # libav reads both with one demuxer; these codecs are what WebM allows, and what makes browsers play it.
        container = "webm"
    sound, picture = _TYPES.get(container, (ANY_CONTENT, ANY_CONTENT))
    return picture if media.get("has_video") else sound

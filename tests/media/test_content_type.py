"""What a recording is served as goes by what was found in it."""

from typing import Any

import pytest

from app.media.content_type import content_type


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"format": "wav", "codec": "pcm_s16le", "has_video": False}, "audio/wav"),
        ({"format": "mp3", "codec": "mp3", "has_video": False}, "audio/mpeg"),
        ({"format": "mov,mp4,m4a,3gp,3g2,mj2", "codec": "aac", "has_video": False}, "audio/mp4"),
        ({"format": "mov,mp4,m4a,3gp,3g2,mj2", "codec": "aac", "has_video": True}, "video/mp4"),
        ({"format": "matroska,webm", "codec": "opus", "has_video": False}, "audio/webm"),
        ({"format": "matroska,webm", "codec": "opus", "has_video": True}, "video/webm"),
        ({"format": "matroska,webm", "codec": "aac", "has_video": True}, "video/x-matroska"),
        ({"format": "ogg", "codec": "vorbis", "has_video": False}, "audio/ogg"),
        ({"format": "tta", "codec": "tta", "has_video": False}, "application/octet-stream"),
        ({}, "application/octet-stream"),
        ({"format": None}, "application/octet-stream"),
    ],
)
def test_a_type_is_what_players_call_it(media: dict[str, Any], expected: str) -> None:
    assert content_type(media) == expected

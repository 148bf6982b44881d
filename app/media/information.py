"""What is known of a recording before anybody listens to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording is: container and codec by libav's names, `sample_rate` in hertz, length where it is stated."""

    format: str
    codec: str
    channels: int
    sample_rate: int
    duration_seconds: float | None
    has_video: bool

"""What players draw of a recording."""

from typing import Annotated

from pydantic import Field

from app.api.answers.base import Answer

Height = Annotated[float, Field(ge=0, le=1)]


class Waveform(Answer):
    duration_seconds: Annotated[float | None, Field(description="How long the recording is, where that is known.")]
    heard_seconds: Annotated[float, Field(ge=0, description="What the points cover, from the start.")]
    partial: Annotated[bool, Field(description="Whether there is more to listen to.")]
    loudest: Annotated[Height, Field(description="The true height of a 1.")]
    peaks: Annotated[
        list[Height],
        Field(
            description="Each the largest distance from silence in its share of the time, the loudest of all being 1."
        ),
    ]

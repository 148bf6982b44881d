"""What all answers have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """All of an answer's fields are in it, and no others. A later release may add some: the document leaves room for it."""

    model_config = ConfigDict(extra="forbid")


Seconds = Annotated[float, Field(ge=0, description="Seconds from the start of the recording.")]
Percent = Annotated[float, Field(ge=0, le=100)]

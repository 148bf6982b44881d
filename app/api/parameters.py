"""What stands in the addresses, by the kind of thing that it names."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints, WithJsonSchema

from app.api.contract import Parameter
from app.core.formats import FORMATS

PROJECT = Parameter(UUID, "The project.", "project")
TRANSCRIPTION = Parameter(UUID, "The transcription.", "transcription")
KEY = Parameter(UUID, "The API key, by its id.", "key")
VOICEPRINT = Parameter(UUID, "The voiceprint.", "voiceprint")
USERNAME = Parameter(Annotated[str, StringConstraints(min_length=1)], "The user, by name.", "member")
SPEAKER = Parameter(
    Annotated[str, StringConstraints(min_length=1)], "The speaker, by label, such as `SPEAKER_00`.", "speaker"
)
TRANSCRIPT_FORMAT = Parameter(
    Annotated[str, WithJsonSchema({"type": "string", "enum": list(FORMATS)})], "What to write it as.", "format"
)

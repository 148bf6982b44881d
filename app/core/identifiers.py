"""The identities of the domain, told apart by the type checker."""

import uuid
from typing import NewType

UserId = NewType("UserId", uuid.UUID)
ProjectId = NewType("ProjectId", uuid.UUID)
TranscriptionId = NewType("TranscriptionId", uuid.UUID)
JobId = NewType("JobId", uuid.UUID)
EventId = NewType("EventId", int)

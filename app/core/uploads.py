"""What an upload that comes in pieces may be."""

from enum import StrEnum


class UploadState(StrEnum):
    """`complete`: every byte is here, and the transcription is being made of it. The last four are ends."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    FINISHED = "finished"
    REFUSED = "refused"
    TERMINATED = "terminated"
    EXPIRED = "expired"


UNFINISHED_STATES = frozenset({UploadState.RECEIVING, UploadState.COMPLETE})

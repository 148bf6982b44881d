"""Links for those without a login: what they show, and for how long."""

from enum import StrEnum

MOST_DAYS = 90
"""The longest that a link may last."""


class ShareScope(StrEnum):
    """What a link shows: the text alone, or the recording, too."""

    TEXT = "text"
    TEXT_AND_AUDIO = "text+audio"

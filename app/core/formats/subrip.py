"""SubRip (.srt), which has no standard: numbered cues, read alike by players if the text holds nothing they interpret."""

from app.core.formats.cues import subtitle_cues
from app.core.formats.document import TranscriptDocument
from app.core.formats.lines import timecode
from app.core.formats.presentation import Presentation

MEDIA_TYPE = "application/x-subrip"

# SubRip knows no escapes, and players take <i>, {\an8} and --> for themselves wherever they stand: look-alikes instead.
_LOOK_ALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def render(document: TranscriptDocument, shown: Presentation) -> str:
    """Return the subtitles, a change of speaker announced as `Name: ` unless no speakers are shown."""
    blocks = []
    cues = subtitle_cues(document, shown, announce_speakers=shown.speakers)
    for number, cue in enumerate(cues, start=1):
        times = " --> ".join(timecode(time, decimal_mark=",") for time in (cue.start_ms, cue.end_ms))
        text = "\n".join(cue.lines).translate(_LOOK_ALIKES)
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks)

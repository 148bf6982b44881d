"""The fixed words of formatted documents, in the language of the recording: French, or English for all others."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """`speaker` is what somebody without a name is called, before a number; `first_day` is how the first of a month is written, `colon` what stands between a label and its value."""

    date: str
    length: str
    part: str
    speakers: str
    summary: str
    points: str
    speaker: str
    transcript: str
    colon: str
    first_day: str
    months: tuple[str, ...]

    def written_date(self, moment: dt.datetime) -> str:
        """Return the day in words, in UTC: `3 March 2026`."""
        day = moment.astimezone(dt.UTC)
        return f"{self.first_day if day.day == 1 else day.day} {self.months[day.month - 1]} {day.year}"


ENGLISH = Wording(
    date="Date",
    length="Length",
    part="Part",
    speakers="Speakers",
    summary="Summary",
    points="Key points",
    speaker="Speaker",
    transcript="Transcript",
    colon=":",
    first_day="1",
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
)

FRENCH = Wording(
    date="Date",
    length="Durée",
    part="Extrait",
    speakers="Intervenants",
    summary="Résumé",
    points="Points clés",
    speaker="Intervenant",
    transcript="Transcription",
    colon="\u00a0:",
    first_day="1er",
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
)


def wording(language: str | None) -> Wording:
    """Return the words for readers of this language (ISO 639-1)."""
    return FRENCH if language == "fr" else ENGLISH

"""A shelf of recordings in all states, stored without the way there, for what lists and finds them."""

import datetime as dt
from typing import Any

from aiohttp.test_utils import TestClient

from app.api.keys import DATABASE
from app.core.access import Role
from app.db import projects
from app.db.tables import Project, Segment, Speaker, now
from tests.api.test_lists import stored

CONFIGURATIONS = {"fr": "french", "en": "english"}

SAID = {
    "fr": ["Bonjour à tous, nous commençons par le budget.", "Le budget de la rénovation est voté.", "Merci, à jeudi."],
    "en": ["Good morning, the budget comes first.", "The roof was repaired in March.", "Thank you all."],
}

SHELF: tuple[dict[str, Any], ...] = (
    {"name": "Conseil municipal.mp3", "language": "fr", "duration_seconds": 5423.0, "labels": ["conseil", "2026"]},
    {"name": "entretien-042.wav", "language": "fr", "duration_seconds": 1830.5, "labels": ["enquête"]},
    {"name": "Board meeting.m4a", "language": "en", "duration_seconds": 3601.0, "labels": ["board", "2026"]},
    {"name": "appel-client.ogg", "language": "fr", "duration_seconds": 245.0, "state": "cancelled"},
    {
        "name": "cassette_07_face_B_numérisée_par_les_archives_départementales_version_définitive.flac",
        "language": None,
        "state": "error",
        "error": {"code": "damaged-media", "detail": "The file ends too early.", "remedy": "Send it again."},
    },
)


async def shelve(client: TestClient, project: str = "first", recordings: Any = SHELF, *, editor: str = "") -> list[str]:
    """Store recordings, the first one the newest, an hour between them; returns their ids."""

    def unit() -> list[str]:
        found = Project.get_or_none(Project.name == project) or projects.create_project(project, None)
        if editor:
            projects.set_member(found, editor, Role.EDITOR)
        made = []
        for hours, values in enumerate(recordings):
            moment = now() - dt.timedelta(hours=hours)
            row = stored(found, created_at=moment, finished_at=moment, **values)
            made.append(str(row.id))
            if values.get("state", "done") == "done":
                _say(row, values["language"])
        return made

    return await client.app[DATABASE].run(unit)


def _say(row: Any, language: str) -> None:
    Speaker.create(transcription=row, label="SPEAKER_00", name="Anna")
    for position, text in enumerate(SAID[language]):
        Segment.create(
            transcription=row,
            position=position,
            start_seconds=75.5 * position,
            end_seconds=75.5 * position + 6,
            speaker="SPEAKER_00",
            text=text,
            words=[],
            search_configuration=CONFIGURATIONS[language],
        )

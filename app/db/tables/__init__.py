"""The tables: all of them are to be had here, whichever file they stand in.

`migrations/` makes them; `tests/db/test_migrations.py` holds the two against each other.
"""

from app.db.tables.access import ApiKey, Membership, Project, Session, User
from app.db.tables.arrivals import DeletedUsage, Download, Upload
from app.db.tables.audit import AuditEntry
from app.db.tables.events import Event
from app.db.tables.identities import Identity, LoginCode, PendingLogin
from app.db.tables.keeping import EnrichmentVersion, LegalHold
from app.db.tables.questions import Question
from app.db.tables.readings import Note, SharedLink
from app.db.tables.recordings import Chunk, Job, Transcription, Voices, Waveform
from app.db.tables.spread import EnrichmentPart, EnrichmentPlan
from app.db.tables.table import Table, database, now
from app.db.tables.task_sets import StoredTaskSet
from app.db.tables.texts import Enrichment, Segment, SegmentVersion, Speaker, Voiceprint
from app.db.tables.webhooks import Webhook, WebhookDelivery

__all__ = [
    "ApiKey", "AuditEntry", "Chunk", "DeletedUsage", "Download", "Enrichment", "EnrichmentPart", "EnrichmentPlan",
    "EnrichmentVersion", "Event", "Identity", "Job", "LegalHold", "LoginCode", "Membership", "Note", "PendingLogin",
    "Project", "Question", "Segment", "SegmentVersion", "Session", "SharedLink", "Speaker", "StoredTaskSet", "Table",
    "Transcription", "Upload", "User", "Voiceprint", "Voices", "Waveform", "Webhook", "WebhookDelivery", "database",
    "now",
]  # fmt: skip

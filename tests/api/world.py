"""A site with real things in it, made in one transaction: two projects, everybody who may ask, a finished recording."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient

from app.api.documentation.access import Caller
from app.api.keys import DATABASE, SETTINGS
from app.api.volume.uploads import UploadVolume
from app.core.access import Principal, Role
from app.core.identifiers import ProjectId, TranscriptionId
from app.core.options import EnrichmentTask, TranscriptionOptions
from app.core.sharing import ShareScope
from app.core.task_sets import TaskSet
from app.core.transcript import ChunkText, Diarization, PlanPart
from app.core.waveform import cells
from app.core.webhooks import DeliveryOutcome, new_secret
from app.db import accounts, api_keys, jobs, principals, projects, shared_links, transcriptions, uploads
from app.db.jobs import VoicesOfStretch
from app.db.tables import (
    Note,
    Project,
    Question,
    Speaker,
    StoredTaskSet,
    User,
    Voiceprint,
    Webhook,
    WebhookDelivery,
    now,
)
from app.db.transcriptions import NewTranscription
from app.db.uploads import NewUpload
from app.db.webhook_outbox import Tried
from app.db.work import Outcome
from tests.api.sound import tone
from tests.api.worker import part_of_plan, segment, text, turns

PASSWORD = "a password for everybody"
MEDIA = {
    "format": "wav",
    "codec": "pcm_s16le",
    "channels": 1,
    "sample_rate": 8000,
    "duration_seconds": 10.0,
    "has_video": False,
}
VOICE = [0.6, 0.8]


@dataclass
class World:
    """`things` holds by kind what an address about this world's project may name; `elsewhere` a project of others.

    `own` holds what is another thing for everybody who asks.
    """

    headers: dict[Caller, dict[str, str]]
    things: dict[str, str]
    elsewhere: str
    names: dict[Caller, str] = field(default_factory=dict)
    own: dict[Caller, dict[str, str]] = field(default_factory=dict)

    def things_of(self, caller: Caller) -> dict[str, str]:
        return self.things | self.own.get(caller, {})


async def new_world(client: TestClient) -> World:
    return await client.app[DATABASE].run(_make, client.app[SETTINGS].uploads_dir)


def _make(volume: Path) -> World:
    # Not a name alone: many worlds are made in one database.
    mark = uuid.uuid4().hex[:8]
    here, elsewhere = projects.create_project(f"here {mark}", None), projects.create_project(f"elsewhere {mark}", None)
    projects.change_project(here, name=None, recognise_speakers=True)
    names = {caller: f"{caller.replace(' ', '-')}-{mark}" for caller in Caller if not caller.is_key}
    headers: dict[Caller, dict[str, str]] = {Caller.NOBODY: {}}
    own = {}
    for caller, name in names.items():
        if caller is not Caller.NOBODY:
            user = accounts.create_user(name, PASSWORD, administrator=caller is Caller.ADMINISTRATOR)
            token = accounts.open_session(name, user.password_hash, 3600)
            headers[caller] = {"Authorization": f"Bearer {token}"}
            own[caller] = {"session": _another_session(user)}
            if caller.role is not None:
                projects.set_member(here, name, caller.role)
    projects.set_member(elsewhere, names[Caller.OTHER_OWNER], Role.OWNER)
    for caller in Caller:
        if caller.is_key:
            where = elsewhere if caller is Caller.OTHER_KEY else here
            _, secret = api_keys.create_key(where.id, "program", caller.role or Role.OWNER)
            headers[caller] = {"X-API-Key": secret}
    things = _things(here, volume, f"member-{mark}") | own[Caller.ADMINISTRATOR]
    return World(headers, things, str(elsewhere.id), names, own)


def _another_session(user: User) -> str:
    # Not the one that asks: ending that would end the asking.
    token = accounts.begin_session(user, 3600, method="password")
    return str(principals.of_token(token).session)


def _things(project: Project, volume: Path, member: str) -> dict[str, str]:
    user = accounts.create_user(member, PASSWORD)
    projects.set_member(project, member, Role.VIEWER)
    key, _ = api_keys.create_key(project.id, "to be revoked", Role.VIEWER)
    transcription = recording(project.id, volume)
    upload = begun_upload(project.id)
    voiceprint = Voiceprint.create(
        project=project,
        name="Anna",
        embedding=VOICE,
        embedding_model="a-model",
        enrolled_from=transcription,
        enrolled_speaker="SPEAKER_00",
        created_by=user,
    )
    webhook, delivery = told_webhook(project.id)
    weekly = TaskSet(tasks=(EnrichmentTask.TITLE,)).to_dict()
    StoredTaskSet.create(project=project, name="weekly", definition=weekly)
    note = Note.create(
        transcription=transcription, author_name="somebody", start_seconds=1.0, end_seconds=2.0, text="Look here."
    )
    maker = Principal(user=None, name="somebody", roles={ProjectId(project.id): Role.EDITOR})
    share, token = shared_links.make(maker, transcription, ShareScope.TEXT_AND_AUDIO, now() + dt.timedelta(days=7))
    return {
        "project": str(project.id),
        "member": member,
        "user": str(user.id),
        "key": str(key.id),
        "transcription": str(transcription),
        "upload": str(upload),
        "voiceprint": str(voiceprint.id),
        "webhook": str(webhook),
        "delivery": str(delivery),
        "question": str(answered_question(project.id, transcription)),
        "note": str(note.id),
        "share": share["id"],
        "share_token": token,
        "segment": "0",
        "task_set": "weekly",
        "speaker": "SPEAKER_00",
        "format": "json",
        "problem": "not-found",
        "openai_model": "whisper-1",
    }


def recording(project: uuid.UUID, volume: Path) -> uuid.UUID:
    """A finished recording of two people, by the steps that workers take."""
    identifier = TranscriptionId(uuid.uuid4())
    place = UploadVolume.place_of(identifier)
    sound = tone()
    (volume / place).parent.mkdir(parents=True, exist_ok=True)
    (volume / place).write_bytes(sound)
    new = NewTranscription(
        id=identifier,
        project=project,
        created_by=None,
        idempotency_key=None,
        name="meeting.wav",
        audio_path=str(place),
        sha256=hashlib.sha256(sound).hexdigest(),
        size_bytes=len(sound),
        media=MEDIA,
        options=TranscriptionOptions(model="base", llm_model="none", enrichment=False, language="en"),
    )
    _, outcome = transcriptions.create(new)
    said = text(segment(0.0, 4.0, "Good morning, all."), segment(4.0, 10.0, "And to you."))
    _do_all(
        outcome,
        {
            "plan": replace(PlanPart.from_dict(part_of_plan((0.0, 10.0))), peaks=bytes([51] * len(cells(0.0, 10.0)))),
            "chunk": ChunkText.from_dict(said),
            "voices": VoicesOfStretch({"stretch": [0.0, 10.0]}),
            "diarization": Diarization.from_dict(turns((0.0, 4.0, "SPEAKER_00"), (4.0, 10.0, "SPEAKER_01"))),
        },
    )
    Speaker.update(embedding=VOICE, embedding_model="a-model").where(Speaker.transcription == identifier).execute()
    return identifier


def begun_upload(project: uuid.UUID) -> uuid.UUID:
    """An upload of a whole tone, of which no byte is here yet."""
    new = NewUpload(
        project=project,
        created_by=None,
        idempotency_key=None,
        name="tone.wav",
        metadata="filename dG9uZS53YXY=",
        options=TranscriptionOptions(model="base", llm_model="none"),
        reuse=False,
        size_bytes=len(tone()),
    )
    claimed = uploads.create(new, 3600)
    uploads.release(claimed.upload.id, claimed.lease)
    return claimed.upload.id


def answered_question(project: uuid.UUID, transcription: uuid.UUID) -> uuid.UUID:
    """A question of nobody's that was answered."""
    question = Question.create(
        project=project,
        transcription=transcription,
        asker="user:nobody",
        asked_by="nobody",
        question="What was said?",
        state="done",
        answer={
            "text": "Good morning.",
            "found": True,
            "sources": [
                {"transcription": str(transcription), "segment": 0, "start": 0.0, "quote": "Good morning, all"}
            ],
            "segments_read": 2,
            "segments": 2,
        },
        model="a-model",
        recordings=[transcription],
        finished_at=now(),
    )
    identifier: uuid.UUID = question.id
    return identifier


def told_webhook(project: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """A webhook that leads where none may lead, and a message that did not arrive there."""
    webhook = Webhook.create(
        project=project, url="http://127.0.0.1/", events=["transcription.failed"], secret=new_secret()
    )
    delivery = WebhookDelivery.create(
        webhook=webhook,
        type="transcription.failed",
        data={"transcription_id": str(uuid.uuid4()), "project_id": str(project), "name": "a.wav", "state": "error"},
        outcome=DeliveryOutcome.FAILED,
        attempt=1,
        attempts=[Tried(now(), 12, 500, "The receiver answered with status 500.", "no").to_dict()],
        finished_at=now(),
    )
    return webhook.id, delivery.id


def _do_all(outcome: Outcome, results: dict[str, Any]) -> None:
    due = list(outcome.queued)
    while due:
        job = due.pop(0)
        jobs.claim(job.id, "worker", f"lease of {job.id}", 60, 1)
        due += jobs.complete(job.id, results[job.kind], {"decode_seconds": 0.5}).queued

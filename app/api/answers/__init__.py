"""The JSON that the API answers with, as models: they describe it exactly, and make none of it.

Answers are assembled as plain dictionaries, which is several times faster for a transcript of a long day. Tests hold
each kind of answer against its model here: none of its fields may be missing, and no other one may come.
"""

from app.api.answers.accounts import AccessToken, LinkedIdentity, LoginWays, Me, Session, SessionList, User, UserList
from app.api.answers.audit import AuditPage
from app.api.answers.base import Answer
from app.api.answers.models import InstalledModel, ModelList
from app.api.answers.openai import (
    OpenAIDiarizedText,
    OpenAIModel,
    OpenAIModelList,
    OpenAIRefusal,
    OpenAIText,
    OpenAIVerboseText,
)
from app.api.answers.operations import FailedJobList, OriginalWorkers, Overview, QueueList, Storage, WorkerList
from app.api.answers.original import (
    OriginalCancelledTask,
    OriginalCounts,
    OriginalDeletion,
    OriginalPasswordChange,
    OriginalProjectWithKey,
    OriginalStatus,
    OriginalTask,
    OriginalTranscription,
    OriginalUser,
    ReadTranscription,
)
from app.api.answers.problem import FieldFault, Problem
from app.api.answers.projects import (
    ApiKey,
    ApiKeyList,
    Member,
    NewApiKey,
    Project,
    ProjectList,
    ProjectWithMembers,
    Vocabulary,
    Voiceprint,
    VoiceprintList,
)
from app.api.answers.quotas import Quota
from app.api.answers.recordings import Waveform
from app.api.answers.search import Findings
from app.api.answers.speakers import MergedSpeaker, Speaker, SpeakerList
from app.api.answers.state import Liveness, Readiness
from app.api.answers.transcriptions import (
    Job,
    JobList,
    Segment,
    SegmentHistory,
    Transcription,
    TranscriptionPage,
    TranscriptionSummary,
)
from app.api.answers.transcripts import TranscriptFile
from app.api.answers.uploads import Upload
from app.api.answers.webhooks import Delivery, DeliveryPage, NewWebhook, Webhook, WebhookList

__all__ = [
    "AccessToken",
    "Answer",
    "ApiKey",
    "ApiKeyList",
    "AuditPage",
    "Delivery",
    "DeliveryPage",
    "FailedJobList",
    "FieldFault",
    "Findings",
    "InstalledModel",
    "Job",
    "JobList",
    "LinkedIdentity",
    "Liveness",
    "LoginWays",
    "Me",
    "Member",
    "MergedSpeaker",
    "ModelList",
    "NewApiKey",
    "NewWebhook",
    "OpenAIDiarizedText",
    "OpenAIModel",
    "OpenAIModelList",
    "OpenAIRefusal",
    "OpenAIText",
    "OpenAIVerboseText",
    "OriginalCancelledTask",
    "OriginalCounts",
    "OriginalDeletion",
    "OriginalPasswordChange",
    "OriginalProjectWithKey",
    "OriginalStatus",
    "OriginalTask",
    "OriginalTranscription",
    "OriginalUser",
    "OriginalWorkers",
    "Overview",
    "Problem",
    "Project",
    "ProjectList",
    "ProjectWithMembers",
    "QueueList",
    "Quota",
    "ReadTranscription",
    "Readiness",
    "Segment",
    "SegmentHistory",
    "Session",
    "SessionList",
    "Speaker",
    "SpeakerList",
    "Storage",
    "TranscriptFile",
    "Transcription",
    "TranscriptionPage",
    "TranscriptionSummary",
    "Upload",
    "User",
    "UserList",
    "Vocabulary",
    "Voiceprint",
    "VoiceprintList",
    "Waveform",
    "Webhook",
    "WebhookList",
    "WorkerList",
]

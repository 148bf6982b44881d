"""Every error that a person may meet: one tree, mapped to an answer at one edge.

Each class carries the HTTP `status`, a stable `code` and a `title`; each instance says what happened (`detail`) and the
way out (`remedy`).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from app.core.audit import Action


class VocalyxError(Exception):
    """The root. `detail` states the fact, `remedy` the way out; `field` names the input at fault, where there is one.

    `fault` says what is wrong with that field, where the code alone does not tell.

    A refusal that is `audited_as` something stands in the audit log, about the `project` where that is known, with
    `audit_details` that the client is not told.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on the server"
    default_detail: ClassVar[str] = "The server met an error that it did not expect."
    default_remedy: ClassVar[str] = "Try again; if it happens again, give the request id to your administrator."
    audited_as: ClassVar[Action | None] = None
    fault: ClassVar[str | None] = None
    project: UUID | None = None
    audit_details: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, detail: str | None = None, *, remedy: str | None = None, field: str | None = None) -> None:
        self.detail = detail or self.default_detail
        self.remedy = remedy or self.default_remedy
        self.field = field
        super().__init__(f"{self.detail} {self.remedy}")


class BadRequest(VocalyxError):
    status = 400
    code = "bad-request"
    title = "The request cannot be read"
    default_detail = "The request cannot be read."
    default_remedy = "Compare the request with the API guide."


class InvalidFields(VocalyxError):
    """Fields of the request are of the wrong type, out of range or unknown.

    `errors` is one entry a field: `field`, `message`, and where it has them `code` and `bounds` (see `app.api.faults`).
    """

    status = 422
    code = "invalid-fields"
    title = "Some fields are not valid"
    default_detail = "Some fields of the request are not valid."
    default_remedy = "Correct the fields named under 'errors' and send the request again."

    def __init__(
        self, errors: Sequence[Mapping[str, Any]], *, detail: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(detail, remedy=remedy)
        self.errors = [dict(error) for error in errors]


class InvalidOptions(VocalyxError):
    status = 422
    code = "invalid-options"
    title = "The options cannot be used together"
    default_detail = "Two options contradict each other, or an option does not go with the model."
    default_remedy = "Leave one of the options out, or change it as 'detail' says."


class UnknownModel(VocalyxError):
    status = 422
    code = "unknown-model"
    title = "The model is not installed"
    default_detail = "No model of this name is installed here."
    default_remedy = "Choose one that GET /api/models lists, or ask the operator to install it."


class NotAuthenticated(VocalyxError):
    status = 401
    code = "not-authenticated"
    title = "Credentials are needed"
    default_detail = "The request carries no valid credentials."
    default_remedy = "Log in at POST /api/auth/token and send 'Authorization: Bearer …', or send a key as 'X-API-Key'."


class KeyExpired(NotAuthenticated):
    code = "key-expired"
    title = "The API key has expired"
    default_detail = "The API key has expired."
    default_remedy = "Ask an owner of the project for a new key, or to rotate keys before they end."


class WrongCredentials(VocalyxError):
    status = 401
    code = "wrong-credentials"
    title = "The name or the password is wrong"
    default_detail = "No active user has this name and password."
    default_remedy = "Check both; an administrator can set a new password."
    audited_as = Action.LOGIN_FAILED


class WrongPassword(VocalyxError):
    """Not 401: whoever is logged in stays so."""

    status = 422
    code = "wrong-password"
    title = "The old password is wrong"
    default_detail = "The old password is not the one that this user has."
    default_remedy = "Check it; an administrator can set a new password."


class TooManyAttempts(VocalyxError):
    """`retry_after_seconds`: after so long the same attempt is judged again."""

    status = 429
    code = "too-many-attempts"
    title = "There were too many failed attempts"
    default_detail = "There were too many failed attempts with this name, or from this address."
    default_remedy = "Wait for as many seconds as the header Retry-After says, and check the name and the secret."
    audited_as = Action.ACCESS_DENIED

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class NotPermitted(VocalyxError):
    status = 403
    code = "not-permitted"
    title = "Your role does not allow this"
    default_detail = "Your role does not allow this."
    default_remedy = "Ask an owner of the project for a higher role."
    audited_as = Action.ACCESS_DENIED


class PasswordChangeDue(VocalyxError):
    """Whoever gave the password knows it, too: a login by it is good for nothing else before it was changed."""

    status = 403
    code = "password-change-due"
    title = "The password has to be changed first"
    default_detail = "An administrator has chosen this password; before anything else it has to be changed."
    default_remedy = "Change it with PUT /api/auth/password, or on the page; this login is good for everything then."


class CrossSiteRequest(NotPermitted):
    """A browser sent the cookie of a login along with what another site's page asked it for."""

    code = "cross-site-request"
    title = "The request comes from another site"
    default_detail = "A login by cookie is taken from pages of this very address alone."
    default_remedy = "Send the token as a bearer token instead, or open the page under the address that is in use."


class MissingScope(NotPermitted):
    """The key's role may allow it; the key was made for less."""

    code = "missing-scope"
    title = "The API key lacks a scope"
    default_detail = "The API key was narrowed to other things than this."
    default_remedy = "Ask an owner of the project for a key with this scope."

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope '{scope}', which the API key does not have.")
        self.scope = scope


class NotFound(VocalyxError):
    status = 404
    code = "not-found"
    title = "There is nothing here"
    default_detail = "There is nothing here, or it belongs to a project that you are not a member of."
    default_remedy = "Check the address and the project."


class NotYours(NotFound):
    """It exists, in a project of others. Whoever asks is told nothing but `NotFound`; the audit log knows better."""

    audited_as = Action.ACCESS_DENIED

    def __init__(
        self, detail: str | None = None, *, remedy: str | None = None, field: str | None = None, project: UUID
    ) -> None:
        super().__init__(detail, remedy=remedy, field=field)
        self.project = project


class Conflict(VocalyxError):
    status = 409
    code = "conflict"
    title = "The state does not allow this"
    default_detail = "The state does not allow this."
    default_remedy = "Read the present state and decide again."


class NameTaken(Conflict):
    """Told at the field with the name."""

    fault = "taken"


class LastAdministrator(Conflict):
    code = "last-administrator"
    title = "The site would have no administrator"
    default_detail = "This is the last active administrator of the site."
    default_remedy = "Make somebody else an administrator first."


class IllegalTransition(Conflict):
    """A state machine was asked for a step that it does not have."""

    code = "illegal-transition"
    title = "This step is not possible now"
    default_detail = "The transcription is in a state from which this step cannot be taken."
    default_remedy = "Read its present state and decide again."


class PreconditionRequired(VocalyxError):
    """A change that does not say which state it is made to could overwrite somebody else's."""

    status = 428
    code = "precondition-required"
    title = "The request must say what it changes"
    default_detail = "The request has no If-Match header."
    default_remedy = (
        "Send If-Match with the entity tag ('etag') that you have read, or '*' to change whatever is there."
    )


class PreconditionFailed(VocalyxError):
    status = 412
    code = "precondition-failed"
    title = "The state is not the one that the request is for"
    default_detail = "What is here does not have the entity tag that If-Match names."
    default_remedy = "Read the present state and decide again."


class ChangedMeanwhile(PreconditionFailed):
    """Somebody else has changed it: `current` is what stands there now, `etag` its tag."""

    default_detail = "This is not what stands there any more: it was changed after you have read it."
    default_remedy = "Look at what stands there now, under 'current', and decide again; its tag is in 'ETag'."

    def __init__(self, current: Mapping[str, Any], etag: str) -> None:
        super().__init__()
        self.current = dict(current)
        self.etag = etag


class JobSuperseded(VocalyxError):
    """A worker reports on a job that is finished, cancelled or in other hands."""

    status = 410
    code = "job-superseded"
    title = "This job is no longer this worker's"
    default_detail = "The job is finished, cancelled, or leased to another worker."
    default_remedy = "Drop the job and take the next one."


class UploadTooLarge(VocalyxError):
    status = 413
    code = "upload-too-large"
    title = "The file is too large"
    default_detail = "The file is larger than this site accepts."
    default_remedy = "Split or compress the recording (16 kHz mono Opus serves speech well), or ask for a higher limit."


class NotMedia(VocalyxError):
    status = 415
    code = "not-media"
    title = "The file is not audio or video"
    default_detail = "The file's content is not audio or video in any format that can be read here."
    default_remedy = (
        "Send a recording (wav, mp3, m4a, ogg, flac, mp4, mkv, webm, …); the name's ending does not matter."
    )


class EmptyUpload(VocalyxError):
    status = 422
    code = "empty-upload"
    title = "The file is empty"
    default_detail = "The file has no bytes."
    default_remedy = "Check that the recording was saved, and send it again."


class DamagedMedia(VocalyxError):
    status = 422
    code = "damaged-media"
    title = "The recording is damaged or incomplete"
    default_detail = "The recording begins like audio or video, but cannot be read to a first sound."
    default_remedy = "Copy or export it again from its source; an interrupted transfer often is the reason."


class NoAudio(VocalyxError):
    status = 422
    code = "no-audio"
    title = "The recording has no sound"
    default_detail = "The file has no audio track, or one of zero length."
    default_remedy = "Send a recording with sound in it."


class StorageFull(VocalyxError):
    status = 507
    code = "storage-full"
    title = "There is no room for the file"
    default_detail = "The uploads volume has no room for this file."
    default_remedy = "Delete recordings that are no longer needed, or ask the operator for more space."


class DependencyDown(VocalyxError):
    """A server that Vocalyx needs does not answer; the same request may be sent again.

    A change that was just being committed may stand: an `Idempotency-Key` keeps an upload from standing twice.
    """

    status = 503
    code = "dependency-down"
    title = "A part of the service is not available"
    default_detail = "A part of the service does not answer at the moment."
    default_remedy = "Send the same request again in a few seconds, an upload with the same Idempotency-Key."

"""From a multipart request to a queued transcription."""

import json
import uuid
import warnings
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Protocol

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, StringConstraints, TypeAdapter

from app.api.admission import Wish, admit
from app.api.contract import Parameter
from app.api.keys import DATABASE, METRICS, PRINCIPAL, SETTINGS, UPLOADS
from app.api.requests import check_text, validate
from app.api.volume.threads import looked_up, on_volume
from app.api.volume.uploads import FORM_OVERHEAD_BYTES, ReceivedFile, display_name
from app.catalog import find
from app.catalog.installed import ENGLISH_ALONE, ModelKind, describe
from app.catalog.place import place_of
from app.catalog.served import require_language_model
from app.core.access import Principal, Role
from app.core.errors import BadRequest, InvalidFields, InvalidOptions, NotPermitted, UnknownModel
from app.core.identifiers import ProjectId
from app.core.options import Task, TranscriptionOptions
from app.db import admissions, projects, task_sets, vocabulary
from app.settings import Settings

_BLOCK_BYTES = 1024 * 1024
_FIELD_LIMIT_BYTES = 256 * 1024
_FIELD_COUNT_LIMIT = 64
_IDEMPOTENCY_KEY_CHARACTERS = 200
_ANY_LANGUAGE = "*"

# A client's clumsy header is no news for the operator's log: what cannot be read of it counts as absent.
for _category in (BadContentDispositionHeader, BadContentDispositionParam):
    warnings.filterwarnings("ignore", category=_category)

_OPTION_NAMES = frozenset(option.name for option in fields(TranscriptionOptions))
_OPTIONS = TypeAdapter(TranscriptionOptions)

IDEMPOTENCY_KEY = Parameter(
    Annotated[str, StringConstraints(min_length=1, max_length=_IDEMPOTENCY_KEY_CHARACTERS)],
    "Any text of yours, new for each recording: sending again with it gives the first one back.",
)


class _Reuse(BaseModel):
    reuse: bool = True


_REUSE = TypeAdapter(_Reuse)


@dataclass
class Form:
    """The parts of the request, in whatever order they came; `lists` has the fields that may come several times."""

    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    file: ReceivedFile | None = None
    file_name: str = ""


class FormReader(Protocol):
    """What the fields of a form mean: asked when the file begins, with the fields that came by then, and at the end."""

    @property
    def lists(self) -> Collection[str]:
        """The names of the fields that may come several times."""

    @property
    def reusable(self) -> bool:
        """Whether what is made may answer later requests for the same: not where it goes with its own request."""

    def wanted(self, form: Form, settings: Settings) -> tuple[TranscriptionOptions, bool]:
        """Return the options that are asked for, `settled`, and whether what is there of the same will do.

        Raises what the fields deserve.
        """

    def project(self, form: Form) -> str | None:
        """Return the id or the name of the project; None where it is left out."""

    def has_model(self, form: Form) -> bool:
        """Tell whether the field with the model has come."""


class OwnFields:
    """The form of `POST /api/transcriptions`: one field an option."""

    lists = frozenset[str]()
    reusable = True

    def wanted(self, form: Form, settings: Settings) -> tuple[TranscriptionOptions, bool]:
        return wanted(form.values, settings)

    def project(self, form: Form) -> str | None:
        return form.values.get("project") or None

    def has_model(self, form: Form) -> bool:
        return "model" in form.values


async def receive_transcription(request: web.Request, reader: FormReader) -> tuple[dict[str, Any], bool]:
    """Read the request and return the transcription, and whether it is a new one.

    An `Idempotency-Key` that was used before gives the transcription of then. Raises what the request deserves; no
    byte of a refused upload stays.
    """
    uploads = request.app[UPLOADS]
    if not request.content_type.startswith("multipart/"):
        raise BadRequest(
            "The request is not multipart/form-data.",
            remedy="Send the recording as the part 'file' of a form, or the address of one as 'url' in JSON.",
        )
    await uploads.use(uploads.check_announced, request.content_length)
    form = Form()
    try:
        with request.app[METRICS].uploads.labels("form").track_inprogress():
            await _read_parts(request, form, reader)
        return await _create(request, form, reader)
    finally:
        if form.file is not None:
            # After a rename to its lasting place nothing is here any more.
            await on_volume(uploads.discard, form.file)


async def _create(request: web.Request, form: Form, reader: FormReader) -> tuple[dict[str, Any], bool]:
    app, principal = request.app, request[PRINCIPAL]
    options, reuse = await looked_up(reader.wanted, form, app[SETTINGS])
    key = idempotency_key(request)
    project, options = await app[DATABASE].run(destination, principal, reader.project(form), options)
    if form.file is None:
        raise InvalidFields([{"field": "file", "message": "The recording is missing."}])
    wish = Wish(project, principal.user, key, form.file_name, options, reuse, reader.reusable)
    return await admit(app, form.file, wish)


async def _read_parts(request: web.Request, form: Form, reader: FormReader) -> None:
    try:
        parts = await request.multipart()
        while (part := await parts.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise BadRequest("The form has a form inside.", remedy="Send plain parts.")
            if part.name == "file":
                if form.file is not None:
                    raise BadRequest("The form has several parts named 'file'.", remedy="Send one recording a request.")
                await _check_early(request, form, reader)
                form.file_name = display_name(part.filename)
                form.file = await request.app[UPLOADS].receive(_blocks(part))
            else:
                await _read_field(part, form, reader)
    except (ValueError, AssertionError, EOFError, web.RequestPayloadError, HttpProcessingError) as error:
        # Each of them is what aiohttp's reader says of some body that is not as announced.
        raise BadRequest(
            "The multipart body is broken or ends too early.", remedy="Send the request again, whole."
        ) from error


async def _check_early(request: web.Request, form: Form, reader: FormReader) -> None:
    """Refuse what can be refused before hours of upload. All is checked again when all is there."""
    principal = request[PRINCIPAL]
    key = idempotency_key(request)
    task_set = None
    try:
        options, _ = await looked_up(reader.wanted, form, request.app[SETTINGS])
        task_set = options.task_set
    except (InvalidOptions, UnknownModel):
        # What the site's default cannot do, the model that is still to come may.
        if reader.has_model(form):
            raise
    named = reader.project(form)
    if named is not None or (len(principal.roles) == 1 and not principal.administrator):
        database = request.app[DATABASE]
        project = await database.run(project_to_send_to, principal, named, task_set)
        announced = max(0, (request.content_length or 0) - FORM_OVERHEAD_BYTES)
        await database.run(admissions.check_room, project, key, announced)
    else:
        # The field may still come, but no project that it names will do.
        check_may_send(principal)


async def _read_field(part: BodyPartReader, form: Form, reader: FormReader) -> None:
    name = part.name or ""
    if name in form.values:
        raise InvalidFields([{"field": name, "message": "The field was sent twice."}])
    if len(form.values) + sum(map(len, form.lists.values())) >= _FIELD_COUNT_LIMIT:
        raise BadRequest("The form has too many fields.", remedy="Send each option once.")
    text = bytearray()
    async for block in _blocks(part):
        text += block
        if len(text) > _FIELD_LIMIT_BYTES:
            raise InvalidFields([{"field": name, "message": f"Longer than {_FIELD_LIMIT_BYTES} bytes."}])
    try:
        value = check_text(text.decode(), name)
    except UnicodeDecodeError as error:
        raise InvalidFields([{"field": name, "message": "The text is not UTF-8."}]) from error
    if name in reader.lists:
        form.lists.setdefault(name, []).append(value)
    else:
        form.values[name] = value


async def _blocks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while block := await part.read_chunk(_BLOCK_BYTES):
        yield block


def wanted(values: Mapping[str, Any], settings: Settings) -> tuple[TranscriptionOptions, bool]:
    """Return the options that a form's fields mean, `settled`, and `reuse`. An empty field is one that was left out."""
    unknown = sorted(set(values) - _OPTION_NAMES - {"project", "reuse"})
    if unknown:
        known = ", ".join(sorted(_OPTION_NAMES | {"file", "project", "reuse"}))
        raise InvalidFields([{"field": name, "message": f"Unknown field. Known: {known}."} for name in unknown])
    reuse = validate(_REUSE, {name: values[name] for name in ("reuse",) if values.get(name)}).reuse
    return _options(values, settings), reuse


def _options(values: Mapping[str, Any], settings: Settings) -> TranscriptionOptions:
    given: dict[str, Any] = {
        name: value for name, value in values.items() if name in _OPTION_NAMES and value not in ("", None)
    }
    if isinstance(given.get("prompts"), str):
        given["prompts"] = _json_field("prompts", given["prompts"], '{"summary": "Summarise in three sentences."}')
    if isinstance(given.get("tasks"), str):
        given["tasks"] = _tasks(given["tasks"])
    return settled(validate(_OPTIONS, given), settings)


def settled(options: TranscriptionOptions, settings: Settings) -> TranscriptionOptions:
    """Return the options with the site's defaults pinned, so that a retry keeps them; reads the models directory.

    Raises `UnknownModel`, and `InvalidOptions` where the model cannot do what is asked for.
    """
    translates = options.task is Task.TRANSLATE
    if options.model is not None or translates:
        model = find(settings.models_dir, ModelKind.WHISPER, options.model or settings.default_model)
        _check_language(options.language, model.languages)
        if translates and model.languages == ENGLISH_ALONE:
            raise InvalidOptions(
                f"The model {model.name!r} knows English only: it cannot translate.",
                remedy="Choose a multilingual model.",
                field="task",
            )
    else:
        default = describe(place_of(settings.models_dir, ModelKind.WHISPER, settings.default_model))
        # Where the API does not see it, the workers do.
        if default is not None:
            _check_language(options.language, default.languages)
    if options.llm_model is not None:
        require_language_model(settings.models_dir, settings.served_models, options.llm_model)
    return replace(
        options,
        model=options.model or settings.default_model,
        llm_model=options.llm_model or settings.default_llm_model,
    )


def _tasks(text: str) -> Any:
    """Read the names of tasks, separated by commas as a person writes them, or as a JSON array."""
    if text.lstrip().startswith("["):
        return _json_field("tasks", text, '["title", "actions"]')
    return [name.strip() for name in text.split(",")]


def _json_field(name: str, text: str, example: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidFields(
            [{"field": name, "message": f"Not JSON: {reason}."}],
            remedy=f"Send JSON, such as {example}.",
        ) from error


def _check_language(language: str | None, languages: tuple[str, ...]) -> None:
    if language is not None and _ANY_LANGUAGE not in languages and language not in languages:
        raise InvalidOptions(
            f"The model does not know the language {language!r}, only: {', '.join(languages)}.",
            remedy="Choose a multilingual model, or one of its languages.",
            field="language",
        )


def project_to_send_to(principal: Principal, named: str | None, task_set: str | None = None) -> uuid.UUID:
    """Return the project of this id or name, or the only one.

    Raises `NotFound` or `NotPermitted` where it takes no recording, `UnknownTaskSet` where it has no such set.
    """
    project = projects.find_project(principal, named or None)
    principal.require(ProjectId(project.id), Role.EDITOR)
    found: uuid.UUID = project.id
    task_sets.require(found, task_set)
    return found


def destination(
    principal: Principal, named: str | None, options: TranscriptionOptions
) -> tuple[uuid.UUID, TranscriptionOptions]:
    """Return `project_to_send_to`, and the options with what that project says where they say nothing."""
    project = project_to_send_to(principal, named, options.task_set)
    return project, vocabulary.completed(project, options)


def check_may_send(principal: Principal) -> None:
    """Raise `NotPermitted` unless there may be a project to which this principal sends recordings."""
    if not principal.administrator and not any(role.covers(Role.EDITOR) for role in principal.roles.values()):
        raise NotPermitted(f"Sending recordings needs the role '{Role.EDITOR}' in a project; you have it in none.")


def idempotency_key(request: web.Request) -> str | None:
    """Return the request's idempotency key; `InvalidFields` for one that cannot be kept."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= _IDEMPOTENCY_KEY_CHARACTERS:
        raise InvalidFields(
            [{"field": "Idempotency-Key", "message": f"1 to {_IDEMPOTENCY_KEY_CHARACTERS} characters are needed."}]
        )
    return None if key is None else check_text(key, "Idempotency-Key")

"""From a multipart request to a queued transcription."""

import asyncio
import json
import uuid
import warnings
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

from aiohttp import BadContentDispositionHeader, BadContentDispositionParam, BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, StringConstraints, TypeAdapter

from app.api.admission import Wish, admit
from app.api.contract import Parameter
from app.api.keys import DATABASE, PRINCIPAL, SETTINGS, UPLOADS
from app.api.requests import check_text, validate
from app.api.uploads import FORM_OVERHEAD_BYTES, ReceivedFile, display_name
from app.catalog import find
from app.catalog.installed import ModelKind
from app.core.access import Principal, Role
from app.core.errors import BadRequest, InvalidFields, InvalidOptions, NotPermitted
from app.core.identifiers import ProjectId
from app.core.options import TranscriptionOptions
from app.db import admissions, projects
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
class _Form:
    """The parts of the request, in whatever order they came."""

    values: dict[str, str] = field(default_factory=dict)
    file: ReceivedFile | None = None
    file_name: str = ""


async def receive_transcription(request: web.Request) -> tuple[dict[str, Any], bool]:
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
    await asyncio.to_thread(uploads.check_announced, request.content_length)
    form = _Form()
    try:
        await _read_parts(request, form)
        return await _create(request, form)
    finally:
        if form.file is not None:
            # After a rename to its lasting place nothing is here any more.
            await asyncio.to_thread(uploads.discard, form.file)


async def _create(request: web.Request, form: _Form) -> tuple[dict[str, Any], bool]:
    app, principal = request.app, request[PRINCIPAL]
    options, reuse = await asyncio.to_thread(wanted, form.values, app[SETTINGS])
    key = idempotency_key(request)
    project = await app[DATABASE].run(project_to_send_to, principal, form.values.get("project"))
    if form.file is None:
        raise InvalidFields([{"field": "file", "message": "The recording is missing."}])
    return await admit(app, form.file, Wish(project, principal.user, key, form.file_name, options, reuse))


async def _read_parts(request: web.Request, form: _Form) -> None:
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise BadRequest("The form has a form inside.", remedy="Send plain parts.")
            if part.name == "file":
                if form.file is not None:
                    raise BadRequest("The form has several parts named 'file'.", remedy="Send one recording a request.")
                await _check_early(request, form)
                form.file_name = display_name(part.filename)
                form.file = await request.app[UPLOADS].receive(_blocks(part))
            else:
                await _read_field(part, form)
    except (ValueError, AssertionError, EOFError, web.RequestPayloadError, HttpProcessingError) as error:
        # Each of them is what aiohttp's reader says of some body that is not as announced.
        raise BadRequest(
            "The multipart body is broken or ends too early.", remedy="Send the request again, whole."
        ) from error


async def _check_early(request: web.Request, form: _Form) -> None:
    """Refuse what can be refused before hours of upload. All is checked again when all is there."""
    principal = request[PRINCIPAL]
    key = idempotency_key(request)
    await asyncio.to_thread(wanted, form.values, request.app[SETTINGS])
    if "project" in form.values or (len(principal.roles) == 1 and not principal.administrator):
        database = request.app[DATABASE]
        project = await database.run(project_to_send_to, principal, form.values.get("project"))
        announced = max(0, (request.content_length or 0) - FORM_OVERHEAD_BYTES)
        await database.run(admissions.check_room, project, key, announced)
    else:
        # The field may still come, but no project that it names will do.
        check_may_send(principal)


async def _read_field(part: BodyPartReader, form: _Form) -> None:
    name = part.name or ""
    if name in form.values:
        raise InvalidFields([{"field": name, "message": "The field was sent twice."}])
    if len(form.values) >= _FIELD_COUNT_LIMIT:
        raise BadRequest("The form has too many fields.", remedy="Send each option once.")
    text = bytearray()
    async for block in _blocks(part):
        text += block
        if len(text) > _FIELD_LIMIT_BYTES:
            raise InvalidFields([{"field": name, "message": f"Longer than {_FIELD_LIMIT_BYTES} bytes."}])
    try:
        form.values[name] = check_text(text.decode(), name)
    except UnicodeDecodeError as error:
        raise InvalidFields([{"field": name, "message": "The text is not UTF-8."}]) from error


async def _blocks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while block := await part.read_chunk(_BLOCK_BYTES):
        yield block


def wanted(values: Mapping[str, Any], settings: Settings) -> tuple[TranscriptionOptions, bool]:
    """Return the options that a form's fields mean, with the site's defaults pinned: a retry keeps them; and `reuse`.

    An empty field is one that was left out.
    """
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
        given["prompts"] = _prompts(given["prompts"])
    options = validate(_OPTIONS, given)
    if options.model is not None:
        _check_language(options.language, find(settings.models_dir, ModelKind.WHISPER, options.model).languages)
    if options.llm_model is not None:
        find(settings.models_dir, ModelKind.LLM, options.llm_model)
    return replace(
        options,
        model=options.model or settings.default_model,
        llm_model=options.llm_model or settings.default_llm_model,
    )


def _prompts(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidFields(
            [{"field": "prompts", "message": f"Not JSON: {reason}."}],
            remedy='Send a JSON object, such as {"summary": "Summarise in three sentences."}.',
        ) from error


def _check_language(language: str | None, languages: tuple[str, ...]) -> None:
    if language is not None and _ANY_LANGUAGE not in languages and language not in languages:
        raise InvalidOptions(
            f"The model does not know the language {language!r}, only: {', '.join(languages)}.",
            remedy="Choose a multilingual model, or one of its languages.",
            field="language",
        )


def project_to_send_to(principal: Principal, named: str | None) -> uuid.UUID:
    """Return the project of this id or name, or the only one; `NotFound` or `NotPermitted` where it takes no recording."""
    project = projects.find_project(principal, named or None)
    principal.require(ProjectId(project.id), Role.EDITOR)
    found: uuid.UUID = project.id
    return found


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

"""OpenAPI 3.1, from the contracts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

import app
from app.api.answers import Problem
from app.api.contract import (
    Access,
    Body,
    Combined,
    Contract,
    Form,
    Multipart,
    Parameter,
    Raw,
    Reply,
    Route,
    Tag,
    promised_routes,
)
from app.api.documentation.schemas import Schemas, without_null
from app.api.following.event_stream import EVENTS_TYPE
from app.api.problems import RangeNotSatisfiable
from app.core.errors import (
    DependencyDown,
    MissingScope,
    NotAuthenticated,
    PreconditionFailed,
    TooManyAttempts,
    VocalyxError,
)

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"

_ABOUT = """\
Vocalyx turns recordings into speaker-labelled, searchable, enriched transcripts.

Times of day are UTC in ISO 8601; times in a recording are seconds from its start; ids are UUIDs. Every error is
`application/problem+json` (RFC 9457) with a stable `code`, and says the way out. Every answer has an `X-Request-ID`, which
is also in the server's log. A later release may add fields to answers.
"""

_WHO_MAY: Mapping[Access, str] = {
    Access.PUBLIC: "Anybody, without credentials.",
    Access.SIGNED_IN: "Anybody with credentials.",
    Access.PERSON: "Users; no API key.",
    Access.VIEWER: "Viewers, editors and owners of the project.",
    Access.EDITOR: "Editors and owners of the project.",
    Access.OWNER: "Owners of the project.",
    Access.ADMINISTRATOR: "Administrators of the site.",
}

_TAGS: Mapping[Tag, str] = {
    Tag.SIGNING_IN: "A person's name and password give a bearer token; programs send a project's API key instead.",
    Tag.TRANSCRIPTIONS: "Send recordings, follow them, read what was said.",
    Tag.SEGMENTS: "What was said, corrected beside what the machine heard.",
    Tag.QUESTIONS: "Questions to recordings, answered from what was said, with quotes and their times.",
    Tag.UPLOADS: (
        "Large recordings, in pieces that go on after a lost connection: tus 1.0.0, for any of its clients. Every answer has "
        "`Tus-Resumable`."
    ),
    Tag.SPEAKERS: "Who spoke, corrected beside what the machine found.",
    Tag.SHARING: "What readers write beside a recording, and links by which those without a login read one.",
    Tag.UPDATES: "Changes, as they happen.",
    Tag.WEBHOOKS: "What happens in a project, told to other programs: signed, and sent again until it has arrived.",
    Tag.PROJECTS: "What belongs together, who may see it, and the keys of programs.",
    Tag.VOICEPRINTS: "Voices by which a project's speakers are recognised. Off unless an owner switches it on.",
    Tag.USERS: "People, for administrators.",
    Tag.MODELS: "What is installed to transcribe with.",
    Tag.OPENAI: "For programs that were written for OpenAI's speech to text: they change their base URL and their key.",
    Tag.ORIGINAL: "For programs of the first Vocalyx. docs/compatibility.md says where we differ, and why.",
    Tag.AUDIT: "Who did what, on what, when, and from where. Nothing in it is ever changed.",
    Tag.OPERATIONS: "How the site stands and went, for its administrators and their monitoring.",
    Tag.HEALTH: "For load balancers.",
    Tag.DOCUMENTATION: "This, for programs and for people.",
}

_BEARER, _API_KEY = "bearer", "apiKey"

_SECURITY_SCHEMES = {
    _BEARER: {
        "type": "http",
        "scheme": "bearer",
        "description": "A user's token, from `POST /api/auth/token`; under `/v1` a program's key will do, too.",
    },
    _API_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A program's key, from `POST /api/projects/{id}/keys`.",
    },
}

_HEADERS_OF_ERRORS: Mapping[type[VocalyxError], Mapping[str, str]] = {
    NotAuthenticated: {"WWW-Authenticate": "What credentials are taken."},
    PreconditionFailed: {"ETag": "The tag of what stands there now, where a change was refused."},
    MissingScope: {"WWW-Authenticate": "The scope that the key lacks."},
    TooManyAttempts: {"Retry-After": "Seconds after which to try again."},
    DependencyDown: {"Retry-After": "Seconds after which to send the same request again."},
    RangeNotSatisfiable: {"Content-Range": "How many bytes there are."},
}


def openapi(application: web.Application) -> dict[str, Any]:
    """Return the document of all routes that are not the workers' own."""
    promised = promised_routes(application)
    writer = _Writer(Schemas(_annotations(contract for _, contract in promised)))
    paths: dict[str, Any] = {}
    for route, contract in promised:
        paths.setdefault(route.path, {})[route.method.lower()] = writer.operation(route, contract)
    used = {contract.tag for _, contract in promised}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vocalyx",
            "version": app.__version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": str(tag), "description": _TAGS.get(tag, "")} for tag in Tag if tag in used],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY_SCHEMES,
            "schemas": dict(sorted(writer.used_schemas(paths).items())),
            "responses": dict(sorted(writer.refusals.items())),
        },
    }


class _Writer:
    """Writes operations, and gathers the refusals that they share."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.refusals: dict[str, Any] = {}

    def operation(self, route: Route, contract: Contract) -> dict[str, Any]:
        described: dict[str, Any] = {
            "operationId": route.operation_id,
            "summary": contract.summary,
            "description": "\n\n".join(filter(None, (contract.description, _who_may(contract), _scope(contract)))),
            "tags": [str(contract.tag)],
            "security": _security(contract),
            "x-access": str(contract.access),
        }
        if contract.scope is not None:
            described["x-scope"] = str(contract.scope)
        if contract.audited:
            described["x-audited"] = [str(action) for action in contract.audited]
        parameters = [
            *self._placed("path", contract.path),
            *self._query(contract),
            *self._placed("header", contract.headers),
        ]
        if parameters:
            described["parameters"] = parameters
        if contract.bodies:
            required = all(body.required for body in contract.bodies if isinstance(body, Raw))
            described["requestBody"] = {"required": required, "content": self._bodies(contract)}
        described["responses"] = self._responses(contract)
        return described

    def used_schemas(self, paths: dict[str, Any]) -> dict[str, Any]:
        """Return the named schemas that something refers to; those that were taken apart are not wanted whole."""
        used: dict[str, Any] = {}
        open_ends: list[Any] = [paths, self.refusals]
        while open_ends:
            value = open_ends.pop()
            if isinstance(value, list):
                open_ends.extend(value)
            elif isinstance(value, dict):
                name = str(value.get("$ref", "")).removeprefix("#/components/schemas/")
                if name in self._schemas.components and name not in used:
                    used[name] = self._schemas.components[name]
                    open_ends.append(used[name])
                open_ends.extend(value.values())
        return used

    def _placed(self, place: str, parameters: Mapping[str, Parameter]) -> Iterable[dict[str, Any]]:
        for name, parameter in parameters.items():
            yield {
                "name": name,
                "in": place,
                "required": place == "path" or parameter.required,
                "description": parameter.description,
                "schema": without_null(self._schemas.of(parameter.annotation)),
            }

    def _query(self, contract: Contract) -> Iterable[dict[str, Any]]:
        if contract.query is None:
            return
        schema = self._schemas.taken_apart(contract.query)
        required = schema.get("required", [])
        for name, value in schema["properties"].items():
            plain = without_null(value)
            described = {"name": name, "in": "query", "required": name in required}
            if "description" in plain:
                described["description"] = plain.pop("description")
            yield described | {"schema": plain}

    def _bodies(self, contract: Contract) -> dict[str, Any]:
        content = dict(self._body(body) for body in contract.bodies)
        if contract.example is not None:
            for body, described in zip(contract.bodies, content.values(), strict=True):
                if not isinstance(body, Multipart | Raw):
                    described["example"] = dict(contract.example)
        return content

    def _body(self, body: Body) -> tuple[str, dict[str, Any]]:
        if isinstance(body, Multipart):
            return "multipart/form-data", self._multipart(body)
        if isinstance(body, Combined):
            return JSON, {"schema": self._combined(body)}
        if isinstance(body, Raw):
            return body.media_type, {"schema": {"description": body.description}}
        if isinstance(body, Form):
            return "application/x-www-form-urlencoded", {"schema": self._schemas.of(body.model)}
        return JSON, {"schema": self._schemas.of(body)}

    def _multipart(self, body: Multipart) -> dict[str, Any]:
        of_model = self._schemas.taken_apart(body.fields)["properties"]
        added = {name: {"type": "string"} for name in body.texts if name not in of_model}
        fields = {name: without_null(value) for name, value in _described(added | of_model, body.texts).items()}
        files = {
            name: {"type": "string", "contentMediaType": "application/octet-stream", "description": description}
            for name, description in body.files.items()
        }
        encoding = {name: {"contentType": JSON} for name, value in fields.items() if value.get("type") == "object"}
        schema = {
            "type": "object",
            "properties": fields | files,
            "required": list(body.files)[:1],
            "additionalProperties": False,
        }
        return {"schema": schema} | ({"encoding": encoding} if encoding else {})

    def _combined(self, body: Combined) -> dict[str, Any]:
        whole = self._schemas.taken_apart(body.model)
        beside = _described(self._schemas.taken_apart(body.fields)["properties"], body.texts)
        return whole | {"properties": whole["properties"] | beside, "additionalProperties": False}

    def _responses(self, contract: Contract) -> dict[str, Any]:
        refused: defaultdict[int, list[type[VocalyxError]]] = defaultdict(list)
        for error in contract.refusals:
            refused[error.status].append(error)
        responses: dict[str, Any] = {}
        for status in sorted(contract.answers.keys() | refused.keys()):
            errors, answer = refused.get(status, []), contract.answers.get(status, contract.refused_as)
            if answer is None:
                responses[str(status)] = self._refusal(errors)
                continue
            described = self._answer(answer)
            if errors and contract.refused_as is None:
                described.setdefault("content", {})[PROBLEM_JSON] = _problem(errors)
            responses[str(status)] = described
        return responses

    def _answer(self, answer: Reply) -> dict[str, Any]:
        content: dict[str, Any] = {}
        if answer.model is not None:
            content[JSON] = {"schema": self._schemas.of(answer.model)}
        for media_type in answer.media_types:
            # As the standard has it, content without a schema is bytes. Of events each would be held to the schema.
            is_text = "charset=" in media_type and media_type != EVENTS_TYPE
            content[media_type] = {"schema": {"type": "string"}} if is_text else {}
        described: dict[str, Any] = {"description": answer.description or ("Done." if content else "Done; no body.")}
        if answer.headers:
            described["headers"] = _headers(answer.headers)
        if content:
            described["content"] = content
        return described

    def _refusal(self, errors: list[type[VocalyxError]]) -> dict[str, str]:
        """Return a reference to the answer that these errors of one status share."""
        name = ".".join(error.code for error in errors)
        headers = {header: text for error in errors for header, text in _HEADERS_OF_ERRORS.get(error, {}).items()}
        self.refusals[name] = {
            "description": " ".join(f"`{error.code}`: {error.title}." for error in errors),
            **({"headers": _headers(headers)} if headers else {}),
            "content": {PROBLEM_JSON: _problem(errors)},
        }
        return {"$ref": f"#/components/responses/{name}"}


def _annotations(contracts: Iterable[Contract]) -> Iterable[Any]:
    yield Problem
    for contract in contracts:
        yield from (parameter.annotation for parameter in (*contract.path.values(), *contract.headers.values()))
        replies = [*contract.answers.values(), *([contract.refused_as] if contract.refused_as else [])]
        yield from (reply.model for reply in replies if reply.model is not None)
        if contract.query is not None:
            yield contract.query
        for body in contract.bodies:
            if isinstance(body, Multipart):
                yield body.fields
            elif isinstance(body, Combined):
                yield from (body.model, body.fields)
            elif isinstance(body, Form):
                yield body.model
            elif not isinstance(body, Raw):
                yield body


def _described(fields: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: value | ({"description": texts[name]} if name in texts else {}) for name, value in fields.items()}


def _problem(errors: Iterable[type[VocalyxError]]) -> dict[str, Any]:
    codes = {"type": "object", "properties": {"code": {"enum": [error.code for error in errors]}}}
    return {"schema": {"allOf": [{"$ref": f"#/components/schemas/{Problem.__name__}"}, codes]}}


def _who_may(contract: Contract) -> str:
    return f"For: {_WHO_MAY[contract.access]}"


def _scope(contract: Contract) -> str | None:
    return f"A key that was narrowed needs `{contract.scope}`." if contract.scope else None


def _headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}


def _security(contract: Contract) -> list[dict[str, list[str]]]:
    bearer: dict[str, list[str]] = {_BEARER: []}
    if contract.access is Access.PUBLIC:
        return [bearer, {}] if contract.credentials_later else []
    if contract.access in (Access.PERSON, Access.ADMINISTRATOR):
        return [bearer]
    return [bearer, {_API_KEY: []}, *([{}] if contract.credentials_later else [])]

"""What every route promises, said once, beside its handler.

    @routes.patch("/api/projects/{id}")
    @contract(
        tag=Tag.PROJECTS,
        access=Access.OWNER,
        path={"id": PROJECT},
        body=ProjectChange,
        example={"name": "Board meetings"},
        answers={200: answers.Project},
        errors=(Conflict,),
    )
    async def change_project(request: web.Request) -> web.Response:
        \"\"\"Rename a project, or switch the recognition of speakers.

        What is written here becomes the route's description.
        \"\"\"

The decorator changes nothing of the handler: it notes. Six readers live on the note: authentication (`access` decides
who is asked for which credentials, `scope` what a key must not lack), `/openapi.json`, `/docs`, `docs/access.md`, the test
that tries every route as everybody, and the one that looks for what each change leaves in the audit log (`audited`). A route without a contract
asks for credentials and fails a test.

Say what is particular to the route. What follows from `access`, `path`, `query`, `headers` and `body` (401, 403, 404, 400,
413, 422, 429 and their codes) is added by `Contract.refusals`; 500 and 503 go for every route.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import EllipsisType
from typing import Any, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from app.api.problems import RequestTooLarge
from app.core.access import Role, Scope
from app.core.audit import Action
from app.core.errors import (
    BadRequest,
    CrossSiteRequest,
    DependencyDown,
    InvalidFields,
    KeyExpired,
    MissingScope,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PasswordChangeDue,
    TooManyAttempts,
    VocalyxError,
)

_ATTRIBUTE = "__vocalyx_contract__"
_PAGE_ATTRIBUTE = "__vocalyx_page__"

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Access(StrEnum):
    """Who may call a route. The three roles are those in the project that the request is about.

    `SIGNED_IN`: anybody with valid credentials, who then is shown what is theirs. `PERSON`: the same, but no API key.
    `WORKER`: the internal key alone; such a route is in no public document.
    """

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    PERSON = "person"
    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    WORKER = "worker"

    @property
    def role(self) -> Role | None:
        """The role that is needed in the project, where it is about one."""
        return next((role for role in Role if role.value == self.value), None)

    @property
    def scope(self) -> Scope | None:
        """What a key that was narrowed has to have, where the contract says nothing else."""
        return _SCOPES.get(self)


_SCOPES = {
    Access.SIGNED_IN: Scope.TRANSCRIPTIONS_READ,
    Access.VIEWER: Scope.TRANSCRIPTIONS_READ,
    Access.EDITOR: Scope.TRANSCRIPTIONS_WRITE,
    Access.OWNER: Scope.PROJECTS_MANAGE,
}


class Tag(StrEnum):
    """The chapters of the documentation, in their order."""

    SIGNING_IN = "Signing in"
    TRANSCRIPTIONS = "Transcriptions"
    SEGMENTS = "Segments"
    QUESTIONS = "Questions"
    UPLOADS = "Uploads in pieces"
    SPEAKERS = "Speakers"
    SHARING = "Notes and links"
    UPDATES = "Updates"
    WEBHOOKS = "Webhooks"
    PROJECTS = "Projects"
    VOICEPRINTS = "Voiceprints"
    USERS = "Users"
    MODELS = "Models"
    OPENAI = "OpenAI audio API"
    ORIGINAL = "First Vocalyx"
    AUDIT = "Audit log"
    OPERATIONS = "Operations"
    HEALTH = "Health"
    DOCUMENTATION = "Documentation"
    WORKERS = "Workers"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in the path or in a header. `annotation` is a type as pydantic reads it.

    `names` says what kind of thing the value stands for; the test of the roles looks a real one up by it. A header may be
    left out unless it is `required`.
    """

    annotation: Any
    description: str
    names: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: JSON of a `model`, content of some `media_types`, both (the model is then JSON's), or neither.

    Media types are written as the answer's header has them, or as ranges (`audio/*`): with a charset it is text that
    comes, otherwise bytes.

    `model` is a model, or whatever else pydantic reads as a type, such as the union of two; `headers` maps those worth
    knowing to a sentence each.
    """

    model: Any = None
    description: str = ""
    media_types: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """A body of `application/x-www-form-urlencoded`, as an HTML form sends it."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Multipart:
    """A body of `multipart/form-data`: one part a field of `fields` (a model or dataclass), and `files`.

    `files` maps each file's part to its description, the first one being required; `texts` describes the fields, and
    adds those that the model does not have.
    """

    fields: type[Any]
    files: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Combined:
    """A body of JSON: what `model` holds, and beside it the `fields` of another model or dataclass, which `texts` describes."""

    model: type[BaseModel]
    fields: type[Any]
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raw:
    """A body of bytes; one that is not `required` may be empty."""

    media_type: str
    description: str
    required: bool = True


Body = type[BaseModel] | Form | Multipart | Combined | Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """See the module's own words. `summary` is the docstring's first line, `description` the rest of it."""

    summary: str
    description: str
    tag: Tag
    access: Access
    scope: Scope | None
    answers: Mapping[int, Reply]
    path: Mapping[str, Parameter]
    query: type[BaseModel] | None
    headers: Mapping[str, Parameter]
    bodies: tuple[Body, ...]
    example: Mapping[str, Any] | None
    errors: tuple[type[VocalyxError], ...]
    refused_as: Reply | None
    credentials_later: bool
    before_password_change: bool
    audited: tuple[Action, ...]

    @property
    def refusals(self) -> tuple[type[VocalyxError], ...]:
        """Every error that the route may answer with: its own, and those that follow from what it takes."""
        found: list[type[VocalyxError]] = [BadRequest]
        if self.access is not Access.PUBLIC:
            found += (NotAuthenticated, KeyExpired, TooManyAttempts, CrossSiteRequest)
            if not self.before_password_change:
                found.append(PasswordChangeDue)
        if self.scope is not None:
            found.append(MissingScope)
        if self.access in (Access.PERSON, Access.EDITOR, Access.OWNER, Access.ADMINISTRATOR):
            found.append(NotPermitted)
        if self.path or self.access.role:
            found.append(NotFound)
        if (
            self.query
            or self.bodies
            or any(value.annotation is not UUID for value in self.path.values())
            # What may be any text is never a wrong one.
            or any(value.annotation is not str for value in self.headers.values())
        ):
            found.append(InvalidFields)
        if self.bodies:
            found.append(RequestTooLarge)
        return tuple(dict.fromkeys((*found, *self.errors, VocalyxError, DependencyDown)))


def contract(
    *,
    tag: Tag,
    access: Access,
    answers: Mapping[int, Reply | type[BaseModel] | None],
    path: Mapping[str, Parameter] | None = None,
    query: type[BaseModel] | None = None,
    headers: Mapping[str, Parameter] | None = None,
    body: Body | tuple[Body, ...] = (),
    example: Mapping[str, Any] | None = None,
    errors: tuple[type[VocalyxError], ...] = (),
    refused_as: Reply | None = None,
    credentials_later: bool = False,
    before_password_change: bool = False,
    scope: Scope | EllipsisType | None = ...,
    audited: Action | tuple[Action, ...] = (),
) -> Callable[[Handler], Handler]:
    """Note what a handler promises. Its docstring, which it must have, says what it does.

    - `answers`: by status, what comes where nothing went wrong; a model stands for its JSON, None for no body.
    - `path`: the parameters of the address, by the names that stand in it (see `app.api.parameters`).
    - `query`, `body`: the very models that validate. Several bodies: whichever the client prefers.
    - `example`: a JSON body (or the same as a form) that is taken as it stands.
    - `errors`: what the route may raise besides `Contract.refusals`.
    - `refused_as`: what a refusal looks like, where clients of another API would not understand a problem document.
    - `credentials_later`: the handler looks for credentials itself, as the WebSocket does in its first message.
    - `before_password_change`: also for a login by a password that has to be changed first.
    - `scope`: what a key has to have that was narrowed, None where every key will do; `Access.scope` where it is left out.
    - `audited`: one of these is in the audit log when it is done; the unit of work writes it (`app.db.audit.record`).
    """

    def note(handler: Handler) -> Handler:
        summary, _, description = (handler.__doc__ or "").strip().partition("\n")
        if not summary:
            raise TypeError(f"{handler.__qualname__} has a contract and no docstring: say there what it does")
        promised = Contract(
            summary=summary.strip().removesuffix("."),
            description=unwrapped(description),
            tag=tag,
            access=access,
            scope=access.scope if scope is ... else scope,
            answers={status: _reply(answer) for status, answer in answers.items()},
            path=path or {},
            query=query,
            headers=headers or {},
            bodies=body if isinstance(body, tuple) else (body,),
            example=example,
            errors=errors,
            refused_as=refused_as,
            credentials_later=credentials_later,
            before_password_change=before_password_change,
            audited=audited if isinstance(audited, tuple) else (audited,),
        )
        setattr(handler, _ATTRIBUTE, promised)
        return handler

    return note


def contract_of(handler: object) -> Contract | None:
    """Return what this handler promises; None where it promises nothing."""
    found = getattr(handler, _ATTRIBUTE, None)
    return found if isinstance(found, Contract) else None


def mark_as_page(handler: Handler) -> Handler:
    """Note that a handler gives a page for people: it is open to everybody, and no part of the API's documents."""
    setattr(handler, _PAGE_ATTRIBUTE, True)
    return handler


def is_page(handler: object) -> bool:
    return getattr(handler, _PAGE_ATTRIBUTE, False) is True


@dataclass(frozen=True, slots=True)
class Route:
    """A registered route: `path` with its parameters in braces, `operation_id` of the handler's module and own name."""

    method: str
    path: str
    operation_id: str
    contract: Contract | None


def routes_of(app: web.Application) -> Iterator[Route]:
    """Yield what is registered, in order; a HEAD that only comes along with its GET is none of its own."""
    registered = list(app.router.routes())
    got = {(route.resource, route.handler) for route in registered if route.method == "GET"}
    for route in registered:
        if route.resource is None or (route.method == "HEAD" and (route.resource, route.handler) in got):
            continue
        handler = route.handler
        module = handler.__module__.rpartition(".")[2]
        yield Route(route.method, route.resource.canonical, f"{module}_{handler.__name__}", contract_of(handler))


def promised_routes(app: web.Application) -> list[tuple[Route, Contract]]:
    """Return the routes of the public documents: those with a contract, but for the workers'."""
    return [
        (route, route.contract)
        for route in routes_of(app)
        if route.contract is not None and route.contract.access is not Access.WORKER
    ]


def _reply(answer: Reply | type[BaseModel] | None) -> Reply:
    if isinstance(answer, Reply):
        return answer
    return Reply(answer)


def unwrapped(text: str) -> str:
    """Return a docstring's paragraphs, each on one line."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)

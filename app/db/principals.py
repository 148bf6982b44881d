"""Who stands behind API keys and logins' tokens: many of them at once, since every request brings one."""

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from app.core.access import Principal, Role, Scope
from app.core.errors import KeyExpired, NotAuthenticated
from app.core.identifiers import ProjectId, UserId
from app.db.accounts import API_KEY_PREFIX, digest
from app.db.prepared import Prepared
from app.db.tables import database, now

_LAST_USE_PRECISION = dt.timedelta(minutes=1)

_KEYS = Prepared(
    "principals_of_keys",
    ["text[]"],
    """
    select key_hash, id, name, project_id, role, scopes, expires_at, last_used_at
    from api_keys where key_hash = any($1) and revoked_at is null
    """,
)
_LOGINS = Prepared(
    "principals_of_tokens",
    ["text[]", "timestamptz"],
    """
    select token_hash, sessions.id, users.id, username, administrator, last_used_at,
        must_change_password and by_password,
        array(select project_id from memberships where user_id = users.id order by project_id),
        array(select role from memberships where user_id = users.id order by project_id)
    from sessions join users on users.id = user_id
    where token_hash = any($1) and expires_at > $2 and active
    """,
)


def of_keys(keys: Collection[str]) -> dict[str, Principal | NotAuthenticated]:
    """Return the program that each API key belongs to; the error where it is unknown, revoked or expired."""
    rows = {row[0]: row[1:] for row in _KEYS.rows([digest(key) for key in keys])}
    found: dict[str, Principal | NotAuthenticated] = {}
    used = []
    moment = now()
    for key in keys:
        if (row := rows.get(digest(key))) is None:
            found[key] = NotAuthenticated("The API key is unknown or revoked.")
            continue
        identifier, name, project, role, scopes, expires_at, last_used_at = row
        if expires_at is not None and expires_at <= moment:
            found[key] = KeyExpired(f"The API key expired on {expires_at.astimezone(dt.UTC):%Y-%m-%d at %H:%M} UTC.")
            continue
        if last_used_at is None or moment - last_used_at > _LAST_USE_PRECISION:
            used.append(digest(key))
        found[key] = Principal(
            user=None,
            name=f"key:{name}",
            roles=_known_roles([project], [role]),
            scopes=None if scopes is None else _known_scopes(scopes),
            expires_at=expires_at,
            key=identifier,
        )
    _note_use("api_keys", "key_hash", used, moment)
    return found


def of_tokens(tokens: Collection[str]) -> dict[str, Principal | NotAuthenticated]:
    """Return who is logged in with each token; the error where nobody is."""
    moment = now()
    rows = {row[0]: row[1:] for row in _LOGINS.rows([digest(token) for token in tokens], moment)}
    found: dict[str, Principal | NotAuthenticated] = {}
    used = []
    for token in tokens:
        if (row := rows.get(digest(token))) is None:
            found[token] = NotAuthenticated("The login has ended or never was.")
            continue
        session, user, name, administrator, last_used_at, change_due, projects, roles = row
        if moment - last_used_at > _LAST_USE_PRECISION:
            used.append(digest(token))
        found[token] = Principal(
            user=UserId(user),
            name=name,
            administrator=administrator,
            roles=_known_roles(projects, roles),
            session=session,
            password_change_due=change_due,
        )
    _note_use("sessions", "token_hash", used, moment)
    return found


def of_token(token: str) -> Principal:
    """Return who is logged in with this token; `NotAuthenticated` where nobody is."""
    return _or_raise(of_tokens([token])[token])


def of_bearer(secret: str) -> Principal:
    """Return who an API key or a login's token belongs to, where either may come; `NotAuthenticated` where it is none."""
    # One token in many thousands happens to begin like a key.
    kinds = (of_keys, of_tokens) if secret.startswith(API_KEY_PREFIX) else (of_tokens,)
    for find in kinds:
        found = find([secret])[secret]
        if not isinstance(found, NotAuthenticated) or isinstance(found, KeyExpired):
            return _or_raise(found)
    raise NotAuthenticated(
        "The bearer token is neither an active API key nor a login that lasts.",
        remedy="Send a project's API key, or the token of POST /api/auth/token, as 'Authorization: Bearer …'.",
    )


def _or_raise(found: Principal | NotAuthenticated) -> Principal:
    if isinstance(found, NotAuthenticated):
        raise found
    return found


def _known_roles(projects: Sequence[UUID], stored: Sequence[str]) -> dict[ProjectId, Role]:
    # As below; and one that cannot be read must not spoil the answers of all who asked along with it.
    known = set(Role)
    return {ProjectId(project): Role(role) for project, role in zip(projects, stored, strict=True) if role in known}


def _known_scopes(stored: Collection[str]) -> frozenset[Scope]:
    # One that only a newer release knows opens nothing here.
    return frozenset(Scope(scope) for scope in stored if scope in set(Scope))


def _note_use(table: str, column: str, used: Collection[str], moment: dt.datetime) -> None:
    if not used:
        return
    # Whoever is just changing one of them is not waited for: others are answered with it, and it is used again soon.
    database.execute_sql(
        f"""
        update {table} set last_used_at = %s where {column} in (
            select {column} from {table} where {column} = any(%s) for no key update skip locked
        )
        """,  # noqa: S608 - named above
        (moment, list(used)),
    )

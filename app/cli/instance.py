"""Which Vocalyx to speak to, and as whom: from the environment, or from the instance that runs in this folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from app.core.errors import VocalyxError

DEFAULT_URL = "http://127.0.0.1:8000"
FIRST_LOGIN_FILE = "first-login.json"
_DEFAULT_STATE = "var"


class InstanceNotFound(VocalyxError):
    """It cannot be told which server to speak to, or with which credentials."""

    code = "instance-not-found"
    title = "No Vocalyx to speak to"


@dataclass(frozen=True, slots=True)
class Login:
    """A name and password, with which a session can be opened again when it has expired."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that somebody obtained before; it cannot be renewed from here."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A project's key."""

    value: str = field(repr=False)


Credentials = Login | AccessToken | ApiKey


@dataclass(frozen=True, slots=True)
class Instance:
    """A server's address, without a slash at its end, and the credentials to use there."""

    url: str
    credentials: Credentials


def find_instance(url: str | None, environment: Mapping[str, str]) -> Instance:
    """Return where to go and as whom.

    VOCALYX_TOKEN or VOCALYX_API_KEY are used at `url`. Without them, the login in $VOCALYX_STATE/first-login.json is used,
    at its own address only: a local password is sent nowhere else.
    """
    wanted = None if url is None else _checked(url)
    given = _credentials_of(environment)
    file = Path(environment.get("VOCALYX_STATE") or _DEFAULT_STATE) / FIRST_LOGIN_FILE
    if given is not None and wanted is not None:
        return Instance(wanted, given)
    local = _read_first_login(file)
    if given is not None:
        return Instance(local.url if local else DEFAULT_URL, given)
    if local is None:
        raise InstanceNotFound(
            f"There are no credentials: neither VOCALYX_TOKEN nor VOCALYX_API_KEY is set, and {file} does not exist.",
            remedy="Export VOCALYX_API_KEY, or start an instance here with 'make run', or point VOCALYX_STATE at its folder.",
        )
    if wanted is not None and URL(wanted).origin() != URL(local.url).origin():
        raise InstanceNotFound(
            f"There are no credentials for {wanted}: {file} is for {local.url}.",
            remedy="Export VOCALYX_TOKEN or VOCALYX_API_KEY for that server, or leave --url and VOCALYX_API_URL out.",
        )
    return Instance(wanted or local.url, local.credentials)


def _credentials_of(environment: Mapping[str, str]) -> Credentials | None:
    token, key = environment.get("VOCALYX_TOKEN"), environment.get("VOCALYX_API_KEY")
    if token and key:
        raise InstanceNotFound("Both VOCALYX_TOKEN and VOCALYX_API_KEY are set.", remedy="Unset one of them.")
    if token:
        return AccessToken(token)
    return ApiKey(key) if key else None


def _read_first_login(file: Path) -> Instance | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Instance(_checked(content["url"]), Login(str(content["username"]), str(content["password"])))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstanceNotFound(
            f"{file} cannot be read: {error.strerror}.",
            remedy="Use the account that started the instance, or export VOCALYX_API_KEY.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InstanceNotFound(
            f"{file} is damaged.", remedy="Export VOCALYX_TOKEN or VOCALYX_API_KEY, with --url, instead."
        ) from error


def _checked(url: str) -> str:
    try:
        address = URL(url)
        usable = address.scheme in ("http", "https") and bool(address.host)
    except ValueError:
        usable = False
    if not usable:
        raise InstanceNotFound(
            f"{url!r} is not the address of a server.", remedy="Write it like https://vocalyx.example.org:8000."
        )
    if address.user or address.password:
        raise InstanceNotFound(
            "The server's address carries credentials, which would show in process lists and logs.",
            remedy="Take them out of the address and export VOCALYX_API_KEY.",
        )
    return url.rstrip("/")

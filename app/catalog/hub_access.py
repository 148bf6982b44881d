"""How a model hub is asked: at an address that holds no secret, with a token that goes nowhere else."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from app import __version__
from app.catalog.errors import ModelPullFailed

DEFAULT_HUB = "https://huggingface.co"

_TOKEN = re.compile(r"[\x21-\x7e]+")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Session(requests.Session):
    """Keeps the token with the hub: not along to the storage it redirects to, and no password of ~/.netrc instead."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)


def hub_session(token: str | None) -> requests.Session:
    """Return what asks a hub. Raises `ModelPullFailed` for a token that is none."""
    session = _Session()
    session.headers["User-Agent"] = f"vocalyx/{__version__}"
    # Set even without a token: requests would otherwise look for a password in ~/.netrc.
    session.auth = _bearer(token)
    return session


def hub_token(url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token for the hub at `url`: `VOCALYX_HUB_TOKEN`, a file of it, or `HF_TOKEN`.

    `VOCALYX_HUB_TOKEN_FILE` names the file, or it is the credential `vocalyx_hub_token`. `HF_TOKEN` is meant for
    huggingface.co and goes nowhere else. Raises `ModelPullFailed` where a file cannot be read.
    """
    if token := environment.get("VOCALYX_HUB_TOKEN", "").strip():
        return token
    named = environment.get("VOCALYX_HUB_TOKEN_FILE")
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    path = Path(named) if named else Path(credentials) / "vocalyx_hub_token" if credentials else None
    if path is not None and (named or path.exists()):
        try:
            return path.read_text(encoding="ascii").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise ModelPullFailed(
                f"The token in {path} cannot be read ({type(error).__name__}).",
                remedy="Correct VOCALYX_HUB_TOKEN_FILE or the file.",
            ) from error
    if url.rstrip("/") == DEFAULT_HUB:
        return environment.get("HF_TOKEN", "").strip() or None
    return None


def checked_url(url: str, *, with_token: bool) -> str:
    """Return the address of a hub; `ModelPullFailed` for one that is none, or where a secret would be seen."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ModelPullFailed(f"{url!r} is not the address of a hub.", remedy=f"Name one like {DEFAULT_HUB}.")
    if parts.username or parts.password:
        raise ModelPullFailed(
            "The hub's address holds a password, which would be seen in logs.",
            remedy="Leave it out and put a token into VOCALYX_HUB_TOKEN.",
        )
    if with_token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ModelPullFailed(
            f"The token would go to {parts.netloc} unencrypted.",
            remedy="Use the mirror's https address, or pull without a token.",
        )
    return url.rstrip("/")


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    if token is not None and not _TOKEN.fullmatch(token):
        raise ModelPullFailed(
            "The hub's token holds spaces or other characters that none has.", remedy="Copy it again."
        )

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign

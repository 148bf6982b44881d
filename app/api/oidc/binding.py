"""What ties a login to the browser that began it.

The browser holds one secret, in a cookie that no script reads; the code verifier of PKCE and the nonce are made of it. So
PostgreSQL keeps digests alone, and nothing that is stored or logged lets anybody finish a login.
"""

import base64
import hashlib
import hmac
import secrets

from aiohttp import web

LIFETIME_SECONDS = 600
_NAME_CHARACTERS = 12


def new_secret() -> str:
    """Return a value that nobody guesses: 256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def derived(secret: str, purpose: str, state: str) -> str:
    """Return the value of this purpose for one login: 43 characters, fit for a code verifier (RFC 7636) and a nonce."""
    digest = hmac.digest(
        secret.encode(errors="surrogateescape"), f"{purpose} {state}".encode(errors="surrogateescape"), "sha256"
    )
    return _base64url(digest)


def challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def give(response: web.Response, token: str, secret: str, *, secure: bool) -> None:
    """Have the browser keep the secret that goes with a `token`: a state, or a code."""
    response.set_cookie(
        _name(token, secure=secure), secret, max_age=LIFETIME_SECONDS, httponly=True, samesite="Lax", secure=secure
    )


def held(request: web.Request, token: str, *, secure: bool) -> str | None:
    """Return the secret that the browser keeps for this token."""
    return request.cookies.get(_name(token, secure=secure))


def forget(response: web.Response, token: str, *, secure: bool) -> None:
    """Have the browser forget the secret."""
    response.del_cookie(_name(token, secure=secure), httponly=True, samesite="Lax", secure=secure)


def _name(token: str, *, secure: bool) -> str:
    # A name for each login: two of them, in two windows, do not disturb one another. With the prefix no other host of the
    # domain can plant one.
    mark = hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()[:_NAME_CHARACTERS]
    return f"{'__Host-' if secure else ''}vocalyx-oidc-{mark}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

"""The provider's word on who logs in: an id_token, believed only where all of it holds (OpenID Connect Core, 3.1.3.7)."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import ECKey, GuestProtocol, Key, RSAKey, import_key

from app.api.oidc.errors import OidcAnswerUnusable

ALGORITHMS: Mapping[str, type[RSAKey] | type[ECKey]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSAKey),
    **dict.fromkeys(("ES256", "ES384", "ES512"), ECKey),
}
"""What a provider may sign with, and the kind of key for it: no `none`, and nothing that a client's secret could sign."""

_LEEWAY_SECONDS = 60
_LONGEST_SUBJECT = 255


class SigningKeyUnknown(OidcAnswerUnusable):
    """It may be newer than the keys that were asked."""

    default_detail = "The provider's word is signed with a key that the provider does not name."


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to be the answer to one login."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Collection[str]


def read_keys(document: Mapping[str, Any]) -> list[Key]:
    """Return the keys of a JWKS that can have signed a token. What cannot be read is left out, as RFC 7517 has it."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise OidcAnswerUnusable("The provider's list of keys is none.")
    keys: list[Key] = []
    for entry in listed:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") not in ("RSA", "EC"):
            continue
        try:
            keys.append(import_key(entry))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return keys


def verified_claims(id_token: str, keys: Sequence[Key], expected: Expected) -> dict[str, Any]:
    """Return what a token says. Raises `OidcAnswerUnusable`, or `SigningKeyUnknown` where other keys may do better."""
    try:
        token = jwt.decode(id_token, lambda guest: _key(guest, keys), algorithms=expected.algorithms)
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": expected.issuer},
            aud={"essential": True, "value": expected.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        )
        registry.validate(token.claims)
    except BadSignatureError as error:
        raise SigningKeyUnknown("The signature on the provider's word is not its own.") from error
    except ExpiredTokenError as error:
        raise OidcAnswerUnusable(
            "The provider's word has expired.", remedy="Begin again; operators compare the clocks of both machines."
        ) from error
    except (MissingClaimError, InvalidClaimError) as error:
        # The claim's name is ours or the standard's, never its value.
        raise OidcAnswerUnusable(f"The provider's word does not hold: {error.description or error.error}.") from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise OidcAnswerUnusable("The provider's word is no token that can be believed.") from error
    _check(token.claims, expected)
    return token.claims


def _key(guest: GuestProtocol, keys: Sequence[Key]) -> Key:
    headers = guest.headers()
    kind, wanted = ALGORITHMS[headers["alg"]], headers.get("kid")
    fitting = [key for key in keys if isinstance(key, kind) and key.get("alg") in (None, headers["alg"])]
    named = fitting if wanted is None else [key for key in fitting if key.kid == wanted]
    if len(named) != 1:
        raise SigningKeyUnknown
    return named[0]


def _check(claims: Mapping[str, Any], expected: Expected) -> None:
    nonce, subject, audience = claims["nonce"], claims["sub"], claims["aud"]
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(errors="replace"), expected.nonce.encode()):
        raise OidcAnswerUnusable("The provider's word is the answer to another login.")
    if claims.get("azp", expected.client_id) != expected.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):
        raise OidcAnswerUnusable("The provider's word is meant for another program.")
    if not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise OidcAnswerUnusable("The provider's word names nobody.")

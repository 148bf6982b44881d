"""The provider: what it says of itself, its keys, and the exchange of a code for its word on who logs in."""

import asyncio
import base64
import time
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote_plus

from joserfc.jwk import Key
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from yarl import URL

from app.api.oidc.binding import challenge
from app.api.oidc.configuration import Configuration, check_address
from app.api.oidc.errors import OidcAnswerUnusable, OidcDenied
from app.api.oidc.fetching import fetch_json
from app.api.oidc.tokens import ALGORITHMS, Expected, SigningKeyUnknown, read_keys, verified_claims
from app.db.identities import Claimed
from app.db.sharing import Shared

_DISCOVERY_PATH = "/.well-known/openid-configuration"
_KEPT_SECONDS = 3600.0
_OK = 200

Value = TypeVar("Value")


def _checked(address: str) -> str:
    check_address("The endpoint", address)
    return address


Endpoint = Annotated[str, Field(max_length=2000), AfterValidator(_checked)]
Names = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100)]


class Metadata(BaseModel):
    """The part of a discovery document (OpenID Connect Discovery 1.0) that is heeded."""

    issuer: str
    authorization_endpoint: Endpoint
    token_endpoint: Endpoint
    jwks_uri: Endpoint
    id_token_signing_alg_values_supported: Names = ["RS256"]
    token_endpoint_auth_methods_supported: Names = ["client_secret_basic"]
    code_challenge_methods_supported: Names | None = None
    authorization_response_iss_parameter_supported: bool = False


class _Kept(Generic[Value]):
    """Something of the provider's, asked for once an hour, by one try for all that wait: its failure is theirs, too."""

    def __init__(self, fetch: Callable[[], Awaitable[Value]]) -> None:
        self._fetch = fetch
        self._tries: Shared[None, tuple[Value, float]] = Shared(self._try)
        self._trying: asyncio.Future[tuple[Value, float]] | None = None
        self._kept: tuple[Value, float] | None = None

    async def get(self, *, newer_than: float | None = None) -> tuple[Value, float]:
        """Return it, and when it was fetched; with `newer_than` what was fetched after that moment."""
        oldest = time.monotonic() - _KEPT_SECONDS
        wanted = oldest if newer_than is None else max(oldest, newer_than)
        if self._kept is not None and self._kept[1] > wanted:
            return self._kept
        if self._trying is None or self._trying.done():
            self._trying = self._tries.ask(None)
        # Whoever goes takes nothing from the others.
        return await asyncio.shield(self._trying)

    async def _try(self, _: None) -> tuple[Value, float]:
        self._kept = await self._fetch(), time.monotonic()
        return self._kept


class Oidc:
    """One provider, as it is configured."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._metadata = _Kept(self._fetch_metadata)
        self._keys = _Kept(self._fetch_keys)

    async def authorization_address(self, *, state: str, nonce: str, verifier: str) -> URL:
        """Return where a browser goes to log in."""
        metadata, _ = await self._metadata.get()
        return URL(metadata.authorization_endpoint, encoded=True).update_query(
            response_type="code",
            client_id=self.configuration.client_id,
            redirect_uri=self.configuration.redirect_uri,
            scope=self.configuration.scopes,
            state=state,
            nonce=nonce,
            code_challenge=challenge(verifier),
            code_challenge_method="S256",
        )

    async def identify(self, *, code: str, issuer: str | None, nonce: str, verifier: str) -> Claimed:
        """Exchange a code for the provider's word, and return whom it names.

        `issuer` is what came back with the code (RFC 9207). Raises `OidcDenied`, `OidcAnswerUnusable` or
        `OidcProviderDown`.
        """
        metadata, _ = await self._metadata.get()
        if issuer is None and not metadata.authorization_response_iss_parameter_supported:
            issuer = metadata.issuer
        if issuer != metadata.issuer:
            raise OidcAnswerUnusable("The code comes from another provider than the one that was asked.")
        id_token = await self._exchange(metadata, code, verifier)
        expected = Expected(
            issuer=metadata.issuer,
            client_id=self.configuration.client_id,
            nonce=nonce,
            algorithms=[name for name in ALGORITHMS if name in metadata.id_token_signing_alg_values_supported],
        )
        keys, fetched_at = await self._keys.get()
        try:
            claims = verified_claims(id_token, keys, expected)
        except SigningKeyUnknown:
            # Providers change their keys whenever they like. This one has answered just now: one question more is no burden.
            keys, _ = await self._keys.get(newer_than=fetched_at)
            claims = verified_claims(id_token, keys, expected)
        return self._claimed(claims)

    async def _exchange(self, metadata: Metadata, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.configuration.redirect_uri,
            "code_verifier": verifier,
        }
        client_id = self.configuration.client_id
        secret = self.configuration.client_secret.get_secret_value()
        headers = {}
        if secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            # Each part as in a form, says RFC 6749, section 2.3.1.
            both = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        status, answer = await fetch_json(metadata.token_endpoint, form=form, headers=headers)
        if status == _OK and isinstance(answer.get("id_token"), str):
            return str(answer["id_token"])
        if answer.get("error") == "invalid_grant":
            raise OidcDenied("The provider does not take the code: it is used, too old, or not one of its own.")
        if answer.get("error") in ("invalid_client", "unauthorized_client"):
            raise OidcAnswerUnusable(
                "The provider does not know this site, or not by this secret.",
                remedy="Operators: compare VOCALYX_OIDC_CLIENT_ID and VOCALYX_OIDC_CLIENT_SECRET with the provider's client.",
            )
        raise OidcAnswerUnusable(f"The provider gave no word on who logs in (status {status}).")

    def _claimed(self, claims: Mapping[str, Any]) -> Claimed:
        administrator = None
        if self.configuration.administrators is not None:
            claim, value = self.configuration.administrators
            said = claims.get(claim)
            administrator = value in said if isinstance(said, list) else said == value
        name = claims.get(self.configuration.name_claim)
        return Claimed(
            issuer=self.configuration.issuer,
            subject=claims["sub"],
            name=unicodedata.normalize("NFKC", name) if isinstance(name, str) else None,
            administrator=administrator,
        )

    async def _fetch_metadata(self) -> Metadata:
        status, answer = await fetch_json(self.configuration.issuer.rstrip("/") + _DISCOVERY_PATH)
        if status != _OK:
            raise OidcAnswerUnusable(f"The provider says nothing of itself at VOCALYX_OIDC_ISSUER (status {status}).")
        try:
            metadata = Metadata.model_validate(answer)
        except ValidationError as error:
            fields = sorted({str(fault["loc"][0]) for fault in error.errors(include_input=False) if fault["loc"]})
            raise OidcAnswerUnusable(
                f"What the provider says of itself cannot be used: {', '.join(fields) or 'nothing is there'}."
            ) from error
        if metadata.issuer != self.configuration.issuer:
            raise OidcAnswerUnusable(
                "The provider names another issuer than VOCALYX_OIDC_ISSUER.",
                remedy="Operators: write it as the discovery document does, to the last slash.",
            )
        if metadata.code_challenge_methods_supported is not None and (
            "S256" not in metadata.code_challenge_methods_supported
        ):
            raise OidcAnswerUnusable("The provider knows no PKCE with S256.", remedy="Operators: switch it on there.")
        if not any(name in ALGORITHMS for name in metadata.id_token_signing_alg_values_supported):
            raise OidcAnswerUnusable(f"The provider signs by none of: {', '.join(ALGORITHMS)}.")
        return metadata

    async def _fetch_keys(self) -> list[Key]:
        metadata, _ = await self._metadata.get()
        status, answer = await fetch_json(metadata.jwks_uri)
        if status != _OK:
            raise OidcAnswerUnusable(f"The provider does not give its keys (status {status}).")
        return read_keys(answer)

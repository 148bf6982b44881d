"""What the operator has set about the provider, checked once, at the start."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from pydantic import SecretStr
from yarl import URL

from app.settings import Settings

CALLBACK_PATH = "/api/auth/oidc/callback"
_PATH = re.compile(r"/(?![/\\])[^\s#\\]*")
_PRINTABLE = re.compile(r"[!-~]+")
_ADMINISTRATORS = re.compile(r"([^=\s]+)=(\S.*)")


@dataclass(frozen=True, slots=True)
class Configuration:
    """`administrators`: the claim and the value that make one. `landing`: the address of the page after a login."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    scopes: str
    name_claim: str
    administrators: tuple[str, str] | None
    landing: str | None
    redirect_uri: str

    @property
    def secure(self) -> bool:
        """Whether browsers reach the API by https, so that cookies can be kept from everything else."""
        return self.redirect_uri.startswith("https:")


def configured(settings: Settings) -> Configuration | None:
    """Return what is set; None where no provider is. `ValueError` says what does not fit, and what to do."""
    if not settings.oidc_issuer:
        return None
    check_address("VOCALYX_OIDC_ISSUER", settings.oidc_issuer)
    if not settings.oidc_client_id:
        raise ValueError(
            "VOCALYX_OIDC_ISSUER is set and VOCALYX_OIDC_CLIENT_ID is not: set it to the provider's client."
        )
    if not settings.public_url:
        raise ValueError(
            "VOCALYX_OIDC_ISSUER is set and VOCALYX_PUBLIC_URL is not: set it to the address at which browsers find the"
            " API, such as https://vocalyx.example.org:8080."
        )
    check_address("VOCALYX_PUBLIC_URL", settings.public_url)
    if "openid" not in settings.oidc_scopes.split():
        raise ValueError("VOCALYX_OIDC_SCOPES lacks 'openid': without it a provider says nothing of who logs in.")
    public = settings.public_url.rstrip("/")
    return Configuration(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        scopes=" ".join(settings.oidc_scopes.split()),
        name_claim=settings.oidc_name_claim,
        administrators=_administrators(settings.oidc_administrator_claim),
        landing=_landing(public, settings.oidc_landing),
        redirect_uri=public + CALLBACK_PATH,
    )


def check_address(name: str, address: str) -> None:
    """Raise `ValueError` unless this is an https address, or one of this machine, and an address alone."""
    try:
        url = URL(address, encoded=True) if _PRINTABLE.fullmatch(address) else URL()
    except ValueError as error:
        raise ValueError(f"{name} is no address.") from error
    if not url.absolute or not url.host or url.user is not None or url.password is not None or "#" in address:
        raise ValueError(f"{name} is no plain address: write https://host/path, without a user's name or a fragment.")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        raise ValueError(
            f"{name} has to be https: what travels there logs people in. Plain http serves this machine alone."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _administrators(text: str) -> tuple[str, str] | None:
    if not text:
        return None
    parts = _ADMINISTRATORS.fullmatch(text)
    if parts is None:
        raise ValueError(
            "VOCALYX_OIDC_ADMINISTRATOR_CLAIM is not of the form CLAIM=VALUE, such as groups=vocalyx-admins."
        )
    return parts[1], parts[2]


def _landing(public: str, path: str) -> str | None:
    if not path:
        return None
    if not _PATH.fullmatch(path):
        raise ValueError("VOCALYX_OIDC_LANDING is no path: write it from the first slash on, such as /login.")
    return public + path

"""What an operator sets about a provider, and what is said where it does not fit."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.api.application import create_app
from app.api.oidc.configuration import configured
from app.settings import Settings
from tests.api.problems import problem

SET = {
    "oidc_issuer": "https://id.example.org/realms/site",
    "oidc_client_id": "vocalyx",
    "oidc_client_secret": SecretStr("secret"),
    "public_url": "https://vocalyx.example.org/",
}


def test_nothing_is_set() -> None:
    assert configured(Settings()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"oidc_issuer": "https://10.20.0.5:8443/realms/site"},  # the operator's own, on a private network
        {"oidc_issuer": "http://localhost:9400"},
        {"oidc_issuer": "http://[::1]:9400"},
        {"public_url": "http://127.0.0.1:8000"},
        {"oidc_client_secret": SecretStr("")},
        {"oidc_landing": "/login"},
        {"oidc_administrator_claim": "groups=site admins"},
    ],
)
def test_what_fits(changes: dict[str, Any]) -> None:
    found = configured(Settings(**(SET | changes)))
    assert found is not None
    assert found.redirect_uri.endswith("/api/auth/oidc/callback")
    assert "//api" not in found.redirect_uri
    assert "secret'" not in repr(found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"oidc_issuer": "http://id.example.org"}, "https"),
        ({"oidc_issuer": "id.example.org"}, "VOCALYX_OIDC_ISSUER"),
        ({"oidc_issuer": "https://user@id.example.org"}, "plain address"),
        ({"oidc_issuer": "https://id.example.org/#x"}, "plain address"),
        ({"oidc_issuer": "https://id.example.org/ x"}, "VOCALYX_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "VOCALYX_OIDC_CLIENT_ID"),
        ({"public_url": ""}, "VOCALYX_PUBLIC_URL"),
        ({"public_url": "http://vocalyx.example.org"}, "https"),
        ({"oidc_scopes": "profile"}, "openid"),
        ({"oidc_landing": "login"}, "VOCALYX_OIDC_LANDING"),
        ({"oidc_landing": "//elsewhere.example"}, "VOCALYX_OIDC_LANDING"),
        ({"oidc_landing": "/\\elsewhere.example"}, "VOCALYX_OIDC_LANDING"),
        ({"oidc_landing": "/a#b"}, "VOCALYX_OIDC_LANDING"),
        ({"oidc_landing": "/a\r\nb"}, "VOCALYX_OIDC_LANDING"),
        ({"oidc_administrator_claim": "groups"}, "CLAIM=VALUE"),
        ({"oidc_administrator_claim": "=x"}, "CLAIM=VALUE"),
    ],
)
def test_what_does_not_fit_ends_the_start(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        create_app(Settings(**(SET | changes)))


async def test_a_site_without_a_provider_says_so(settings: Settings) -> None:
    without = settings.model_copy(update={"oidc_issuer": ""})
    async with TestClient(TestServer(create_app(without))) as client:
        for answer in (
            await client.get("/api/auth/oidc/login", allow_redirects=False),
            await client.get("/api/auth/oidc/callback?code=x&state=y"),
            await client.post("/api/auth/oidc/token", json={"code": "x"}),
        ):
            body = await problem(answer, 409, "oidc-not-configured")
            assert "/api/auth/token" in body["remedy"]

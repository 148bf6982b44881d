"""Logging in on the page by the site's provider of OpenID Connect: a real one, and a real browser between the two."""

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import expect
from pydantic import SecretStr

from app.api.application import create_app
from app.settings import Settings
from app.standalone.state import free_port
from app.standalone.web import add_page
from tests.api.oidc.provider import CLIENT_ID, CLIENT_SECRET, Provider, provider_before, running_server
from tests.browser.conftest import OpenPage, violations
from tests.browser.words import Words

WORDS = {
    "en-GB": {"way": "Log in with your organisation’s account", "recordings": "Recordings", "projects": "Projects"},
    "fr-FR": {
        "way": "Se connecter avec le compte de votre organisation",
        "recordings": "Enregistrements",
        "projects": "Projets",
    },
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture
async def provider(upstream: str) -> AsyncIterator[Provider]:
    async with provider_before(upstream) as provider:
        yield provider


@pytest.fixture
async def client(settings: Settings, provider: Provider) -> AsyncIterator[TestClient]:
    """The API with the page under an address that is known before: the provider sends the browser back to it."""
    port = free_port()
    app = create_app(
        settings.model_copy(
            update={
                "public_url": f"http://127.0.0.1:{port}",
                "oidc_issuer": provider.url,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": SecretStr(CLIENT_SECRET),
                "oidc_landing": "/login",
            }
        )
    )
    add_page(app)
    async with TestClient(TestServer(app, port=port)) as client:
        yield client


@pytest.mark.parametrize("locale", WORDS)
async def test_a_login_by_the_provider_ends_in_the_cookie(open_page: OpenPage, provider: Provider, locale: str) -> None:
    words = WORDS[locale]
    await provider.name("anna-sub", preferred_username="anna")
    page = await open_page("/projects?page=2", locale=locale)
    way = page.get_by_role("link", name=words["way"])
    await expect(way).to_be_visible()
    assert await violations(page) == []
    # The provider's own page asks for a style from elsewhere, which is none of this test's.
    await page.route(re.compile("^https:"), lambda route: route.abort())
    await way.click()
    await page.locator("input[name=sub]").fill("anna-sub")
    await page.get_by_role("button").first.click()
    await expect(page.get_by_role("link", name=words["projects"])).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("link", name="anna")).to_be_visible()
    # Back where one wanted to go, and no code is left in the address.
    assert page.url.endswith("/projects?page=2")
    kept = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    assert kept["vocalyx_session"]["httpOnly"]
    assert await page.evaluate("document.cookie") == ""
    await page.reload()
    await expect(page.get_by_role("link", name="anna")).to_be_visible()


@pytest.mark.parametrize("locale", WORDS)
async def test_a_refusal_is_told_on_the_login_page(open_page: OpenPage, provider: Provider, locale: str) -> None:
    words = Words(locale)
    page = await open_page("/login", locale=locale)
    way = page.get_by_role("link", name=WORDS[locale]["way"])
    await page.route(re.compile("^https:"), lambda route: route.abort())
    # Whoever breaks off at the provider is sent back without a code.
    home = page.url.removesuffix("/login")
    await page.goto(f"{home}/api/auth/oidc/callback?error=access_denied&state=whatever")
    await expect(page.get_by_role("alert")).to_have_text(words("error.oidc-denied"))
    assert page.url == f"{home}/login"
    assert await violations(page) == []
    # The provider is gone when the login begins.
    provider.answers["/.well-known/openid-configuration"] = lambda _: web.Response(status=500)
    await way.click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.oidc-provider-down"))
    # What an address says is not shown.
    await page.goto("/nowhere")
    await page.goto(f"{home}/login#error=<b>call+0800</b>")
    await expect(page.get_by_role("alert")).to_have_text(words("error.oidc-answer-unusable"))


async def test_a_code_that_is_worth_nothing_is_told(open_page: OpenPage) -> None:
    page = await open_page("/login#code=made-up")
    await expect(page.get_by_role("alert")).to_contain_text("was begun in another browser")
    assert page.url.endswith("/login")
    assert await violations(page) == []

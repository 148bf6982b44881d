"""The page in a real browser, on a real API with PostgreSQL and Redis of its own."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from app.api.application import create_app
from app.settings import Settings
from app.standalone.web import add_page
from tests.api.conftest import (  # noqa: F401 - the same people, settings and worker as the API's own tests have
    PASSWORD,
    MakePerson,
    Person,
    _passwords_hashed_in_no_time,
    administrator,
    editor,
    owner,
    person,
    settings,
    stranger,
    worker,
)
from tests.browser.unpack import BROWSER

AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

# Each test starts the driver, a program in JavaScript: what that was compiled to is kept.
os.environ.setdefault("NODE_COMPILE_CACHE", str(BROWSER / "compiled"))

# Nothing of the browser itself speaks to the outside.
_SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[TestClient]:  # noqa: F811 - asked for by its name
    """The API with the page, as one machine serves them."""
    app = create_app(settings)
    add_page(app)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(BROWSER / "lib"),
        "FONTCONFIG_PATH": str(BROWSER),
        "HOME": str(BROWSER),
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=BROWSER / "chromium", args=_SWITCHES, env=environment
        )
        yield browser
        await browser.close()


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
def address(client: TestClient) -> str:
    """Where the page is."""
    return str(client.make_url(""))


@pytest.fixture
async def open_page(browser: Browser, address: str) -> AsyncIterator[OpenPage]:
    """Open a page in a browser of its own (context); whatever a script or the policy finds wrong fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def open_(path: str = "/", *, locale: str = "en-GB", **options: object) -> Page:
        context = await browser.new_context(base_url=address, locale=locale, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("console", lambda said: faults.append(f"console: {said.text}") if _is_fault(said) else None)
        await page.goto(path)
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert faults == []


_SAID_OF_LINES = ("Failed to load resource", "WebSocket connection to")


def _is_fault(said: ConsoleMessage) -> bool:
    # That an answer was a refusal, or a line was cut, the browser says of itself; tests ask for both. What axe tries in the page that it
    # looks at comes from no file of the page.
    of_axe = "Content Security Policy" in said.text and "/assets/" not in said.location["url"]
    return said.type == "error" and not said.text.startswith(_SAID_OF_LINES) and not of_axe


@pytest.fixture
def logged_in(open_page: OpenPage) -> Callable[..., Awaitable[Page]]:
    """Open a page as somebody, through the login form."""

    async def open_as(who: Person, path: str = "/", **options: object) -> Page:
        page = await open_page(path, **options)
        await log_in(page, who.name)
        return page

    return open_as


async def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    await page.locator("input[name=username]").fill(name)
    await page.locator("input[name=password]").fill(password)
    await page.locator("button[type=submit]").click()
    # The page itself, which is loaded after the frame around it.
    await page.locator("main#content h1").first.wait_for()


async def violations(page: Page) -> list[str]:
    """Return what axe finds wrong on the page as it is now, by the rules of WCAG 2.2 AA."""
    # Given as a script of the test's own: the page's policy would not load it.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = await page.evaluate("(tags) => axe.run(document, {runOnly: tags})", tags)
    return [
        f"{violation['id']}: {violation['help']}: {[node['target'] for node in violation['nodes']][:5]}"
        for violation in found["violations"]
    ]

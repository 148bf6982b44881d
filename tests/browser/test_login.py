"""Logging in and out on the page, in both languages."""

import re

import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.browser.conftest import OpenPage, log_in, violations

WORDS = {
    "en-GB": {"recordings": "Recordings", "out": "Log out", "wrong": "The user name or the password is wrong."},
    "fr-FR": {"recordings": "Enregistrements", "out": "Se déconnecter", "wrong": "Le nom d’utilisateur ou le mot de passe est faux."},
}  # fmt: skip


@pytest.mark.parametrize("locale", WORDS)
async def test_log_in_and_out(open_page: OpenPage, editor: Person, locale: str) -> None:
    words = WORDS[locale]
    page = await open_page("/", locale=locale)
    await page.locator("input[name=username]").fill(editor.name)
    await expect(page.locator("html")).to_have_attribute("lang", locale[:2])
    assert await violations(page) == []
    await page.locator("input[name=password]").fill("not the password")
    await page.locator("button[type=submit]").click()
    await expect(page.get_by_role("alert")).to_have_text(words["wrong"])
    await log_in(page, editor.name)
    await expect(page.get_by_role("link", name=words["recordings"])).to_have_attribute("aria-current", "page")
    # The page itself is loaded after its frame.
    await page.get_by_role("heading", level=1).wait_for()
    assert await violations(page) == []
    await page.get_by_role("button", name=words["out"]).click()
    await page.locator("input[name=username]").wait_for()


async def test_a_login_lasts_over_loading_anew_and_no_script_can_read_it(open_page: OpenPage, editor: Person) -> None:
    page = await open_page("/")
    await log_in(page, editor.name)
    assert await page.evaluate("document.cookie") == ""
    [cookie] = await page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    await page.reload()
    await page.locator("main#content").wait_for()


async def test_the_page_loads_nothing_from_another_host(open_page: OpenPage, editor: Person) -> None:
    page = await open_page("/login")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await log_in(page, editor.name)
    await page.reload()
    await page.locator("main#content").wait_for()
    here = re.compile(re.escape(page.url.partition("/login")[0].rstrip("/")))
    assert [url for url in asked if not here.match(url)] == []
    assert len(asked) > 5

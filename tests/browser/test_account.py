"""One's own account on the page: logins, password, language, appearance."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.api.conftest import PASSWORD, Person
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.words import LOCALES, Words


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_login_elsewhere_is_ended(open_page: OpenPage, editor: Person, locale: str) -> None:
    words = Words(locale)
    page, elsewhere = await open_page("/account", locale=locale), await open_page("/account", locale=locale)
    await log_in(page, editor.name)
    await log_in(elsewhere, editor.name)
    await page.reload()
    # The person of the test has a login of its own, too.
    await expect(page.get_by_role("button", name=re.compile(f"^{words('logins.end')}"))).to_have_count(3)
    assert await violations(page) == []
    await page.get_by_role("button", name=words("logins.endName", program="Chrome · Linux")).click()
    await page.get_by_role("dialog").get_by_role("button", name=words("logins.end"), exact=True).click()
    await expect(page.get_by_role("rowheader")).to_have_count(2)
    await elsewhere.reload()
    await elsewhere.locator("input[name=username]").wait_for()
    await page.get_by_role("button", name=words("logins.endOthers")).click()
    await page.get_by_role("dialog").get_by_role("button", name=words("logins.endOthers")).click()
    await expect(page.get_by_role("rowheader")).to_have_count(1)
    assert (await editor.get("/api/auth/me")).status == 401


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_password_is_changed(logged_in: Any, open_page: OpenPage, editor: Person, locale: str) -> None:
    words = Words(locale)
    page = await logged_in(editor, "/account", locale=locale)
    old, new, again = (page.get_by_label(words(f"password.{name}"), exact=True) for name in ("old", "new", "again"))
    await old.fill("not the password")
    await new.fill("a better password")
    await again.fill("a bitter password")
    await expect(page.get_by_text(words("password.differs"))).to_be_visible()
    assert await violations(page) == []
    await again.fill("a better password")
    change = page.get_by_role("button", name=words("password.change"))
    await change.click()
    await expect(page.get_by_role("alert")).to_have_text(words("error.wrong-password"))
    await expect(new).to_have_value("a better password")
    await old.fill(PASSWORD)
    await change.click()
    await expect(page.get_by_text(words("password.changed"))).to_be_visible()
    other = await open_page("/account", locale=locale)
    await log_in(other, editor.name, "a better password")


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_password_that_was_given_is_changed_before_all_else(
    open_page: OpenPage, administrator: Person, locale: str
) -> None:
    words = Words(locale)
    body = {"username": "anna", "password": "chosen by somebody", "must_change_password": True}
    assert (await administrator.post("/api/users", json=body)).status == 201
    page = await open_page("/projects", locale=locale)
    await page.locator("input[name=username]").fill("anna")
    await page.locator("input[name=password]").fill("chosen by somebody")
    await page.locator("button[type=submit]").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(words("password.first"))
    # Loaded anew the form is there again, and asks for what it does not know any more.
    new, again = (page.get_by_label(words(f"password.{name}"), exact=True) for name in ("new", "again"))
    await expect(new).to_be_visible()
    assert await violations(page) == []
    await page.reload()
    given = page.get_by_label(words("password.given"))
    await given.fill("chosen by somebody")
    await new.fill("chosen by somebody")
    await again.fill("chosen by somebody")
    await page.get_by_role("button", name=words("password.change")).click()
    await expect(page.get_by_text(words("fault.same"))).to_be_visible()
    assert await violations(page) == []
    await new.fill("a password of my own")
    await again.fill("a password of my own")
    await page.get_by_role("button", name=words("password.change")).click()
    # Where one wanted to go.
    await expect(page.get_by_role("link", name=words("app.projects"))).to_have_attribute("aria-current", "page")


async def test_language_and_appearance_are_kept(logged_in: Any, editor: Person) -> None:
    page = await logged_in(editor, "/account", viewport={"width": 360, "height": 720})
    await page.get_by_role("radio", name="Français").check()
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
    await page.get_by_role("radio", name=Words("fr-FR")("app.theme.dark")).check()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    await expect(page.get_by_role("heading", name=Words("fr-FR")("logins.title"))).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360

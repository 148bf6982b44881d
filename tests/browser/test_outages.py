"""What the page does while an answer does not come: it says so, keeps what is there, and goes on by itself."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import LOCALES, Words

both_languages = pytest.mark.parametrize("locale", LOCALES)
WHO = re.compile(r"/api/auth/me$")


async def _gone(route: Route) -> None:
    await route.abort()


async def _refused(route: Route) -> None:
    """As while PostgreSQL hangs."""
    await route.fulfill(status=503, json={"code": "dependency-down", "title": "No answer", "status": 503})


async def _here(page: Page, who: Person) -> None:
    await expect(page.get_by_role("link", name=who.name, exact=True)).to_be_visible()


@both_languages
async def test_a_page_that_is_loaded_meanwhile_says_so_and_comes_by_itself(
    logged_in: Open, editor: Person, locale: str
) -> None:
    words = Words(locale)
    page = await logged_in(editor, locale=locale)
    for give, said in ((_gone, "error.unreachable"), (_refused, "error.dependency-down")):
        await page.route(WHO, give)
        await page.reload()
        await expect(page.get_by_text(words(said))).to_be_visible()
        await expect(page.get_by_text(words("app.askedAgain"))).to_be_visible()
        await expect(page.locator("input[name=username]")).to_be_hidden()
        assert await violations(page) == []
        await page.unroute(WHO)
        await _here(page, editor)


async def test_an_answer_that_is_lost_takes_no_page_away(logged_in: Open, editor: Person) -> None:
    words = Words("en-GB")
    page = await logged_in(editor, "/projects")
    await page.route(WHO, _gone)
    await page.get_by_role("button", name=words("projects.new")).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("projects.name")).fill("Oral history")
    await dialog.get_by_role("button", name=words("projects.make")).click()
    await expect(page.get_by_role("heading", level=1, name="Oral history")).to_be_visible()
    await _here(page, editor)


@both_languages
async def test_a_recording_that_did_not_come_is_asked_for_again(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    text, saving = re.compile(rf"/api/transcriptions/{made}$"), re.compile(r"/segments/\d+$")
    await page.route(saving, _gone)
    await row(page, 1).locator(".said").dblclick()
    await row(page, 1).locator("textarea").fill("Typed before the outage.")
    await expect(page.locator(".saved.warn")).to_be_visible()
    await page.route(text, _gone)
    await page.reload()
    await expect(page.get_by_text(words("error.unreachable"))).to_be_visible()
    await expect(page.get_by_role("button", name=words("action.retry"))).to_be_visible()
    assert await violations(page) == []
    await page.unroute(text)
    # What was typed is there, too, and goes its way.
    await expect(row(page, 1).locator(".said")).to_have_text("Typed before the outage.")
    await page.unroute(saving)
    await expect(page.locator(".saved.good")).to_have_text(words("reader.saved.all"))

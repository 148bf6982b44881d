"""Accessibility of what no other test comes past: places that lead nowhere, work that failed, and every panel on a telephone."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.core.access import Role
from tests.api.conftest import MakePerson, Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import Words

FAILURE = {"code": "damaged-media", "detail": "It ends too early.", "remedy": "Send it again.", "retryable": False}
# Both languages, both appearances, a wide desk and a telephone.
LOOKS = pytest.mark.parametrize(
    ("locale", "look"),
    [
        ("en-GB", {"color_scheme": "dark", "viewport": {"width": 2560, "height": 1440}}),
        ("fr-FR", {"color_scheme": "light", "viewport": {"width": 360, "height": 780}}),
    ],
)


async def faultless(page: Page, what: str) -> None:
    assert await violations(page) == [], what
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= (page.viewport_size or {})["width"], what


@LOOKS
async def test_places_that_lead_nowhere_and_work_that_came_to_nothing(
    logged_in: Open, editor: Person, worker: Worker, locale: str, look: dict[str, Any]
) -> None:
    words = Words(locale)
    failed = (await editor.uploaded())["id"]
    await worker.report(await worker.claim(), "failure", **FAILURE)
    odd = (await editor.uploaded())["id"]
    await worker.report(await worker.claim(), "failure", **FAILURE | {"code": "of-a-later-release"})
    cancelled = (await editor.uploaded())["id"]
    await editor.post(f"/api/transcriptions/{cancelled}/cancel")
    page = await logged_in(editor, "/recordings/one/too/many", locale=locale, **look)
    await expect(page.get_by_role("heading", name=words("app.notFound"))).to_be_visible()
    await faultless(page, "no such page")
    await page.goto("/recordings/00000000-0000-4000-8000-000000000000")
    await expect(page.get_by_role("alert")).to_have_text(words("reader.gone"))
    await faultless(page, "no such recording")
    for made in (failed, odd, cancelled):
        await page.goto(f"/recordings/{made}")
        await expect(page.get_by_role("button", name=words("action.retry"))).to_be_visible()
        await faultless(page, made)
    # What happened and the way out, in the language of the page; the API's own words, which are English, to who reads those.
    await page.goto(f"/recordings/{failed}")
    await expect(page.get_by_role("alert")).to_contain_text(words("error.damaged-media"))
    await page.goto(f"/recordings/{odd}")
    unknown = {"en-GB": "It ends too early. Send it again.", "fr-FR": words("error.other", code="of-a-later-release")}
    await expect(page.get_by_role("alert")).to_contain_text(unknown[locale])
    await page.goto(f"/recordings/{cancelled}")
    await expect(page.get_by_role("button", name=words("action.retry"))).to_be_visible()
    menu = page.get_by_role("button", name=words("app.menu"), exact=True)
    if await menu.is_visible():
        await menu.click()
        await faultless(page, "the menu")
    # What is told in passing.
    await page.get_by_role("button", name=words("action.retry")).click()
    await expect(page.locator(".working")).to_be_visible()


async def test_who_may_not_try_again_is_not_offered_to(
    logged_in: Open, editor: Person, worker: Worker, person: MakePerson
) -> None:
    failed = (await editor.uploaded())["id"]
    await worker.report(await worker.claim(), "failure", **FAILURE)
    words = Words("en-GB")
    page = await logged_in(await person("viewer", project="first", role=Role.VIEWER), f"/recordings/{failed}")
    await expect(page.get_by_role("alert")).to_contain_text(words("error.damaged-media"))
    await expect(page.get_by_role("button", name=words("action.retry"))).to_have_count(0)


async def test_a_document_is_offered_where_there_is_a_text(logged_in: Open, editor: Person, worker: Worker) -> None:
    """What the page offers is what the API gives: the text of a recording that failed, where it came so far."""
    words = Words("en-GB")
    silent = (await editor.uploaded())["id"]
    await worker.report(await worker.claim(), "failure", **FAILURE)
    begun = (await editor.uploaded(diarization="false"))["id"]
    await worker.plan((0.0, 5.0), (5.0, 10.0))
    await worker.do_next()
    page = await logged_in(editor, f"/recordings/{silent}")
    export = page.get_by_role("button", name=words("reader.export"), exact=True)
    dialog = page.get_by_role("dialog")
    await expect(page.get_by_role("alert")).to_contain_text(words("error.damaged-media"))
    await expect(export).to_have_count(0)
    await page.keyboard.press("x")
    await page.keyboard.press("?")
    await expect(dialog).to_contain_text(words("reader.does.help"))
    await expect(dialog).not_to_contain_text(words("reader.does.export"))
    assert (await editor.get(f"/api/transcriptions/{silent}.txt")).status == 409

    await page.goto(f"/recordings/{begun}")
    await expect(page.locator(".working")).to_be_visible()
    await expect(row(page, 0)).to_contain_text("Words of chunk 0.")
    await expect(export).to_have_count(0)
    assert (await editor.get(f"/api/transcriptions/{begun}.txt")).status == 409
    await worker.report(await worker.claim(), "failure", **FAILURE)
    await export.click()
    await dialog.locator("input[value=txt]").check()
    await expect(dialog.get_by_role("region")).to_contain_text("Words of chunk 0.")


@LOOKS
async def test_every_panel_and_dialog_of_the_reader(
    logged_in: Open, editor: Person, worker: Worker, locale: str, look: dict[str, Any]
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale, **look)
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").fill("Something else was said.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).not_to_be_empty()
    await faultless(page, "something is told")
    dialog = page.get_by_role("dialog")
    for key in ("m", "w", "x", "?"):
        await page.keyboard.press(key)
        await expect(dialog).to_be_visible()
        await faultless(page, f"the dialog of {key}")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name=words("reader.share"), exact=True).click()
    await dialog.locator("select[name=days]").select_option("")
    await faultless(page, "sharing")
    await page.keyboard.press("Escape")
    tabs = page.get_by_role("tab")
    for index in range(await tabs.count()):
        await tabs.nth(index).click()
        name = await tabs.nth(index).inner_text()
        # All of them can be seen: none is cut, or beyond the edge.
        await expect(tabs.nth(index)).to_be_in_viewport(ratio=1)
        await faultless(page, name)

"""The reader: what the recording is called, and its labels; and who speaks, by name, in the list."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, Route, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import held_meeting
from tests.browser.words import LOCALES, Words

Open = Callable[..., Awaitable[Page]]


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_is_renamed_and_labelled_where_it_is_read(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    address = f"/api/transcriptions/{made}"
    page = await logged_in(editor, f"/recordings/{made}", locale=locale)
    await page.locator(".segment").first.wait_for()
    await page.get_by_role("button", name=words("reader.rename"), exact=True).click()
    dialog = page.get_by_role("dialog")
    assert await violations(page) == []
    # Somebody labels it meanwhile, which does not stand in the way of the name.
    assert (await editor.patch(address, json={"labels": ["theirs"]}, headers={"If-Match": "*"})).status == 200
    await dialog.get_by_label(words("reader.recordingName")).fill("Budget 2026")
    await dialog.get_by_role("button", name=words("action.save")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Budget 2026")
    await expect(page.get_by_role("list", name=words("reader.labels"))).to_have_text("theirs")

    await page.get_by_role("button", name=words("reader.setLabels"), exact=True).click()
    await dialog.get_by_label(words("home.newLabel")).fill("archive")
    await dialog.get_by_role("button", name=words("action.add")).click()
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words("action.save")).click()
    await expect(page.locator(".tags li")).to_have_text(["theirs", "archive"])
    assert await violations(page) == []
    undo = page.get_by_role("button", name=words("reader.undo"), exact=True)
    await undo.click()
    await expect(page.locator(".tags li")).to_have_text(["theirs"])
    await undo.click()
    await expect(page.get_by_role("heading", level=1)).not_to_have_text("Budget 2026")
    body = await (await editor.get(address)).json()
    assert (body["name"], body["labels"]) == ({"en": "council.wav", "fr": "conseil.wav"}[locale[:2]], ["theirs"])


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_name_that_somebody_else_gave_is_not_overwritten_unseen(
    logged_in: Open, editor: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await logged_in(editor, f"/recordings/{made}", locale=locale)
    await page.locator(".segment").first.wait_for()
    await page.get_by_role("button", name=words("reader.rename"), exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(words("reader.recordingName")).fill("Mine")

    async def just_before(route: Route) -> None:
        if route.request.method == "PATCH":
            await editor.patch(f"/api/transcriptions/{made}", json={"name": "Theirs"}, headers={"If-Match": "*"})
        await route.continue_()

    await page.route("**/api/transcriptions/*", just_before)
    await dialog.get_by_role("button", name=words("action.save")).click()
    await expect(page.locator(".toast.bad")).to_contain_text(words("reader.changedMeanwhile"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Theirs")
    assert (await editor.read(made))["name"] == "Theirs"


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_list_says_who_speaks(logged_in: Open, editor: Person, worker: Worker, locale: str) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    speakers = f"/api/transcriptions/{made}/speakers"
    await editor.patch(f"{speakers}/SPEAKER_00", json={"name": "Anna Sérusier"})
    page = await logged_in(editor, locale=locale)
    row = page.locator(".row")
    await expect(row).to_contain_text("Anna Sérusier")
    # A name that is given meanwhile comes by itself.
    await editor.patch(f"{speakers}/SPEAKER_01", json={"name": "Ben"})
    await expect(row).to_contain_text({"en": "Anna Sérusier and Ben", "fr": "Anna Sérusier et Ben"}[locale[:2]])
    assert await violations(page) == []
    # Who has no name is called the same in what is found.
    await page.goto("/?q=budget")
    called = words("reader.speakerNumber", number="3")
    found = page.locator(".place-who")
    await expect(found.first).to_be_visible()
    assert "SPEAKER" not in "".join(await found.all_text_contents())
    assert called.rsplit(" ", 1)[0] in {"Speaker", "Intervenant"}

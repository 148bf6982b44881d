"""Two people at one recording: what one of them has written is not overwritten by the other without being seen."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row, segment
from tests.browser.words import LOCALES, Words

both_languages = pytest.mark.parametrize("locale", LOCALES)


async def correct(who: Person, made: str, position: int, text: str) -> None:
    answer = await who.patch(
        f"/api/transcriptions/{made}/segments/{position}", json={"text": text}, headers={"If-Match": "*"}
    )
    assert answer.status == 200


async def listens(page: Page, who: Person, made: str) -> None:
    """Wait until the page takes in what others do."""
    await correct(who, made, 8, "Somebody is here, too.")
    await expect(row(page, 8).locator(".said")).to_have_text("Somebody is here, too.")


def undo(page: Page, words: Words) -> Any:
    return page.locator(".tools").get_by_role("button", name=words("reader.undo"), exact=True)


@both_languages
async def test_undo_leaves_what_somebody_else_has_written_since(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await opened(logged_in, editor, made, locale)
    await listens(page, owner, made)
    for index, text in ((1, "Mine, and first."), (0, "Mine.")):
        await row(page, index).locator(".said").dblclick()
        await row(page, index).locator("textarea").fill(text)
        await page.keyboard.press("Escape")
        await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 0, "Theirs.")
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
    await page.keyboard.press("Control+z")
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    assert (await segment(owner, made, 0))["text"] == "Theirs."
    # What was done before it can still be undone.
    await page.keyboard.press("Control+z")
    await expect(row(page, 1).locator(".said")).to_have_text(MEETINGS[locale[:2]][1].text)
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs.")
    assert (await segment(owner, made, 0))["text"] == "Theirs."


async def test_what_others_write_in_an_open_editor_is_no_step_of_ones_own(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await row(page, 0).locator(".said").dblclick()
    area = row(page, 0).locator("textarea")
    await correct(owner, made, 0, "Theirs.")
    await expect(area).to_have_value("Theirs.")
    await page.keyboard.press("Escape")
    await expect(area).to_have_count(0)
    await expect(undo(page, words)).to_be_disabled()
    # Where one writes on in their text, that alone is undone.
    await row(page, 0).locator(".said").dblclick()
    await area.fill("Mine.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 0, "Theirs again.")
    await expect(area).to_have_value("Theirs again.")
    await area.fill("Theirs again, and mine.")
    await page.keyboard.press("Escape")
    await undo(page, words).click()
    await expect(row(page, 0).locator(".said")).to_have_text("Theirs again.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 0))["text"] == "Theirs again."


async def test_undoing_a_replacement_leaves_passages_that_somebody_else_has_changed(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    await page.keyboard.press("Control+f")
    bar = page.get_by_role("search")
    await bar.locator("input").first.fill("budget")
    await bar.locator("input").nth(1).fill("figures")
    await bar.get_by_role("button", name=words("reader.replaceAll"), exact=True).click()
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await correct(owner, made, 5, "Theirs.")
    await expect(row(page, 5).locator(".said")).to_have_text("Theirs.")
    await undo(page, words).click()
    await expect(row(page, 0).locator(".said")).to_have_text(MEETINGS["en"][0].text)
    await expect(page.locator(".toasts")).to_contain_text(words("reader.changedMeanwhile"))
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 0))["text"] == MEETINGS["en"][0].text
    assert (await segment(owner, made, 5))["text"] == "Theirs."


async def noted(who: Person, made: str, text: str) -> str:
    """Write a note on the first passage; return its address."""
    answer = await who.post(f"/api/transcriptions/{made}/notes", json={"start": 0.4, "end": 3.0, "text": text})
    return f"/api/transcriptions/{made}/notes/{(await answer.json())['id']}"


async def rewrite(who: Person, note: str, text: str) -> None:
    answer = await who.patch(note, json={"text": text}, headers={"If-Match": "*"})
    assert answer.status == 200


async def note_says(who: Person, made: str) -> list[str]:
    listed = await (await who.get(f"/api/transcriptions/{made}/notes")).json()
    return [note["text"] for note in listed["items"]]


@both_languages
async def test_a_note_goes_over_what_one_has_seen_alone(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    address = await noted(owner, made, "As it was.")
    page = await opened(logged_in, editor, made, locale)
    await page.get_by_role("tab", name=words("reader.tab.notes")).click()
    change = page.get_by_role("button", name=words("reader.noteChange"), exact=True)
    text = page.get_by_role("dialog").locator("textarea")
    save = page.get_by_role("dialog").locator("button[type=submit]")
    note, told = page.locator(".note-text"), page.get_by_role("dialog").locator(".notice")
    # What was given up is not there again over what somebody has written since.
    await change.click()
    await text.fill("Given up.")
    await page.get_by_role("dialog").get_by_role("button", name=words("action.cancel")).click()
    await rewrite(owner, address, "Theirs.")
    await expect(note).to_have_text("Theirs.")
    await change.click()
    await expect(text).to_have_value("Theirs.")
    # What was changed meanwhile is shown, and then one's own goes over it.
    await text.fill("Mine.")
    await rewrite(owner, address, "Theirs again.")
    await save.click()
    await expect(told).to_have_text(f"{words('reader.noteChanged')}Theirs again.")
    assert await note_says(owner, made) == ["Theirs again."]
    await save.click()
    await expect(note).to_have_text("Mine.")
    assert await note_says(owner, made) == ["Mine."]
    # So is it where the page went away before one's own was saved.
    await change.click()
    await text.fill("Mine, and more.")
    await rewrite(owner, address, "Theirs at last.")
    await page.reload()
    await page.get_by_role("tab", name=words("reader.tab.notes")).click()
    await expect(note).to_have_text("Theirs at last.")
    await change.click()
    await expect(text).to_have_value("Mine, and more.")
    await expect(told).to_contain_text("Theirs at last.")
    await save.click()
    await expect(note).to_have_text("Mine, and more.")
    assert await note_says(owner, made) == ["Mine, and more."]

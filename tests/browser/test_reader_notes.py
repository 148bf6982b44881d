"""Notes at passages: they remember their place, and what was typed is given up by who says so alone."""

from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import held_meeting
from tests.browser.test_reader import Open, both_languages, opened, row, segment
from tests.browser.words import Words


@both_languages
async def test_a_note_remembers_its_passage(logged_in: Open, editor: Person, worker: Worker, locale: str) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2])
    page = await opened(logged_in, editor, made, locale)
    await row(page, 4).locator(".when").click()
    await page.keyboard.press("m")
    text = page.get_by_role("dialog").get_by_label(words("reader.note"), exact=True)
    await text.fill("Ask for the letter.")
    await text.press("Control+Enter")
    note = page.locator(".note")
    await expect(note).to_contain_text("Ask for the letter.")
    await expect(row(page, 4).get_by_role("button", name=words.of("reader.notesHere", 1))).to_be_visible()
    assert await violations(page) == []
    listed = (await (await editor.get(f"/api/transcriptions/{made}/notes")).json())["items"]
    assert listed[0]["start"] == (await segment(editor, made, 4))["start"]
    await note.get_by_role("button", name=words("action.delete")).click()
    await expect(note).to_have_count(0)


async def test_a_note_that_was_left_by_escape_is_there_again(logged_in: Open, editor: Person, worker: Worker) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    dialog = page.get_by_role("dialog")
    text = dialog.get_by_label(words("reader.note"), exact=True)
    await row(page, 4).locator(".when").click()
    await page.keyboard.press("m")
    await text.fill("Ask for the letter.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await page.keyboard.press("m")
    await expect(text).to_have_value("Ask for the letter.")
    # Who says so gives it up.
    await dialog.get_by_role("button", name=words("action.cancel")).click()
    await expect(dialog).to_have_count(0)
    await page.keyboard.press("m")
    await expect(text).to_have_value("")

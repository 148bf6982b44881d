"""A speaker's voice is kept from the reader, where an owner has switched that on."""

import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.test_voiceprints import ANNA, BEN, project_of, recorded, switched
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.test_reader import Open, opened
from tests.browser.words import LOCALES, Words


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_named_voice_is_kept_and_one_that_is_not_known_is_told(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    before = await recorded(editor, worker, ANNA, BEN)
    page = await opened(logged_in, editor, before, locale)
    panel, dialog = page.get_by_role("tabpanel"), page.get_by_role("dialog")
    keep = panel.get_by_role("button", name=words("reader.keepVoiceOf", name="Anna"))

    async def name_the_first() -> None:
        await page.get_by_role("tab", name=words("reader.tab.speakers")).click()
        await panel.locator("input.name").first.fill("Anna")
        await panel.locator("input.name").first.press("Enter")

    # Off, nothing of it is offered.
    await name_the_first()
    await expect(page.locator(".who").first).to_contain_text("Anna")
    await expect(keep).to_be_hidden()

    await switched(owner, on=True)
    await page.reload()
    await page.get_by_role("tab", name=words("reader.tab.speakers")).click()
    await keep.click()
    await expect(dialog).to_contain_text(words("reader.keepVoiceText", name="Anna"))
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words("reader.keepVoice"), exact=True).click()
    # What was recorded while it was off is not known by its voice.
    await expect(page.get_by_text(words("reader.voiceUnknown"))).to_be_visible()

    after = await recorded(editor, worker, ANNA, BEN)
    await page.goto(f"/recordings/{after}")
    await page.locator(".segment").first.wait_for()
    await name_the_first()
    await keep.click()
    await dialog.get_by_role("button", name=words("reader.keepVoice"), exact=True).click()
    await expect(page.get_by_text(words("reader.voiceNowKept", name="Anna"))).to_be_visible()
    await expect(panel.get_by_role("link", name=words("reader.voiceKept"))).to_be_visible()
    assert await violations(page) == []
    [voice] = (await (await editor.get(f"{await project_of(editor)}/voiceprints")).json())["items"]
    assert (voice["name"], voice["enrolled_from"]) == ("Anna", {"transcription_id": after, "speaker": "SPEAKER_00"})
    await panel.get_by_role("link", name=words("reader.voiceKept")).click()
    await expect(page.get_by_role("button", name=words("voices.forgetName", name="Anna"))).to_be_visible()

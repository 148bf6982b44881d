"""Who may not correct a recording any more: what they have typed is shown to them, sent no more, and given up when they say so."""

import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import LOCALES, Words

KEPT = "Object.keys(localStorage).filter((name) => name.includes('.draft.'))"


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_refused_can_be_given_up_and_is_sent_no_more(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words, said = Words(locale), MEETINGS[locale[:2]][0].text
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    project = (await owner.read(made))["project_id"]
    page = await opened(logged_in, editor, made, locale)
    text, fault = row(page, 0).locator(".said"), row(page, 0).locator(".segment-fault")
    answer = await owner.put(f"/api/projects/{project}/members/{editor.name}", json={"role": "viewer"})
    assert answer.status == 200

    async def write(what: str) -> None:
        await text.dblclick()
        await row(page, 0).locator("textarea").fill(what)
        await page.keyboard.press("Escape")
        await expect(fault).to_be_visible()
        await expect(text).to_have_text(what)

    await write("Too late.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.refused"))
    assert await violations(page) == []
    await fault.get_by_role("button", name=words("reader.lostDrop")).click()
    await expect(fault).to_have_count(0)
    await expect(text).to_have_text(said)
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert await page.evaluate(KEPT) == []

    # What is still there when they come again is beside the text, not in its place.
    await write("Too late again.")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    await page.reload()
    kept = page.locator(".reader-text > .notice")
    await expect(kept).to_contain_text("Too late again.")
    await expect(kept).to_contain_text(words("reader.lostRight").partition("{time}")[2])
    await expect(text).to_have_text(said)
    assert await violations(page) == []
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await kept.get_by_role("button", name=words("reader.lostDrop")).click()
    await expect(kept).to_have_count(0)
    assert await page.evaluate(KEPT) == []
    assert "PATCH" not in sent

"""Who may not correct a recording any more: what they have typed is shown to them, sent no more, and given up when they say so.

Who may not see it any more keeps that, and nothing else of it.
"""

import re

import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, violations
from tests.browser.meetings import MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row, segment
from tests.browser.test_reader_late import hold_next, release, rename
from tests.browser.test_reader_listening import listening
from tests.browser.test_reader_together import listens
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


@pytest.mark.parametrize("locale", LOCALES)
async def test_who_is_taken_out_of_the_project_sees_and_hears_nothing_of_it_any_more(
    open_page: OpenPage, editor: Person, owner: Person, worker: Worker, locale: str
) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    membership = f"/api/projects/{(await owner.read(made))['project_id']}/members/{editor.name}"
    page = await listening(open_page, editor, made, locale)
    await listens(page, owner, made)
    unreachable = re.compile(rf"{made}/segments/0$")
    await page.route(unreachable, lambda route: route.abort())
    await row(page, 0).locator(".said").dblclick()
    await row(page, 0).locator("textarea").fill("Not sent yet.")
    await page.keyboard.press("Escape")
    await expect(page.locator(".saved")).to_have_text(words.of("reader.saved.unreachable", 1))
    await row(page, 1).locator(".when").click()
    await expect(page.get_by_role("button", name=words("reader.pause"), exact=True)).to_be_visible()

    assert (await owner.delete(membership)).status == 204
    await expect(page.get_by_role("alert")).to_have_text(words("reader.gone"))
    await expect(page.locator(".segment, .player, .reader-side")).to_have_count(0)
    assert await page.evaluate("window.heard.paused")
    await page.keyboard.press("k")
    assert await page.evaluate("window.heard.paused")
    # What they wrote themselves is theirs, and is sent once it may be.
    await expect(page.locator(".notice", has_text="Not sent yet.")).to_be_visible()
    assert await violations(page) == []
    await page.unroute(unreachable)
    assert (await owner.put(membership, json={"role": "editor"})).status == 200
    await expect(row(page, 0).locator(".said")).to_have_text("Not sent yet.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    assert (await segment(owner, made, 0))["text"] == "Not sent yet."


async def test_a_late_answer_does_not_bring_back_what_was_deleted_meanwhile(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    words = Words("en-GB")
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await listens(page, owner, made)
    held = await hold_next(page, made)
    await rename(owner, made, "Anna")
    await held.given.wait()
    assert (await owner.delete(f"/api/transcriptions/{made}")).status == 204
    await expect(page.get_by_role("alert")).to_have_text(words("reader.gone"))
    await release(page, held, made)
    await expect(page.get_by_role("alert")).to_have_text(words("reader.gone"))
    await expect(page.locator(".segment")).to_have_count(0)

"""Several people at one browser: what it keeps for one of them is not shown to the next, nor sent under another's name."""

import asyncio
import re
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from playwright.async_api import Page, expect

from tests.api.conftest import Person
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage, log_in
from tests.browser.line import line_to
from tests.browser.meetings import held_meeting
from tests.browser.test_reader import Open, opened, row, segment
from tests.browser.test_reader_late import hold_next
from tests.browser.test_uploads import choose, file_on_disk, listed
from tests.browser.words import Words

WORDS = Words("en-GB")
LINK = "https://media.example.org/board.mp3"


def _button(page: Page, key: str) -> Any:
    return page.get_by_role("button", name=WORDS(key), exact=True)


async def _link_that_was_typed(page: Page, expected: str) -> Any:
    await _button(page, "home.link").click()
    field = page.get_by_role("dialog").get_by_label(WORDS("send.address"))
    await expect(field).to_have_value(expected)
    return field


async def test_the_next_person_is_offered_nothing_of_the_one_before(
    open_page: OpenPage, client: TestClient, editor: Person, owner: Person, tmp_path: Path
) -> None:
    async with line_to(client.port or 0) as line:
        page = await open_page("/")
        await page.context.grant_permissions(["microphone"], origin=line.url)
        await page.goto(line.url)
        await log_in(page, editor.name)
        await _button(page, "home.record").click()
        dialog = page.get_by_role("dialog")
        await _button(page, "record.start").click()
        await expect(dialog.locator(".recorder-time")).to_have_text("0:02")
        await page.keyboard.press("Escape")
        await _button(page, "record.keepForLater").click()
        await expect(_button(page, "record.send")).to_be_visible()
        await (await _link_that_was_typed(page, "")).fill(LINK)
        await page.keyboard.press("Escape")
        line.bytes_a_second = 100_000
        await choose(page, file_on_disk(tmp_path, "board.wav", tone(400.0)))
        await _button(page, "send.now").click()
        tray = page.locator(".tray")
        await expect(tray.get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
        await _button(page, "app.logOut").click()
        await dialog.get_by_role("button", name=WORDS("app.logOut")).click()
        line.bytes_a_second = None

        await log_in(page, owner.name)
        await expect(page.get_by_role("link", name=owner.name, exact=True)).to_be_visible()
        # What is kept has been looked up once the link's dialog can be opened.
        await _link_that_was_typed(page, "")
        await page.keyboard.press("Escape")
        await expect(_button(page, "record.send")).to_be_hidden()
        await expect(tray).to_be_hidden()
        await _button(page, "app.logOut").click()

        await log_in(page, editor.name)
        await expect(page.get_by_role("link", name=editor.name, exact=True)).to_be_visible()
        await expect(_button(page, "record.send")).to_be_visible()
        await expect(tray).to_contain_text("board.wav")
        await _link_that_was_typed(page, LINK)


async def test_who_logs_in_over_somebodys_page_sends_nothing_of_theirs(
    logged_in: Open, editor: Person, owner: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker)
    before = (await segment(editor, made, 1))["text"]
    page = await opened(logged_in, editor, made)
    broken = re.compile(r"/api/transcriptions/.*/segments/\d+$")
    await page.route(broken, lambda route: route.abort())
    await row(page, 1).locator(".said").dblclick()
    await row(page, 1).locator("textarea").fill("Written by the editor.")
    await expect(page.locator(".saved")).to_contain_text("No connection")
    await editor.delete("/api/auth/sessions")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await page.unroute(broken)
    await log_in(page, owner.name)
    await expect(page.get_by_role("link", name=owner.name, exact=True)).to_be_visible()
    await expect(dialog).to_be_hidden()
    await expect(row(page, 1).locator(".said")).to_have_text(before)
    assert (await segment(owner, made, 1))["text"] == before

    await _button(page, "app.logOut").click()
    await log_in(page, editor.name)
    await expect(page.get_by_role("link", name=editor.name, exact=True)).to_be_visible()
    await expect(row(page, 1).locator(".said")).to_have_text("Written by the editor.")
    await expect(page.locator(".saved")).to_have_text(WORDS("reader.saved.all"))
    assert (await segment(owner, made, 1))["text"] == "Written by the editor."


async def test_what_one_page_could_not_send_does_not_go_as_who_logs_in_on_another(
    logged_in: Open, editor: Person, owner: Person, worker: Worker, tmp_path: Path
) -> None:
    made = await held_meeting(editor, worker)
    before = (await segment(editor, made, 1))["text"]
    page = await logged_in(editor)
    broken = re.compile(r"/api/(uploads|transcriptions/.*/segments/\d+)$")
    await page.route(broken, lambda route: route.abort())
    await choose(page, file_on_disk(tmp_path, "board.wav", tone(2.0)))
    await _button(page, "send.now").click()
    await expect(page.locator(".tray")).to_contain_text(WORDS("upload.state.broken").partition("{percent}")[0])
    await page.locator(f'a[href="/recordings/{made}"]').click()
    await row(page, 1).locator(".said").dblclick()
    await row(page, 1).locator("textarea").fill("Written by the editor.")
    await expect(page.locator(".saved")).to_contain_text("No connection")

    other = await page.context.new_page()
    await other.goto("/")
    await _button(other, "app.logOut").click()
    await other.locator("input[name=username]").wait_for()
    # The login is the owner's already, and nobody has been told so.
    known = await hold_next(other, "/api/auth/me")
    logging_in = asyncio.create_task(log_in(other, owner.name))
    await known.given.wait()
    await page.unroute(broken)
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    known.let_go.set()
    await logging_in
    await expect(page.get_by_role("link", name=owner.name, exact=True)).to_be_visible()
    await expect(row(page, 1).locator(".said")).to_have_text(before)
    await expect(page.locator(".tray")).to_be_hidden()
    assert (await segment(owner, made, 1))["text"] == before
    assert [one["id"] for one in await listed(owner)] == [made]
    await other.close()

    # It was not lost: it goes where it was meant to, by who wrote it.
    await _button(page, "app.logOut").click()
    await log_in(page, editor.name)
    await expect(page.locator(".saved")).to_have_text(WORDS("reader.saved.all"))
    assert (await segment(editor, made, 1))["text"] == "Written by the editor."

"""What is being sent while one reads elsewhere: it goes on, is seen on every page, and is not left by mistake."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from playwright.async_api import Dialog, expect

from tests.api.conftest import Person
from tests.api.sound import tone
from tests.browser.conftest import OpenPage, log_in, violations
from tests.browser.line import line_to
from tests.browser.test_uploads import choose, file, file_on_disk, let_go, listed
from tests.browser.words import LOCALES, Words

both_languages = pytest.mark.parametrize("locale", LOCALES)


@both_languages
async def test_sending_goes_on_while_one_is_elsewhere(
    open_page: OpenPage, client: TestClient, editor: Person, tmp_path: Path, locale: str
) -> None:
    words = Words(locale)
    async with line_to(client.port or 0) as line:
        page = await open_page("/", locale=locale, viewport={"width": 360, "height": 720})
        await page.goto(line.url)
        await log_in(page, editor.name)
        await choose(page, file_on_disk(tmp_path, "board.wav", tone(400.0)))
        line.bytes_a_second = 100_000
        await page.get_by_role("dialog").get_by_role("button", name=words("send.now"), exact=True).click()
        await expect(page.locator(".tray").get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
        await page.get_by_role("link", name=words("app.projects")).click()
        dock = page.get_by_role("region", name=words("upload.tray"))
        await expect(dock.get_by_role("progressbar")).to_be_visible()
        await dock.get_by_role("button", name=words("upload.dock.show")).click()
        await expect(dock.get_by_role("button", name=words("upload.pause", name="board.wav"))).to_be_visible()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360

        # The browser asks before the page is left, and so does the page before one logs out.
        asked: asyncio.Future[Dialog] = asyncio.get_running_loop().create_future()
        # Playwright marks what it is given, which a built-in does not let it.
        page.once("dialog", lambda dialog: asked.set_result(dialog))  # noqa: PLW0108
        await page.close(run_before_unload=True)
        question = await asked
        assert question.type == "beforeunload"
        await question.dismiss()
        await page.get_by_role("button", name=words("app.menu")).click()
        await page.get_by_role("button", name=words("app.logOut")).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text(words("upload.leaveText"))
        assert await violations(page) == []
        await dialog.get_by_role("button", name=words("action.cancel")).click()

        line.bytes_a_second = None
        await expect(dock.get_by_role("status")).to_have_text(words("upload.allSent"))
        assert await violations(page) == []
        assert [item["name"] for item in await listed(editor)] == ["board.wav"]
        await dock.get_by_role("button", name=words("action.close")).first.click()
        await expect(dock).to_be_hidden()


async def test_who_logs_in_next_sees_and_sends_nothing_of_it(
    open_page: OpenPage, client: TestClient, editor: Person, owner: Person, tmp_path: Path
) -> None:
    words = Words("en-GB")
    async with line_to(client.port or 0) as line:
        page = await open_page("/")
        await page.goto(line.url)
        await log_in(page, editor.name)
        await choose(page, file_on_disk(tmp_path, "board.wav", tone(400.0)))
        line.bytes_a_second = 100_000
        await page.get_by_role("dialog").get_by_role("button", name=words("send.now"), exact=True).click()
        await expect(page.locator(".tray").get_by_role("progressbar")).not_to_have_attribute("aria-valuenow", "0")
        await page.get_by_role("button", name=words("app.logOut")).click()
        await page.get_by_role("dialog").get_by_role("button", name=words("app.logOut")).click()
        line.bytes_a_second = None
        await log_in(page, owner.name)
        await page.get_by_role("link", name=words("app.projects")).click()
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.get_by_role("region", name=words("upload.tray"))).to_be_hidden()
        assert await listed(editor) == []


@both_languages
async def test_what_is_dropped_on_another_page_is_sent_from_the_home(
    logged_in: Any, editor: Person, locale: str
) -> None:
    words = Words(locale)
    page = await logged_in(editor, "/projects", locale=locale)
    await expect(page.get_by_role("link", name="first")).to_be_visible()
    await let_go(page, [file("one.wav", tone(1.0))])
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name=words.of("send.files", 1))).to_be_visible()
    await expect(page.get_by_role("link", name=words("app.recordings"))).to_have_attribute("aria-current", "page")
    assert await violations(page) == []
    await dialog.get_by_role("button", name=words("send.now"), exact=True).click()
    await expect(page.get_by_role("heading", name=words("upload.allSent"))).to_be_visible()
    assert [item["name"] for item in await listed(editor)] == ["one.wav"]

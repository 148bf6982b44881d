"""The main journey by the keyboard alone: from the login to the log out, not one press of a pointer; in both languages."""

import re
from pathlib import Path
from typing import Any

import docx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.api.conftest import PASSWORD, Person
from tests.api.worker import Worker
from tests.browser.conftest import OpenPage
from tests.browser.meetings import MEETINGS, segments_of, sound_of, write_down
from tests.browser.test_reader import row
from tests.browser.words import LOCALES, Words

MOST_STOPS = 120
COUNT_PRESSES = """
    window.presses = 0;
    for (const name of ["pointerdown", "mousedown", "touchstart"])
        window.addEventListener(name, () => { window.presses += 1; }, true);
"""
# What has the focus: whether it is marked, by a line around it or around what holds it, and whether any of it is in sight.
SEEN = """() => {
    const at = document.activeElement;
    const marked = (element) => {
        const {outlineStyle, outlineWidth} = getComputedStyle(element);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    };
    const {left, right, top, bottom} = at.getBoundingClientRect();
    const points = [[(left + right) / 2, (top + bottom) / 2], [left + 3, top + 3], [right - 3, bottom - 3]];
    const shown = points.some(([x, y]) => {
        const found = document.elementFromPoint(x, y);
        return found && (at.contains(found) || found.contains(at));
    });
    return {what: at.outerHTML.slice(0, 120), marked: marked(at), shown};
}"""


async def tab_to(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Go from stop to stop until it has the focus, and look at each stop for the focus."""
    await wanted.wait_for()
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        at_body = await page.evaluate("document.activeElement === document.body")
        if not at_body:
            seen: dict[str, Any] = await page.evaluate(SEEN)
            assert seen["marked"], seen["what"]
            assert seen["shown"], seen["what"]
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached")


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_main_journey_without_a_pointer(
    open_page: OpenPage, editor: Person, worker: Worker, tmp_path: Path, locale: str
) -> None:
    words, meeting = Words(locale), MEETINGS[locale[:2]]
    sent = tmp_path / "council.wav"
    sent.write_bytes(sound_of(segments_of(meeting), meeting))
    page = await open_page("/login", locale=locale)
    await page.add_init_script(COUNT_PRESSES)
    await page.goto("/")
    await expect(page.locator("input[name=username]")).to_be_focused()
    await page.keyboard.type(editor.name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")

    async with page.expect_file_chooser() as choosing:
        await tab_to(page, page.get_by_role("button", name=words("empty.choose")))
        await page.keyboard.press("Enter")
    await (await choosing.value).set_files(sent)
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name=words("send.now"), exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name=words("upload.allSent"))).to_be_visible()
    await write_down(worker, locale[:2], meeting)

    await tab_to(page, page.locator(".row .title"))
    await page.keyboard.press("Enter")
    await listen(page, words)
    await correct(page, words)
    await export(page, words, tmp_path)

    await tab_to(page, page.get_by_role("button", name=words("app.logOut")), back=True)
    await page.keyboard.press("Enter")
    await expect(page.locator("input[name=password]")).to_be_visible()
    assert await page.evaluate("window.presses") == 0


async def listen(page: Page, words: Words) -> None:
    await row(page, 0).wait_for()
    play = page.get_by_role("button", name=words("reader.play"), exact=True)
    pause = page.get_by_role("button", name=words("reader.pause"), exact=True)
    await tab_to(page, play)
    await page.keyboard.press("Enter")
    await expect(pause).to_be_visible()
    await page.keyboard.press("k")
    await expect(play).to_be_visible()
    await page.keyboard.press("n")
    await expect(row(page, 2)).to_have_class(re.compile("current"))


async def correct(page: Page, words: Words) -> None:
    await tab_to(page, row(page, 2).get_by_role("button", name=re.compile(words("reader.editAt", time=""))))
    await page.keyboard.press("Enter")
    await expect(row(page, 2).locator("textarea")).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("Corrected, by keys.")
    await page.keyboard.press("Escape")
    await expect(row(page, 2).locator(".said")).to_have_text("Corrected, by keys.")
    await expect(page.locator(".saved")).to_have_text(words("reader.saved.all"))
    await expect(row(page, 2)).to_be_focused()


async def export(page: Page, words: Words, folder: Path) -> None:
    await page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    async with page.expect_download() as downloading:
        await tab_to(page, dialog.get_by_role("link", name=words("reader.download"), exact=True))
        await page.keyboard.press("Enter")
    await (await downloading.value).save_as(folder / "council.docx")
    written = "\n".join(one.text for one in docx.Document(str(folder / "council.docx")).paragraphs)
    assert "Corrected, by keys." in written
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(row(page, 2)).to_be_focused()

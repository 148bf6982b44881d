"""Documents of a recording: each format with its options, looked at, and downloaded."""

from pathlib import Path

import docx
import pytest
from playwright.async_api import expect

from tests.api.conftest import Person
from tests.api.sound import tone
from tests.api.worker import Worker
from tests.browser.conftest import violations
from tests.browser.meetings import ENGLISH, MEETINGS, held_meeting
from tests.browser.test_reader import Open, opened, row
from tests.browser.words import LOCALES, Words

BEGINS = {
    "docx": b"PK",
    "txt": b"[00:00:00]",
    "md": b"# council.wav",
    "srt": b"1\n00:00:00,400 --> ",
    "vtt": b"WEBVTT",
    "tsv": b"start\tend\t",
    "json": b"{",
    "rttm": b"SPEAKER ",
}


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
async def test_each_format_is_looked_at_and_downloaded(
    logged_in: Open, editor: Person, worker: Worker, locale: str, tmp_path: Path
) -> None:
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made, locale)
    await page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    look = dialog.get_by_role("region")
    for name, begins in BEGINS.items():
        await dialog.locator(f"input[value={name}]").check()
        await expect(look).to_contain_text("SPEAKER_00" if name == "rttm" else "Good morning")
        async with page.expect_download() as downloading:
            await dialog.locator("a[download]").click()
        download = await downloading.value
        assert download.suggested_filename == f"council.{name}"
        saved = tmp_path / download.suggested_filename
        await download.save_as(saved)
        assert saved.read_bytes().startswith(begins), name
        assert await violations(page) == []


async def test_options_change_what_is_shown_and_sent(logged_in: Open, editor: Person, worker: Worker) -> None:
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    await dialog.locator("input[value=txt]").check()
    look = dialog.get_by_role("region")
    await expect(look).to_contain_text("Speaker 1")
    await dialog.get_by_label("Headings and unnamed speakers").select_option("fr")
    await expect(look).to_contain_text("Intervenant 1")
    await dialog.get_by_label("Say who speaks").uncheck()
    await dialog.get_by_label("Say when").uncheck()
    await expect(look).not_to_contain_text("Intervenant 1")
    assert "speakers=false" in (await dialog.locator("a[download]").get_attribute("href") or "")
    await dialog.get_by_role("button", name="Copy").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Good morning, everybody.")
    await dialog.locator("input[value=srt]").check()
    await dialog.get_by_label("Characters a line").fill("20")
    await expect(look).to_contain_text("Good morning,\n")


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_part_is_taken_alone(logged_in: Open, editor: Person, worker: Worker, locale: str) -> None:
    words = Words(locale)
    made = await held_meeting(editor, worker, locale[:2], enriched=False)
    page = await opened(logged_in, editor, made, locale)
    first, second, third = (said.text for said in MEETINGS[locale[:2]][1:4])
    # The turn that is read is what a part begins with.
    await row(page, 2).focus()
    await page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    look = dialog.get_by_role("region")
    await expect(look).to_contain_text(first)
    await dialog.get_by_label(words("reader.part.some"), exact=True).check()
    await expect(look).not_to_contain_text(first)
    await expect(look).to_contain_text(second)
    await expect(look).to_contain_text(third)
    await expect(dialog).to_contain_text(words.of("reader.part.passages", 2))
    assert await violations(page) == []
    async with page.expect_download() as downloading:
        await dialog.locator("a[download]").click()
    written = "\n".join(one.text for one in docx.Document(await (await downloading.value).path()).paragraphs)
    assert (first in written, second in written, third in written) == (False, True, True)
    await dialog.get_by_label(words("reader.part.to"), exact=True).fill("0:01")
    await expect(dialog).to_contain_text(words("reader.part.none"))
    await page.keyboard.press("Escape")
    # What is marked in the text, is meant.
    await page.evaluate(
        """() => {
            const [from, , to] = [...document.querySelectorAll(".segment .said")].slice(1);
            window.getSelection().setBaseAndExtent(from, 0, to, to.childNodes.length);
        }"""
    )
    await page.keyboard.press("x")
    await expect(dialog.get_by_label(words("reader.part.marked"), exact=True)).to_be_checked()
    await expect(dialog).to_contain_text(words.of("reader.part.passages", 3))


async def test_on_paper_all_of_the_text_stands_and_nothing_else(
    logged_in: Open, editor: Person, worker: Worker
) -> None:
    made = await held_meeting(editor, worker, enriched=False)
    page = await opened(logged_in, editor, made)
    await page.evaluate("window.print = () => (window.printed = document.querySelectorAll('.segment').length)")
    await page.emulate_media(media="print")
    await page.keyboard.press("Control+p")
    await page.wait_for_function("window.printed === 9")
    await expect(page.locator(".player")).to_be_hidden()
    await expect(page.locator(".reader-side")).to_be_hidden()
    await expect(page.locator(".segment").last).to_be_visible()


async def test_the_browsers_own_menu_prints_all_of_it_too(logged_in: Open, editor: Person, worker: Worker) -> None:
    meeting = ENGLISH * 20
    made = await held_meeting(editor, worker, meeting=meeting, enriched=False, sound=tone())
    page = await opened(logged_in, editor, made)
    shown = page.locator(".segment")
    assert await shown.count() < len(meeting)
    await page.evaluate(
        """() => addEventListener("beforeprint", () => {
            window.printed = document.querySelectorAll(".segment").length;
        })"""
    )
    await page.pdf()
    assert await page.evaluate("window.printed") == len(meeting)
    # Afterwards there is as much on the page as is in sight.
    await expect(row(page, len(meeting) - 1)).to_have_count(0)
